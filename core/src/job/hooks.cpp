// Raising hooks with a state, and the words of their notices.
#include <postrider/core/hooks.hpp>

#include "job/json_members.hpp"

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

namespace postrider::core {

namespace {

std::string value_of(std::string_view name, Job const& job) {
    if (name == "campaign") return job.spec.campaign;
    if (name == "post") return job.spec.post_key;
    if (name == "account") return job.spec.account;
    if (name == "state") return std::string(word(job.state));
    if (name == "link") return detail::read_text(job.receipt.seen, "link");
    if (!job.error) return {};
    if (name == "code") return job.error->code();
    if (name == "owner") return std::string(word(job.error->owner()));
    if (name == "message") return job.error->message();
    return {};
}

}  // namespace

boost::json::object job_event(Job const& job) {
    boost::json::object data;
    data["job"] = job.id;
    data["account"] = job.spec.account;
    if (!job.spec.campaign.empty()) data["campaign"] = job.spec.campaign;
    data["post"] = job.spec.post_key;
    data["state"] = word(job.state);
    if (!job.plan_id.empty()) data["plan"] = job.plan_id;
    if (!job.approval_id.empty()) data["approval"] = job.approval_id;
    if (job.state == JobState::waiting && job.waiting) data["reason"] = word(*job.waiting);
    if (job.error) {
        data["code"] = job.error->code();
        data["owner"] = word(job.error->owner());
    }
    if (auto link = detail::read_text(job.receipt.seen, "link"); !link.empty()) data["link"] = link;
    return data;
}

std::string notice_text(std::string_view text, Job const& job) {
    std::string filled;
    while (!text.empty()) {
        bool const brace = text.front() == '{' || text.front() == '}';
        auto const end = text.find('}');
        if (brace && text.size() > 1 && text[1] == text[0]) {
            filled += text.front();
            text.remove_prefix(2);
        } else if (text.front() == '{' && end != std::string_view::npos) {
            filled += value_of(text.substr(1, end - 1), job);
            text.remove_prefix(end + 1);
        } else {
            filled += text.front();
            text.remove_prefix(1);
        }
    }
    return filled;
}

std::string notice_line(HookRun const& run, Job const& job) {
    boost::json::object line;
    line["id"] = run.id;
    line["at"] = to_rfc3339(run.raised_at);
    line["channel"] = detail::read_text(run.action, "channel");
    line["text"] = detail::read_text(run.action, "text");
    line["job_id"] = run.job_id;
    line["campaign"] = detail::text_or_null(job.spec.campaign);
    line["post"] = job.spec.post_key;
    line["account"] = job.spec.account;
    line["state"] = run.state;
    return boost::json::serialize(line);
}

Result<void> announce_state(Tables& tables, Job const& job, Instant now) {
    auto const state = word(job.state);
    auto told = tables.add_event(fmt::format("job.{}", state), job_event(job), now);
    if (!told) return told;
    for (auto const& entry : detail::read_array(job.spec.hooks, state)) {
        if (!entry.is_object()) continue;
        HookRun run;
        run.job_id = job.id;
        run.state = state;
        run.action = entry.get_object();
        // Filled in now: the job may have moved on by the time that somebody is told.
        if (auto const text = detail::read_text(run.action, "text"); !text.empty())
            run.action["text"] = notice_text(text, job);
        run.raised_at = now;
        run.next_at = now;
        if (auto added = tables.add_hook_run(run); !added) return added;
    }
    return {};
}

}  // namespace postrider::core
