// The app's options as values: where the API is, which upload hosts are trusted, how chunks are
// cut.
#pragma once

#include "chunks.hpp"

#include <postrider/adapter/post.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::tiktok {

inline constexpr std::string_view official_api_base = "https://open.tiktokapis.com";
inline constexpr std::string_view official_authorize_base = "https://www.tiktok.com";
inline constexpr std::string_view official_upload_hosts = "*.tiktokapis.com";

struct Settings {
    std::string api_base;
    std::vector<std::string> upload_hosts;  ///< names; a leading `*.` stands for one label or more
    std::uint64_t chunk_size = chunk_size_default;
};

Settings settings_of(adapter::AppView const& app);

/// Joins the base and a path that begins with a slash, whether or not the base ends with one.
std::string api_url(Settings const& settings, std::string_view path);

/// Empty when bytes may be sent to this upload URL, else the reason. https and a listed host are
/// required; when the API itself is elsewhere than TikTok's, its own host is trusted too, on any
/// port.
std::string upload_url_problem(Settings const& settings, std::string_view upload_url);

}  // namespace postrider::tiktok
