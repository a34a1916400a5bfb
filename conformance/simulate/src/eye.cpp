// Requests are told apart by method, address and body; a look's owner does not matter.
#include "eye.hpp"

#include "truth.hpp"

#include <fmt/format.h>

namespace postrider::simulate {

namespace {

std::string key_of(std::string_view method,
                   std::string_view url,
                   std::string const* text,
                   std::uint64_t offset) {
    std::string key;
    key.reserve(method.size() + url.size() + 24 + (text ? text->size() : 0));
    key.append(method).append(" ").append(url).append(" ");
    if (text)
        key.append(*text);
    else
        key.append(std::to_string(offset));
    return key;
}

}  // namespace

Asked const* Eye::asked_for(core::OutgoingRequest const& request) const {
    auto const* slice = std::get_if<core::FileSlice>(&request.body);
    auto const found = asked_.find(key_of(request.method,
                                          request.url,
                                          std::get_if<std::string>(&request.body),
                                          slice ? slice->offset : 0));
    return found == asked_.end() ? nullptr : &found->second;
}

void Eye::remember(adapter::JobView const& job, adapter::Action const& action) const {
    auto const* send = std::get_if<adapter::Send>(&action);
    if (!send) return;
    auto const* range = std::get_if<adapter::FileRange>(&send->request.body);
    auto& asked = asked_[key_of(send->request.method,
                                send->request.url,
                                std::get_if<std::string>(&send->request.body),
                                range ? range->offset : 0)];
    asked.job = job_number(job.job_id);
    asked.effect = send->effect;
    asked.step = send->step;
}

adapter::Action Eye::next(adapter::JobView const& job, adapter::Answer const& answer) const {
    auto action = inner_.next(job, answer);
    remember(job, action);
    return action;
}

adapter::Action Eye::reconcile(adapter::JobView const& job, adapter::Answer const& answer) const {
    auto action = inner_.reconcile(job, answer);
    remember(job, action);
    if (!on_path) return action;
    auto const number = job_number(job.job_id);
    if (auto const* resume = std::get_if<adapter::Resume>(&action))
        on_path(resume->took_effect ? "doubt_found_done" : "doubt_found_absent", number);
    if (std::holds_alternative<adapter::Finish>(action)) on_path("doubt_found_published", number);
    if (auto const* failed = std::get_if<adapter::Fail>(&action); failed && failed->state)
        on_path("doubt_found_refused", number);
    return action;
}

}  // namespace postrider::simulate
