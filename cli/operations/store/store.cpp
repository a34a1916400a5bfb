// `postrider store`: care of the file of state.
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/sqlite_store.hpp>

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

Result<Answer> run_backup(Context& context, Request const& request) {
    auto settings = context.settings();
    if (!settings) return settings.error();
    auto const to = (context.host().folder / request.text("to")).lexically_normal();
    auto copied = core::copy_store((*settings)->store, to);
    if (!copied) return copied.error();
    Answer answer;
    answer.data["path"] = to.string();
    answer.data["bytes"] = copied->size_bytes;
    answer.data["sha256"] = copied->sha256;
    answer.data["vault_key_file"] = (*settings)->vault_key_file.string();
    return answer;
}

Result<Answer> run_migrate(Context& context, Request const&) {
    auto settings = context.settings();
    if (!settings) return settings.error();
    auto const& path = (*settings)->store;
    auto const before = core::schema_of_store(path);
    if (!before) return before.error();
    // An engine that began with the old schema would go on writing by it.
    if (*before < core::schema_number() && context.engine_runs_elsewhere())
        return make_error("conflict.wrong_state",
                          "Another process runs the engine on this store; end it first.");
    core::StoreOptions options;
    options.migrate = true;
    auto opened = core::open_store(path, options);
    if (!opened) return opened.error();
    Answer answer;
    answer.data["path"] = path.string();
    answer.data["from"] = *before;
    answer.data["to"] = core::schema_number();
    return answer;
}

constexpr InputSpec backup_inputs[] = {
    {.name = "to",
     .type = InputType::path,
     .help = "the copy; refused when something of that name is there",
     .placeholder = "FILE",
     .required = true},
};
constexpr std::string_view backup_examples[] = {"store backup --to postrider-monday.db"};
constexpr std::string_view migrate_examples[] = {"store migrate"};
constexpr std::string_view info_examples[] = {"store info"};
constexpr std::string_view store_check_examples[] = {"store check"};

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

constinit Operation const store_backup_operation{
    .name = "store.backup",
    .sentence = "copy the store, as it is at one moment, into a file; the engine may go on",
    .inputs = backup_inputs,
    .output = "{path: text, bytes: int, sha256: text, vault_key_file: text}",
    .errors =
        "setup.not_initialised setup.store_newer setup.store_unreadable setup.disk_full "
        "setup.file_unwritable conflict.file_exists",
    .effect = OperationEffect::store,
    .examples = backup_examples,
    .more =
        "The copy is on disk when the command ends. Tokens in it are sealed with the vault's key, "
        "which is kept apart: a copy without vault_key_file restores all but the sign-ins.\n\n"
        "To go back to a copy, end every postrider, put the file where the store was, and remove "
        "the files STORE-wal and STORE-shm beside it. Jobs that were published since are not in "
        "it: look at them with job reconcile, or plan again, before the engine runs.",
    .run = run_backup,
};

constinit Operation const store_migrate_operation{
    .name = "store.migrate",
    .sentence = "bring a store of an older version up to date",
    .output = "{path: text, from: int, to: int}",
    .errors =
        "setup.not_initialised setup.store_newer setup.store_unreadable setup.disk_full "
        "conflict.wrong_state",
    .effect = OperationEffect::store,
    .examples = migrate_examples,
    .more =
        "Other commands refuse an older store with setup.store_older, and a newer one with "
        "setup.store_newer; neither is touched. Migrating is one transaction: it is done, or "
        "nothing has changed. Older programs refuse the store afterwards, so make a copy first "
        "with store backup.",
    .run = run_migrate,
};

}  // namespace postrider::cli
