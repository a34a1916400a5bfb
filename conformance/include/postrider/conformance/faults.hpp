// What can go wrong with one request, and what must follow by the effect of its step. The second
// half is data: conformance/faults/*.json, one file an effect.
#pragma once

#include <postrider/adapter/action.hpp>

#include <span>
#include <string>
#include <vector>

namespace postrider::conformance {

enum class Fault {
    not_sent,       ///< no byte leaves this machine
    lost_before,    ///< no answer, and nothing has happened
    lost_after,     ///< no answer, and it has happened
    error_before,   ///< HTTP 500, and nothing has happened
    error_after,    ///< HTTP 500, and it has happened all the same
    too_many,       ///< HTTP 429
    unauthorized,   ///< the token is not taken, as the network itself says it
    truncated,      ///< it has happened, and half of the answer's body arrives as if it were all
    html_before,    ///< a proxy answers 200 with a page, and nothing has happened
    html_after,     ///< the same, and it has happened
    slow,           ///< the answer comes just before the deadline
    hang,           ///< it has happened, and no answer comes before the deadline
    cut_body,       ///< the connection breaks in the middle of the request's body
    new_word,       ///< a status word that nobody has seen
    doubled,        ///< it arrives twice, the second answer counts
    killed_before,  ///< the worker is killed before the request leaves
    killed_after,   ///< the worker is killed before the answer arrives
};

/// What must be true when the job has come to rest.
struct Expectation {
    enum class Again {
        may,
        with_proof,   ///< the step is sent again only after reconcile has found proof
        same_handle,  ///< nothing is prepared anew: the same object is published
    };

    adapter::Effect effect = adapter::Effect::look;
    Fault fault = Fault::not_sent;
    std::vector<std::string> states;  ///< `done` stands for what the post's delivery calls success
    std::vector<int> posts;           ///< how many may exist
    Again again = Again::may;
    std::string why;
};

/// The whole table; every effect has a row for every fault that can meet it.
std::span<Expectation const> expectations();

/// Null when this fault cannot meet this effect.
Expectation const* find_expectation(adapter::Effect effect, Fault fault);

}  // namespace postrider::conformance

namespace postrider {

template <>
struct Words<conformance::Fault> {
    using F = conformance::Fault;
    static constexpr std::pair<F, std::string_view> table[] = {
        {F::not_sent, "not_sent"},
        {F::lost_before, "lost_before"},
        {F::lost_after, "lost_after"},
        {F::error_before, "error_before"},
        {F::error_after, "error_after"},
        {F::too_many, "too_many"},
        {F::unauthorized, "unauthorized"},
        {F::truncated, "truncated"},
        {F::html_before, "html_before"},
        {F::html_after, "html_after"},
        {F::slow, "slow"},
        {F::hang, "hang"},
        {F::cut_body, "cut_body"},
        {F::new_word, "new_word"},
        {F::doubled, "doubled"},
        {F::killed_before, "killed_before"},
        {F::killed_after, "killed_after"},
    };
};

template <>
struct Words<conformance::Expectation::Again> {
    using A = conformance::Expectation::Again;
    static constexpr std::pair<A, std::string_view> table[] = {
        {A::may, "may"},
        {A::with_proof, "with_proof"},
        {A::same_handle, "same_handle"},
    };
};

}  // namespace postrider
