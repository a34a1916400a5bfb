// `postrider config`: the settings that are in force, where they come from, and changing one.
#include "operations/declared.hpp"
#include "operations/lookup.hpp"
#include "operations/store/toml_edit.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/suggest.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <unistd.h>

namespace postrider::cli {

namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

json::object setting_object(Setting const& setting, bool with_origin) {
    json::object object;
    object["key"] = setting.key;
    object["value"] = setting.value;
    if (with_origin) object["origin"] = setting.origin;
    return object;
}

// What --store and defaults made of it is what counts.
std::vector<Setting> settings_in_force(Settings const& settings) {
    auto all = settings.all;
    for (auto& setting : all) {
        if (setting.key == "store" && setting.value != settings.store.string())
            setting = {"store", settings.store.string(), "flag --store"};
        if (setting.key == "vault_key_file") setting.value = settings.vault_key_file.string();
    }
    return all;
}

Result<Answer> run_config_list(Context& context, Request const& request) {
    auto settings = context.settings();
    if (!settings) return settings.error();
    json::array items;
    auto paged = page_of(settings_in_force(**settings),
                         context.globals(),
                         [](Setting const& setting) { return setting.key; });
    if (!paged) return paged.error();
    auto& [page, next] = *paged;
    for (auto const& setting : page)
        items.push_back(setting_object(setting, request.flag("show_origin")));
    return list_answer(context, std::move(items), next);
}

Result<Answer> run_config_get(Context& context, Request const& request) {
    auto settings = context.settings();
    if (!settings) return settings.error();
    auto const key = request.text("key");
    std::vector<std::string> known;
    for (auto const& setting : settings_in_force(**settings)) {
        if (setting.key == key) return Answer(setting_object(setting, request.flag("show_origin")));
        known.push_back(setting.key);
    }
    auto message = fmt::format("there is no setting '{}'", key);
    if (auto const near = nearest_name(key, known); !near.empty())
        message += fmt::format("; did you mean '{}'?", near);
    Finding finding;
    finding.code = "usage.bad_value";
    finding.path = "/key";
    finding.message = message;
    for (auto const& name : known) finding.allowed.emplace_back(name);
    return make_error("usage.bad_value", message).with_at(std::move(finding));
}

Result<Answer> run_config_path(Context& context, Request const&) {
    Answer answer;
    json::array items;
    for (auto const& file : settings_files(context.host())) {
        json::object item;
        item["path"] = file.string();
        std::error_code failed;
        item["there"] = fs::exists(file, failed);
        items.push_back(std::move(item));
    }
    answer.data["items"] = std::move(items);
    return answer;
}

Error unwritable(fs::path const& file, int number) {
    bool const full = number == ENOSPC || number == EDQUOT || number == EFBIG;
    return make_error(full ? "setup.disk_full" : "setup.file_unwritable",
                      fmt::format("{} cannot be written: {}", file.string(), std::strerror(number)))
        .with("file", file.string());
}

// A file beside it takes its place at once, so that a reader finds the old text or the new one.
Result<void> replace_file(fs::path const& named, std::string const& text) {
    std::error_code failed;
    auto const file = fs::exists(named, failed) ? fs::canonical(named, failed) : named;
    fs::create_directories(file.parent_path(), failed);
    auto const mode = fs::exists(file, failed) ? fs::status(file, failed).permissions()
                                               : fs::perms::owner_read | fs::perms::owner_write;
    auto part = file;
    part += fmt::format(".part-{}", getpid());
    int const fd =
        ::open(part.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, static_cast<mode_t>(mode));
    if (fd < 0) return unwritable(file, errno);
    std::size_t done = 0;
    int number = 0;
    while (done < text.size() && number == 0) {
        auto const count = ::write(fd, text.data() + done, text.size() - done);
        if (count < 0)
            number = errno;
        else
            done += static_cast<std::size_t>(count);
    }
    if (number == 0 && ::fsync(fd) != 0) number = errno;
    ::close(fd);
    if (number == 0 && ::rename(part.c_str(), file.c_str()) != 0) number = errno;
    if (number == 0) return {};
    fs::remove(part, failed);
    return unwritable(file, number);
}

// The project's file where there is one, else the user's; a person may say which.
fs::path file_to_change(Context& context, Request const& request) {
    auto const files = settings_files(context.host());
    if (request.has("in")) return request.text("in") == "project" ? files[0] : files[1];
    std::error_code failed;
    bool const named = !environment_value(context.host(), "POSTRIDER_CONFIG").empty();
    return named || fs::exists(files[0], failed) ? files[0] : files[1];
}

Result<Answer> run_config_set(Context& context, Request const& request) {
    auto settings = context.settings();
    if (!settings) return settings.error();
    auto const key = request.text("key");
    auto const file = file_to_change(context, request);
    auto const value = setting_as_toml(context.host(), key, request.text("value"), file);
    if (!value) return value.error();
    std::ifstream stream(file, std::ios::binary);
    std::string const before((std::istreambuf_iterator<char>(stream)), {});
    auto const after = with_toml_value(before, key, *value);
    if (!after)
        return make_error("setup.config_invalid",
                          fmt::format("{} cannot be changed by a program; write {} = {} into it",
                                      file.string(),
                                      key,
                                      *value))
            .with("file", file.string());
    if (*after != before)
        if (auto done = replace_file(file, *after); !done) return done.error();
    auto const now = load_settings(context.host());
    if (!now) return now.error();
    Answer answer;
    for (auto const& setting : now->all)
        if (setting.key == key) {
            answer.data = setting_object(setting, true);
            // Something stronger may stand over the file.
            answer.data["in_force"] = setting.origin == file.string();
        }
    answer.data["file"] = file.string();
    answer.data["changed"] = *after != before;
    return answer;
}

#define POSTRIDER_SHOW_ORIGIN \
    { .name = "show_origin", .type = InputType::boolean, .help = "say where a value comes from" }

constexpr InputSpec config_list_inputs[] = {POSTRIDER_SHOW_ORIGIN};
constexpr InputSpec config_get_inputs[] = {
    {.name = "key",
     .help = "a setting, as config list prints them",
     .positional = true,
     .required = true},
    POSTRIDER_SHOW_ORIGIN,
};
#undef POSTRIDER_SHOW_ORIGIN
constexpr InputSpec config_set_inputs[] = {
    {.name = "key",
     .help = "a setting, as config list prints them; or channels.NAME",
     .positional = true,
     .required = true},
    {.name = "value",
     .help = "its value; folders are parted by colons",
     .positional = true,
     .required = true},
    {.name = "in",
     .type = InputType::choice,
     .help = "which file: the project's (when there is one, else the user's) or the user's",
     .values = "project|user"},
};
constexpr std::string_view config_list_examples[] = {"config list --show-origin"};
constexpr std::string_view config_get_examples[] = {"config get store --show-origin"};
constexpr std::string_view config_set_examples[] = {"config set output json --in user",
                                                    "config set engine.concurrency 4"};
constexpr std::string_view config_path_examples[] = {"config path"};

}  // namespace

constinit Operation const config_list_operation{
    .name = "config.list",
    .sentence = "all settings that are in force",
    .inputs = config_list_inputs,
    .output = "{items: [{key: text, value: text, origin?: text}], streamed?: int}",
    .errors = "setup.config_invalid",
    .examples = config_list_examples,
    .view = "items: key value origin",
    .lists = true,
    .run = run_config_list,
};

constinit Operation const config_get_operation{
    .name = "config.get",
    .sentence = "one setting, and where it comes from",
    .inputs = config_get_inputs,
    .output = "{key: text, value: text, origin?: text}",
    .errors = "setup.config_invalid",
    .examples = config_get_examples,
    .run = run_config_get,
};

constinit Operation const config_set_operation{
    .name = "config.set",
    .sentence = "write one setting into a file; its comments and order stay",
    .inputs = config_set_inputs,
    .output = "{key: text, value: text, origin: text, in_force: bool, file: text, changed: bool}",
    .errors = "setup.config_invalid setup.file_unwritable setup.disk_full",
    .effect = OperationEffect::store,
    .examples = config_set_examples,
    .more =
        "in_force is false when something stronger stands over the file: a flag, the environment, "
        "or a stronger file. config list --show-origin tells which.",
    .run = run_config_set,
};

constinit Operation const config_path_operation{
    .name = "config.path",
    .sentence = "files that settings are read from, strongest first",
    .output = "{items: [{path: text, there: bool}]}",
    .examples = config_path_examples,
    .view = "items: there path",
    .run = run_config_path,
};

}  // namespace postrider::cli
