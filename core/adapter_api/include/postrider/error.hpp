// Errors as values: what happened (kind, code), whose move it is (owner), what next (retry), and
// the facts around it.
#pragma once

#include <postrider/instant.hpp>
#include <postrider/words.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider {

/// What an error is. The kind alone decides exit code and HTTP status (see exit_code, http_status).
enum class ErrorKind {
    internal,
    usage,
    not_found,
    unauthorized,
    denied,
    approval,
    invalid,
    conflict,
    rate_limited,
    unavailable,
    timeout,
    rejected,
    unrecognized,
    partial,
    unknown,
    setup,
    script,
};

template <>
struct Words<ErrorKind> {
    static constexpr std::pair<ErrorKind, std::string_view> table[] = {
        {ErrorKind::internal, "internal"},
        {ErrorKind::usage, "usage"},
        {ErrorKind::not_found, "not_found"},
        {ErrorKind::unauthorized, "unauthorized"},
        {ErrorKind::denied, "denied"},
        {ErrorKind::approval, "approval"},
        {ErrorKind::invalid, "invalid"},
        {ErrorKind::conflict, "conflict"},
        {ErrorKind::rate_limited, "rate_limited"},
        {ErrorKind::unavailable, "unavailable"},
        {ErrorKind::timeout, "timeout"},
        {ErrorKind::rejected, "rejected"},
        {ErrorKind::unrecognized, "unrecognized"},
        {ErrorKind::partial, "partial"},
        {ErrorKind::unknown, "unknown"},
        {ErrorKind::setup, "setup"},
        {ErrorKind::script, "script"},
    };
};

int exit_code(ErrorKind kind);    ///< 1 to 16.
int http_status(ErrorKind kind);  ///< 200 for the kinds that are states of a job.

/// Whose move it is.
enum class Owner { you, creator, operator_, network, postrider };

template <>
struct Words<Owner> {
    static constexpr std::pair<Owner, std::string_view> table[] = {
        {Owner::you, "you"},
        {Owner::creator, "creator"},
        {Owner::operator_, "operator"},
        {Owner::network, "network"},
        {Owner::postrider, "postrider"},
    };
};

/// Whether the outside world may have changed.
enum class SideEffects { none, partial, possible };

template <>
struct Words<SideEffects> {
    static constexpr std::pair<SideEffects, std::string_view> table[] = {
        {SideEffects::none, "none"},
        {SideEffects::partial, "partial"},
        {SideEffects::possible, "possible"},
    };
};

enum class RetryWhen { never, backoff, after, fix_first, person_first, reconcile_first };

template <>
struct Words<RetryWhen> {
    static constexpr std::pair<RetryWhen, std::string_view> table[] = {
        {RetryWhen::never, "never"},
        {RetryWhen::backoff, "backoff"},
        {RetryWhen::after, "after"},
        {RetryWhen::fix_first, "fix_first"},
        {RetryWhen::person_first, "person_first"},
        {RetryWhen::reconcile_first, "reconcile_first"},
    };
};

/// What next. `delay` only with `after`: no sooner than this, counted from when the error arose.
struct Retry {
    RetryWhen when = RetryWhen::never;
    std::optional<Milliseconds> delay;

    static Retry never() { return {RetryWhen::never, {}}; }
    static Retry backoff() { return {RetryWhen::backoff, {}}; }
    static Retry after(Milliseconds delay) { return {RetryWhen::after, delay}; }
};

/// One place in the input that something was noticed about: an entry of an error's `at`, or a
/// finding of validation.
struct Finding {
    enum class Level { error, warning };

    Level level = Level::error;
    std::string code;  ///< from the catalogue, core's or the adapter's
    std::string
        message;       ///< one sentence: what is wrong, what is allowed, the command that mends it
    std::string path;  ///< JSON Pointer into the post or the request, such as `/options/x/privacy`
    std::string file;  ///< for scripts and data files
    int line = 0;      ///< from 1; 0 = none
    boost::json::value got;
    boost::json::array allowed;
};

boost::json::object to_json(Finding const& finding);

/// One row of the catalogue of errors: the fixed part of every error with this code.
struct ErrorRow {
    std::string_view code;  ///< dotted, lower case, never used again for something else
    ErrorKind kind;
    Owner owner;
    RetryWhen retry;
    std::string_view cause;  ///< one sentence: what happened
    std::string_view
        effect;  ///< one sentence: what the outside world looks like now, and what the engine does
    std::string_view
        steps;  ///< what the owner does, as a sentence; names a command where there is one
};

/// Immutable, cheap to copy, safe to log as a whole: it never holds a secret.
class Error {
 public:
    using Context = std::vector<std::pair<std::string, std::string>>;

    /// The fixed part comes from the row; an empty message becomes the row's cause.
    explicit Error(ErrorRow const& row, std::string message = {});

    [[nodiscard]] std::string const& code() const { return data_->code; }
    [[nodiscard]] ErrorKind kind() const { return data_->kind; }
    [[nodiscard]] Owner owner() const { return data_->owner; }
    [[nodiscard]] Retry retry() const { return data_->retry; }
    [[nodiscard]] SideEffects side_effects() const { return data_->side_effects; }
    [[nodiscard]] std::string const& operation() const { return data_->operation; }
    [[nodiscard]] std::string const& message() const { return data_->message; }
    [[nodiscard]] std::string const& hint() const { return data_->hint; }
    [[nodiscard]] Context const& context() const { return data_->context; }
    [[nodiscard]] std::vector<Finding> const& at() const { return data_->at; }
    [[nodiscard]] Error const* cause() const { return data_->cause.get(); }

    // Each gives a changed copy, so that rows of a chain read as one sentence.
    [[nodiscard]] Error with(
        std::string name, std::string value) const;  ///< a context pair; empty values are dropped
    [[nodiscard]] Error with_operation(std::string operation) const;
    [[nodiscard]] Error with_hint(std::string hint) const;
    [[nodiscard]] Error with_retry(Retry retry) const;
    /// Where the move is its cause's owner's.
    [[nodiscard]] Error with_owner(Owner owner) const;
    [[nodiscard]] Error with_side_effects(SideEffects side_effects) const;
    [[nodiscard]] Error with_at(Finding finding) const;
    [[nodiscard]] Error caused_by(Error cause) const;

    [[nodiscard]] boost::json::object to_json() const;  ///< the `error` member of the envelope
    /// Reads back what to_json wrote; unknown words become kind `unrecognized`. For errors kept in
    /// the store.
    static Error from_json(boost::json::value const& value);

 private:
    struct Data {
        std::string code;
        ErrorKind kind = ErrorKind::internal;
        Owner owner = Owner::postrider;
        Retry retry;
        SideEffects side_effects = SideEffects::none;
        std::string operation;
        std::string message;
        std::string hint;
        Context context;
        std::vector<Finding> at;
        std::shared_ptr<Error const> cause;
    };
    explicit Error(std::shared_ptr<Data const> data) : data_(std::move(data)) {}

    std::shared_ptr<Data const> data_;
};

}  // namespace postrider
