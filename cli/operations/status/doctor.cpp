// `postrider doctor`: is this machine fit to post?
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <postrider/adapter/adapter.hpp>
#include <postrider/catalogue.hpp>
#include <postrider/core/adapters.hpp>
#include <postrider/core/curl_transport.hpp>
#include <postrider/core/vault.hpp>
#include <postrider/script/time.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <filesystem>

#include <unistd.h>

namespace postrider::cli {

namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

class Checks {
 public:
    void good(std::string_view name, std::string const& sentence) {
        add(name, "ok", sentence, nullptr);
    }
    void warn(std::string_view name, std::string const& sentence) {
        add(name, "warning", sentence, nullptr);
    }
    void bad(std::string_view name, Error const& error) {
        add(name, "bad", error.message(), json::string(error.code()));
        if (!first_) first_ = error;
        errors_.push_back(error);
    }

    json::array items;
    [[nodiscard]] std::optional<Error> error() const {
        if (!first_) return std::nullopt;
        auto const& row =
            *find_error_row(first_->kind() == ErrorKind::setup ? std::string_view(first_->code())
                                                               : "setup.store_unreadable");
        auto whole = Error(row,
                           errors_.size() == 1 ? first_->message()
                                               : fmt::format("{} checks failed", errors_.size()));
        for (auto const& error : errors_) {
            Finding finding;
            finding.code = error.code();
            finding.message = error.message();
            whole = whole.with_at(std::move(finding));
        }
        return whole;
    }

 private:
    void add(std::string_view name,
             char const* state,
             std::string const& sentence,
             json::value code) {
        json::object item;
        item["check"] = name;
        item["state"] = state;
        item["sentence"] = sentence;
        item["code"] = std::move(code);
        items.push_back(std::move(item));
    }

    std::optional<Error> first_;
    std::vector<Error> errors_;
};

void check_settings(Context& context, Checks& checks) {
    auto const settings = context.settings();
    if (!settings) return checks.bad("configuration", settings.error());
    checks.good("configuration",
                (*settings)->files.empty() ? "no file; everything is built-in"
                                           : (*settings)->files.front().string());
    auto const store = context.store();
    if (!store)
        checks.bad("store", store.error());
    else
        checks.good("store", (*settings)->store.string());
    auto const vault = context.vault();
    if (!vault)
        checks.bad("vault key", vault.error());
    else
        checks.good("vault key", (*settings)->vault_key_file.string());
    std::error_code failed;
    auto const space = fs::space((*settings)->store.parent_path(), failed);
    if (!failed && space.available < 100U * 1024 * 1024)
        checks.warn(
            "disk",
            fmt::format("only {} MB are free beside the store", space.available / 1'000'000));
    else if (!failed)
        checks.good("disk", fmt::format("{} MB are free", space.available / 1'000'000));
}

void check_machine(Context& context, Checks& checks) {
    // A clock before the program was written is wrong for certain.
    auto const now = context.now();
    if (now < *parse_rfc3339("2026-01-01T00:00:00Z"))
        checks.bad(
            "clock",
            make_error("setup.clock_jumped", fmt::format("the clock says {}", to_rfc3339(now))));
    else
        checks.good("clock", to_rfc3339(now));
    if (script::is_zone("Europe/Paris"))
        checks.good("zone data", script::zone_data_version());
    else
        checks.bad("zone data", make_error("setup.zone_data_missing"));
    auto const curl = core::CurlTransport::library_version();
    if (curl)
        checks.good("http", *curl);
    else
        checks.bad("http", curl.error());
    bool certificates = false;
    for (auto const* place : {"/etc/ssl/certs", "/etc/pki/tls/certs"}) {
        std::error_code failed;
        certificates = certificates || fs::exists(place, failed);
    }
    if (certificates)
        checks.good("certificates", "a trust store is there");
    else
        checks.warn("certificates", "no trust store was found; install ca-certificates");
    auto const probe = context.helper("probe");
    if (access(probe.c_str(), X_OK) == 0)
        checks.good("media probe", probe.string());
    else
        checks.bad(
            "media probe",
            make_error("setup.helper_missing", fmt::format("{} is missing", probe.string())));
    auto const adapters = context.adapters();
    if (!adapters) return checks.bad("adapters", adapters.error());
    auto const all = (*adapters)->all();
    if (!all) return checks.bad("adapters", all.error());
    std::string names;
    for (auto const& name : (*adapters)->names()) names += (names.empty() ? "" : ", ") + name;
    if (names.empty())
        checks.warn("adapters", "there is none");
    else
        checks.good("adapters", names);
}

// Each account of the network is asked who it is.
void check_network(Context& context, std::string const& network, Checks& checks) {
    auto const adapter = context.adapter(network);
    if (!adapter) return checks.bad(network, adapter.error());
    auto const accounts = read_store<std::vector<core::Account>>(
        context, [](core::Tables& tables) { return tables.accounts(); });
    if (!accounts) return;
    bool any = false;
    for (auto const& account : *accounts) {
        if (account.network != network) continue;
        any = true;
        auto const facts = context.look_at_creator(account.id);
        if (!facts)
            checks.bad(account.name, facts.error());
        else if (facts->blocked)
            checks.warn(account.name, facts->blocked->message());
        else
            checks.good(account.name, "the network answers and it may post");
    }
    if (!any) checks.warn(network, "no account of it is connected, so nobody could be asked");
}

Result<Answer> run_doctor(Context& context, Request const& request) {
    Checks checks;
    check_settings(context, checks);
    check_machine(context, checks);
    if (request.has("network")) check_network(context, request.text("network"), checks);
    Answer answer;
    answer.error = checks.error();
    answer.data["checks"] = std::move(checks.items);
    return answer;
}

constexpr InputSpec doctor_inputs[] = {
    {.name = "network", .help = "also ask this network, with each account of it"},
};
constexpr std::string_view doctor_examples[] = {"doctor", "doctor --network NETWORK"};

}  // namespace

constinit Operation const doctor_operation{
    .name = "doctor",
    .sentence = "is everything here that posting needs?",
    .inputs = doctor_inputs,
    .output =
        "{checks: [{check: text, state: \"ok\"|\"warning\"|\"bad\", sentence: !text, code: "
        "text|null}]}",
    .errors =
        "setup.not_initialised setup.vault_key_missing setup.helper_missing setup.config_invalid "
        "setup.zone_data_missing setup.clock_jumped setup.adapter_mismatch",
    .effect = OperationEffect::looks,
    .examples = doctor_examples,
    .view = "checks: state check sentence",
    .run = run_doctor,
};

}  // namespace postrider::cli
