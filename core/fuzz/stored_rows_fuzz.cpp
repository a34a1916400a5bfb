// Rows of the store as JSON, whatever an older version or a damaged disk left in them: each reader
// bears them, and what it understood it writes so that it understands the same again.
#include "job/exact_json.hpp"
#include "promise.hpp"

#include <postrider/core/canonical_json.hpp>
#include <postrider/core/job.hpp>
#include <postrider/core/plan.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace {

namespace json = boost::json;
using namespace postrider;

template <class Read, class Write>
void settles(json::object const& row, Read read, Write write, std::string_view what) {
    auto const once = json::serialize(write(read(row)));
    boost::system::error_code bad;
    auto const stored = core::detail::parse_exactly(once, bad);
    fuzz::promise(!bad && stored.is_object(), what, once);
    auto const twice = json::serialize(write(read(stored.as_object())));
    fuzz::promise(once == twice, what, once + "\n" + twice);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    boost::system::error_code bad;
    auto const value = json::parse(text, bad);
    if (bad || !value.is_object()) return 0;
    auto const& row = value.as_object();
    settles(
        row,
        core::job_spec_from_json,
        [](core::JobSpec const& spec) { return core::to_json(spec); },
        "a job reads back");
    settles(
        row,
        core::plan_from_json,
        [](core::Plan const& plan) { return core::to_json(plan); },
        "a plan reads back");
    settles(
        row,
        adapter::media_facts_from_json,
        [](adapter::MediaFacts const& facts) { return adapter::to_json(facts); },
        "facts of a file read back");
    settles(
        row,
        adapter::creator_facts_from_json,
        [](adapter::CreatorFacts const& facts) { return adapter::to_json(facts); },
        "facts of a creator read back");
    settles(
        row,
        [](json::object const& object) { return Error::from_json(object); },
        [](Error const& error) { return error.to_json(); },
        "an error reads back");
    auto const spec = core::job_spec_from_json(row);
    auto const again = core::job_spec_from_json(core::to_json(spec));
    fuzz::promise(core::job_hash(spec) == core::job_hash(again), "a job keeps its hash", text);
    auto const plan = core::plan_from_json(row);
    auto const plan_again = core::plan_from_json(core::to_json(plan));
    fuzz::promise(core::plan_hash(plan.jobs) == core::plan_hash(plan_again.jobs),
                  "a plan keeps its hash",
                  text);
    return 0;
}
