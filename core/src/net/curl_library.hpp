// The functions of libcurl that are used, found at run time. Linking libcurl would cost every start
// of the program some 5 ms, for libraries that most commands never need.
#pragma once

#include <postrider/result.hpp>

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

namespace postrider::core::detail {

struct CurlLibrary {
    decltype(&::curl_version_info) version_info = nullptr;
    decltype(&::curl_global_init) global_init = nullptr;
    decltype(&::curl_easy_init) easy_init = nullptr;
    decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
    decltype(&::curl_easy_setopt) easy_setopt = nullptr;
    decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
    decltype(&::curl_easy_strerror) easy_strerror = nullptr;
    decltype(&::curl_slist_append) slist_append = nullptr;
    decltype(&::curl_slist_free_all) slist_free_all = nullptr;
    decltype(&::curl_multi_init) multi_init = nullptr;
    decltype(&::curl_multi_cleanup) multi_cleanup = nullptr;
    decltype(&::curl_multi_setopt) multi_setopt = nullptr;
    decltype(&::curl_multi_add_handle) multi_add_handle = nullptr;
    decltype(&::curl_multi_remove_handle) multi_remove_handle = nullptr;
    decltype(&::curl_multi_socket_action) multi_socket_action = nullptr;
    decltype(&::curl_multi_info_read) multi_info_read = nullptr;

    /// Opens the library at the first call; it stays open. Any thread may call.
    static Result<CurlLibrary const*> get();
};

/// The same from another file; for the test of what happens where libcurl is missing.
Result<CurlLibrary> open_curl_library(char const* file_name);

}  // namespace postrider::core::detail
