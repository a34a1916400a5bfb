// Posts a second, whole: the program as it is installed publishes small videos of many accounts to
// the emulator, its limits lifted. Beside it the curl program makes the bare calls of a post.
#include <postrider/bench/figures.hpp>
#include <postrider/bench/measure.hpp>
#include <postrider/test/process.hpp>

#include <fmt/format.h>
#include <boost/json.hpp>

#include <iostream>
#include <stdexcept>
#include <thread>

#include <sys/resource.h>
#include <csignal>

namespace bench = postrider::bench;
namespace fs = std::filesystem;
namespace json = boost::json;
namespace test = postrider::test;

namespace {

constexpr std::string_view passphrase = "correct horse battery\n";
constexpr int processing_ms = 50;

std::string text(json::object const& object, char const* name) {
    return std::string(object.at(name).as_string());
}

double cpu_of_children() {
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

std::string scenario(int accounts) {
    json::array creators;
    for (int i = 0; i <= accounts; ++i) {  // one more, for the peer
        json::object creator;
        creator["handle"] = fmt::format("c{:03}", i);
        creator["daily_cap"] = 10'000;
        creators.emplace_back(std::move(creator));
    }
    json::object limits;
    for (auto const* name : {"init", "creator_info", "status", "display", "cancel", "upload"})
        limits[name] = 0;
    json::object whole;
    whole["creators"] = std::move(creators);
    whole["limits"] = std::move(limits);
    whole["processing_ms"] = processing_ms;
    whole["id_delay_ms"] = processing_ms;
    return json::serialize(whole);
}

std::string campaign(int accounts, int posts) {
    std::string lua =
        "local postrider = require \"postrider\" { api = 1 }\nlocal accounts, posts = {}, {}\n";
    lua += fmt::format(
        "for i = 0, {} do accounts[#accounts + 1] = string.format(\"tiktok:@c%03d\", i) end\n",
        accounts - 1);
    lua += fmt::format(R"lua(for i = 1, {} do
  posts[i] = postrider.post {{
    key = "p" .. i, media = "video.mp4", when = "asap", caption = "post number " .. i,
    options = {{ tiktok = {{ privacy_level = "PUBLIC_TO_EVERYONE", allow_comment = true, allow_duet = false,
      allow_stitch = false, disclosure = "none" }} }},
  }}
end
return postrider.campaign {{ name = "bench", zone = "Europe/Paris", accounts = accounts, posts = posts }}
)lua",
                       posts);
    return lua;
}

class Installation {
 public:
    explicit Installation(int accounts) {
        environment_["POSTRIDER_STORE"] = (folder_ / "state/postrider.db").string();
        environment_["POSTRIDER_VAULT_KEY_FILE"] = (folder_ / "state/vault.key").string();
        environment_["POSTRIDER_OUTPUT"] = "json";
        environment_["CI"] = "1";
        test::write_file(folder_ / "scenario.json", scenario(accounts));
        emulator_ = std::make_unique<test::Background>(
            std::vector<std::string>{program_,
                                     "emulator",
                                     "tiktok",
                                     "--listen",
                                     "127.0.0.1:0",
                                     "--scenario",
                                     (folder_ / "scenario.json").string()},
            environment_);
        auto const ready = json::parse(emulator_->read_line()).as_object();
        base_ = text(ready, "listening");
        auto const& offered = ready.at("connect").as_object();
        auto const& app = offered.at("app add").as_object();
        run({"init", "--person", "maria", "--passphrase-stdin"}, std::string(passphrase));
        run({"app",
             "add",
             "tiktok",
             "bench",
             "--key",
             text(app, "key"),
             "--secret-stdin",
             "--audited",
             "yes",
             "--option",
             "api_base=" + base_,
             "--option",
             "authorize_base=" + base_},
            text(app, "secret") + "\n");
        for (auto const& value : offered.at("accounts").as_array()) {
            auto const& account = value.as_object();
            if (text(account, "creator") == fmt::format("c{:03}", accounts))
                peer_token_ = text(account.at("token").as_object(), "access_token");
            else
                run({"account", "connect", "tiktok", "--token-stdin"},
                    json::serialize(account.at("token")));
        }
    }
    ~Installation() { emulator_->signal(SIGTERM); }
    Installation(Installation const&) = delete;
    Installation& operator=(Installation const&) = delete;

    json::object run(std::vector<std::string> arguments, std::string const& input = {}) const {
        auto const shown = fmt::format("{} {}", arguments[0], arguments.back());
        arguments.insert(arguments.begin(), program_);
        auto const outcome = test::run_program(arguments, input, environment_);
        if (outcome.exit != 0)
            throw std::runtime_error(fmt::format("{}: {}{}", shown, outcome.out, outcome.err));
        return json::parse(outcome.out).as_object().at("data").as_object();
    }
    bench::Run publish() const {
        std::map<std::string, std::string> const environment(environment_);
        return bench::timed_run({program_, "run", "--until", "idle"}, environment);
    }
    int in_ledger() const {
        auto const outcome = test::run_program({"curl", "-sS", base_ + "/_emulator/ledger"});
        auto const ledger = json::parse(outcome.out).as_object();
        if (!ledger.at("doubles").as_array().empty())
            throw std::runtime_error("a post was doubled");
        return ledger.at("count").to_number<int>();
    }
    json::object call(std::string const& path, std::string const& body) const {
        auto const outcome = test::run_program({"curl",
                                                "-sS",
                                                "-H",
                                                "Authorization: Bearer " + peer_token_,
                                                "-H",
                                                "Content-Type: application/json; charset=UTF-8",
                                                "-d",
                                                body,
                                                base_ + path});
        return json::parse(outcome.out).as_object().at("data").as_object();
    }
    [[nodiscard]] fs::path folder() const { return folder_.path(); }

 private:
    test::TempFolder folder_;
    std::string program_ = (bench::build_folder() / "bin" / "postrider").string();
    test::Environment environment_;
    std::string base_;
    std::string peer_token_;
    std::unique_ptr<test::Background> emulator_;
};

// One post as a script would make it: look, init, bytes, status until it is public.
void post_by_curl(Installation const& installation, fs::path const& video, int number) {
    auto const size = fs::file_size(video);
    installation.call("/v2/post/publish/creator_info/query/", "{}");
    auto const init = installation.call(
        "/v2/post/publish/video/init/",
        fmt::format(
            R"({{"post_info":{{"title":"by curl {}","privacy_level":"PUBLIC_TO_EVERYONE","disable_comment":false,)"
            R"("disable_duet":true,"disable_stitch":true}},"source_info":{{"source":"FILE_UPLOAD","video_size":{},)"
            R"("chunk_size":{},"total_chunk_count":1}}}})",
            number,
            size,
            size));
    auto const put = test::run_program({"curl",
                                        "-sS",
                                        "-f",
                                        "-H",
                                        "Content-Type: video/mp4",
                                        "-H",
                                        fmt::format("Content-Range: bytes 0-{}/{}", size - 1, size),
                                        "-X",
                                        "PUT",
                                        "--data-binary",
                                        "@" + video.string(),
                                        text(init, "upload_url")});
    if (put.exit != 0) throw std::runtime_error("curl could not upload: " + put.err);
    json::object asked;
    asked["publish_id"] = init.at("publish_id");
    for (int turn = 0; turn < 100; ++turn) {
        auto const status =
            installation.call("/v2/post/publish/status/fetch/", json::serialize(asked));
        if (text(status, "status") == "PUBLISH_COMPLETE") return;
        std::this_thread::sleep_for(std::chrono::milliseconds(processing_ms));
    }
    throw std::runtime_error("a post by curl was never complete");
}

bench::Figures measure(bool quick) {
    int const accounts = quick ? 10 : 50;
    int const each = 4;
    int const posts = accounts * each;
    Installation const installation(accounts);
    auto const script = installation.folder() / "campaign/campaign.lua";
    test::write_file(script, campaign(accounts, each));
    auto const video = script.parent_path() / "video.mp4";
    fs::copy_file(fs::path(POSTRIDER_SOURCE_DIR) / "examples/media/teaser-9x16.mp4", video);

    auto const planned = installation.run({"campaign", "plan", script.string()});
    auto const hash = text(planned.at("plan").as_object(), "plan_hash");
    installation.run({"campaign", "apply", script.string(), "--hash", hash});
    installation.run(
        {"approval", "grant", "--person", "maria", "--hash", hash, "--passphrase-stdin"},
        std::string(passphrase));
    auto const ours = installation.publish();
    if (int const found = installation.in_ledger(); found != posts)
        throw std::runtime_error(fmt::format("{} of {} posts are public", found, posts));

    int const by_curl = quick ? 10 : 50;
    double const cpu_before = cpu_of_children();
    bench::Stopwatch const watch;
    for (int i = 0; i < by_curl; ++i) post_by_curl(installation, video, i);
    double const curl_seconds = watch.seconds();
    double const curl_cpu = cpu_of_children() - cpu_before;

    auto const peer = std::string("a script of `curl` calls, one post after another, no state");
    auto const what =
        fmt::format("posts end to end, {} accounts x {} posts of 91 kB", accounts, each);
    return {
        {what,
         "posts/s",
         posts / ours.seconds,
         peer,
         by_curl / curl_seconds,
         bench::Better::more,
         fmt::format("`postrider run --until idle`, start to end {:.1f} s, against the emulator "
                     "with its limits lifted and {} ms of processing; the adapter's first look at "
                     "a post comes 5 s after its upload, the script looks every {} ms",
                     ours.seconds,
                     processing_ms,
                     processing_ms)},
        {what + ", CPU",
         "ms/post",
         ours.cpu_seconds / posts * 1e3,
         peer,
         curl_cpu / by_curl * 1e3,
         bench::Better::less,
         "user and system time of the program, or of all its curl processes; the emulator not "
         "counted"},
        {what + ", peak memory",
         "MiB",
         static_cast<double>(ours.peak_kib) / 1024,
         "",
         0,
         bench::Better::less,
         ""}};
}

}  // namespace

int main(int argc, char** argv) try {
    bool const quick = argc == 2 && std::string_view(argv[1]) == "--quick";
    if (argc > 1 && !quick) {
        std::cerr << "usage: postrider-bench-posts [--quick]\n";
        return 2;
    }
    json::array rows;
    for (auto const& figure : measure(quick)) rows.push_back(bench::to_json(figure));
    json::object told;
    told["figures"] = std::move(rows);
    std::cout << json::serialize(told) << "\n";
    return 0;
} catch (std::exception const& failure) {
    std::cerr << "The benchmark of posts failed: " << failure.what() << "\n";
    return 1;
}
