// Opens libcurl.so.4 and finds its functions. Nothing here sends anything.
#include "curl_library.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>

#include <dlfcn.h>

namespace postrider::core::detail {

namespace {

// CURLOPT_QUICK_EXIT, without which a slow name server stops the whole event loop, came with this
// version.
constexpr unsigned version_min = 0x075700;

template <class Function>
bool find(void* library, char const* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    return function != nullptr;
}

Error missing(std::string_view why) {
    return make_error(
        "setup.helper_missing",
        fmt::format("The library libcurl.so.4 cannot be used: {}. Install the package libcurl4 "
                    "(7.87 or newer).",
                    why));
}

}  // namespace

Result<CurlLibrary> open_curl_library(char const* file_name) {
    void* const library = ::dlopen(file_name, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        auto const* const why = ::dlerror();
        return missing(why ? why : "it was not found");
    }
    CurlLibrary curl;
    bool const complete = find(library, "curl_version_info", curl.version_info) &&
                          find(library, "curl_global_init", curl.global_init) &&
                          find(library, "curl_easy_init", curl.easy_init) &&
                          find(library, "curl_easy_cleanup", curl.easy_cleanup) &&
                          find(library, "curl_easy_setopt", curl.easy_setopt) &&
                          find(library, "curl_easy_getinfo", curl.easy_getinfo) &&
                          find(library, "curl_easy_strerror", curl.easy_strerror) &&
                          find(library, "curl_slist_append", curl.slist_append) &&
                          find(library, "curl_slist_free_all", curl.slist_free_all) &&
                          find(library, "curl_multi_init", curl.multi_init) &&
                          find(library, "curl_multi_cleanup", curl.multi_cleanup) &&
                          find(library, "curl_multi_setopt", curl.multi_setopt) &&
                          find(library, "curl_multi_add_handle", curl.multi_add_handle) &&
                          find(library, "curl_multi_remove_handle", curl.multi_remove_handle) &&
                          find(library, "curl_multi_socket_action", curl.multi_socket_action) &&
                          find(library, "curl_multi_info_read", curl.multi_info_read);
    if (!complete) return missing("it lacks a function that postrider calls");
    auto const* const version = curl.version_info(CURLVERSION_NOW);
    if (version->version_num < version_min)
        return missing(fmt::format("it is version {}, which is too old", version->version));
    if (!(version->features & CURL_VERSION_SSL)) return missing("it was built without TLS");
    if (curl.global_init(CURL_GLOBAL_ALL) != CURLE_OK) return missing("it does not start");
    return curl;
}

Result<CurlLibrary const*> CurlLibrary::get() {
    static Result<CurlLibrary> const library = open_curl_library("libcurl.so.4");
    if (!library) return library.error();
    return &*library;
}

}  // namespace postrider::core::detail
