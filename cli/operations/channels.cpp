// Appending to a channel's file: whole lines, durable, beside other writers.
#include "operations/channels.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace postrider::cli {

namespace {

Error failed(std::string const& name, std::filesystem::path const& path, int code) {
    return make_error("hook.channel_failed",
                      fmt::format("Channel {}: {} cannot be written: {}.",
                                  name,
                                  path.string(),
                                  std::generic_category().message(code)))
        .with("channel", name);
}

}  // namespace

Result<void> tell_channel(std::map<std::string, std::filesystem::path> const& channels,
                          std::string const& name,
                          std::string const& line) {
    auto const found = channels.find(name);
    if (found == channels.end())
        return make_error("hook.channel_unknown",
                          fmt::format("There is no channel '{}' in the configuration.", name))
            .with("channel", name);
    auto const& path = found->second;
    int const file = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return failed(name, path, errno);
    auto const text = line + "\n";
    int code = 0;
    auto const written = write(file, text.data(), text.size());
    if (written < 0)
        code = errno;
    else if (static_cast<std::size_t>(written) != text.size())
        code = ENOSPC;
    // A pipe or a terminal cannot be flushed, and need not be.
    else if (fsync(file) != 0 && errno != EINVAL && errno != EROFS)
        code = errno;
    close(file);
    if (code != 0) return failed(name, path, code);
    return {};
}

}  // namespace postrider::cli
