// A person's decision: on a terminal after reading everything, elsewhere by passphrase and the hash
// it covers.
#pragma once

#include "operations/context.hpp"

#include <postrider/core/plan.hpp>

#include <string>
#include <vector>

namespace postrider::cli {

/// One job as its approver must see it.
struct ConsentPart {
    core::PlannedJob planned;
    boost::json::array words;  ///< declarations and notices by the choices made
    adapter::Descriptor const* descriptor = nullptr;
    std::optional<adapter::CreatorFacts> facts;
    std::vector<Finding> lapsed;  ///< values of the author that the creator is not offered now
};

/// Everything an approval asks a person to decide.
struct ConsentView {
    core::Approval approval;
    std::string file;  ///< the script of its campaign; empty for a single post
    std::vector<ConsentPart> parts;
};

Result<ConsentView> consent_view(Context& context, std::string const& approval_id);

/// What helps where a value of the author has lapsed; empty where none has. To grant is no way on.
std::vector<Next> ways_out_of_lapse(ConsentView const& view);

/// The text that is shown before anything is asked.
std::string consent_text(ConsentView const& view, Paint const& paint);

/// Shows all, asks for each open choice once, for the person and one passphrase, and grants. Gives
/// the approvals as they are then.
Result<std::vector<core::Approval>> grant_on_terminal(Context& context,
                                                      std::vector<std::string> const& approval_ids,
                                                      std::string const& person);

/// Without a terminal: the person has proved themselves already.
Result<std::vector<core::Approval>> grant_by_passphrase(
    Context& context,
    std::vector<std::string> const& approval_ids,
    std::string const& person,
    std::string const& note);

}  // namespace postrider::cli
