// What a run has found, added up over threads.
#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace postrider::crash {

class Report {
 public:
    /// One case came to its end; `name` replays it.
    void ended(std::string const& name, std::vector<std::string> const& problems);
    /// A process was killed while a job stood there (`running upload`).
    void killed(std::string const& point, std::vector<std::string> const& jobs_stood);
    void count(std::string const& what, std::uint64_t by = 1);

    [[nodiscard]] bool good() const;
    [[nodiscard]] std::uint64_t cases() const;
    [[nodiscard]] std::uint64_t kills() const;
    [[nodiscard]] boost::json::object to_json() const;

 private:
    mutable std::mutex mutex_;
    std::uint64_t cases_ = 0;
    std::uint64_t kills_ = 0;
    std::map<std::string, std::uint64_t> points_;
    std::map<std::string, std::uint64_t> stood_;
    std::map<std::string, std::uint64_t> counters_;
    std::vector<std::pair<std::string, std::string>> failures_;
};

}  // namespace postrider::crash
