// The campaign's folder, and nothing beside it: every path of a script is resolved here.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::script {

class Folder {
 public:
    Folder() = default;
    /// `root` must exist; symbolic links in it are resolved once, here.
    explicit Folder(std::filesystem::path const& root);

    [[nodiscard]] std::filesystem::path const& root() const { return root_; }
    /// The real path of a regular file inside the folder. Throws `script.file_outside` for absolute
    /// paths, `..`, control characters and links that lead out, `script.file_missing` for what is
    /// not there.
    [[nodiscard]] std::filesystem::path resolve(std::string_view path) const;
    /// The bytes of such a file. Throws also `script.bad_data` beyond `limit` bytes.
    [[nodiscard]] std::string read(std::string_view path, std::size_t limit) const;
    /// Paths of the regular files below the folder that match a pattern of `*`, `**` and `?`,
    /// bytewise sorted. Folders that are links, and names that begin with a dot, are not entered.
    [[nodiscard]] std::vector<std::string> list(std::string_view glob) const;

 private:
    std::filesystem::path root_;
};

bool glob_matches(std::string_view glob, std::string_view path);

/// Without a byte order mark. Throws `script.bad_data`, naming the file and the line, for what is
/// not UTF-8.
std::string checked_utf8(std::string text, std::string_view path);

}  // namespace postrider::script
