// postrider-conformance: the kit against an adapter module, over the emulator that stands beside
// it. What `postrider adapter test` runs. Exit 0 when nothing failed, 15 when something did, 2 for
// a wrong call.
#include "attached.hpp"
#include "control.hpp"
#include "emulator.hpp"

#include <postrider/conformance/suite.hpp>
#include <postrider/core/adapters.hpp>
#include <postrider/server_url.hpp>

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace {

namespace fs = std::filesystem;
using namespace postrider;
using conformance::Verdict;

constexpr int exit_good = 0;
constexpr int exit_usage = 2;
constexpr int exit_failed = 15;

struct Call {
    std::string target;
    std::string module;
    std::string network;
    std::string login;
    std::string report;
    conformance::Options options;
    bool allow_remote = false;
    bool list = false;
    bool json = false;
};

// A folder for made-up media; gone with this object.
class Folder {
 public:
    Folder() {
        auto name = (fs::temp_directory_path() / "postrider-kit-XXXXXX").string();
        if (::mkdtemp(name.data())) path_ = name;
    }
    ~Folder() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove_all(path_, ignored);
    }
    Folder(Folder const&) = delete;
    Folder& operator=(Folder const&) = delete;
    [[nodiscard]] fs::path const& path() const { return path_; }

 private:
    fs::path path_;
};

// A network without an emulator that can be tested over: said, not passed over.
std::string why_no_network(fs::path const& emulator) {
    if (!fs::exists(emulator))
        return fmt::format("there is no emulator {}, so only the descriptor was judged",
                           emulator.string());
    boost::asio::io_context loop{1};
    conformance::VirtualClock clock(loop, {});
    auto tried = conformance::start_emulator(emulator, conformance::Stage{loop, clock, 1});
    return tried ? std::string() : tried.error().message();
}

bool is_address(std::string const& target) {
    return target.starts_with("http://") || target.starts_with("https://");
}

// Of an address: what has to be said before anything is sent there; empty when all is.
std::string why_not(Call const& call) {
    if (!is_server_url(call.target))
        return fmt::format("{} is no address such as http://127.0.0.1:8899", call.target);
    if (!is_loopback_url(call.target) && !call.allow_remote)
        return fmt::format(
            "{} is not this machine: posts would be made there. --allow-remote says "
            "that this is meant",
            call.target);
    if (call.network.empty()) return "an address needs --network: whose adapter is it?";
    if (call.login.empty())
        return "an address needs --login FILE: what its emulator printed when it started";
    return {};
}

void print_table(conformance::Report const& report) {
    for (auto const& one : report.cases)
        if (one.verdict != Verdict::passed)
            fmt::print("{:<8} {:<60} {}\n", word(one.verdict), one.name, one.why);
    fmt::print("{} {}: {} passed, {} failed, {} skipped, seed {}\n",
               report.network,
               report.version,
               report.count(Verdict::passed),
               report.count(Verdict::failed),
               report.count(Verdict::skipped),
               report.seed);
}

// One server for all cases, and the login that the call names. Says what is wrong with the call.
std::string aim_at_address(Call const& call, conformance::Target& target) {
    auto connect = conformance::read_login(call.login);
    if (!connect) return connect.error().message();
    conformance::Attachment attachment;
    attachment.address = call.target;
    while (attachment.address.ends_with('/')) attachment.address.pop_back();
    attachment.connect = *std::move(connect);
    attachment.may_leave_machine = call.allow_remote;
    target.live = true;
    if (auto const why = conformance::Control(attachment.address).why_silent(); !why.empty())
        target.no_network = fmt::format("nothing answers at {}: {}", attachment.address, why);
    target.world = [attachment, adapter = target.adapter](conformance::Stage const& stage) {
        return conformance::attach(attachment, adapter->descriptor(), stage);
    };
    return {};
}

int run(Call const& call) {
    auto const here = fs::read_symlink("/proc/self/exe").parent_path();
    auto folder = here / "../../lib/postrider/adapters";
    auto network = call.target;
    auto module = call.module;
    bool const live = is_address(network);
    if (live) {
        if (auto const why = why_not(call); !why.empty()) {
            fmt::print(stderr, "postrider-conformance: {}\n", why);
            return exit_usage;
        }
        network = call.network;
    }
    if (module.empty() && (network.ends_with(".so") || network.find('/') != network.npos))
        module = network;
    if (!module.empty()) {
        folder = fs::absolute(module).parent_path();
        network = fs::path(module).stem().string();
    }
    core::Adapters adapters({folder});
    auto adapter = adapters.find(network);
    if (!adapter) {
        fmt::print(stderr, "postrider-conformance: {}\n", adapter.error().message());
        return exit_failed;
    }

    Folder const media;
    auto const emulator = here / ("postrider-emulator-" + network);
    conformance::Target target;
    target.adapter = *adapter;
    if (live) {
        if (auto const why = aim_at_address(call, target); !why.empty()) {
            fmt::print(stderr, "postrider-conformance: {}\n", why);
            return exit_usage;
        }
    } else {
        target.no_network = why_no_network(emulator);
        target.world = [emulator](conformance::Stage const& stage) {
            return conformance::start_emulator(emulator, stage);
        };
    }
    target.samples =
        conformance::make_samples((*adapter)->descriptor(), media.path(), "https://media.example");

    if (call.list) {
        for (auto const& name : conformance::list_cases(target, call.options))
            fmt::print("{}\n", name);
        return exit_good;
    }
    auto options = call.options;
    bool const watched = !call.json && ::isatty(STDERR_FILENO);
    int done = 0;
    if (watched)
        options.on_result = [&done](conformance::CaseResult const& one) {
            fmt::print(stderr, "\r\033[K{} {}", ++done, one.name);
        };
    auto const report = conformance::run_suite(target, options);
    if (watched) fmt::print(stderr, "\r\033[K");

    auto const text = boost::json::serialize(report.to_json());
    if (!call.report.empty()) {
        std::ofstream file(call.report);
        file << text << "\n";
        if (!file.flush()) {
            fmt::print(stderr, "postrider-conformance: {} cannot be written\n", call.report);
            return exit_failed;
        }
    }
    if (call.json || !::isatty(STDOUT_FILENO))
        fmt::print("{}\n", text);
    else
        print_table(report);
    return report.good() ? exit_good : exit_failed;
}

}  // namespace

int main(int argc, char** argv) {
    Call call;
    CLI::App app{"Judges an adapter by the conformance kit.", "postrider-conformance"};
    app.add_option("target",
                   call.target,
                   "name of an adapter, the file of its module, or the address of a running server")
        ->required();
    app.add_option("--seed", call.options.seed, "of everything that is drawn by lot");
    app.add_option("--only", call.options.only, "cases whose name holds this; * is anything");
    app.add_option("--report", call.report, "write the report as JSON to this file");
    app.add_option("--module", call.module, "the file of the module");
    app.add_option("--network", call.network, "of an address: name or module of the adapter");
    app.add_option("--login", call.login, "of an address: what its emulator printed, as a file");
    app.add_flag("--allow-remote", call.allow_remote, "the address may be another machine");
    app.add_flag("--list", call.list, "print the names of the cases");
    app.add_flag("--json", call.json, "print the report as JSON");
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& wrong) {
        return app.exit(wrong) == 0 ? exit_good : exit_usage;
    }
    try {
        return run(call);
    } catch (std::exception const& failure) {
        fmt::print(stderr, "postrider-conformance: {}\n", failure.what());
        return exit_failed;
    }
}
