// Result<T>: a value or an Error. Member names are std::expected's, so that it can become that type
// one day.
#pragma once

#include <postrider/error.hpp>

#include <cassert>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace postrider {

template <class T>
class [[nodiscard]] Result {
 public:
    using value_type = T;

    Result(T value)
        : content_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
    Result(Error error)
        : content_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

    [[nodiscard]] bool has_value() const noexcept { return content_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    T& value() & { return check(), std::get<0>(content_); }
    T const& value() const& { return check(), std::get<0>(content_); }
    T&& value() && { return check(), std::get<0>(std::move(content_)); }
    T& operator*() & { return value(); }
    T const& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    T const* operator->() const { return &value(); }

    [[nodiscard]] Error const& error() const {
        assert(!has_value());
        return std::get<1>(content_);
    }
    template <class U>
    T value_or(U&& other) const& {
        return has_value() ? value() : static_cast<T>(std::forward<U>(other));
    }

 private:
    void check() const { assert(has_value()); }
    std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
    using value_type = void;

    Result() = default;
    Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design

    [[nodiscard]] bool has_value() const noexcept { return !error_; }
    explicit operator bool() const noexcept { return has_value(); }
    void value() const { assert(has_value()); }
    [[nodiscard]] Error const& error() const {
        assert(error_);
        return *error_;
    }

 private:
    std::optional<Error> error_;
};

}  // namespace postrider
