// Finds, checks and opens adapter modules. What an adapter declares or does is not looked at here.
#include <postrider/core/adapters.hpp>

#include <postrider/adapter/module.hpp>
#include <postrider/catalogue.hpp>
#include <postrider/suggest.hpp>

#include <boost/dll/shared_library.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

namespace postrider::core {

namespace {

namespace fs = std::filesystem;

constexpr char const* entry_name = "postrider_adapter_module";

// Only such names become file names, so that no name can point outside the folders.
bool is_network_name(std::string_view name) {
    auto const small = [](char letter) { return letter >= 'a' && letter <= 'z'; };
    return !name.empty() && name.size() <= 64 && small(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char letter) {
               return small(letter) || (letter >= '0' && letter <= '9');
           });
}

Error mismatch(fs::path const& file, std::string_view why, std::string_view steps) {
    return make_error("setup.adapter_mismatch",
                      fmt::format("The adapter {} {}.", file.string(), why))
        .with_hint(std::string{steps});
}

constexpr std::string_view update_adapter =
    "Rebuild or update the adapter; `postrider adapter list` shows what is loaded.";
constexpr std::string_view update_program =
    "Update postrider, or use an older build of the adapter; `postrider version` "
    "shows the one that ran.";

// Modules are never unloaded: what they hand out lives for ever, longer than any Adapters.
void keep_for_ever(boost::dll::shared_library library) {
    static std::mutex mutex;
    static auto& kept = *new std::vector<boost::dll::shared_library>;
    std::scoped_lock const lock(mutex);
    kept.push_back(std::move(library));
}

// Nothing of the module but its entry is used before this has passed.
std::optional<Error> refuse(adapter::Module const* module,
                            fs::path const& file,
                            std::string_view network) {
    if (!module) return mismatch(file, "gives no description of itself", update_adapter);
    // The number comes first: with another one even the members after it may mean something else.
    if (module->interface < adapter::interface_number)
        return mismatch(file,
                        fmt::format("is older than postrider: it speaks interface {}, postrider {}",
                                    module->interface,
                                    adapter::interface_number),
                        update_adapter);
    if (module->interface > adapter::interface_number)
        return mismatch(file,
                        fmt::format("is newer than postrider: it speaks interface {}, postrider {}",
                                    module->interface,
                                    adapter::interface_number),
                        update_program);
    if (!module->build || !module->network || !module->adapter)
        return mismatch(file, "describes itself with gaps", update_adapter);
    if (auto const order = std::strcmp(module->build, adapter::build_tag); order != 0)
        return mismatch(file,
                        fmt::format("was built with {} tools ({}) than postrider ({})",
                                    order < 0 ? "older" : "newer",
                                    module->build,
                                    adapter::build_tag),
                        "Build both with the same compiler and Boost.");
    if (module->network != network)
        return mismatch(
            file,
            fmt::format(
                "is for the network '{}', its file's name says '{}'", module->network, network),
            "Give the file back its own name.");
    return std::nullopt;
}

}  // namespace

class Adapters::Impl {
 public:
    explicit Impl(std::vector<fs::path> folders) : folders_(std::move(folders)) {}

    Result<adapter::Adapter const*> find(std::string_view network) {
        std::scoped_lock const lock(mutex_);
        if (auto const known = known_.find(network); known != known_.end()) return known->second;
        if (is_network_name(network))
            for (auto const& folder : folders_) {
                auto const file = folder / (std::string{network} + ".so");
                std::error_code ignored;
                if (!fs::exists(file, ignored)) continue;
                auto opened = open(file, network);
                // A refusal is kept: the module stays in the process, so that another look would
                // find the same one.
                if (opened || opened.error().code() == "setup.adapter_mismatch")
                    known_.emplace(network, opened);
                return opened;
            }
        return not_found(network);
    }

    std::vector<std::string> names() const {
        std::scoped_lock const lock(mutex_);
        return names_unlocked();
    }

    void add(adapter::Adapter const& adapter) {
        std::scoped_lock const lock(mutex_);
        known_.insert_or_assign(adapter.descriptor().network, &adapter);
    }

    ErrorRow const* find_row(std::string_view code) const {
        std::scoped_lock const lock(mutex_);
        for (auto const& [network, adapter] : known_) {
            if (!adapter) continue;
            for (auto const& row : (*adapter)->descriptor().errors)
                if (row.code == code) return &row;
        }
        return nullptr;
    }

 private:
    using Found = Result<adapter::Adapter const*>;

    Found open(fs::path const& file, std::string_view network) {
        std::error_code failed;
        boost::dll::shared_library library(
            fs::absolute(file),
            failed,
            boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
        if (failed)
            return make_error(
                "setup.adapter_missing",
                fmt::format(
                    "The adapter {} cannot be opened: {}.", file.string(), failed.message()));
        if (!library.has(entry_name))
            return mismatch(file, "is no adapter of postrider", update_adapter);
        auto const entry = library.get<adapter::Module const*()>(entry_name);
        keep_for_ever(std::move(library));
        auto const* const module = entry();
        if (auto error = refuse(module, file, network)) return *error;
        auto const* const adapter = module->adapter();
        if (!adapter) return mismatch(file, "hands out no adapter", update_adapter);
        if (adapter->descriptor().network != network)
            return mismatch(file,
                            fmt::format("describes the network '{}' under the name '{}'",
                                        adapter->descriptor().network,
                                        network),
                            update_adapter);
        return adapter;
    }

    Error not_found(std::string_view network) const {
        auto const known = names_unlocked();
        auto const nearest = nearest_name(network, known);
        std::string advice = known.empty() ? "no adapter is installed"
                                           : fmt::format("known are {}", fmt::join(known, ", "));
        if (!nearest.empty()) advice = fmt::format("did you mean '{}'?", nearest);
        return make_error(
            "not_found.network",
            fmt::format(
                "There is no adapter for '{}': {}{}", network, advice, nearest.empty() ? "." : ""));
    }

    std::vector<std::string> names_unlocked() const {
        std::set<std::string> names;
        for (auto const& [network, adapter] : known_) names.insert(network);
        for (auto const& folder : folders_) {
            std::error_code failed;
            for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
                 entry.increment(failed)) {
                auto const stem = entry->path().stem().string();
                if (entry->path().extension() == ".so" && is_network_name(stem)) names.insert(stem);
            }
        }
        return {names.begin(), names.end()};
    }

    std::vector<fs::path> const folders_;
    mutable std::mutex mutex_;
    std::map<std::string, Found, std::less<>> known_;
};

Adapters::Adapters(std::vector<fs::path> folders)
    : impl_(std::make_unique<Impl>(std::move(folders))) {}

Adapters::~Adapters() = default;

Result<adapter::Adapter const*> Adapters::find(std::string_view network) {
    return impl_->find(network);
}

Result<std::vector<adapter::Adapter const*>> Adapters::all() {
    std::vector<adapter::Adapter const*> adapters;
    for (auto const& name : names()) {
        auto const found = find(name);
        if (!found) return found.error();
        adapters.push_back(*found);
    }
    return adapters;
}

std::vector<std::string> Adapters::names() const {
    return impl_->names();
}

void Adapters::add(adapter::Adapter const& adapter) {
    impl_->add(adapter);
}

ErrorRow const* Adapters::find_error_row(std::string_view code) const {
    if (auto const* row = postrider::find_error_row(code)) return row;
    return impl_->find_row(code);
}

}  // namespace postrider::core
