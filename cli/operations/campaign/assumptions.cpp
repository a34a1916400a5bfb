// Reading assumptions: every problem is told at once, unknown names with the nearest one.
#include "operations/campaign/assumptions.hpp"

#include "operations/check.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/adapters.hpp>
#include <postrider/suggest.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace postrider::cli {

namespace {

namespace json = boost::json;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t size_max = 1024 * 1024;
constexpr Milliseconds latency_max = 20s;
constexpr Milliseconds duration_max = 365 * 24h;

constexpr InputSpec members[] = {
    {.name = "approval_after", .help = "a duration, or never", .fallback = "0s"},
    {.name = "answers", .type = InputType::object, .help = "to open choices", .repeatable = true},
    {.name = "accounts",
     .type = InputType::object,
     .help = "what creators are offered, by account"},
    {.name = "latency",
     .type = InputType::duration,
     .help = "of a request and its answer",
     .fallback = "300ms"},
    {.name = "processing",
     .type = InputType::duration,
     .help = "how long a network works on a post",
     .fallback = "5s"},
    {.name = "upload_bytes_per_second",
     .type = InputType::integer,
     .help = "without it an upload takes no time of its own",
     .min = 1,
     .max = 1'000'000'000'000},
    {.name = "outages",
     .type = InputType::object,
     .help = "when networks cannot be reached",
     .repeatable = true},
    {.name = "stopped",
     .type = InputType::object,
     .help = "when no engine runs",
     .repeatable = true},
    {.name = "late_after",
     .type = InputType::duration,
     .help = "less than this is on time",
     .fallback = "5m"},
};
constexpr InputSpec answer_members[] = {
    {.name = "post", .help = "a post's key"},
    {.name = "account", .help = "an account"},
    {.name = "options", .type = InputType::object, .help = "by name", .required = true},
};
constexpr InputSpec outage_members[] = {
    {.name = "network", .help = "all of them if it is not given"},
    {.name = "from", .type = InputType::instant, .help = "begins", .required = true},
    {.name = "to", .type = InputType::instant, .help = "ends", .required = true},
};
constexpr InputSpec facts_members[] = {
    {.name = "offered", .type = InputType::object, .help = "option: list of values"},
    {.name = "locked", .type = InputType::object, .help = "option: why it cannot be switched on"},
    {.name = "limits", .type = InputType::object, .help = "name: number"},
};
auto const stopped_members = std::span(outage_members).subspan(1);

class Checker {
 public:
    explicit Checker(std::vector<std::string> const& networks) : networks_(networks) {}

    Assumptions read(json::object const& given) {
        // Members that are wrong are left out, so that what is wrong within the others is told too.
        auto sound = given;
        for (auto& finding : check_request(members, given)) {
            auto const name = finding.path.substr(1, finding.path.find('/', 1) - 1);
            sound.erase(name);
            problems.push_back(std::move(finding));
        }
        Assumptions assumed;
        auto const whole = with_defaults(members, sound);
        auto& out = assumed.rehearsal;
        out["approval_after_ms"] = approval(whole);
        out["answers"] = answers(whole);
        out["latency_ms"] = duration(whole, "latency", latency_max);
        out["processing_ms"] = duration(whole, "processing", duration_max);
        auto const* speed = whole.if_contains("upload_bytes_per_second");
        out["upload_bytes_per_second"] = speed ? *speed : json::value(0);
        out["outages"] = spans(whole, "outages", outage_members);
        out["stopped"] = spans(whole, "stopped", stopped_members);
        out["late_after_ms"] = duration(whole, "late_after", duration_max);
        if (auto const* accounts = whole.if_contains("accounts"))
            for (auto const& [name, facts] : accounts->get_object())
                assumed.facts.push_back(facts_of(std::string(name), facts));
        return assumed;
    }

    std::vector<Finding> problems;

 private:
    void take(std::vector<Finding> found, std::string const& path) {
        for (auto& finding : found) {
            finding.path = path + finding.path;
            problems.push_back(std::move(finding));
        }
    }
    void complain(std::string path, std::string message, json::value got) {
        Finding finding;
        finding.code = "usage.bad_value";
        finding.path = std::move(path);
        finding.message = std::move(message);
        finding.got = std::move(got);
        problems.push_back(std::move(finding));
    }

    json::value duration(json::object const& whole, std::string const& name, Milliseconds most) {
        auto const given = parse_duration(whole.at(name).as_string());
        if (given && *given <= most) return given->count();
        complain(
            "/" + name, fmt::format("must be at most {}", to_duration_text(most)), whole.at(name));
        return 0;
    }
    json::value approval(json::object const& whole) {
        auto const& text = whole.at("approval_after").as_string();
        if (text == "never") return nullptr;
        auto const given = parse_duration(text);
        if (given && *given <= duration_max) return given->count();
        complain("/approval_after", "expected a duration such as 2h, or never", text);
        return 0;
    }

    json::array answers(json::object const& whole) {
        json::array list;
        each(whole, "answers", answer_members, [&](json::object const& answer, auto const&) {
            json::object one{{"post", ""}, {"account", ""}};
            for (auto const& [name, value] : answer) one[name] = value;
            list.push_back(std::move(one));
        });
        return list;
    }

    json::array spans(json::object const& whole,
                      std::string const& name,
                      std::span<InputSpec const> specs) {
        json::array list;
        each(whole, name, specs, [&](json::object const& span, std::string const& path) {
            auto const from = parse_rfc3339(span.at("from").as_string());
            auto const to = parse_rfc3339(span.at("to").as_string());
            if (*from >= *to) complain(path + "/to", "must be after `from`", span.at("to"));
            json::object one{{"from", to_rfc3339(*from)}, {"to", to_rfc3339(*to)}, {"network", ""}};
            if (auto const* network = span.if_contains("network")) {
                check_network(std::string(network->as_string()), path + "/network");
                one["network"] = *network;
            }
            list.push_back(std::move(one));
        });
        return list;
    }

    // Visits the elements that are sound.
    template <class F>
    void each(json::object const& whole,
              std::string const& name,
              std::span<InputSpec const> specs,
              F visit) {
        auto const* list = whole.if_contains(name);
        if (!list) return;
        std::size_t index = 0;
        for (auto const& element : list->as_array()) {
            auto const path = fmt::format("/{}/{}", name, index++);
            auto found = check_request(specs, element.as_object());
            if (found.empty())
                visit(element.as_object(), path);
            else
                take(std::move(found), path);
        }
    }

    void check_network(std::string const& name, std::string path) {
        if (std::find(networks_.begin(), networks_.end(), name) != networks_.end()) return;
        auto message = fmt::format("there is no network '{}'", name);
        if (auto const near = nearest_name(name, networks_); !near.empty())
            message += fmt::format("; did you mean '{}'?", near);
        complain(std::move(path), std::move(message), json::string(name));
    }

    AssumedFacts facts_of(std::string account, json::value const& given) {
        AssumedFacts assumed;
        auto const path = "/accounts/" + account;
        assumed.account = std::move(account);
        auto const* object = given.if_object();
        if (!object) {
            complain(path, "expected an object", given);
            return assumed;
        }
        auto found = check_request(facts_members, *object);
        if (!found.empty()) {
            take(std::move(found), path);
            return assumed;
        }
        auto& facts = assumed.facts;
        auto const texts = [](json::value const& value) {
            auto const* list = value.if_array();
            return list && std::all_of(list->begin(), list->end(), [](json::value const& one) {
                       return one.is_string();
                   });
        };
        for (auto const& [name, value] : inner(*object, "offered")) {
            if (!texts(value)) {
                complain(fmt::format("{}/offered/{}", path, std::string_view(name)),
                         "expected a list of texts",
                         value);
                continue;
            }
            auto& offered = facts.offered[std::string(name)];
            for (auto const& one : value.get_array()) offered.emplace_back(one.get_string());
        }
        for (auto const& [name, value] : inner(*object, "locked")) {
            if (value.is_string())
                facts.locked[std::string(name)] = value.get_string();
            else
                complain(fmt::format("{}/locked/{}", path, std::string_view(name)),
                         "expected text: why",
                         value);
        }
        for (auto const& [name, value] : inner(*object, "limits")) {
            if (value.is_int64() && value.get_int64() >= 0)
                facts.limits[std::string(name)] = value.get_int64();
            else
                complain(fmt::format("{}/limits/{}", path, std::string_view(name)),
                         "expected a whole number that is not negative",
                         value);
        }
        return assumed;
    }

    static json::object inner(json::object const& object, std::string_view name) {
        auto const* member = object.if_contains(name);
        return member ? member->as_object() : json::object();
    }

    std::vector<std::string> const& networks_;
};

}  // namespace

Assumptions usual_assumptions() {
    return Checker({}).read({});
}

Result<Assumptions> parse_assumptions(std::string const& text,
                                      std::vector<std::string> const& networks) {
    json::error_code failed;
    auto const value = json::parse(text, failed);
    if (failed || !value.is_object())
        return make_error("usage.bad_value", "The assumptions are no JSON object.");
    Checker checker(networks);
    auto assumed = checker.read(value.get_object());
    if (checker.problems.empty()) return assumed;
    auto const& first = checker.problems.front();
    auto error =
        make_error(first.code,
                   checker.problems.size() == 1
                       ? fmt::format("{}: {}", first.path, first.message)
                       : fmt::format("The assumptions have {} problems.", checker.problems.size()));
    for (auto& problem : checker.problems) error = error.with_at(std::move(problem));
    return error;
}

Result<Assumptions> read_assumptions(Context& context, fs::path const& file) {
    auto adapters = context.adapters();
    if (!adapters) return adapters.error();
    std::ifstream stream(file, std::ios::binary);
    if (!stream)
        return make_error("not_found.file", fmt::format("{} cannot be read", file.string()))
            .with("file", file.string());
    std::string text(size_max + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (text.size() > size_max)
        return make_error("usage.bad_value", fmt::format("{} is longer than 1 MiB", file.string()));
    auto assumed = parse_assumptions(text, (*adapters)->names());
    if (!assumed) return assumed.error().with("file", file.string());
    return assumed;
}

}  // namespace postrider::cli
