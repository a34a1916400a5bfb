// What SQLite's result codes are called here.
#pragma once

#include <postrider/error.hpp>

#include <filesystem>
#include <string_view>

namespace postrider::core::detail {

/// `setup.disk_full`, `setup.store_locked` or `setup.store_unreadable`, by SQLite's result code.
Error store_error(int code,
                  int extended_code,
                  std::string_view message,
                  std::filesystem::path const& path);

}  // namespace postrider::core::detail
