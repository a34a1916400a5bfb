// Looking things up in a descriptor, and its JSON form for `network show`. Checking options against
// it is in check_options.cpp.
#include <postrider/adapter/descriptor.hpp>

#include "json_values.hpp"

#include <boost/json/array.hpp>

namespace postrider::adapter {

namespace {

namespace json = boost::json;

json::array words_json(std::vector<std::string> const& words) {
    json::array array;
    for (auto const& text : words) array.emplace_back(text);
    return array;
}

template <class E>
json::array enums_json(std::vector<E> const& values) {
    json::array array;
    for (auto const value : values) array.emplace_back(word(value));
    return array;
}

json::object option_json(OptionSpec const& option) {
    json::object object;
    object["name"] = option.name;
    object["type"] = word(option.type);
    object["help"] = option.help;
    json::array values;
    for (auto const& value : option.values) {
        json::object entry;
        entry["value"] = value.value;
        entry["help"] = value.help;
        values.push_back(std::move(entry));
    }
    object["values"] = std::move(values);
    object["reserved"] = option.reserved;
    object["askable"] = option.reserved || option.askable;
    object["kinds"] = enums_json(option.kinds);
    object["deliver"] = enums_json(option.deliver);
    if (!option.default_text.empty()) object["default"] = option.default_text;
    if (option.integer_min != 0 || option.integer_max != 0) {
        object["min"] = option.integer_min;
        object["max"] = option.integer_max;
    }
    json::array exclusions;
    for (auto const& exclusion : option.exclusions) {
        json::object entry;
        entry["value"] = exclusion.value;
        entry["other_option"] = exclusion.other_option;
        entry["other_value"] = exclusion.other_value;
        entry["sentence"] = exclusion.sentence;
        exclusions.push_back(std::move(entry));
    }
    object["exclusions"] = std::move(exclusions);
    json::array notices;
    for (auto const& notice : option.notices) {
        json::object entry;
        entry["value"] = notice.value;
        entry["sentence"] = notice.sentence;
        notices.push_back(std::move(entry));
    }
    object["notices"] = std::move(notices);
    object["secret"] = option.secret;
    return object;
}

json::array options_json(std::vector<OptionSpec> const& options) {
    json::array array;
    for (auto const& option : options) array.push_back(option_json(option));
    return array;
}

json::object text_json(TextField const& field) {
    json::object object;
    object["name"] = field.name;
    object["kind"] = word(field.kind);
    object["length_max"] = field.length_max;
    object["unit"] = word(field.unit);
    object["required"] = field.required;
    object["link_length"] = field.link_length;
    object["source"] = field.source;
    return object;
}

json::object media_json(MediaRules const& rules) {
    json::object object;
    object["kind"] = word(rules.kind);
    object["count_min"] = rules.count_min;
    object["count_max"] = rules.count_max;
    object["containers"] = words_json(rules.containers);
    object["video_codecs"] = words_json(rules.video_codecs);
    object["side_min"] = rules.side_min;
    object["side_max"] = rules.side_max;
    object["frame_rate_min"] = detail::finite(rules.frame_rate_min);
    object["frame_rate_max"] = detail::finite(rules.frame_rate_max);
    object["duration_ms_max"] = rules.duration_ms_max;
    object["duration_limit_fact"] = rules.duration_limit_fact;
    json::array limit_deliver;
    for (auto const deliver : rules.duration_limit_deliver)
        limit_deliver.emplace_back(word(deliver));
    object["duration_limit_deliver"] = std::move(limit_deliver);
    object["size_bytes_warn"] = rules.size_bytes_warn;
    object["size_bytes_max"] = rules.size_bytes_max;
    object["url_only"] = rules.url_only;
    object["url_allowed"] = rules.url_allowed;
    object["source"] = rules.source;
    return object;
}

json::object bucket_json(BucketSpec const& bucket) {
    json::object object;
    object["name"] = bucket.name;
    object["scope"] = word(bucket.scope);
    object["size"] = bucket.size;
    object["window_ms"] = bucket.window.count();
    object["counts"] = bucket.counts == BucketCounts::effects ? "effects" : "requests";
    object["reason"] = word(bucket.reason);
    object["source"] = bucket.source;
    object["source_date"] = bucket.source_date;
    return object;
}

json::object oauth_json(OAuthShape const& oauth) {
    json::object object;
    object["base_option"] = oauth.base_option;
    object["authorize_base_option"] = oauth.authorize_base_option;
    object["authorize_path"] = oauth.authorize_path;
    object["token_path"] = oauth.token_path;
    object["revoke_path"] = oauth.revoke_path;
    object["client_id_param"] = oauth.client_id_param;
    object["scope_separator"] = oauth.scope_separator;
    object["remote_id_member"] = oauth.remote_id_member;
    object["pkce"] = oauth.pkce;
    object["pkce_hex"] = oauth.pkce_hex;
    object["granted_scopes_plural"] = oauth.granted_scopes_plural;
    object["scopes"] = words_json(oauth.scopes);
    json::object extra;
    for (auto const& [name, value] : oauth.authorize_extra) extra[name] = value;
    object["authorize_extra"] = std::move(extra);
    return object;
}

json::object error_json(ErrorRow const& row) {
    json::object object;
    object["code"] = row.code;
    object["kind"] = word(row.kind);
    object["owner"] = word(row.owner);
    object["exit"] = exit_code(row.kind);
    object["retry"] = word(row.retry);
    object["cause"] = row.cause;
    object["effect"] = row.effect;
    object["steps"] = row.steps;
    return object;
}

template <class T>
T const* find_named(std::vector<T> const& items, std::string_view name) {
    for (auto const& item : items)
        if (item.name == name) return &item;
    return nullptr;
}

}  // namespace

OptionSpec const* find_option(Descriptor const& descriptor, std::string_view name) {
    return find_named(descriptor.options, name);
}

BucketSpec const* find_bucket(Descriptor const& descriptor, std::string_view name) {
    return find_named(descriptor.buckets, name);
}

StepSpec const* find_step(Descriptor const& descriptor, std::string_view name) {
    return find_named(descriptor.steps, name);
}

TextField const* find_text(Descriptor const& descriptor, std::string_view field, PostKind kind) {
    for (auto const& candidate : descriptor.text)
        if (candidate.name == field && candidate.kind == kind) return &candidate;
    return nullptr;
}

MediaRules const* find_media_rules(Descriptor const& descriptor, PostKind kind) {
    for (auto const& candidate : descriptor.media)
        if (candidate.kind == kind) return &candidate;
    return nullptr;
}

json::object to_json(Descriptor const& descriptor) {
    json::object object;
    object["network"] = descriptor.network;
    object["title"] = descriptor.title;
    object["version"] = descriptor.version;
    object["sentence"] = descriptor.sentence;
    object["kinds"] = enums_json(descriptor.kinds);
    object["deliver"] = enums_json(descriptor.deliver);
    object["options"] = options_json(descriptor.options);
    object["app_options"] = options_json(descriptor.app_options);

    json::array text;
    for (auto const& field : descriptor.text) text.push_back(text_json(field));
    object["text"] = std::move(text);
    json::array media;
    for (auto const& rules : descriptor.media) media.push_back(media_json(rules));
    object["media"] = std::move(media);
    json::array buckets;
    for (auto const& bucket : descriptor.buckets) buckets.push_back(bucket_json(bucket));
    object["buckets"] = std::move(buckets);
    json::array steps;
    for (auto const& step : descriptor.steps) {
        json::object entry;
        entry["name"] = step.name;
        entry["effect"] = word(step.effect);
        entry["sentence"] = step.sentence;
        steps.push_back(std::move(entry));
    }
    object["steps"] = std::move(steps);
    object["oauth"] = oauth_json(descriptor.oauth);
    json::array declarations;
    for (auto const& declaration : descriptor.declarations) {
        json::object entry;
        entry["option"] = declaration.option;
        entry["values"] = words_json(declaration.values);
        entry["text"] = declaration.text;
        entry["links"] = words_json(declaration.links);
        declarations.push_back(std::move(entry));
    }
    object["declarations"] = std::move(declarations);
    object["consent_needed"] = descriptor.consent_needed;
    object["consent_notice"] = words_json(descriptor.consent_notice);
    object["account_burst"] = descriptor.account_burst;
    object["can_delete"] = descriptor.can_delete;
    object["can_edit"] = descriptor.can_edit;
    json::array errors;
    for (auto const& row : descriptor.errors) errors.push_back(error_json(row));
    object["errors"] = std::move(errors);
    return object;
}

}  // namespace postrider::adapter
