// What an adapter declares about its network. Validation, CLI help, JSON Schema, Lua completion,
// the reference page and the conformance cases are all derived from this one value.
#pragma once

#include <postrider/adapter/action.hpp>
#include <postrider/error.hpp>
#include <postrider/text_length.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::adapter {

/// `url` is what is_server_url() says it is.
enum class OptionType { boolean, integer, text, choice, duration, url };

/// One option of a post or of an app.
struct OptionSpec {
    struct Value {
        std::string value;
        std::string help;
    };
    /// A value of this option forbids a value of another one.
    struct Exclusion {
        std::string value;
        std::string other_option;
        std::string other_value;
        std::string sentence;
    };
    /// Choosing this value brings this notice with it.
    struct Notice {
        std::string value;
        std::string sentence;
    };

    std::string name;
    OptionType type = OptionType::text;
    std::string help;
    std::vector<Value> values;  ///< for `choice`
    /// The choice belongs to a person: no default anywhere; a value must be written, or left to the
    /// approver by `ask`.
    bool reserved = false;
    bool askable = false;          ///< `ask` is allowed though it is not reserved
    std::vector<PostKind> kinds;   ///< which kinds of post have it; empty = all
    std::vector<Deliver> deliver;  ///< which deliveries have it; empty = all
    std::string default_text;      ///< for app options only; "" = none
    std::int64_t integer_min = 0;
    std::int64_t integer_max = 0;  ///< 0 with min 0: no bounds
    std::vector<Exclusion> exclusions;
    std::vector<Notice> notices;
    bool secret = false;  ///< never shown
};

/// A text field of a post.
struct TextField {
    std::string name;  ///< `caption` or `title`
    PostKind kind = PostKind::video;
    std::size_t length_max = 0;
    TextUnit unit = TextUnit::utf16;
    bool required = false;
    std::size_t link_length = 0;  ///< what a link counts as; 0 = its own length
    std::string source;
};

/// What media the network takes, for one kind of post. A bound of 0 is no bound.
struct MediaRules {
    PostKind kind = PostKind::video;
    int count_min = 1;
    int count_max = 1;
    std::vector<std::string> containers;
    std::vector<std::string> video_codecs;
    int side_min = 0;  ///< pixels, each side
    int side_max = 0;
    double frame_rate_min = 0;
    double frame_rate_max = 0;
    std::int64_t duration_ms_max = 0;
    std::string duration_limit_fact;  ///< name in CreatorFacts::limits that bounds it further
    std::vector<Deliver> duration_limit_deliver;  ///< ... only posts delivered so; empty = all
    std::uint64_t size_bytes_warn = 0;
    std::uint64_t size_bytes_max = 0;
    bool url_only = false;  ///< the network fetches it itself: a local file is refused
    bool url_allowed = false;
    std::string source;
};

enum class BucketScope { app, account };

/// What fills a bucket: every request, or only those that took effect (a refusal gives the slot
/// back).
enum class BucketCounts { requests, effects };

/// One declared rate limit or quota.
struct BucketSpec {
    std::string name;
    BucketScope scope = BucketScope::account;
    int size = 0;
    Milliseconds window{60'000};
    BucketCounts counts = BucketCounts::requests;
    WaitReason reason =
        WaitReason::rate;  ///< `rate` or `quota`: what a job that finds it full waits for
    std::string source;
    std::string source_date;
    /// Which deliveries take a permit of a quota, so that plans can reserve it; empty = all.
    std::vector<Deliver> deliver = {};
};

struct StepSpec {
    std::string name;
    Effect effect = Effect::look;
    std::string sentence;
};

/// The OAuth 2 dialect. Paths are joined to the app option named by `base_option`.
struct OAuthShape {
    std::string base_option;            ///< option with the base URL of the token endpoint
    std::string authorize_base_option;  ///< option with the base URL of the authorize page
    std::string authorize_path;
    std::string token_path;
    std::string revoke_path;
    std::string client_id_param = "client_id";
    std::string scope_separator = " ";
    std::string remote_id_member;  ///< member of the token answer that names the login
    bool pkce = true;
    bool pkce_hex = false;               ///< challenge as hex instead of base64url
    bool granted_scopes_plural = false;  ///< callback parameter is `scopes`
    std::vector<std::string> scopes;     ///< asked for by default
    std::vector<std::pair<std::string, std::string>> authorize_extra;
};

/// Words that a person must have seen before these choices are sent.
struct Declaration {
    std::string option;               ///< empty: always
    std::vector<std::string> values;  ///< shown when the option has one of these
    std::string text;
    std::vector<std::string> links;
};

struct Descriptor {
    std::string network;  ///< `[a-z][a-z0-9]*`, the word before the colon in account names
    std::string title;
    std::string version;
    std::string sentence;
    std::vector<PostKind> kinds;
    std::vector<Deliver> deliver;
    std::vector<OptionSpec> options;
    std::vector<OptionSpec> app_options;
    std::vector<TextField> text;
    std::vector<MediaRules> media;
    std::vector<BucketSpec> buckets;
    std::vector<StepSpec> steps;
    OAuthShape oauth;
    std::vector<Declaration> declarations;
    bool consent_needed = false;  ///< direct posts need a person's recorded consent
    int account_burst = 4;        ///< how many late jobs of one account may commit in an hour
    bool can_delete = false;
    bool can_edit = false;
    std::vector<ErrorRow> errors;  ///< rows of this adapter's own codes, sorted by code
    std::vector<std::string>
        consent_notice;  ///< sentences for every approver (processing time, ...)
};

OptionSpec const* find_option(Descriptor const& descriptor, std::string_view name);
BucketSpec const* find_bucket(Descriptor const& descriptor, std::string_view name);
StepSpec const* find_step(Descriptor const& descriptor, std::string_view name);
TextField const* find_text(Descriptor const& descriptor, std::string_view field, PostKind kind);
MediaRules const* find_media_rules(Descriptor const& descriptor, PostKind kind);

/// `network show`: everything above as JSON.
boost::json::object to_json(Descriptor const& descriptor);

/// Checks options against the descriptor: unknown names (with the nearest), types, values, bounds,
/// wrong kind of post.
/// `{"ask": true, ...}` stands for an open choice and is accepted where the option allows it; a
/// reserved option that is missing gives `script.choice_missing`. Paths begin with
/// `/options/<network>/`. A choice takes what the descriptor lists and, with `facts`, whatever else
/// the network offers this creator: networks add words before adapters know them.
std::vector<Finding> check_options(Descriptor const& descriptor,
                                   Post const& post,
                                   CreatorFacts const* facts = nullptr);

/// True when the value is an open choice left to the approver.
bool is_ask(boost::json::value const& value);

}  // namespace postrider::adapter

namespace postrider {

template <>
struct Words<adapter::OptionType> {
    static constexpr std::pair<adapter::OptionType, std::string_view> table[] = {
        {adapter::OptionType::boolean, "boolean"},
        {adapter::OptionType::integer, "integer"},
        {adapter::OptionType::text, "text"},
        {adapter::OptionType::choice, "choice"},
        {adapter::OptionType::duration, "duration"},
        {adapter::OptionType::url, "url"},
    };
};

template <>
struct Words<adapter::BucketScope> {
    static constexpr std::pair<adapter::BucketScope, std::string_view> table[] = {
        {adapter::BucketScope::app, "app"},
        {adapter::BucketScope::account, "account"},
    };
};

}  // namespace postrider
