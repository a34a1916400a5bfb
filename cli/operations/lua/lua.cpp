// `postrider lua stubs` and `postrider campaign new`: files for people who write scripts.
#include "operations/campaign/example.hpp"
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <postrider/adapter/adapter.hpp>
#include <postrider/catalogue.hpp>
#include <postrider/core/adapters.hpp>
#include <postrider/script/campaign.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <fstream>

namespace postrider::cli {

namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

using Files = std::vector<std::pair<std::string, std::string>>;

Result<Files> editor_files(Context& context) {
    auto adapters = context.adapters();
    if (!adapters) return adapters.error();
    auto all = (*adapters)->all();
    if (!all) return all.error();
    std::vector<adapter::Descriptor const*> descriptors;
    for (auto const* adapter : *all) descriptors.push_back(&adapter->descriptor());
    return Files{{"postrider.d.lua", script::lua_stubs(descriptors)},
                 {".luarc.json", script::luarc(".")},
                 {".luacheckrc", script::luacheckrc()}};
}

Result<json::array> write_files(fs::path const& folder, Files const& files) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed)
        return make_error("usage.bad_value",
                          fmt::format("{}: {}", folder.string(), failed.message()));
    json::array written;
    for (auto const& [name, text] : files) {
        std::ofstream file(folder / name, std::ios::binary | std::ios::trunc);
        file << text;
        file.close();
        if (!file)
            return make_error("usage.bad_value",
                              fmt::format("{} cannot be written", (folder / name).string()));
        written.emplace_back((folder / name).string());
    }
    return written;
}

Result<Answer> run_stubs(Context& context, Request const& request) {
    auto files = editor_files(context);
    if (!files) return files.error();
    auto written = write_files(context.host().folder / request.text("folder"), *files);
    if (!written) return written.error();
    Answer answer;
    answer.data["files"] = *std::move(written);
    return answer;
}

Result<Answer> run_new(Context& context, Request const& request) {
    auto const name = request.text("name");
    auto const fits =
        !name.empty() && name.size() <= 63 &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos &&
        name.front() != '-';
    if (!fits) {
        Finding finding;
        finding.code = "usage.bad_value";
        finding.path = "/name";
        finding.message =
            "a campaign's name has small letters, digits and dashes, at most 63, and begins with "
            "no dash";
        return make_error("usage.bad_value", finding.message).with_at(finding);
    }
    auto const folder = context.host().folder / name;
    std::error_code failed;
    if (fs::exists(folder, failed))
        return make_error("conflict.name_taken",
                          fmt::format("{} is there already", folder.string()));
    auto files = editor_files(context);
    if (!files) return files.error();
    for (auto& file : example_files(name, request.text("example")))
        files->push_back(std::move(file));
    auto written = write_files(folder, *files);
    if (!written) return written.error();
    Answer answer;
    answer.data["folder"] = folder.string();
    answer.data["script"] = (folder / (name + ".lua")).string();
    answer.data["files"] = *std::move(written);
    answer.next.push_back({"Check it once it is filled in",
                           "input",
                           {"campaign", "check", name + "/" + name + ".lua"}});
    return answer;
}

constexpr InputSpec stubs_inputs[] = {
    {.name = "folder",
     .type = InputType::path,
     .help = "where to write them",
     .positional = true,
     .required = true},
};
constexpr InputSpec new_inputs[] = {
    {.name = "name",
     .help = "of the campaign and its folder",
     .positional = true,
     .required = true},
    {.name = "example",
     .type = InputType::choice,
     .help = "what the script begins as",
     .values = "calendar|syndication|launch",
     .fallback = "launch"},
};
constexpr std::string_view stubs_examples[] = {"lua stubs ."};
constexpr std::string_view new_examples[] = {"campaign new spring --example calendar"};

}  // namespace

constinit Operation const lua_stubs_operation{
    .name = "lua.stubs",
    .sentence = "write editor stubs, .luarc.json and .luacheckrc",
    .inputs = stubs_inputs,
    .output = "{files: [text]}",
    .effect = OperationEffect::store,
    .examples = stubs_examples,
    .run = run_stubs,
};

constinit Operation const campaign_new_operation{
    .name = "campaign.new",
    .sentence = "a folder with a script to begin from, stubs and luacheck file",
    .inputs = new_inputs,
    .output = "{folder: text, script: text, files: [text]}",
    .errors = "conflict.name_taken",
    .effect = OperationEffect::store,
    .examples = new_examples,
    .run = run_new,
};

}  // namespace postrider::cli
