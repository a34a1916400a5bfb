// postrider-emulator-tiktok: reads its files, starts the server, says on one line how to connect,
// waits.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <random>
#include <stdexcept>

#include "tiktok/emulator/server/files.hpp"
#include "tiktok/emulator/server/server.hpp"

namespace {

namespace emulator = postrider::tiktok::emulator;

constexpr int exit_usage = 2;

struct Flags {
    std::string listen = "127.0.0.1:0";
    std::string scenario;
    std::string faults;
    std::string ledger;
    std::string state;
    std::string tokens_to;
    bool lenient = false;
    std::int64_t time_scale = 1;
    std::optional<std::int64_t> seed;
};

std::string need_file(std::string const& path) {
    auto text = emulator::read_file(path);
    if (!text) throw std::invalid_argument(fmt::format("cannot read {}", path));
    return std::move(*text);
}

emulator::Scenario scenario_for(Flags const& flags) {
    emulator::Scenario scenario = emulator::Scenario::built_in();
    if (!flags.scenario.empty()) {
        auto read = emulator::read_scenario(need_file(flags.scenario));
        if (!read) throw std::invalid_argument(fmt::format("{}: {}", flags.scenario, read.problem));
        scenario = std::move(*read.value);
    }
    if (flags.lenient) scenario.switches.size_bands = "lenient";
    if (flags.seed) scenario.seed = static_cast<std::uint64_t>(*flags.seed);
    // Ids of an earlier run must not come back to life in this one, so the seed is random unless
    // chosen.
    if (!scenario.seed) scenario.seed = std::random_device{}();
    return scenario;
}

emulator::ServerOptions options_for(Flags const& flags) {
    emulator::ServerOptions options;
    auto const colon = flags.listen.rfind(':');
    std::string const port = colon == flags.listen.npos ? "" : flags.listen.substr(colon + 1);
    auto const end = port.data() + port.size();
    auto const [stop, error] = std::from_chars(port.data(), end, options.port);
    if (port.empty() || error != std::errc{} || stop != end) {
        throw std::invalid_argument(fmt::format(
            "--listen {}: expected ADDRESS:PORT, for instance 127.0.0.1:0", flags.listen));
    }
    options.address = flags.listen.substr(0, colon);
    if (options.address.starts_with('[') && options.address.ends_with(']')) {
        options.address = options.address.substr(1, options.address.size() - 2);
    }
    options.ledger_file = flags.ledger;
    options.state_file = flags.state;
    options.time_scale = flags.time_scale;
    options.handle_signals = true;
    if (!flags.faults.empty()) {
        auto read = emulator::read_faults(need_file(flags.faults));
        if (!read) throw std::invalid_argument(fmt::format("{}: {}", flags.faults, read.problem));
        options.faults = std::move(*read.value);
    }
    return options;
}

// One file a creator of the first app, each what `postrider account connect --token-stdin` reads.
void write_tokens(std::string const& folder, boost::json::object const& ready) {
    std::filesystem::create_directories(folder);
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
    auto const& connect = ready.at("connect").as_object();
    auto const& first = connect.at("app add").as_object().at("key");
    for (auto const& account : connect.at("accounts").as_array()) {
        if (account.at("client_key") != first) continue;
        auto const file = folder + "/" + std::string(account.at("creator").as_string()) + ".json";
        auto const problem =
            emulator::write_file(file, boost::json::serialize(account.at("token")) + "\n");
        if (!problem.empty()) throw std::runtime_error(problem);
    }
}

}  // namespace

int main(int argc, char** argv) {
    Flags flags;
    CLI::App app{
        "A strict local stand-in for TikTok's Content Posting API, with a ledger of what became "
        "public."};
    app.add_option("--listen", flags.listen, "ADDRESS:PORT; port 0 takes any")
        ->capture_default_str();
    app.add_option("--scenario", flags.scenario, "JSON file: apps, creators, tokens, switches");
    app.add_option("--faults", flags.faults, "JSON file: which requests go wrong, and how");
    app.add_option("--ledger", flags.ledger, "JSON file to write: everything that was published");
    app.add_option("--state", flags.state, "JSON file to go on from after a stop or a kill");
    app.add_option("--tokens-to",
                   flags.tokens_to,
                   "folder to write: a creator's tokens a file, as account connect reads them");
    app.add_flag(
        "--lenient", flags.lenient, "accept chunk sizes between the MB and the MiB reading");
    app.add_option(
           "--time-scale", flags.time_scale, "run the emulator's clock so many times as fast")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    app.add_option("--seed", flags.seed, "of all ids; else the scenario's, else random");
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }
    try {
        emulator::Server server(scenario_for(flags), options_for(flags));
        server.start();
        if (!flags.tokens_to.empty()) write_tokens(flags.tokens_to, server.ready());
        fmt::print("{}\n", boost::json::serialize(server.ready()));
        std::fflush(stdout);
        server.wait();
        server.stop();
        return 0;
    } catch (std::invalid_argument const& error) {
        fmt::print(stderr, "{}\n", error.what());
        return exit_usage;
    } catch (std::exception const& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
}
