// `postrider-bench`: runs the parts, gathers what other programs measured, and prints a table or
// JSON.
#include "parts.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

#include <sys/utsname.h>
#include <cstdlib>

namespace bench = postrider::bench;
namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr char const* usage =
    "usage: postrider-bench [--json] [--quick] [--only start,upload,enqueue,engine,wake,claim]\n"
    "                       [--also PROGRAM]...\n"
    "PROGRAM prints {\"figures\": [...]} and is given --quick when we are.\n";

std::string now_text() {
    std::time_t const now = std::time(nullptr);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
    return text;
}

json::object machine() {
    utsname system{};
    ::uname(&system);
    double load[3] = {0, 0, 0};
    ::getloadavg(load, 3);
    json::object object;
    object["cores"] = std::thread::hardware_concurrency();
    object["system"] = fmt::format("{} {}", system.sysname, system.release);
    object["load_at_start"] = load[0];
    return object;
}

bench::Figures ask(std::string const& program, bench::Wish const& wish) {
    auto const out = wish.folder / "also.json";
    std::vector<std::string> arguments{program};
    if (wish.quick) arguments.emplace_back("--quick");
    bench::timed_run(arguments, {}, out);
    std::ifstream file(out);
    std::string const text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    bench::Figures figures;
    auto const whole = json::parse(text);  // named, or it would be gone before the first row
    for (auto const& row : whole.as_object().at("figures").as_array())
        figures.push_back(bench::figure_from_json(row.as_object()));
    return figures;
}

struct Part {
    char const* name;
    bench::Figures (*run)(bench::Wish const&);
};
// Starts and uploads first: the kernel counts the starter's memory into what it starts, so this
// process has to be small then.
constexpr Part parts[] = {
    {"start", bench::measure_start},
    {"upload", bench::measure_upload},
    {"enqueue", bench::measure_enqueue},
    {"engine", bench::measure_engine},
    {"wake", bench::measure_wake},
    {"claim", bench::measure_claim},
};

}  // namespace

int main(int argc, char** argv) try {
    std::vector<std::string> const words(argv + 1, argv + argc);
    if (words.size() == 1 && words[0] == "sink") return bench::run_sink();
    if (words.size() == 4 && words[0] == "uploader")
        return bench::run_uploader(words[1], words[2], std::stoull(words[3]));
    if (words.size() == 3 && words[0] == "adder")
        return bench::run_adder(words[1], std::stoi(words[2]));
    if (words.size() == 3 && words[0] == "claimer")
        return bench::run_claimer(words[1], std::stoi(words[2]));

    bench::Wish wish;
    bool as_json = false;
    std::string only;
    std::vector<std::string> also;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--json") {
            as_json = true;
        } else if (words[i] == "--quick") {
            wish.quick = true;
        } else if (words[i] == "--only" && i + 1 < words.size()) {
            only = "," + words[++i] + ",";
        } else if (words[i] == "--also" && i + 1 < words.size()) {
            also.push_back(words[++i]);
        } else {
            std::cerr << usage;
            return 2;
        }
    }
    wish.self = fs::read_symlink("/proc/self/exe").string();
    wish.folder = bench::build_folder() / "bench";
    fs::remove_all(wish.folder);
    fs::create_directories(wish.folder);

    json::object report;
    report["schema"] = "postrider/bench/1";
    report["at"] = now_text();
    report["quick"] = wish.quick;
    report["machine"] = machine();
    bench::Figures figures;
    auto add = [&](std::string const& name, auto const& run) {
        std::cerr << name << std::flush;
        bench::Stopwatch const watch;
        for (auto& figure : run()) figures.push_back(std::move(figure));
        std::cerr << fmt::format(": {:.0f} s\n", watch.seconds());
    };
    for (auto const& part : parts)
        if (only.empty() || only.find(fmt::format(",{},", part.name)) != std::string::npos)
            add(part.name, [&] { return part.run(wish); });
    for (auto const& program : also)
        add(fs::path(program).filename(), [&] { return ask(program, wish); });
    fs::remove_all(wish.folder);

    if (as_json) {
        json::array rows;
        for (auto const& figure : figures) rows.push_back(to_json(figure));
        report["figures"] = std::move(rows);
        std::cout << json::serialize(report) << "\n";
    } else {
        std::cout << bench::table(figures);
        for (auto const& figure : figures)
            if (!figure.note.empty()) std::cout << "\n" << figure.name << ": " << figure.note;
        std::cout << "\n";
    }
    return 0;
} catch (std::exception const& failure) {
    std::cerr << "\nThe benchmark failed: " << failure.what() << "\n";
    return 1;
}
