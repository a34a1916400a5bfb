// `postrider store` and `postrider config`: the state file and the settings that lead to it.
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/sqlite_store.hpp>
#include <postrider/suggest.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <filesystem>

namespace postrider::cli {

namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

Result<Answer> run_info(Context& context, Request const&) {
    auto settings = context.settings();
    if (!settings) return settings.error();
    auto counts =
        read_store<json::object>(context, [](core::Tables& tables) -> Result<json::object> {
            json::object object;
            auto counted = tables.count_jobs({});
            if (!counted) return counted.error();
            for (auto const& [state, count] : *counted) object[state] = count;
            return object;
        });
    if (!counts) return counts.error();
    Answer answer;
    answer.data["path"] = (*settings)->store.string();
    answer.data["kind"] = "sqlite";
    answer.data["schema"] = core::schema_number();
    std::error_code failed;
    auto const size = fs::file_size((*settings)->store, failed);
    answer.data["bytes"] = failed ? 0 : size;
    answer.data["jobs"] = *std::move(counts);
    answer.data["engine_running"] = context.engine_runs_elsewhere();
    return answer;
}

// Reads everything once, so that what cannot be read is known before it is needed.
Result<Answer> run_store_check(Context& context, Request const&) {
    Answer answer;
    json::array problems;
    auto read =
        read_store<std::int64_t>(context, [&](core::Tables& tables) -> Result<std::int64_t> {
            std::int64_t rows = 0;
            auto const problem = [&problems](std::string const& subject,
                                             std::string const& sentence) {
                json::object object;
                object["subject"] = subject;
                object["sentence"] = sentence;
                problems.push_back(std::move(object));
            };
            auto jobs = all_jobs(tables, {});
            if (!jobs) return jobs.error();
            auto accounts = tables.accounts();
            if (!accounts) return accounts.error();
            for (auto const& job : *jobs) {
                ++rows;
                if (auto account = tables.account(job.account_id); !account || !*account)
                    problem(job.id, "its account is not there");
                if (auto steps = tables.steps(job.id); !steps)
                    problem(job.id, steps.error().message());
                else
                    rows += static_cast<std::int64_t>(steps->size());
            }
            for (auto const& account : *accounts) {
                ++rows;
                if (auto app = tables.app(account.app_id); !app || !*app)
                    problem(account.name, "its app is not there");
            }
            auto plans = tables.plans("", 0);
            if (!plans) return plans.error();
            auto approvals = tables.approvals("", "");
            if (!approvals) return approvals.error();
            rows += static_cast<std::int64_t>(plans->size() + approvals->size());
            return rows;
        });
    if (!read) return read.error();
    if (!problems.empty())
        answer.error = make_error("setup.store_unreadable",
                                  fmt::format("{} rows do not fit together", problems.size()));
    answer.data["rows"] = *read;
    answer.data["problems"] = std::move(problems);
    return answer;
}

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
    auto [page, next] = page_of(settings_in_force(**settings),
                                context.globals(),
                                [](Setting const& setting) { return setting.key; });
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
        if (setting.key == key) return Answer(setting_object(setting, true));
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

constexpr InputSpec config_list_inputs[] = {
    {.name = "show_origin", .type = InputType::boolean, .help = "say where each value comes from"},
};
constexpr InputSpec config_get_inputs[] = {
    {.name = "key",
     .help = "a setting, as config list prints them",
     .positional = true,
     .required = true},
};
constexpr std::string_view info_examples[] = {"store info"};
constexpr std::string_view store_check_examples[] = {"store check"};
constexpr std::string_view config_list_examples[] = {"config list --show-origin"};
constexpr std::string_view config_get_examples[] = {"config get store"};
constexpr std::string_view config_path_examples[] = {"config path"};

}  // namespace

constinit Operation const store_info_operation{
    .name = "store.info",
    .sentence = "where the store is, how large, and what is in it",
    .output =
        "{path: text, kind: text, schema: int, bytes: int, jobs: {*: int}, engine_running: bool}",
    .errors = "setup.not_initialised setup.store_newer setup.store_unreadable",
    .examples = info_examples,
    .run = run_info,
};

constinit Operation const store_check_operation{
    .name = "store.check",
    .sentence = "read every row and see whether they fit together",
    .output = "{rows: int, problems: [{subject: text, sentence: text}]}",
    .errors = "setup.not_initialised setup.store_newer setup.store_unreadable",
    .examples = store_check_examples,
    .view = "problems: subject sentence",
    .run = run_store_check,
};

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
    .output = "{key: text, value: text, origin: text}",
    .errors = "setup.config_invalid",
    .examples = config_get_examples,
    .run = run_config_get,
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
