// Questions to the host, each asked once and recorded as an input.
#include "context.hpp"

#include <postrider/core/canonical_json.hpp>
#include <postrider/suggest.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::script {

namespace json = boost::json;

ScriptError& ScriptError::known(std::string_view given, std::span<std::string const> names) {
    if (auto const nearest = nearest_name(given, names); !nearest.empty())
        hint = fmt::format("did you mean '{}'?", nearest);
    for (auto const& name : names) allowed.emplace_back(name);
    return *this;
}

std::vector<core::Account> const& Context::accounts() {
    if (accounts_) return *accounts_;
    accounts_ = host.accounts ? host.accounts() : std::vector<core::Account>{};
    std::sort(accounts_->begin(), accounts_->end(), [](auto const& a, auto const& b) {
        return a.name < b.name;
    });
    json::array seen;
    for (auto const& account : *accounts_) {
        json::array tags;
        for (auto const& tag : account.tags) tags.emplace_back(tag);
        seen.push_back(json::object{{"name", account.name},
                                    {"zone", account.zone},
                                    {"app", account.app_id},
                                    {"tags", std::move(tags)}});
    }
    add_input("accounts", core::sha256_text(core::canonical_json(seen)));
    return *accounts_;
}

std::vector<std::string> const& Context::networks() {
    if (!networks_) {
        networks_ = host.networks ? host.networks() : std::vector<std::string>{};
        std::sort(networks_->begin(), networks_->end());
    }
    return *networks_;
}

adapter::Descriptor const& Context::descriptor(std::string_view network) {
    auto const& known = networks();
    if (std::find(known.begin(), known.end(), network) == known.end())
        throw ScriptError("script.unknown_network",
                          fmt::format("there is no network '{}'", network))
            .at(std::string(network))
            .with_got(json::string(network))
            .known(network, known);
    auto found = host.descriptor(network);
    if (!found) {
        ScriptError error(found.error().code(), found.error().message());
        error.origin = found.error();
        throw error;
    }
    add_input(fmt::format("network:{}", network), (*found)->version);
    return **found;
}

core::Account const* Context::find_account(std::string_view name_or_id) {
    for (auto const& account : accounts())
        if (account.name == name_or_id || account.id == name_or_id) return &account;
    return nullptr;
}

core::Account const& Context::account(std::string_view name_or_id) {
    if (auto const* found = find_account(name_or_id)) return *found;
    std::vector<std::string> names;
    for (auto const& account : accounts()) names.push_back(account.name);
    throw ScriptError("script.unknown_account", fmt::format("there is no account '{}'", name_or_id))
        .at(std::string(name_or_id))
        .with_got(json::string(name_or_id))
        .known(name_or_id, names);
}

std::shared_ptr<MediaEntry> Context::media_entry(std::string_view source) {
    auto& slot = media[std::string(source)];
    if (slot) return slot;
    auto entry = std::make_shared<MediaEntry>();
    entry->source = source;
    if (source.starts_with("https://")) {
        for (char const letter : source)
            if (static_cast<unsigned char>(letter) <= 0x20 || letter == 0x7f)
                throw ScriptError("script.file_outside",
                                  "a URL has no blanks and no control characters");
    } else if (source.find("://") != std::string_view::npos) {
        throw ScriptError("script.file_outside",
                          fmt::format("'{}': only https URLs are fetched", source))
            .at(std::string(source));
    } else {
        try {
            entry->real = folder.resolve(source);
        } catch (...) {
            media.erase(std::string(source));
            throw;
        }
    }
    charge(sizeof(MediaEntry) + 2 * source.size());
    return slot = std::move(entry);
}

adapter::MediaFacts const& Context::facts(MediaEntry& entry) {
    if (entry.facts) return *entry.facts;
    adapter::MediaFacts facts;
    if (entry.real.empty()) {
        // Nobody has seen it: the network fetches it itself. Its kind is what its name says.
        facts.url = entry.source;
        auto const path =
            std::string_view(entry.source).substr(0, entry.source.find_first_of("?#"));
        auto const ends = [&](std::string_view end) { return path.ends_with(end); };
        bool const image = ends(".jpg") || ends(".jpeg") || ends(".png") || ends(".webp");
        facts.kind = image ? "image" : "video";
    } else {
        if (!host.probe)
            throw ScriptError("script.file_missing",
                              fmt::format("nothing here can look into '{}'", entry.source));
        auto probed = host.probe(entry.real);
        if (!probed) {
            ScriptError error(probed.error().code(), probed.error().message());
            error.at(entry.source).with_got(json::string(entry.source));
            error.origin = probed.error();
            throw error;
        }
        facts = *std::move(probed);
        add_input(fmt::format("media:{}", entry.source), facts.sha256);
    }
    entry.facts = std::move(facts);
    return *entry.facts;
}

}  // namespace postrider::script
