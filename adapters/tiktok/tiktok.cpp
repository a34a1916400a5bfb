// TikTok, Content Posting API v2. Relied on: Direct Post, Upload, Photo, Media Transfer Guide,
// Content Sharing Guidelines (read 2026-09-11), Query Creator Info, Get Post Status, Rate Limits
// (2026-08-04), Manage OAuth Access Tokens (2026-11-05). Not supported: deleting and editing
// (TikTok has neither), cancelling a running pull, webhooks.
#include "tiktok.hpp"

#include "steps.hpp"

namespace postrider::tiktok {

adapter::Descriptor const& Tiktok::descriptor() const noexcept {
    return tiktok_descriptor();
}

std::vector<Finding> Tiktok::validate(adapter::Post const& post,
                                      adapter::AppView const& app,
                                      adapter::CreatorFacts const* facts) const {
    return check_post(post, app, facts);
}

adapter::FactsAction Tiktok::facts(adapter::AccountView const& account,
                                   adapter::AppView const& app,
                                   Instant now,
                                   adapter::Answer const& answer) const {
    return creator_facts(account, app, now, answer);
}

adapter::Action Tiktok::next(adapter::JobView const& job, adapter::Answer const& answer) const {
    return next_action(job, answer);
}

adapter::Action Tiktok::reconcile(adapter::JobView const& job,
                                  adapter::Answer const& answer) const {
    return reconcile_action(job, answer);
}

adapter::Adapter const* tiktok_adapter() {
    static Tiktok const adapter;
    return &adapter;
}

}  // namespace postrider::tiktok
