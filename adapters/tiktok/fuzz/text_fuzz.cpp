// Single texts of TikTok's: Content-Range of an upload, upload URLs, and stored state, which must
// read back as written.
#include "tiktok/api.hpp"
#include "tiktok/settings.hpp"
#include "tiktok/state.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

namespace json = boost::json;
using namespace postrider;

void must(bool holds) {
    if (!holds) std::abort();
}

void read_range(std::string_view text) {
    auto const progress = tiktok::parse_upload_progress(text);
    if (!progress) return;
    // What was understood can be said again, and means the same.
    auto const again = tiktok::parse_upload_progress("bytes 0-" + std::to_string(progress->last) +
                                                     "/" + std::to_string(progress->total));
    must(again && again->last == progress->last && again->total == progress->total);
}

void read_url(std::string_view text) {
    tiktok::Settings settings;
    settings.api_base = tiktok::official_api_base;
    settings.upload_hosts = {"*.tiktokapis.com"};
    bool const trusted = tiktok::upload_url_problem(settings, text).empty();
    must(!trusted || text.find("tiktokapis.com") != std::string_view::npos ||
         text.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ%") != std::string_view::npos);
}

void read_state(std::string_view text) {
    boost::system::error_code bad;
    auto const value = json::parse(text, bad);
    if (bad || !value.is_object()) return;
    adapter::SavedState saved;
    saved.open = value.as_object();
    saved.sealed = value.as_object();
    auto const once = tiktok::write_state(tiktok::read_state(saved));
    auto const twice = tiktok::write_state(tiktok::read_state(once));
    must(json::serialize(once.open) == json::serialize(twice.open));
    must(json::serialize(once.sealed) == json::serialize(twice.sealed));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    read_range(text);
    read_url(text);
    read_state(text);
    return 0;
}
