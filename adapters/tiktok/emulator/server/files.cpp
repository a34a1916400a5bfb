// Reading whole files, and replacing them whole.
#include "tiktok/emulator/server/files.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace postrider::tiktok::emulator {
namespace {

constexpr std::uintmax_t file_size_max = std::uintmax_t{1} << 30;

}  // namespace

std::optional<std::string> read_file(std::string const& path) {
    std::error_code error;
    auto const size = std::filesystem::file_size(path, error);
    if (error || size > file_size_max) return std::nullopt;
    std::ifstream stream(path, std::ios::binary);
    std::string text(static_cast<std::size_t>(size), '\0');
    if (!stream.read(text.data(), static_cast<std::streamsize>(text.size()))) return std::nullopt;
    return text;
}

std::string write_file(std::string const& path, std::string const& text) {
    // No fsync: a killed process must not leave half a file, a power cut is not this program's
    // subject.
    std::string const beside = path + ".new";
    {
        std::ofstream stream(beside, std::ios::binary | std::ios::trunc);
        stream.write(text.data(), static_cast<std::streamsize>(text.size()));
        stream.close();
        if (!stream) return fmt::format("cannot write {}: {}", beside, std::strerror(errno));
    }
    if (std::rename(beside.c_str(), path.c_str()) != 0) {
        return fmt::format("cannot replace {}: {}", path, std::strerror(errno));
    }
    return {};
}

}  // namespace postrider::tiktok::emulator
