// Start of the program: what a person or a script waits before anything happens.
#include "parts.hpp"

namespace postrider::bench {

Figures measure_start(Wish const& wish) {
    auto const program = (build_folder() / "bin" / "postrider").string();
    auto const path = wish.folder / "start.db";
    constexpr int jobs = 200;
    {
        auto store = new_store(path);
        must(store->write([](core::Tables& tables) -> Result<void> {
            for (int i = 0; i < jobs; ++i)
                if (auto done = tables.insert_job(
                        make_job(static_cast<std::uint64_t>(i), i % 20, start_of_time));
                    !done)
                    return done;
            return {};
        }));
    }
    std::map<std::string, std::string> const environment{{"POSTRIDER_STORE", path.string()}};
    std::vector<double> version;
    std::vector<double> list;
    std::vector<double> curl;
    int const rounds = wish.quick ? 20 : 50;
    for (int i = 0; i <= rounds; ++i) {
        auto const a = timed_run({program, "version"}, environment);
        auto const b = timed_run({"curl", "--version"});
        auto const c = timed_run({program, "job", "list", "-o", "json"}, environment);
        if (i == 0) continue;  // the first of each brings files into memory
        version.push_back(a.seconds * 1e3);
        curl.push_back(b.seconds * 1e3);
        list.push_back(c.seconds * 1e3);
    }
    return {
        {"start, `postrider version`, p50",
         "ms",
         median(version),
         "`curl --version`",
         median(curl),
         Better::less,
         "from posix_spawn to wait4, runs of all three in turn"},
        {"start, `postrider job list -o json`, p50",
         "ms",
         median(list),
         "`curl --version`",
         median(curl),
         Better::less,
         "20 of 200 jobs; curl reads nothing"},
    };
}

}  // namespace postrider::bench
