// Error values: the fixed part from the catalogue's row, copies with one thing changed, and their
// JSON form. The rows themselves are in catalogue.cpp.
#include <postrider/error.hpp>

#include "json_values.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace postrider {

namespace {

struct KindRow {
    ErrorKind kind;
    int exit;
    int http;
};

// surfaces.md 3.2. Kinds that are states of jobs answer 200: the request itself went well.
constexpr KindRow kind_rows[] = {
    {ErrorKind::internal, 1, 500},
    {ErrorKind::usage, 2, 400},
    {ErrorKind::not_found, 3, 404},
    {ErrorKind::unauthorized, 4, 401},
    {ErrorKind::denied, 5, 403},
    {ErrorKind::approval, 6, 409},
    {ErrorKind::invalid, 7, 422},
    {ErrorKind::conflict, 8, 409},
    {ErrorKind::rate_limited, 9, 429},
    {ErrorKind::unavailable, 10, 503},
    {ErrorKind::timeout, 11, 202},
    {ErrorKind::rejected, 12, 200},
    {ErrorKind::partial, 13, 200},
    {ErrorKind::unknown, 14, 200},
    {ErrorKind::setup, 15, 500},
    {ErrorKind::script, 16, 422},
    {ErrorKind::unrecognized, 12, 200},
};

KindRow const& row_of(ErrorKind kind) {
    for (auto const& row : kind_rows)
        if (row.kind == kind) return row;
    return kind_rows[0];
}

// What a kind says about the world when nobody said more. Whoever knows better uses
// with_side_effects.
SideEffects usual_side_effects(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::internal:
        case ErrorKind::unknown:
            return SideEffects::possible;
        case ErrorKind::partial:
            return SideEffects::partial;
        default:
            return SideEffects::none;
    }
}

boost::json::object retry_json(Retry retry) {
    boost::json::object object;
    object["when"] = word(retry.when);
    if (retry.delay) object["after_ms"] = std::max<std::int64_t>(0, retry.delay->count());
    return object;
}

Retry retry_from_json(boost::json::object const& object) {
    Retry retry;
    retry.when =
        from_word<RetryWhen>(detail::text_member(object, "when")).value_or(RetryWhen::never);
    auto const* delay = object.if_contains("after_ms");
    if (delay && delay->is_int64() && delay->get_int64() >= 0)
        retry.delay = Milliseconds{delay->get_int64()};
    return retry;
}

Finding finding_from_json(boost::json::object const& object) {
    Finding finding;
    finding.level = detail::text_member(object, "level") == "warning" ? Finding::Level::warning
                                                                      : Finding::Level::error;
    finding.code = detail::text_member(object, "code");
    finding.message = detail::text_member(object, "message");
    finding.path = detail::text_member(object, "path");
    finding.file = detail::text_member(object, "file");
    auto const line = detail::int_member(object, "line");
    finding.line = line > 0 && line < 1'000'000'000 ? static_cast<int>(line) : 0;
    if (auto const* got = object.if_contains("got")) finding.got = detail::finite_copy(*got);
    if (auto const* allowed = object.if_contains("allowed"); allowed && allowed->is_array())
        finding.allowed = detail::finite_copy(*allowed).as_array();
    return finding;
}

}  // namespace

boost::json::value detail::finite_copy(boost::json::value const& value) {
    if (value.is_double() && !std::isfinite(value.get_double())) return nullptr;
    if (value.is_array()) {
        boost::json::array array;
        for (auto const& element : value.get_array()) array.push_back(finite_copy(element));
        return array;
    }
    if (value.is_object()) {
        boost::json::object object;
        for (auto const& member : value.get_object())
            object[member.key()] = finite_copy(member.value());
        return object;
    }
    return value;
}

int exit_code(ErrorKind kind) {
    return row_of(kind).exit;
}

int http_status(ErrorKind kind) {
    return row_of(kind).http;
}

boost::json::object to_json(Finding const& finding) {
    // `level` is written for warnings only: the entries of an error's `at` are errors by nature.
    boost::json::object object;
    if (finding.level == Finding::Level::warning) object["level"] = "warning";
    if (!finding.path.empty()) object["path"] = finding.path;
    if (!finding.file.empty()) object["file"] = finding.file;
    if (finding.line > 0) object["line"] = finding.line;
    if (!finding.code.empty()) object["code"] = finding.code;
    object["message"] = finding.message;
    if (auto got = detail::finite_copy(finding.got); !got.is_null()) object["got"] = std::move(got);
    if (!finding.allowed.empty()) object["allowed"] = detail::finite_copy(finding.allowed);
    return object;
}

Error::Error(ErrorRow const& row, std::string message) {
    auto data = std::make_shared<Data>();
    data->code = row.code;
    data->kind = row.kind;
    data->owner = row.owner;
    data->retry.when = row.retry;
    data->side_effects = usual_side_effects(row.kind);
    data->message = message.empty() ? std::string{row.cause} : std::move(message);
    data->hint = row.steps;
    data_ = std::move(data);
}

Error Error::with(std::string name, std::string value) const {
    if (value.empty()) return *this;
    auto data = std::make_shared<Data>(*data_);
    auto const same = std::find_if(data->context.begin(),
                                   data->context.end(),
                                   [&](auto const& pair) { return pair.first == name; });
    if (same != data->context.end())
        same->second = std::move(value);
    else
        data->context.emplace_back(std::move(name), std::move(value));
    return Error(std::move(data));
}

Error Error::with_operation(std::string operation) const {
    auto data = std::make_shared<Data>(*data_);
    data->operation = std::move(operation);
    return Error(std::move(data));
}

Error Error::with_hint(std::string hint) const {
    auto data = std::make_shared<Data>(*data_);
    data->hint = std::move(hint);
    return Error(std::move(data));
}

Error Error::with_retry(Retry retry) const {
    auto data = std::make_shared<Data>(*data_);
    data->retry = retry;
    return Error(std::move(data));
}

Error Error::with_owner(Owner owner) const {
    auto data = std::make_shared<Data>(*data_);
    data->owner = owner;
    return Error(std::move(data));
}

Error Error::with_side_effects(SideEffects side_effects) const {
    auto data = std::make_shared<Data>(*data_);
    data->side_effects = side_effects;
    return Error(std::move(data));
}

Error Error::with_at(Finding finding) const {
    auto data = std::make_shared<Data>(*data_);
    data->at.push_back(std::move(finding));
    return Error(std::move(data));
}

Error Error::caused_by(Error cause) const {
    auto data = std::make_shared<Data>(*data_);
    data->cause = std::make_shared<Error const>(std::move(cause));
    return Error(std::move(data));
}

boost::json::object Error::to_json() const {
    boost::json::object object;
    object["code"] = data_->code;
    object["kind"] = word(data_->kind);
    object["owner"] = word(data_->owner);
    object["exit"] = exit_code(data_->kind);
    if (!data_->operation.empty()) object["operation"] = data_->operation;
    object["message"] = data_->message;
    if (!data_->hint.empty()) object["hint"] = data_->hint;
    object["side_effects"] = word(data_->side_effects);
    object["retry"] = retry_json(data_->retry);
    if (!data_->at.empty()) {
        boost::json::array at;
        for (auto const& finding : data_->at) at.push_back(postrider::to_json(finding));
        object["at"] = std::move(at);
    }
    boost::json::object context;
    for (auto const& [name, value] : data_->context) context[name] = value;
    object["context"] = std::move(context);
    if (data_->cause)
        object["cause"] = data_->cause->to_json();
    else
        object["cause"] = nullptr;
    return object;
}

Error Error::from_json(boost::json::value const& value) {
    auto data = std::make_shared<Data>();
    if (!value.is_object()) {
        data->code = "network.unrecognized";
        data->kind = ErrorKind::unrecognized;
        data->message = "An error was recorded in a form that this version cannot read.";
        return Error(std::move(data));
    }
    auto const& object = value.get_object();
    data->code = detail::text_member(object, "code");
    data->kind =
        from_word<ErrorKind>(detail::text_member(object, "kind")).value_or(ErrorKind::unrecognized);
    data->owner = from_word<Owner>(detail::text_member(object, "owner")).value_or(Owner::postrider);
    data->operation = detail::text_member(object, "operation");
    data->message = detail::text_member(object, "message");
    data->hint = detail::text_member(object, "hint");
    // An unreadable word is taken for the worst, so that nobody repeats what may have happened.
    data->side_effects = from_word<SideEffects>(detail::text_member(object, "side_effects"))
                             .value_or(SideEffects::possible);
    if (auto const* retry = object.if_contains("retry"); retry && retry->is_object())
        data->retry = retry_from_json(retry->get_object());
    if (auto const* at = object.if_contains("at"); at && at->is_array())
        for (auto const& entry : at->get_array())
            if (entry.is_object()) data->at.push_back(finding_from_json(entry.get_object()));
    if (auto const* context = object.if_contains("context"); context && context->is_object())
        for (auto const& member : context->get_object())
            if (member.value().is_string())
                data->context.emplace_back(
                    std::string{member.key()},
                    detail::text_member(context->get_object(), member.key()));
    if (auto const* cause = object.if_contains("cause"); cause && cause->is_object())
        data->cause = std::make_shared<Error const>(from_json(*cause));
    return Error(std::move(data));
}

}  // namespace postrider
