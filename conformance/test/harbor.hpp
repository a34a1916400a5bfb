// A made-up network and an adapter for it that is right, unless a bug is asked for. The network is
// lax where real ones often are: whoever publishes a thing twice gets two posts.
#pragma once

#include <postrider/conformance/suite.hpp>

#include <memory>

namespace postrider::conformance::test {

enum class Bug {
    none,
    prepares_again,          ///< takes a commit whose answer was lost for not made
    uses_before_saving,      ///< publishes what the last answer named, which is nowhere saved
    commit_called_repeat,    ///< declares the step that publishes as one that may be repeated
    reconcile_writes,        ///< publishes again to find out
    forgets_handle,          ///< saves that it prepared something, and not what
    doubt_is_failure,        ///< takes an answer that does not parse for a refusal
    loses_precision,         ///< keeps ids as floating point
    unstable,                ///< never asks the same twice
    refused_token_is_final,  ///< gives up at 401
    never_ends,              ///< does not notice that the post is public
    secret_in_the_open,      ///< shows what it seals
    token_to_strangers,      ///< sends the token to whatever host
    new_word_is_failure,     ///< takes a status that it does not know for a failure
    undeclared_step,         ///< sends a step that its descriptor does not name
};

/// Lives for ever.
adapter::Adapter const& harbor_adapter(Bug bug);

std::unique_ptr<World> harbor_world(Stage const& stage);

}  // namespace postrider::conformance::test
