// Paths of scripts: inside the campaign's folder after all links are resolved, or refused.
#include "files.hpp"

#include <postrider/text_length.hpp>

#include "script_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

namespace postrider::script {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void outside(std::string_view path, std::string_view why) {
    throw ScriptError(
        "script.file_outside",
        fmt::format("'{}' {}; a script sees the files of its own folder only", path, why))
        .at(std::string(path))
        .with_got(boost::json::string(path));
}

void check_form(std::string_view path) {
    if (path.empty()) throw ScriptError("script.file_missing", "an empty path names no file");
    for (char const letter : path)
        if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f)
            throw ScriptError("script.file_outside", "a path has no control characters");
    if (path.front() == '/') outside(path, "is an absolute path");
    for (auto const& part : fs::path(path))
        if (part == "..") outside(path, "leads upwards with '..'");
}

bool is_inside(fs::path const& root, fs::path const& path) {
    auto const [at_root, at_path] =
        std::mismatch(root.begin(), root.end(), path.begin(), path.end());
    return at_root == root.end() && at_path != path.end();
}

// Glob by parts: `**` stands for any number of folders, `*` and `?` stay inside one name.
bool name_matches(std::string_view glob, std::string_view name) {
    std::size_t g = 0;
    std::size_t n = 0;
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    while (n < name.size()) {
        if (g < glob.size() && glob[g] == '*') {
            star = g++;
            resume = n;
        } else if (g < glob.size() && (glob[g] == '?' || glob[g] == name[n])) {
            ++g;
            // A question mark is one character, not one byte of it.
            ++n;
            if (glob[g - 1] == '?')
                while (n < name.size() && (static_cast<unsigned char>(name[n]) & 0xC0) == 0x80) ++n;
        } else if (star != std::string_view::npos) {
            g = star + 1;
            n = ++resume;
        } else {
            return false;
        }
    }
    while (g < glob.size() && glob[g] == '*') ++g;
    return g == glob.size();
}

std::vector<std::string_view> parts_of(std::string_view path) {
    std::vector<std::string_view> parts;
    for (std::size_t start = 0; start <= path.size();) {
        auto const end = std::min(path.find('/', start), path.size());
        auto const part = path.substr(start, end - start);
        if (!part.empty() && part != ".") parts.push_back(part);
        start = end + 1;
    }
    return parts;
}

// Which beginnings of `names` the glob's beginning matches, row by row: no pattern makes this slow.
bool parts_match(std::vector<std::string_view> const& globs,
                 std::vector<std::string_view> const& names) {
    std::vector<bool> reached(names.size() + 1, false);
    reached[0] = true;
    for (auto const glob : globs) {
        std::vector<bool> next(names.size() + 1, false);
        for (std::size_t i = 0; i <= names.size(); ++i) {
            if (glob == "**")
                next[i] = reached[i] || (i > 0 && next[i - 1]);
            else if (i > 0 && reached[i - 1])
                next[i] = name_matches(glob, names[i - 1]);
        }
        reached = std::move(next);
    }
    return reached[names.size()];
}

}  // namespace

Folder::Folder(fs::path const& root) : root_(fs::canonical(root)) {}

fs::path Folder::resolve(std::string_view path) const {
    check_form(path);
    std::error_code trouble;
    auto const real = fs::canonical(root_ / path, trouble);
    if (trouble) {
        // Where a link leads out, that is the better answer, also when nothing is there.
        auto const name = root_ / path;
        std::error_code no_link;
        auto const target = fs::read_symlink(name, no_link);
        auto const likely =
            fs::weakly_canonical(no_link ? name : name.parent_path() / target, trouble);
        if (!trouble && !is_inside(root_, likely)) outside(path, "leads out of it through a link");
        throw ScriptError("script.file_missing",
                          fmt::format("there is no file '{}' in the campaign's folder", path))
            .at(std::string(path))
            .with_got(boost::json::string(path));
    }
    if (!is_inside(root_, real)) outside(path, "leads out of it through a link");
    if (!fs::is_regular_file(real, trouble))
        throw ScriptError("script.file_missing", fmt::format("'{}' is not a file", path))
            .at(std::string(path));
    return real;
}

std::string Folder::read(std::string_view path, std::size_t limit) const {
    auto const real = resolve(path);
    std::error_code trouble;
    if (auto const size = fs::file_size(real, trouble); !trouble && size > limit)
        throw ScriptError(
            "script.bad_data",
            fmt::format("'{}' has {} bytes; a data file has at most {}", path, size, limit))
            .at(std::string(path));
    std::ifstream file(real, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file.is_open() || file.bad())
        throw ScriptError("script.file_missing", fmt::format("'{}' cannot be read", path))
            .at(std::string(path));
    return text;
}

std::vector<std::string> Folder::list(std::string_view glob) const {
    check_form(glob);
    std::vector<std::string> found;
    std::error_code trouble;
    fs::recursive_directory_iterator entries(
        root_, fs::directory_options::skip_permission_denied, trouble);
    for (; !trouble && entries != fs::end(entries); entries.increment(trouble)) {
        if (entries->path().filename().native().front() == '.') {
            if (entries->is_directory(trouble)) entries.disable_recursion_pending();
            continue;
        }
        std::error_code ignored;
        if (!entries->is_regular_file(ignored)) continue;
        auto path = entries->path().lexically_relative(root_).generic_string();
        if (!glob_matches(glob, path)) continue;
        // A link to a file elsewhere is not part of the folder; asking for it by name says so.
        if (entries->is_symlink(ignored) &&
            !is_inside(root_, fs::weakly_canonical(entries->path(), ignored)))
            continue;
        found.push_back(std::move(path));
    }
    std::sort(found.begin(), found.end());
    return found;
}

bool glob_matches(std::string_view glob, std::string_view path) {
    return parts_match(parts_of(glob), parts_of(path));
}

std::string checked_utf8(std::string text, std::string_view path) {
    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    if (is_valid_utf8(text)) return text;
    int line = 1;
    for (std::size_t start = 0; start < text.size(); ++line) {
        auto const end = std::min(text.find('\n', start), text.size());
        if (!is_valid_utf8(std::string_view(text).substr(start, end - start))) break;
        start = end + 1;
    }
    throw ScriptError("script.bad_data", fmt::format("'{}' is not UTF-8; save it as UTF-8", path))
        .in({std::string(path), line});
}

}  // namespace postrider::script
