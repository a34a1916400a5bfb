// Choosing cases, running them, and the report.
#include "cases.hpp"

#include <postrider/conformance/suite.hpp>

#include <fmt/format.h>
#include <boost/json/array.hpp>

#include <algorithm>
#include <exception>
#include <string_view>

namespace postrider::conformance {

namespace {

bool matches_here(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return true;
    if (pattern.front() == '*') {
        for (std::size_t skip = 0; skip <= text.size(); ++skip)
            if (matches_here(pattern.substr(1), text.substr(skip))) return true;
        return false;
    }
    return !text.empty() && text.front() == pattern.front() &&
           matches_here(pattern.substr(1), text.substr(1));
}

std::vector<Case> all_cases(Context& context) {
    auto cases = descriptor_cases(context);
    if (auto const& why = context.target().no_network; !why.empty()) {
        cases.push_back({"network", [why] { return Judgement::fail(why); }});
        return cases;
    }
    if (context.target().live) {
        for (auto& one : live_cases(context)) cases.push_back(std::move(one));
        return cases;
    }
    for (auto* family : {&behaviour_cases, &matrix_cases})
        for (auto& one : (*family)(context)) cases.push_back(std::move(one));
    return cases;
}

bool wanted(std::string const& name, std::string const& only) {
    return only.empty() || matches_here("*" + only, name);
}

Judgement judge(Case const& one) {
    try {
        return one.run();
    } catch (std::exception const& failure) {
        return Judgement::fail(fmt::format("exception: {}", failure.what()));
    }
}

}  // namespace

Outcome Context::run(Sample const& sample, RigOptions options) {
    options.seed = seed_;
    Rig rig(workshop_, target_, sample, std::move(options));
    return rig.run();
}

Outcome const& Context::happy(Sample const& sample) {
    auto const found = happy_.find(sample.name);
    if (found != happy_.end()) return found->second;
    return happy_.emplace(sample.name, run(sample, {})).first->second;
}

Result<adapter::CreatorFacts> Context::facts(std::vector<Breach>& breaches) {
    static Sample const nothing;
    auto const& sample = target_.samples.empty() ? nothing : target_.samples.front();
    RigOptions options;
    options.seed = seed_;
    Rig rig(workshop_, target_, sample, options);
    auto facts = rig.facts();
    breaches = rig.breaches();
    return facts;
}

std::vector<Breach> const& Context::survey() {
    if (survey_) return *survey_;
    std::vector<Breach> all;
    (void)facts(all);
    auto const add = [&all](std::vector<Breach> const& more) {
        all.insert(all.end(), more.begin(), more.end());
    };
    for (auto const& sample : target_.samples) {
        bool const fetched = !sample.post.media.empty() && !sample.post.media.front().url.empty();
        if (target_.live && fetched) continue;
        auto const& good_day = happy(sample);
        add(good_day.breaches);
        if (target_.live) continue;
        for (auto const& exchange : good_day.log) {
            if (!adapter::is_commit(exchange.effect)) continue;
            for (auto const fault : {Fault::lost_before, Fault::lost_after}) {
                RigOptions options;
                options.injection = Injection{exchange.step, fault, 1, 1};
                add(run(sample, options).breaches);
            }
            break;
        }
    }
    survey_ = std::move(all);
    return *survey_;
}

int Report::count(Verdict verdict) const {
    return static_cast<int>(std::count_if(
        cases.begin(), cases.end(), [&](auto const& one) { return one.verdict == verdict; }));
}

bool Report::good() const {
    return count(Verdict::passed) > 0 && count(Verdict::failed) == 0;
}

boost::json::object Report::to_json() const {
    boost::json::object report;
    report["schema"] = "postrider-conformance/1";
    report["network"] = network;
    report["version"] = version;
    report["seed"] = seed;
    report["passed"] = count(Verdict::passed);
    report["failed"] = count(Verdict::failed);
    report["skipped"] = count(Verdict::skipped);
    boost::json::array list;
    for (auto const& one : cases) {
        boost::json::object entry;
        entry["name"] = one.name;
        entry["verdict"] = word(one.verdict);
        if (!one.why.empty()) entry["why"] = one.why;
        list.push_back(std::move(entry));
    }
    report["cases"] = std::move(list);
    return report;
}

Report run_suite(Target const& target, Options const& options) {
    Report report;
    report.network = target.adapter->descriptor().network;
    report.version = target.adapter->descriptor().version;
    report.seed = options.seed;
    Context context(target, options.seed);
    for (auto const& one : all_cases(context)) {
        if (!wanted(one.name, options.only)) continue;
        auto judgement = judge(one);
        report.cases.push_back({one.name, judgement.verdict, std::move(judgement.why)});
        if (options.on_result) options.on_result(report.cases.back());
    }
    return report;
}

std::vector<std::string> list_cases(Target const& target, Options const& options) {
    Context context(target, options.seed);
    std::vector<std::string> names;
    for (auto const& one : all_cases(context))
        if (wanted(one.name, options.only)) names.push_back(one.name);
    return names;
}

}  // namespace postrider::conformance
