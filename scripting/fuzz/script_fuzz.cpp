// Whole scripts in the sandbox, under tight limits: whatever a script does, it ends with jobs or
// with an error that has a code, within its memory and its instructions.
#include "promise.hpp"

#include <postrider/core/canonical_json.hpp>
#include <postrider/script/campaign.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

namespace fs = std::filesystem;
using namespace postrider;
using namespace postrider::script;

/// A folder of this run's own, with data beside the script.
class Desk {
 public:
    Desk() {
        auto text = (fs::temp_directory_path() / "postrider-fuzz-XXXXXX").string();
        if (!mkdtemp(text.data())) std::abort();
        folder_ = text;
        write("data.csv", "key,when,text\none,2027-03-01 18:00,Hello\n");
        write("data.json", R"({"list": [1, 2.5, "three", null, true]})");
        write("film.mp4", "moving pictures");
        write("part.lua", "return { answer = 42 }");
    }
    ~Desk() {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }
    Desk(Desk const&) = delete;
    Desk& operator=(Desk const&) = delete;

    fs::path write(char const* name, std::string_view text) const {
        auto path = folder_ / name;
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }

 private:
    fs::path folder_;
};

adapter::Descriptor alpha() {
    adapter::Descriptor descriptor;
    descriptor.network = "alpha";
    descriptor.title = "Alpha";
    descriptor.version = "1";
    descriptor.kinds = {adapter::PostKind::video, adapter::PostKind::text};
    descriptor.deliver = {adapter::Deliver::direct, adapter::Deliver::inbox};
    adapter::OptionSpec visibility;
    visibility.name = "visibility";
    visibility.type = adapter::OptionType::choice;
    visibility.values = {{"everyone", ""}, {"friends", ""}};
    visibility.reserved = true;
    adapter::OptionSpec cover;
    cover.name = "cover_at";
    cover.type = adapter::OptionType::duration;
    descriptor.options = {visibility, cover};
    adapter::TextField caption;
    caption.name = "caption";
    caption.length_max = 40;
    descriptor.text = {caption};
    return descriptor;
}

ScriptHost host_of(adapter::Descriptor const& descriptor) {
    ScriptHost host;
    host.accounts = [] {
        core::Account account;
        account.id = "acc_1";
        account.network = "alpha";
        account.handle = "@nova";
        account.name = "alpha:@nova";
        account.zone = "Europe/Paris";
        account.tags = {"shop"};
        account.app_id = "app_1";
        return std::vector<core::Account>{account};
    };
    host.networks = [] { return std::vector<std::string>{"alpha"}; };
    host.descriptor = [&descriptor](std::string_view) -> Result<adapter::Descriptor const*> {
        return &descriptor;
    };
    host.jobs = [] { return std::vector<core::Job>(); };
    host.channels = {"desk"};
    host.now = *parse_rfc3339("2027-02-01T09:00:00Z");
    host.probe = [](fs::path const& path) -> Result<adapter::MediaFacts> {
        adapter::MediaFacts facts;
        facts.path = path.string();
        facts.kind = "video";
        facts.container = "mp4";
        facts.width = 1080;
        facts.height = 1920;
        facts.duration_ms = 12'000;
        facts.size_bytes = 15;
        facts.sha256 = core::sha256_text("moving pictures");
        return facts;
    };
    return host;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static Desk const desk;
    static adapter::Descriptor const descriptor = alpha();
    static ScriptHost const host = host_of(descriptor);
    ScriptLimits limits;
    limits.instructions = 200'000;
    limits.memory_bytes = std::size_t{16} * 1024 * 1024;
    limits.jobs = 100;
    limits.cpu = std::chrono::seconds(5);

    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const file = desk.write("launch.lua", text);
    auto const loaded = load_campaign(file, host, limits);
    if (loaded) {
        fuzz::promise(loaded->jobs.size() <= 100, "no more jobs than are allowed", text);
        for (auto const& job : loaded->jobs)
            fuzz::promise(!core::job_hash(job).empty(), "each job has a hash", text);
        return 0;
    }
    fuzz::promise(!printed(loaded.error()).empty(), "an error can be printed", text);
    auto const& code = loaded.error().code();
    fuzz::promise(code.starts_with("script.") || code.starts_with("media.") ||
                      code.starts_with("option.") || code.starts_with("time.") ||
                      code.starts_with("text.") || code.starts_with("not_found."),
                  "a script's error is the script's",
                  code);
    return 0;
}
