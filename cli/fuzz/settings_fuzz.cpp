// The configuration file (TOML) as somebody edited it.
#include "operations/settings.hpp"
#include "promise.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

namespace fs = std::filesystem;
using namespace postrider;

/// A folder of this run's own.
class Desk {
 public:
    Desk() {
        auto text = (fs::temp_directory_path() / "postrider-fuzz-XXXXXX").string();
        if (!mkdtemp(text.data())) std::abort();
        folder_ = text;
    }
    ~Desk() {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }
    Desk(Desk const&) = delete;
    Desk& operator=(Desk const&) = delete;
    [[nodiscard]] fs::path const& folder() const { return folder_; }

 private:
    fs::path folder_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static Desk const desk;
    std::ofstream(desk.folder() / "postrider.toml", std::ios::binary)
        .write(reinterpret_cast<char const*>(data), static_cast<std::streamsize>(size));
    cli::Host host;
    host.folder = desk.folder();
    host.environment["HOME"] = desk.folder().string();
    auto const settings = cli::load_settings(host);
    if (!settings) {
        fuzz::promise(settings.error().code() == "setup.config_invalid",
                      "a broken file is called so",
                      settings.error().code());
        fuzz::promise(!settings.error().at().empty(), "and says where", settings.error().message());
        return 0;
    }
    fuzz::promise(settings->concurrency >= 1 && settings->concurrency <= 256,
                  "the engine gets at least one worker",
                  std::to_string(settings->concurrency));
    fuzz::promise(settings->script_instructions > 0 && settings->script_memory_bytes > 0,
                  "limits limit",
                  "a limit of nothing");
    fuzz::promise(!settings->store.empty(), "there is a store", "no path");
    return 0;
}
