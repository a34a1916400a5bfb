// The line that asks for a rehearsal. Whoever writes it has checked it; here it is only made sure
// that a line of another version cannot be taken for one of this.
#include <postrider/catalogue.hpp>
#include <postrider/rehearse/rehearse.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::rehearse {

namespace json = boost::json;

namespace {

constexpr int version = 1;
constexpr Milliseconds longest{366LL * 24 * 3'600'000};

// Reads members and remembers the first that is not what it has to be.
class Reader {
 public:
    explicit Reader(json::object const& object) : object_(object) {}

    std::string text(std::string_view name) {
        auto const* value = object_.if_contains(name);
        if (value && value->is_string()) return std::string(value->get_string());
        return wrong<std::string>(name);
    }
    std::int64_t number(std::string_view name, std::int64_t least, std::int64_t most) {
        auto const* value = object_.if_contains(name);
        if (!value || !value->is_int64()) return wrong<std::int64_t>(name);
        auto const number = value->get_int64();
        return number < least || number > most ? wrong<std::int64_t>(name) : number;
    }
    std::uint64_t seed(std::string_view name) {
        return static_cast<std::uint64_t>(number(name, 0, INT64_MAX));
    }
    Milliseconds duration(std::string_view name) {
        return Milliseconds{number(name, 0, longest.count())};
    }
    Instant instant(std::string_view name) {
        auto const at = parse_rfc3339(text(name));
        return at ? *at : wrong<Instant>(name);
    }
    bool is_null(std::string_view name) const {
        auto const* value = object_.if_contains(name);
        return value && value->is_null();
    }
    json::object object(std::string_view name) {
        auto const* value = object_.if_contains(name);
        return value && value->is_object() ? value->get_object() : wrong<json::object>(name);
    }
    json::array list(std::string_view name) {
        auto const* value = object_.if_contains(name);
        return value && value->is_array() ? value->get_array() : wrong<json::array>(name);
    }
    /// Each element is read by `read`, which gets a Reader of its own.
    template <class T, class F>
    std::vector<T> objects(std::string_view name, F read) {
        std::vector<T> all;
        for (auto const& element : list(name)) {
            if (!element.is_object()) return wrong<std::vector<T>>(name);
            Reader inner(element.get_object());
            all.push_back(read(inner));
            if (!inner.problem.empty()) problem = inner.problem;
        }
        return all;
    }

    std::string problem;  ///< a name; empty: all is well

 private:
    template <class T>
    T wrong(std::string_view name) {
        if (problem.empty()) problem = name;
        return T{};
    }

    json::object const& object_;
};

Span read_span(Reader& in) {
    Span span;
    span.from = in.instant("from");
    span.to = in.instant("to");
    span.network = in.text("network");
    return span;
}

Assumptions read_assumptions(Reader& in) {
    Assumptions assume;
    if (in.is_null("approval_after_ms"))
        assume.approval_after.reset();
    else
        assume.approval_after = in.duration("approval_after_ms");
    assume.answers = in.objects<AssumedAnswer>("answers", [](Reader& one) {
        return AssumedAnswer{one.text("post"), one.text("account"), one.object("options")};
    });
    assume.latency = in.duration("latency_ms");
    assume.processing = in.duration("processing_ms");
    assume.upload_bytes_per_second = in.seed("upload_bytes_per_second");
    assume.outages = in.objects<Span>("outages", read_span);
    assume.stopped = in.objects<Span>("stopped", read_span);
    assume.late_after = in.duration("late_after_ms");
    return assume;
}

Error not_a_request(std::string_view why) {
    return make_error("usage.bad_value",
                      fmt::format("This is no request for a rehearsal: {}", why));
}

}  // namespace

Result<Request> request_from_json(std::string_view line) {
    json::error_code failed;
    auto const value = json::parse(line, failed);
    if (failed || !value.is_object()) return not_a_request("it is no JSON object");
    Reader in(value.get_object());
    if (in.number("version", version, version) != version)
        return not_a_request("it is of another version");
    Request request;
    request.store = in.text("store");
    request.now = in.instant("now");
    request.seed = in.seed("seed");
    if (!in.is_null("until")) request.until = in.instant("until");
    for (auto const& name : in.list("campaigns"))
        if (name.is_string()) request.campaigns.emplace_back(name.get_string());
    request.concurrency = static_cast<int>(in.number("concurrency", 1, 10'000));
    auto const assumed = in.object("assume");
    Reader assume(assumed);
    request.assume = read_assumptions(assume);
    auto const& problem = in.problem.empty() ? assume.problem : in.problem;
    if (!problem.empty()) return not_a_request(problem);
    return request;
}

}  // namespace postrider::rehearse
