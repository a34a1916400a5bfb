// The demonstration: a stranger's first campaign, from nothing to proof. It runs the commands that
// a person would type, shows them, and at the end compares what the store says with the ledger of
// the emulator.
#include <postrider/test/process.hpp>

#include <fmt/format.h>
#include <boost/json.hpp>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <thread>

#include <unistd.h>
#include <csignal>

namespace fs = std::filesystem;
namespace json = boost::json;
using postrider::test::Background;
using postrider::test::Environment;
using postrider::test::Outcome;
using postrider::test::run_program;

namespace {

class Demo {
 public:
    Demo(fs::path source, fs::path build, bool as_json)
        : source_(std::move(source)),
          program_((build / "bin" / "postrider").string()),
          as_json_(as_json) {
        folder_ = build / "demo";
        fs::remove_all(folder_);
        fs::create_directories(folder_ / "campaign");
        environment_["POSTRIDER_STORE"] = (folder_ / "state/postrider.db").string();
        environment_["POSTRIDER_VAULT_KEY_FILE"] = (folder_ / "state/vault.key").string();
        environment_["POSTRIDER_OUTPUT"] = "json";
        environment_["CI"] = "1";  // nobody is asked anything
    }

    json::object run() {
        auto const started = std::chrono::steady_clock::now();
        copy_campaign();
        Background emulator({program_,
                             "emulator",
                             "tiktok",
                             "--listen",
                             "127.0.0.1:0",
                             "--ledger",
                             (folder_ / "ledger.json").string()},
                            environment_);
        auto const ready = json::parse(emulator.read_line()).as_object();
        auto const base = std::string(ready.at("listening").as_string());
        say(fmt::format("The emulator listens on {}.", base));
        connect(ready.at("connect").as_object(), base);
        auto const counts = publish();
        auto result = compare(counts);
        emulator.signal(SIGTERM);
        emulator.wait();
        result["seconds"] =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
        return result;
    }

    [[nodiscard]] fs::path const& folder() const { return folder_; }

 private:
    void say(std::string const& text) const {
        if (!as_json_) std::cout << text << std::endl;
    }

    // Runs one command, shows it, and gives its data; ends the demonstration when it fails.
    json::object command(std::vector<std::string> arguments, std::string const& input = {}) const {
        std::string shown = "postrider";
        for (auto const& argument : arguments) shown += " " + argument;
        say("\n$ " + shown);
        arguments.insert(arguments.begin(), program_);
        auto const outcome = run_program(arguments, input, environment_);
        boost::system::error_code bad;
        auto const envelope = json::parse(outcome.out, bad);
        if (bad || !envelope.is_object())
            throw std::runtime_error(fmt::format("{} gave no envelope (exit {}): {}{}",
                                                 shown,
                                                 outcome.exit,
                                                 outcome.out,
                                                 outcome.err));
        if (outcome.exit != 0)
            throw std::runtime_error(
                fmt::format("{} failed: {}", shown, json::serialize(envelope.at("error"))));
        return envelope.at("data").as_object();
    }

    void copy_campaign() const {
        auto const campaign = folder_ / "campaign";
        fs::copy(
            source_ / "examples/campaigns/multi-account", campaign, fs::copy_options::recursive);
        for (auto const& entry : fs::directory_iterator(source_ / "examples/media"))
            if (entry.path().extension() == ".mp4")
                fs::copy_file(entry.path(), campaign / entry.path().filename());
    }

    void connect(json::object const& offered, std::string const& base) const {
        command({"init", "--person", "maria", "--passphrase-stdin"}, "correct horse battery\n");
        auto const& app = offered.at("app add").as_object();
        command({"app",
                 "add",
                 "tiktok",
                 "demo",
                 "--key",
                 std::string(app.at("key").as_string()),
                 "--secret-stdin",
                 "--audited",
                 "yes",
                 "--option",
                 "api_base=" + base,
                 "--option",
                 "authorize_base=" + base},
                std::string(app.at("secret").as_string()) + "\n");
        for (auto const& account : offered.at("accounts").as_array()) {
            auto const data = command({"account", "connect", "tiktok", "--token-stdin"},
                                      json::serialize(account.at("token")));
            say(fmt::format("connected {}",
                            std::string(data.at("account").as_object().at("name").as_string())));
        }
    }

    json::object publish() const {
        auto const file = (folder_ / "campaign/campaign.lua").string();
        auto const planned = command({"campaign", "plan", file});
        auto const counts = planned.at("counts").as_object();
        auto const hash = std::string(planned.at("plan").as_object().at("plan_hash").as_string());
        say(fmt::format("planned: {}", json::serialize(counts)));
        command({"campaign", "apply", file, "--hash", hash});
        command({"approval", "grant", "--person", "maria", "--hash", hash, "--passphrase-stdin"},
                "correct horse battery\n");
        command({"run", "--until", "idle"});
        return counts;
    }

    json::object compare(json::object const& counts) const {
        auto const jobs = command({"job", "list", "--limit", "100"}).at("items").as_array();
        auto const ledger =
            json::parse(postrider::test::read_file(folder_ / "ledger.json")).as_object();

        json::object result;
        int published = 0;
        int found = 0;
        json::array rows;
        for (auto const& value : jobs) {
            auto const& job = value.as_object();
            if (job.at("state").as_string() != "published") continue;
            ++published;
            auto const& seen = job.at("receipt").as_object().at("seen").as_object();
            auto const link = seen.at("link").is_string() ? std::string(seen.at("link").as_string())
                                                          : std::string();
            // Each post that the store calls published stands in the ledger under the id of its
            // link; a private one has no link and is counted by its creator below.
            for (auto const& post : ledger.at("posts").as_array()) {
                auto const id = std::string(post.at("post_id").as_string());
                if (!link.empty() && link.ends_with("/" + id)) ++found;
            }
            json::object row;
            row["account"] = job.at("account");
            row["post"] = job.at("post");
            row["outcome"] = job.at("outcome");
            row["link"] = seen.at("link");
            row["at"] = seen.at("at");
            rows.emplace_back(std::move(row));
        }
        auto const doubles = ledger.at("doubles").as_array().size();
        auto const total = ledger.at("count").to_number<int>();
        result["planned"] = counts.at("create");
        result["published"] = published;
        result["ledger"] = total;
        result["doubles"] = doubles;
        result["agree"] =
            published == total && doubles == 0 && published == counts.at("create").to_number<int>();
        result["linked"] = found;
        result["jobs"] = std::move(rows);
        return result;
    }

    fs::path source_;
    fs::path folder_;
    std::string program_;
    bool as_json_;
    Environment environment_;
};

void show(json::object const& result) {
    fmt::print("\n{:<22} {:<14} {:<10} {:<58} {}\n", "account", "post", "outcome", "link", "time");
    for (auto const& value : result.at("jobs").as_array()) {
        auto const& job = value.as_object();
        auto text = [&job](char const* name) {
            return job.at(name).is_string() ? std::string(job.at(name).as_string())
                                            : std::string("(private, no link)");
        };
        fmt::print("{:<22} {:<14} {:<10} {:<58} {}\n",
                   text("account"),
                   text("post"),
                   text("outcome"),
                   text("link"),
                   text("at"));
    }
    fmt::print(
        "\n{} planned, {} published, {} in the emulator's ledger, {} doubled: ledger and store "
        "{}.\n",
        result.at("planned").to_number<int>(),
        result.at("published").to_number<int>(),
        result.at("ledger").to_number<int>(),
        result.at("doubles").to_number<int>(),
        result.at("agree").as_bool() ? "agree" : "DISAGREE");
}

}  // namespace

int main(int argc, char** argv) {
    bool as_json = false;
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]) == "--json") {
            as_json = true;
        } else {
            std::cerr << "usage: postrider-demo [--json]\n";
            return 2;
        }
    }
    json::object envelope;
    envelope["schema"] = "postrider/1";
    envelope["ok"] = true;
    envelope["command"] = "demo";
    envelope["data"] = nullptr;
    envelope["error"] = nullptr;
    envelope["warnings"] = json::array();
    envelope["next"] = json::array();
    auto const started = std::chrono::steady_clock::now();
    int exit = 0;
    try {
        // This program stands in <build>/libexec/postrider.
        auto const build =
            fs::read_symlink("/proc/self/exe").parent_path().parent_path().parent_path();
        Demo demo(POSTRIDER_SOURCE_DIR, build, as_json);
        auto result = demo.run();
        bool const agree = result.at("agree").as_bool();
        if (!as_json) {
            show(result);
            fmt::print("Everything is in {}; look around with POSTRIDER_STORE={}\n",
                       demo.folder().string(),
                       (demo.folder() / "state/postrider.db").string());
        }
        envelope["data"] = std::move(result);
        if (!agree) throw std::runtime_error("store and ledger do not agree");
    } catch (std::exception const& failure) {
        exit = 1;
        envelope["ok"] = false;
        envelope["error"] = {{"code", "internal.demo"},
                             {"kind", "internal"},
                             {"owner", "postrider"},
                             {"exit", 1},
                             {"message", failure.what()},
                             {"side_effects", "possible"},
                             {"retry", {{"when", "never"}}},
                             {"at", json::array()},
                             {"context", json::object()},
                             {"cause", nullptr}};
        if (!as_json) std::cerr << "The demonstration failed: " << failure.what() << "\n";
    }
    envelope["meta"] = {{"request_id", "req_demo"},
                        {"tool", "postrider"},
                        {"elapsed_ms",
                         std::chrono::duration_cast<std::chrono::milliseconds>(
                             std::chrono::steady_clock::now() - started)
                             .count()},
                        {"replayed", false}};
    if (as_json) std::cout << json::serialize(envelope) << "\n";
    return exit;
}
