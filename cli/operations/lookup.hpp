// Finding things by the names that people and programs use for them, and refusing what cannot be a
// name.
#pragma once

#include "operations/context.hpp"

#include <postrider/core/store.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace postrider::cli {

/// A read transaction that gives a value.
template <class T, class F>
Result<T> read_store(Context& context, F work) {
    auto store = context.store();
    if (!store) return store.error();
    return core::read_now<T>(**store, std::move(work));
}

/// A write transaction that gives a value.
template <class T, class F>
Result<T> write_store(Context& context, F work) {
    auto store = context.store();
    if (!store) return store.error();
    return core::write_now<T>(**store, std::move(work));
}

/// `network:handle` or id; the nearest name in the message when there is none.
Result<core::Account> account_named(core::Tables& tables, std::string const& name);

/// Id, `network/name`, or a name that only one app has; `network` narrows it (empty: any).
Result<core::App> app_named(core::Tables& tables,
                            std::string const& name,
                            std::string_view network);

Result<core::Job> job_named(core::Tables& tables, std::string const& id);
Result<core::StoredPlan> plan_named(core::Tables& tables, std::string const& id);
Result<core::Approval> approval_named(core::Tables& tables, std::string const& id);
Result<core::Person> person_named(core::Tables& tables, std::string const& name);

/// Jobs of a whole plan, campaign or store, however many.
Result<std::vector<core::Job>> all_jobs(core::Tables& tables, core::JobFilter filter);

/// A finding as answers show it: its level always, first.
boost::json::object finding_object(Finding const& finding);

/// The error of a --cursor that no page of this list ended with: to begin at the top again would
/// show the same items twice.
Error bad_cursor(std::string const& cursor);

/// One page of a list that is in memory as a whole: items after `cursor`, and the next cursor.
/// Items are told apart by what `key` gives.
template <class T, class Key>
Result<std::pair<std::vector<T>, std::optional<std::string>>> page_of(std::vector<T> all,
                                                                      Globals const& globals,
                                                                      Key key) {
    std::size_t begin = 0;
    if (!globals.cursor.empty()) {
        for (std::size_t i = 0; i < all.size(); ++i)
            if (key(all[i]) == globals.cursor) begin = i + 1;
        if (begin == 0) return bad_cursor(globals.cursor);
    }
    auto const limit = globals.all ? all.size() : static_cast<std::size_t>(globals.limit);
    std::vector<T> page;
    for (std::size_t i = begin; i < all.size() && page.size() < limit; ++i) page.push_back(all[i]);
    std::optional<std::string> next;
    if (begin + page.size() < all.size() && !page.empty()) next = key(page.back());
    return std::pair(std::move(page), std::move(next));
}

/// The answer of a list operation; with --all the items go out as lines and `data.items` stays
/// empty.
Answer list_answer(Context& context,
                   boost::json::array items,
                   std::optional<std::string> next_cursor);

}  // namespace postrider::cli
