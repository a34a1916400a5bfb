// `postrider init`: folders, store, vault key, configuration and the first person, or nothing at
// all.
#include "operations/declared.hpp"
#include "operations/lookup.hpp"
#include "operations/person/passphrase.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/sqlite_store.hpp>
#include <postrider/core/vault.hpp>

#include <fmt/format.h>

#include <fstream>

namespace postrider::cli {

namespace {

namespace fs = std::filesystem;

Result<void> make_folder(fs::path const& folder) {
    std::error_code failed;
    if (fs::is_directory(folder, failed)) return {};
    fs::create_directories(folder, failed);
    if (failed)
        return make_error("setup.store_unreadable",
                          fmt::format("{} cannot be made: {}", folder.string(), failed.message()));
    // The store names accounts and captions; nobody else on the machine needs them.
    fs::permissions(folder, fs::perms::owner_all, failed);
    return {};
}

// With --folder everything stands in one place, and a project file says so.
Result<fs::path> write_project(fs::path const& folder) {
    auto const file = folder / "postrider.toml";
    std::error_code failed;
    if (fs::exists(file, failed))
        return make_error("setup.already_initialised",
                          fmt::format("{} is there already", file.string()));
    std::ofstream stream(file);
    stream << "# Settings of this folder; `postrider config list` shows all that are in force.\n"
              "store = \"state/postrider.db\"\n"
              "vault_key_file = \"state/vault.key\"\n";
    stream.close();
    if (!stream)
        return make_error("setup.disk_full", fmt::format("{} cannot be written", file.string()));
    return file;
}

struct Made {
    fs::path store;
    fs::path key;
    std::optional<fs::path> project;
};

// Takes back what was made before something went wrong.
void unmake(Made const& made) {
    std::error_code ignored;
    for (auto const* suffix : {"", "-wal", "-shm", ".turn"})
        fs::remove(made.store.string() + suffix, ignored);
    fs::remove(made.key, ignored);
    if (made.project) fs::remove(*made.project, ignored);
}

Result<Answer> make_all(Context& context, core::Person const& person, Made const& made) {
    auto vault = core::Vault::create(made.key);
    if (!vault) return vault.error();
    core::StoreOptions options;
    options.create = true;
    auto store = core::open_store(made.store, options);
    if (!store) return store.error();
    auto written = (*store)->write(
        [&](core::Tables& tables) -> Result<void> { return tables.put_person(person); });
    if (!written) return written.error();
    Answer answer;
    answer.data["store"] = made.store.string();
    answer.data["vault_key_file"] = made.key.string();
    if (made.project)
        answer.data["config"] = made.project->string();
    else
        answer.data["config"] = nullptr;
    answer.data["person"] = person.name;
    answer.data["role"] = person.role;
    static_cast<void>(context);
    answer.next.push_back({"See which networks there are", "nothing", {"network", "list"}});
    return answer;
}

Result<Answer> run_init(Context& context, Request const& request) {
    auto settings = context.settings();
    if (!settings) return settings.error();
    Made made{(*settings)->store, (*settings)->vault_key_file, std::nullopt};
    std::optional<fs::path> folder;
    if (request.has("folder")) {
        folder = (context.host().folder / request.text("folder")).lexically_normal();
        made.store = *folder / "state" / "postrider.db";
        made.key = *folder / "state" / "vault.key";
    }
    std::error_code failed;
    for (auto const& file : {made.store, made.key})
        if (fs::exists(file, failed))
            return make_error("setup.already_initialised",
                              fmt::format("{} is there already", file.string()));
    auto name = request.text("person");
    if (name.empty()) name = environment_value(context.host(), "USER");
    if (name.empty()) name = "owner";
    auto passphrase = context.secret(
        request,
        "passphrase_stdin",
        fmt::format("Passphrase with which {} will approve (at least 8 characters): ", name));
    if (!passphrase) return passphrase.error();
    auto hash = new_passphrase_hash(*passphrase);
    if (!hash) return hash.error();
    core::Person person;
    person.name = name;
    person.passphrase_hash = *hash;
    person.created_at = context.now();

    for (auto const& file : {made.store, made.key})
        if (auto folder_made = make_folder(file.parent_path()); !folder_made)
            return folder_made.error();
    if (folder) {
        auto project = write_project(*folder);
        if (!project) return project.error();
        made.project = *project;
    }
    auto answer = make_all(context, person, made);
    if (!answer) unmake(made);
    return answer;
}

constexpr InputSpec init_inputs[] = {
    {.name = "folder",
     .type = InputType::path,
     .help = "keep everything in this folder, with a project file that says so",
     .placeholder = "FOLDER"},
    {.name = "person",
     .help = "name of the first person, an admin; else the name you are signed in with"},
    {.name = "passphrase_stdin",
     .type = InputType::boolean,
     .help = "read their passphrase from the first line of standard input",
     .secret = true},
};
constexpr std::string_view init_examples[] = {
    "init", "init --folder . --person ines --passphrase-stdin < passphrase.txt"};

}  // namespace

constinit Operation const init_operation{
    .name = "init",
    .sentence = "make the store, its vault key and the first person",
    .inputs = init_inputs,
    .output = "{store: text, vault_key_file: text, config: text|null, person: text, role: text}",
    .errors =
        "setup.already_initialised setup.store_unreadable setup.disk_full usage.missing_input",
    .effect = OperationEffect::store,
    .examples = init_examples,
    .run = run_init,
};

}  // namespace postrider::cli
