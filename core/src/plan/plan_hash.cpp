// What a plan's hash binds: everything that applying it would change, and nothing else.
#include <postrider/core/canonical_json.hpp>
#include <postrider/core/plan.hpp>

#include "plan/plan_parts.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace postrider::core {

std::string plan_hash(std::vector<PlannedJob> const& jobs) {
    using Row = std::array<std::string, 6>;
    std::vector<Row> rows;
    for (auto const& job : jobs) {
        if (job.action == PlanAction::unchanged) continue;
        // Of the state only where the job stands: one that merely went on from `scheduled` to
        // `waiting` is no other plan.
        std::string prior;
        if (job.action != PlanAction::create) prior = detail::standing(job.prior_state);
        rows.push_back(Row{job.spec.workspace,
                           job.spec.key,
                           std::string(word(job.action)),
                           job.action == PlanAction::cancel ? std::string() : job.hash,
                           job.prior_hash,
                           prior});
    }
    std::sort(rows.begin(), rows.end());
    boost::json::array list;
    for (auto const& row : rows) {
        boost::json::array entry;
        for (auto const& text : row) entry.emplace_back(text);
        list.push_back(std::move(entry));
    }
    return sha256_text(canonical_json(list));
}

}  // namespace postrider::core
