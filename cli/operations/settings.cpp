// Reads TOML files; the table of known keys below is all there is.
#include "operations/settings.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/suggest.hpp>

#include <toml++/toml.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace postrider::cli {

namespace {

namespace fs = std::filesystem;

enum class KeyType { path, text, word, duration, count, paths };

struct KeyRow {
    std::string_view key;
    KeyType type;
    std::string_view fallback;
    std::string_view environment;
    std::string_view words;
};

constexpr KeyRow key_rows[] = {
    {"color", KeyType::word, "auto", "POSTRIDER_COLOR", "auto|always|never"},
    {"engine.concurrency", KeyType::count, "16", "", ""},
    {"output", KeyType::word, "auto", "POSTRIDER_OUTPUT", "auto|table|json|ndjson|id|none"},
    {"paths.campaigns", KeyType::paths, "", "", ""},
    {"paths.media", KeyType::paths, "", "", ""},
    {"script.instructions", KeyType::count, "100000000", "", ""},
    {"script.jobs", KeyType::count, "20000", "", ""},
    {"script.memory_bytes", KeyType::count, "268435456", "", ""},
    {"store", KeyType::path, "", "POSTRIDER_STORE", ""},
    {"timeout", KeyType::duration, "", "POSTRIDER_TIMEOUT", ""},
    {"vault_key_file", KeyType::path, "", "POSTRIDER_VAULT_KEY_FILE", ""},
};

KeyRow const* row_of(std::string_view key) {
    for (auto const& row : key_rows)
        if (row.key == key) return &row;
    return nullptr;
}

bool is_word_of(std::string_view words, std::string_view word) {
    while (!words.empty()) {
        auto const end = words.find('|');
        if (words.substr(0, end) == word) return true;
        if (end == std::string_view::npos) break;
        words.remove_prefix(end + 1);
    }
    return false;
}

std::optional<std::uint64_t> count_of(std::string_view text) {
    std::uint64_t number = 0;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || number == 0)
        return std::nullopt;
    return number;
}

// Empty: the text is right for the row.
std::string fault_of(KeyRow const& row, std::string const& text) {
    if (row.type == KeyType::word && !is_word_of(row.words, text))
        return fmt::format("'{}' is not one of {}", text, row.words);
    if (row.type == KeyType::duration && !parse_duration(text))
        return fmt::format("'{}' is not a duration such as 10m", text);
    if (row.type == KeyType::count && !count_of(text))
        return fmt::format("'{}' is not a whole number above 0", text);
    return {};
}

class SettingsReader {
 public:
    explicit SettingsReader(Host const& host) : host_(host) {}

    void read_file(fs::path const& file) {
        std::ifstream stream(file);
        std::stringstream text;
        text << stream.rdbuf();
        if (!stream) {
            problem(file, 0, "the file cannot be read");
            return;
        }
        try {
            auto const table = toml::parse(text.str(), file.string());
            read_table(file, table, "");
        } catch (toml::parse_error const& fault) {
            problem(file,
                    static_cast<int>(fault.source().begin.line),
                    std::string(fault.description()));
        }
    }

    void read_environment() {
        for (auto const& row : key_rows) {
            if (row.environment.empty()) continue;
            auto const text = environment_value(host_, std::string(row.environment));
            if (text.empty()) continue;
            if (auto const fault = fault_of(row, text); !fault.empty()) {
                problem({}, 0, fmt::format("{}: {}", row.environment, fault));
                continue;
            }
            auto const value = row.type == KeyType::path
                                   ? (host_.folder / text).lexically_normal().string()
                                   : text;
            settings_[std::string(row.key)] = {
                std::string(row.key), value, fmt::format("environment {}", row.environment)};
        }
    }

    [[nodiscard]] std::map<std::string, Setting> const& found() const { return settings_; }
    [[nodiscard]] std::vector<Finding> const& problems() const { return problems_; }

 private:
    void read_table(fs::path const& file, toml::table const& table, std::string const& prefix) {
        for (auto const& [name, node] : table) {
            auto const key = prefix + std::string(name.str());
            auto const line = static_cast<int>(node.source().begin.line);
            bool const channel = prefix == "channels.";
            if (auto const* inner = node.as_table(); inner && !channel && is_section(key)) {
                read_table(file, *inner, key + ".");
                continue;
            }
            if (channel) {
                read_channel(file, key, node, line);
                continue;
            }
            auto const* row = row_of(key);
            if (!row) {
                unknown(file, line, key);
                continue;
            }
            auto text = text_of(*row, node, file);
            auto fault = text ? fault_of(*row, *text) : std::string("has the wrong type");
            if (fault.empty())
                settings_[key] = {key, *text, file.string()};
            else
                problem(file, line, fmt::format("{}: {}", key, fault));
        }
    }

    void read_channel(fs::path const& file,
                      std::string const& key,
                      toml::node const& node,
                      int line) {
        auto const* table = node.as_table();
        auto const path = table ? (*table)["file"].value<std::string>() : std::nullopt;
        if (!path || table->size() != 1) {
            problem(file, line, fmt::format("{}: a channel has one member, file = \"PATH\"", key));
            return;
        }
        settings_[key] = {
            key, (file.parent_path() / *path).lexically_normal().string(), file.string()};
    }

    static bool is_section(std::string_view key) {
        if (key == "channels") return true;
        return std::any_of(std::begin(key_rows), std::end(key_rows), [key](KeyRow const& row) {
            return row.key.starts_with(std::string(key) + ".");
        });
    }

    static std::optional<std::string> text_of(KeyRow const& row,
                                              toml::node const& node,
                                              fs::path const& file) {
        auto const absolute = [&file](std::string const& path) {
            return (file.parent_path() / path).lexically_normal().string();
        };
        if (row.type == KeyType::count) {
            auto const number = node.value_exact<std::int64_t>();
            return number ? std::optional(std::to_string(*number)) : std::nullopt;
        }
        if (row.type == KeyType::paths) {
            auto const* list = node.as_array();
            if (!list) return std::nullopt;
            std::string joined;
            for (auto const& element : *list) {
                auto const path = element.value_exact<std::string>();
                if (!path) return std::nullopt;
                joined += (joined.empty() ? "" : ":") + absolute(*path);
            }
            return joined;
        }
        auto const text = node.value_exact<std::string>();
        if (text && row.type == KeyType::path) return absolute(*text);
        return text;
    }

    void unknown(fs::path const& file, int line, std::string const& key) {
        std::vector<std::string> known;
        for (auto const& row : key_rows) known.emplace_back(row.key);
        auto message = fmt::format("unknown key '{}'", key);
        if (auto const near = nearest_name(key, known); !near.empty())
            message += fmt::format("; did you mean '{}'?", near);
        problem(file, line, message);
    }

    void problem(fs::path const& file, int line, std::string message) {
        Finding finding;
        finding.code = "setup.config_invalid";
        finding.file = file.string();
        finding.line = line;
        finding.message = std::move(message);
        problems_.push_back(std::move(finding));
    }

    Host const& host_;
    std::map<std::string, Setting> settings_;
    std::vector<Finding> problems_;
};

fs::path home_folder(Host const& host, std::string const& variable, std::string_view below_home) {
    auto const set = environment_value(host, variable);
    if (!set.empty()) return set;
    auto const home = environment_value(host, "HOME");
    return (home.empty() ? host.folder : fs::path(home)) / below_home;
}

std::vector<fs::path> paths_of(std::string const& joined) {
    std::vector<fs::path> paths;
    std::stringstream stream(joined);
    for (std::string path; std::getline(stream, path, ':');)
        if (!path.empty()) paths.emplace_back(path);
    return paths;
}

}  // namespace

std::string environment_value(Host const& host, std::string const& name) {
    auto const found = host.environment.find(name);
    return found == host.environment.end() ? std::string() : found->second;
}

std::vector<fs::path> settings_files(Host const& host) {
    std::vector<fs::path> files;
    auto const named = environment_value(host, "POSTRIDER_CONFIG");
    if (named.empty())
        files.push_back(host.folder / "postrider.toml");
    else
        files.push_back(host.folder / named);
    files.push_back(home_folder(host, "XDG_CONFIG_HOME", ".config") / "postrider" / "config.toml");
    files.emplace_back("/etc/postrider/config.toml");
    return files;
}

Result<Settings> load_settings(Host const& host) {
    Settings settings;
    SettingsReader reader(host);
    auto files = settings_files(host);
    // Weakest first, so that a stronger one replaces what it says.
    std::reverse(files.begin(), files.end());
    for (auto const& file : files) {
        std::error_code ignored;
        if (!fs::exists(file, ignored)) {
            bool const asked_for =
                !environment_value(host, "POSTRIDER_CONFIG").empty() && file == files.back();
            if (!asked_for) continue;
        }
        reader.read_file(file);
        settings.files.insert(settings.files.begin(), file);
    }
    reader.read_environment();
    if (!reader.problems().empty()) {
        auto error = make_error("setup.config_invalid", reader.problems().front().message);
        for (auto const& fault : reader.problems()) error = error.with_at(fault);
        return error;
    }
    auto found = reader.found();
    for (auto const& row : key_rows)
        found.try_emplace(std::string(row.key),
                          Setting{std::string(row.key), std::string(row.fallback), "built-in"});
    if (found["store"].value.empty())
        found["store"].value =
            (home_folder(host, "XDG_STATE_HOME", ".local/state") / "postrider" / "postrider.db")
                .string();
    settings.store = found["store"].value;
    if (found["vault_key_file"].value.empty())
        found["vault_key_file"].value = (settings.store.parent_path() / "vault.key").string();
    settings.vault_key_file = found["vault_key_file"].value;
    settings.output = found["output"].value;
    settings.color = found["color"].value;
    settings.timeout = parse_duration(found["timeout"].value);
    settings.media_folders = paths_of(found["paths.media"].value);
    settings.campaign_folders = paths_of(found["paths.campaigns"].value);
    settings.script_instructions = count_of(found["script.instructions"].value).value_or(0);
    settings.script_memory_bytes = count_of(found["script.memory_bytes"].value).value_or(0);
    settings.script_jobs = count_of(found["script.jobs"].value).value_or(0);
    settings.concurrency = static_cast<int>(
        std::min<std::uint64_t>(count_of(found["engine.concurrency"].value).value_or(16), 256));
    for (auto const& [key, setting] : found) {
        if (key.starts_with("channels.")) settings.channels[key.substr(9)] = setting.value;
        settings.all.push_back(setting);
    }
    return settings;
}

std::vector<std::string> known_settings() {
    std::vector<std::string> known;
    for (auto const& row : key_rows) known.emplace_back(row.key);
    return known;
}

Result<std::string> setting_as_toml(Host const& host,
                                    std::string const& key,
                                    std::string const& value,
                                    fs::path const& file) {
    auto const refused = [](std::string_view path, std::string message) {
        Finding finding;
        finding.code = "usage.bad_value";
        finding.path = path;
        finding.message = std::move(message);
        return make_error("usage.bad_value", finding.message).with_at(finding);
    };
    // Where the file stands beside the person, the path stays as it was typed: such a folder can be
    // moved as a whole.
    auto const path_text = [&](std::string const& typed) {
        auto const beside = file.parent_path().lexically_normal() == host.folder.lexically_normal();
        return beside ? typed : (host.folder / typed).lexically_normal().string();
    };
    auto const quoted = [](std::string const& text) {
        bool const plain = std::none_of(text.begin(), text.end(), [](char c) {
            return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        });
        if (plain) return "\"" + text + "\"";
        std::ostringstream out;
        out << toml::value<std::string>(text);
        return out.str();
    };
    if (key.starts_with("channels.") && key.find('.', 9) == std::string::npos && key.size() > 9)
        return fmt::format("{{ file = {} }}", quoted(path_text(value)));
    auto const* row = row_of(key);
    if (!row) {
        auto message = fmt::format("there is no setting '{}'", key);
        if (auto const near = nearest_name(key, known_settings()); !near.empty())
            message += fmt::format("; did you mean '{}'?", near);
        auto error = refused("/key", message);
        return error;
    }
    if (auto const fault = fault_of(*row, value); !fault.empty())
        return refused("/value", fmt::format("{}: {}", key, fault));
    if (row->type == KeyType::count) return value;
    if (row->type == KeyType::path) return quoted(path_text(value));
    if (row->type != KeyType::paths) return quoted(value);
    std::string list;
    for (auto const& path : paths_of(value))
        list += (list.empty() ? "" : ", ") + quoted(path_text(path.string()));
    return "[" + list + "]";
}

}  // namespace postrider::cli
