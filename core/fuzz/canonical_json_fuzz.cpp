// Canonical JSON: reading it back and writing it again changes nothing, so that a hash does not
// depend on how often a value went through text.
#include "job/exact_json.hpp"
#include "promise.hpp"

#include <postrider/core/canonical_json.hpp>

#include <boost/json/parse.hpp>

using namespace postrider;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    boost::system::error_code bad;
    auto const value = boost::json::parse(text, bad);
    if (bad) return 0;
    auto const once = core::canonical_json(value);
    auto const again = core::detail::parse_exactly(once, bad);
    fuzz::promise(!bad, "canonical JSON is JSON", once);
    auto const twice = core::canonical_json(again);
    fuzz::promise(once == twice, "canonical JSON stays as it is", once + "\n" + twice);
    return 0;
}
