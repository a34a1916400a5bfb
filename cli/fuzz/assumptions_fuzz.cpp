// What somebody takes for granted, as a file of JSON.
#include "operations/campaign/assumptions.hpp"
#include "promise.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace postrider;
    static std::vector<std::string> const networks = {"sandbox"};
    auto const read = cli::parse_assumptions({reinterpret_cast<char const*>(data), size}, networks);
    if (!read) {
        auto const code = read.error().code();
        fuzz::promise(code == "usage.bad_value" || code == "usage.unknown_field" ||
                          code == "usage.missing_input",
                      "what is wrong is the caller's to mend",
                      code);
        return 0;
    }
    auto const& rehearsal = read->rehearsal;
    auto const text = boost::json::serialize(rehearsal);
    for (auto const* name :
         {"latency_ms", "processing_ms", "upload_bytes_per_second", "late_after_ms"})
        fuzz::promise(rehearsal.at(name).is_int64() && rehearsal.at(name).get_int64() >= 0,
                      "numbers are there, and not negative",
                      text);
    for (auto const* name : {"outages", "stopped"})
        for (auto const& span : rehearsal.at(name).as_array())
            fuzz::promise(span.at("from").as_string() < span.at("to").as_string(),
                          "a stretch of time has a length",
                          text);
    for (auto const& answer : rehearsal.at("answers").as_array())
        fuzz::promise(answer.at("options").is_object() && answer.at("post").is_string() &&
                          answer.at("account").is_string(),
                      "an answer has its members",
                      text);
    return 0;
}
