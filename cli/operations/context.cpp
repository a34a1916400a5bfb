// Opens things when they are asked for, and speaks with the person at the terminal.
#include "operations/context.hpp"

#include "operations/context_parts.hpp"
#include "operations/engine_runner.hpp"
#include "operations/interrupt.hpp"
#include "operations/plan/zone_rules.hpp"
#include "operations/printer.hpp"
#include "terminal/prompt.hpp"

#include <postrider/adapter/adapter.hpp>
#include <postrider/catalogue.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <istream>
#include <iterator>
#include <ostream>
#include <thread>

#include <stdlib.h>

namespace postrider::cli {

namespace fs = std::filesystem;

Context::Parts::Parts() = default;
Context::Parts::~Parts() = default;

Context::Context(Host const& host, Globals globals, Operation const& operation, Printer& printer)
    : host_(host),
      globals_(std::move(globals)),
      operation_(operation),
      printer_(printer),
      parts_(std::make_unique<Parts>()) {}

Context::~Context() = default;

Result<Settings const*> Context::settings() {
    if (!parts_->settings) {
        auto loaded = load_settings(host_);
        if (!loaded) return loaded.error();
        if (!globals_.store.empty()) {
            bool const key_beside =
                loaded->vault_key_file == loaded->store.parent_path() / "vault.key";
            loaded->store = (host_.folder / globals_.store).lexically_normal();
            if (key_beside) loaded->vault_key_file = loaded->store.parent_path() / "vault.key";
        }
        parts_->settings = *std::move(loaded);
    }
    return &*parts_->settings;
}

Result<core::Store*> Context::store() {
    if (!parts_->store) {
        auto settings = this->settings();
        if (!settings) return settings.error();
        core::StoreOptions options;
        // A dry run does everything it would do, to a copy that nobody keeps.
        options.in_memory = globals_.dry_run;
        if (globals_.dry_run) options.copy_of = (*settings)->store;
        auto opened = core::open_store((*settings)->store, options);
        if (!opened) return opened.error();
        parts_->store = *std::move(opened);
    }
    return parts_->store.get();
}

Result<fs::path> Context::work_on_copy() {
    auto settings = this->settings();
    if (!settings) return settings.error();
    auto name = (fs::temp_directory_path() / "postrider-copy-XXXXXX").string();
    if (!::mkdtemp(name.data()))
        return make_error("setup.file_unwritable",
                          fmt::format("no temporary folder can be made: {}", std::strerror(errno)));
    parts_->scratch = std::make_unique<ScratchFolder>(name);
    auto const copy = parts_->scratch->path() / "work" / "store.db";
    fs::create_directory(copy.parent_path());
    if (auto copied = core::copy_store((*settings)->store, copy); !copied) return copied.error();
    parts_->settings->store = copy;
    return parts_->scratch->path();
}

Result<fs::path> Context::hand_over_copy() {
    parts_->store.reset();
    auto const copy = parts_->settings->store;
    auto const whole = parts_->scratch->path() / "store.db";
    if (auto copied = core::copy_store(copy, whole); !copied) return copied.error();
    std::error_code ignored;
    fs::remove_all(copy.parent_path(), ignored);
    parts_->settings->store = whole;
    return whole;
}

Result<core::Vault const*> Context::vault() {
    if (!parts_->vault) {
        auto settings = this->settings();
        if (!settings) return settings.error();
        auto opened = core::Vault::open((*settings)->vault_key_file);
        if (!opened) return opened.error();
        parts_->vault = *std::move(opened);
    }
    return &*parts_->vault;
}

Result<core::Adapters*> Context::adapters() {
    if (!parts_->adapters) {
        std::vector<fs::path> folders;
        for (auto const& folder : parted(environment_value(host_, "POSTRIDER_ADAPTERS"), ':'))
            folders.emplace_back(host_.folder / folder);
        folders.push_back(adapter_folder());
        parts_->adapters = std::make_unique<core::Adapters>(std::move(folders));
    }
    return parts_->adapters.get();
}

core::Clock& Context::clock() {
    if (host_.clock) return *host_.clock;
    if (!parts_->clock) {
        // Tests move the wall clock: POSTRIDER_CLOCK is the instant at which this run begins.
        Milliseconds offset{0};
        if (auto const at = parse_rfc3339(environment_value(host_, "POSTRIDER_CLOCK")))
            offset = *at - core::SystemClock().now();
        parts_->clock = std::make_unique<core::SystemClock>(offset);
    }
    return *parts_->clock;
}

core::Random& Context::random() {
    if (host_.random && !parts_->stands_at) return *host_.random;
    if (!parts_->random) {
        // Tests repeat a run: POSTRIDER_SEED makes all that is drawn by lot the same again.
        auto const text = environment_value(host_, "POSTRIDER_SEED");
        std::uint64_t seed = 0;
        auto const read = std::from_chars(text.data(), text.data() + text.size(), seed);
        if (!text.empty() && read.ec == std::errc{})
            parts_->random = std::make_unique<core::SeededRandom>(seed);
        else
            parts_->random = std::make_unique<core::SystemRandom>();
    }
    return *parts_->random;
}

Instant Context::now() {
    return parts_->stands_at ? *parts_->stands_at : clock().now();
}

void Context::hold_still(std::uint64_t seed) {
    parts_->stands_at = clock().now();
    parts_->random = std::make_unique<core::SeededRandom>(seed);
}

fs::path Context::helper(std::string_view name) const {
    auto const set = environment_value(host_, "POSTRIDER_LIBEXEC");
    auto const folder = set.empty() ? host_.program.parent_path() / ".." / "libexec" / "postrider"
                                    : host_.folder / set;
    return (folder / ("postrider-" + std::string(name))).lexically_normal();
}

fs::path Context::adapter_folder() const {
    return (host_.program.parent_path() / ".." / "lib" / "postrider" / "adapters")
        .lexically_normal();
}

Result<fs::path> Context::path_of(std::string const& text) {
    auto const path = (host_.folder / text).lexically_normal();
    if (!globals_.strict_paths) return path;
    auto settings = this->settings();
    if (!settings) return settings.error();
    auto folders = (*settings)->media_folders;
    folders.insert(
        folders.end(), (*settings)->campaign_folders.begin(), (*settings)->campaign_folders.end());
    std::error_code failed;
    auto const real = fs::weakly_canonical(path, failed);
    for (auto const& folder : folders) {
        auto const inside = fs::weakly_canonical(folder, failed);
        auto const parted = std::mismatch(inside.begin(), inside.end(), real.begin(), real.end());
        if (parted.first == inside.end()) return path;
    }
    return make_error(
        "usage.bad_value",
        fmt::format("{} is outside the configured media and campaign folders", path.string()));
}

Result<adapter::Adapter const*> Context::adapter(std::string_view network) {
    auto found = adapters();
    if (!found) return found.error();
    return (*found)->find(network);
}

Result<adapter::MediaFacts> Context::probe(fs::path const& file) {
    if (!parts_->probe) parts_->probe = std::make_unique<core::MediaProbe>(helper("probe"));
    // Probing parses a whole file; what the store has of an untouched one is as good.
    if (parts_->store) {
        auto const kept = core::read_now<std::optional<adapter::MediaFacts>>(
            *parts_->store, [&](core::Tables& tables) { return tables.media(file.string()); });
        if (kept && *kept && core::is_untouched(**kept)) return **kept;
    }
    auto facts = parts_->probe->probe(file);
    if (facts && parts_->store) {
        auto const stored = parts_->store->write(
            [&](core::Tables& tables) -> Result<void> { return tables.put_media(*facts); });
        static_cast<void>(stored.has_value());  // a cache: without it the next one probes again
    }
    return facts;
}

bool Context::may_prompt() const {
    return host_.in_terminal && host_.err_terminal && !globals_.no_input &&
           environment_value(host_, "CI").empty();
}

Paint Context::paint() const {
    return printer_.paint_out();
}

Paint Context::printer_paint() const {
    return printer_.paint_err();
}

namespace {

Error missing_secret(std::string_view input) {
    Finding finding;
    finding.code = "usage.missing_input";
    finding.path = "/" + std::string(input);
    finding.message =
        fmt::format("{} is needed: this is no terminal, so nobody can be asked", flag_of(input));
    return make_error("usage.missing_input", finding.message).with_at(finding);
}

}  // namespace

Result<std::string> Context::secret(Request const& request,
                                    std::string_view input,
                                    std::string_view question) {
    if (request.flag(input)) {
        std::string line;
        std::getline(*host_.in, line);
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (line.empty())
            return make_error("usage.missing_input",
                              fmt::format("{}: standard input is empty", flag_of(input)));
        return line;
    }
    if (!may_prompt()) return missing_secret(input);
    auto answer = ask_secret(host_, question);
    if (!answer || answer->empty()) return missing_secret(input);
    return *answer;
}

Result<std::string> Context::whole_input(Request const& request, std::string_view input) {
    if (!request.flag(input)) return missing_secret(input);
    constexpr std::size_t size_max = 1024 * 1024;
    std::string text;
    char block[4096];
    while (text.size() <= size_max && host_.in->read(block, sizeof block).gcount() > 0)
        text.append(block, static_cast<std::size_t>(host_.in->gcount()));
    if (text.size() > size_max)
        return make_error("usage.bad_value",
                          fmt::format("{}: standard input is longer than 1 MiB", flag_of(input)));
    return text;
}

void Context::say(std::string_view sentence) {
    if (!globals_.quiet) *host_.err << sentence << std::endl;
}

void Context::emit(boost::json::object line, std::string_view sentence) {
    if (streams())
        printer_.line(std::move(line));
    else if (printer_.mode() == OutputMode::table && !sentence.empty())
        *host_.out << sentence << std::endl;
}

bool Context::streams() const {
    return printer_.mode() == OutputMode::ndjson;
}

bool Context::on_table() const {
    return printer_.mode() == OutputMode::table;
}

bool Context::interrupted() const {
    return host_.watches_signals && interrupt_signal() != 0;
}

int Context::signal() const {
    return interrupt_signal();
}

bool Context::pause(Milliseconds duration) {
    WakeOnSignal const awake([] {}, 2'000);
    auto const end = std::chrono::steady_clock::now() + duration;
    while (!interrupted() && std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(std::min<Milliseconds>(Milliseconds{20}, duration));
    return !interrupted();
}

EngineRunner& Context::runner() {
    if (!parts_->runner) parts_->runner = std::make_unique<EngineRunner>(*this);
    return *parts_->runner;
}

core::MediaProbe& Context::media_probe() {
    if (!parts_->probe) parts_->probe = std::make_unique<core::MediaProbe>(helper("probe"));
    return *parts_->probe;
}

Result<adapter::CreatorFacts> Context::look_at_creator(std::string const& account_id) {
    // A look may be repeated freely, and a person waits: one stumble of the network is not theirs
    // to see.
    Milliseconds delay{300};
    for (int turn = 0;; ++turn) {
        auto facts = runner().look_at_creator(account_id);
        bool const passing = !facts && facts.error().kind() == ErrorKind::unavailable;
        if (!passing || turn == 2 || !pause(delay)) return facts;
        delay *= 3;
    }
}

Result<core::TransportReply> Context::send(core::OutgoingRequest request) {
    return runner().send(std::move(request));
}

Result<core::Job> Context::reconcile_now(std::string const& job_id) {
    return runner().reconcile_now(job_id);
}

Result<bool> Context::run_engine(EngineWish wish) {
    if (auto followed = follow_zone_rules(*this); !followed) return followed.error();
    return runner().run(std::move(wish));
}

boost::json::array Context::refused_requests() {
    return parts_->runner ? parts_->runner->refused_requests() : boost::json::array();
}

bool Context::engine_runs_elsewhere() {
    auto const settings = this->settings();
    return settings && EngineRunner::runs_elsewhere((*settings)->store);
}

}  // namespace postrider::cli
