// The post's options as the descriptor declares them: checked before, so a missing one is simply
// not chosen.
#pragma once

#include <postrider/adapter/post.hpp>

#include <string>
#include <string_view>

namespace postrider::tiktok {

inline std::string text_option(adapter::Post const& post, std::string_view name) {
    auto const* value = post.options.if_contains(name);
    return value && value->is_string() ? std::string{value->get_string()} : std::string{};
}

inline bool flag_option(adapter::Post const& post, std::string_view name) {
    auto const* value = post.options.if_contains(name);
    return value && value->is_bool() && value->get_bool();
}

}  // namespace postrider::tiktok
