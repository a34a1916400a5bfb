// The made-up world of the script tests: networks `alpha` (strict about choices) and `beta` (short
// texts).
#include "script_fixture.hpp"

#include <postrider/core/canonical_json.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace postrider::script {

namespace fs = std::filesystem;

namespace {

fs::path new_folder(char const* name) {
    auto text =
        (fs::temp_directory_path() / (std::string("postrider-") + name + "-XXXXXX")).string();
    if (!mkdtemp(text.data())) throw std::runtime_error("no folder for the test");
    return text;
}

core::Account account(std::string network,
                      std::string handle,
                      std::string zone,
                      std::vector<std::string> tags,
                      std::string app) {
    core::Account result;
    result.id = "acc_" + network + handle;
    result.network = network;
    result.handle = handle;
    result.name = network + ":" + handle;
    result.zone = std::move(zone);
    result.tags = std::move(tags);
    result.app_id = std::move(app);
    return result;
}

adapter::Descriptor alpha_descriptor() {
    adapter::Descriptor descriptor;
    descriptor.network = "alpha";
    descriptor.title = "Alpha";
    descriptor.version = "1.2";
    descriptor.kinds = {adapter::PostKind::video, adapter::PostKind::photo};
    descriptor.deliver = {adapter::Deliver::direct, adapter::Deliver::inbox};
    adapter::OptionSpec visibility;
    visibility.name = "visibility";
    visibility.type = adapter::OptionType::choice;
    visibility.values = {{"everyone", ""}, {"friends", ""}};
    visibility.reserved = true;
    visibility.help = "who may see it";
    adapter::OptionSpec comments;
    comments.name = "comments";
    comments.type = adapter::OptionType::boolean;
    adapter::OptionSpec cover;
    cover.name = "cover_at";
    cover.type = adapter::OptionType::duration;
    adapter::OptionSpec number;
    number.name = "series";
    number.type = adapter::OptionType::integer;
    descriptor.options = {visibility, comments, cover, number};
    adapter::TextField caption;
    caption.name = "caption";
    caption.length_max = 100;
    caption.unit = TextUnit::utf16;
    descriptor.text = {caption};
    return descriptor;
}

adapter::Descriptor beta_descriptor() {
    adapter::Descriptor descriptor;
    descriptor.network = "beta";
    descriptor.title = "Beta";
    descriptor.version = "7";
    descriptor.kinds = {adapter::PostKind::text, adapter::PostKind::video};
    descriptor.deliver = {adapter::Deliver::direct};
    adapter::TextField caption;
    caption.name = "caption";
    caption.kind = adapter::PostKind::text;
    caption.length_max = 40;
    caption.unit = TextUnit::grapheme;
    auto video = caption;
    video.kind = adapter::PostKind::video;
    descriptor.text = {caption, video};
    return descriptor;
}

}  // namespace

ScriptTest::ScriptTest()
    : folder(new_folder("script")),
      outside(new_folder("outside")),
      alpha(alpha_descriptor()),
      beta(beta_descriptor()) {
    accounts = {account("alpha", "@nova_fr", "Europe/Paris", {"fr", "shop"}, "app_one"),
                account("alpha", "@nova_us", "America/New_York", {"us", "shop"}, "app_one"),
                account("beta", "@bakery", "Europe/Berlin", {"fr"}, "app_two"),
                account("beta", "@nowhere", "", {}, "app_two")};
    host.accounts = [this] { return accounts; };
    host.networks = [] { return std::vector<std::string>{"alpha", "beta"}; };
    host.descriptor = [this](std::string_view network) -> Result<adapter::Descriptor const*> {
        return network == "alpha" ? &alpha : &beta;
    };
    host.jobs = [this] { return stored; };
    host.channels = {"desk", "client"};
    host.version = "1.4.0";
    host.now = *parse_rfc3339("2027-02-01T09:00:00Z");
    host.probe = [this](fs::path const& path) -> Result<adapter::MediaFacts> {
        ++probes;
        std::ifstream file(path);
        std::string const text{std::istreambuf_iterator<char>(file),
                               std::istreambuf_iterator<char>()};
        auto const name = path.filename().string();
        adapter::MediaFacts found;
        if (facts.contains(name))
            found = facts[name];
        else {
            found.kind = name.ends_with(".jpg") ? "image" : "video";
            found.container = name.ends_with(".jpg") ? "jpeg" : "mp4";
            found.video_codec = "h264";
            found.width = 1080;
            found.height = 1920;
            found.duration_ms = 12'000;
            found.has_sound = true;
        }
        found.path = path.string();
        found.size_bytes = text.size();
        found.sha256 = core::sha256_text(text);
        return found;
    };
    write_media("film.mp4");
    write_media("still.jpg", "a picture");
}

ScriptTest::~ScriptTest() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    fs::remove_all(outside, ignored);
}

void ScriptTest::write(std::string const& path, std::string_view text) {
    fs::create_directories((folder / path).parent_path());
    std::ofstream(folder / path, std::ios::binary) << text;
}

void ScriptTest::write_media(std::string const& path, std::string_view text) {
    write(path, text);
}

Result<LoadedCampaign> ScriptTest::load(std::string_view script, std::string const& name) {
    write(name, script);
    return load_campaign(folder / name, host, limits);
}

Result<LoadedCampaign> ScriptTest::load_api(std::string const& body) {
    return load("local postrider = require \"postrider\" { api = 1 }\n" + body);
}

Result<LoadedCampaign> ScriptTest::load_post(std::string const& fields, std::string const& more) {
    return load_api(
        fmt::format("return postrider.campaign {{ name = \"test\", zone = \"Europe/Paris\", "
                    "accounts = {{ \"alpha:@nova_fr\" }}, {}\n"
                    "  posts = {{ postrider.post {{ key = \"one\", {} }} }} }}\n",
                    more,
                    fields));
}

std::vector<std::string> ScriptTest::notes(std::string const& body) {
    return good(load_api(body + "\nreturn postrider.campaign { name = \"test\", zone = "
                                "\"Europe/Paris\", posts = {} }"))
        .notes;
}

Error ScriptTest::error(Result<LoadedCampaign> const& result) {
    if (!result) return result.error();
    ADD_FAILURE() << "the script was accepted";
    static ErrorRow const none{
        "none", ErrorKind::internal, Owner::you, RetryWhen::never, "", "", ""};
    return Error(none);
}

LoadedCampaign ScriptTest::good(Result<LoadedCampaign> result) {
    if (result) return *std::move(result);
    ADD_FAILURE() << printed(result.error());
    for (auto const& [name, value] : result.error().context())
        ADD_FAILURE() << name << ": " << value;
    return {};
}

void ScriptTest::expect_error(Result<LoadedCampaign> const& result,
                              std::string_view code,
                              int line,
                              std::string_view part) {
    auto const found = error(result);
    EXPECT_EQ(found.code(), code) << printed(found);
    ASSERT_FALSE(found.at().empty()) << printed(found);
    EXPECT_EQ(found.at().front().line, line) << printed(found);
    EXPECT_NE((found.message() + found.hint()).find(part), std::string::npos) << printed(found);
}

}  // namespace postrider::script
