// Adding up, under one lock.
#include "report.hpp"

#include <boost/json/array.hpp>

namespace postrider::crash {

namespace json = boost::json;

void Report::ended(std::string const& name, std::vector<std::string> const& problems) {
    std::lock_guard lock(mutex_);
    ++cases_;
    for (auto const& problem : problems) failures_.emplace_back(name, problem);
}

void Report::killed(std::string const& point, std::vector<std::string> const& jobs_stood) {
    std::lock_guard lock(mutex_);
    ++kills_;
    ++points_[point];
    for (auto const& place : std::set<std::string>(jobs_stood.begin(), jobs_stood.end()))
        ++stood_[place];
}

void Report::count(std::string const& what, std::uint64_t by) {
    std::lock_guard lock(mutex_);
    counters_[what] += by;
}

bool Report::good() const {
    std::lock_guard lock(mutex_);
    return cases_ > 0 && failures_.empty();
}

std::uint64_t Report::cases() const {
    std::lock_guard lock(mutex_);
    return cases_;
}

std::uint64_t Report::kills() const {
    std::lock_guard lock(mutex_);
    return kills_;
}

json::object Report::to_json() const {
    std::lock_guard lock(mutex_);
    auto const table = [](std::map<std::string, std::uint64_t> const& rows) {
        json::object object;
        for (auto const& [name, count] : rows) object[name] = count;
        return object;
    };
    json::array failures;
    for (auto const& [name, problem] : failures_)
        failures.push_back(json::object{{"case", name}, {"problem", problem}});
    return {{"ok", cases_ > 0 && failures_.empty()},
            {"cases", cases_},
            {"kills", kills_},
            {"kills_by_point", table(points_)},
            {"jobs_stood", table(stood_)},
            {"counters", table(counters_)},
            {"failures", std::move(failures)}};
}

}  // namespace postrider::crash
