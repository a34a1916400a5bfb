// A story for an adapter, told by a fuzzer: what was stored of a job, and line by line what the
// network answers. The adapter is driven as the engine drives one, and every promise that an
// adapter makes whatever it is told is judged. The first broken one ends the program.
#pragma once

#include <postrider/adapter/adapter.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::conformance {

struct StorySetting {
    adapter::Adapter const* adapter = nullptr;
    adapter::JobView
        job;  ///< with app options; its state and its kind of media come from the story
    /// May bytes of a file go to this URL?
    std::function<bool(std::string_view url)> takes_bytes;
    /// Do the answers seen so far hold the word that this end needs?
    std::function<bool(adapter::Finish const& end, std::vector<std::string> const& bodies)> proved;
};

/// One line a happening. The first is the stored state, `{"open": {}, "sealed": {}}`, or `-` for
/// none. Then:
///   `STATUS[ CONTENT-RANGE]|BODY`  the network answers the request that is out
///   `!`                            the answer is lost
///   `x`                            the process dies before it can tell anybody of the request
///   `+SECONDS`                     time passes
///   `@STEP STATUS[ ...]|BODY`      an answer to a step that nobody asked about now
void tell_story(StorySetting const& setting, std::string_view story);

}  // namespace postrider::conformance
