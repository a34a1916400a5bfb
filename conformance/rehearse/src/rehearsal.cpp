// The loop: whose turn it is, how far time jumps, and the person who approves.
#include "diary.hpp"
#include "line.hpp"
#include "report.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/bell.hpp>
#include <postrider/core/engine.hpp>
#include <postrider/core/plan.hpp>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>

namespace postrider::rehearse {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 60 * 24h;  // after the last post is due
constexpr int steps_at_once_max = 1'000'000;
constexpr std::int64_t requests_max = 5'000'000;

/// Nobody but the engine and the person who approves does anything, so the engine need not look
/// around before the next time that this person comes.
class Appointment final : public core::Bell {
 public:
    Appointment(simulate::SimulatedClock& clock, std::optional<Instant> const& at)
        : clock_(clock), at_(at) {}

    asio::awaitable<void> wait(Milliseconds at_most) override {
        if (at_ && *at_ >= clock_.now())
            at_most = std::min<Milliseconds>(at_most, *at_ - clock_.now() + 1ms);
        return clock_.sleep(at_most);
    }

 private:
    simulate::SimulatedClock& clock_;
    std::optional<Instant> const& at_;
};

asio::awaitable<void> run_engine(core::Engine* engine, std::optional<Result<void>>* ended) {
    core::Engine::Until until;
    auto result = co_await engine->run(std::move(until));
    ended->emplace(std::move(result));
}

class Rehearsal {
 public:
    explicit Rehearsal(Request request)
        : request_(std::move(request)),
          ground_(request_),
          diary_(ground_),
          random_(request_.seed),
          turns_(request_.seed ^ 0x70A45ULL),
          clock_(time_, turns_, 1s),
          appointment_(clock_, decides_at_),
          line_(ground_, request_.assume, time_, clock_, request_.seed ^ 0x11EULL),
          adapters_({}) {
        time_.began = request_.now;
    }
    ~Rehearsal() { turns_.drop_all(); }
    Rehearsal(Rehearsal const&) = delete;
    Rehearsal& operator=(Rehearsal const&) = delete;

    Result<json::object> run() {
        if (auto ready = ground_.prepare([this] { return time_.truth(); }); !ready)
            return ready.error();
        if (auto begun = diary_.begin(request_.now); !begun) return begun.error();
        if (auto asked = find_questions(); !asked) return asked.error();
        start();
        if (auto over = go_on(); !over) return over.error();
        if (auto ended = diary_.end(time_.truth()); !ended) return ended.error();
        auto data = report(ground_, diary_, request_, unanswered_, time_.truth());
        if (data) (*data)["requests"] = line_.requests();
        return data;
    }

 private:
    void start() {
        auto const look = [this](std::string const& account) {
            auto const heard = heard_.find(account);
            if (heard != heard_.end()) diary_.look_at_limits(account, heard->second, time_.truth());
        };
        line_.on_send = look;
        diary_.on_blocked = look;
        for (auto const* kind : ground_.kinds()) {
            ears_.push_back(std::make_unique<Ear>(*kind->adapter, heard_));
            adapters_.add(*ears_.back());
        }
        core::EngineParts parts{ground_.store(),
                                line_,
                                clock_,
                                random_,
                                adapters_,
                                ground_.vault(),
                                {},
                                "rehearsal",
                                {}};
        // Everybody who held something when the copy was made is not here.
        parts.owner_is_dead = [](std::string const& owner) { return owner != "rehearsal"; };
        parts.notify = [](std::string const&, std::string const&) { return Result<void>(); };
        parts.bell = &appointment_;
        core::EngineSettings settings;
        settings.concurrency = request_.concurrency;
        settings.poll = 1h;
        engine_ = std::make_unique<core::Engine>(std::move(parts), settings);
        auto task = run_engine(engine_.get(), &ended_);
        asio::any_io_executor const executor = simulate::SchedulerExecutor(turns_);
        asio::co_spawn(executor, std::move(task), asio::detached);
    }

    [[nodiscard]] Instant last_moment() const {
        if (request_.until) return *request_.until;
        auto last = request_.now;
        for (auto const& job : ground_.planned) last = std::max(last, job.spec.due_at);
        return last + patience;
    }

    [[nodiscard]] Span const* stopped_now() const {
        for (auto const& span : request_.assume.stopped)
            if (span.holds(time_.truth())) return &span;
        return nullptr;
    }

    void jump_to(Instant at) {
        time_.elapsed =
            std::max(time_.elapsed, std::chrono::duration_cast<Milliseconds>(at - time_.began));
    }

    Result<void> go_on() {
        auto const last = last_moment();
        while (time_.truth() < last) {
            if (decides_at_ && time_.truth() >= *decides_at_)
                if (auto decided = decide(); !decided) return decided;
            auto const* stopped = stopped_now();
            if (!stopped) {
                if (auto worked = work(); !worked) return worked;
                if (auto read = diary_.catch_up(); !read) return read;
                if (diary_.all_at_rest() && !decides_at_) return {};
            }
            auto next = last;
            if (stopped)
                next = std::min(next, stopped->to);
            else if (auto const timer = turns_.next_timer())
                next = std::min(next, time_.began + *timer);
            if (decides_at_) next = std::min(next, *decides_at_);
            for (auto const& span : request_.assume.stopped)
                if (span.from > time_.truth()) next = std::min(next, span.from);
            jump_to(next);
        }
        return {};
    }

    // All that can be done at this moment.
    Result<void> work() {
        turns_.wake(time_.elapsed);
        for (int steps = 0; turns_.ready(); ++steps) {
            turns_.run_one();
            if (ended_ && !*ended_) return ended_->error();
            if (steps > steps_at_once_max || line_.requests() > requests_max)
                return make_error("internal.bug", "The rehearsal goes round in a ring.");
        }
        return {};
    }

    // --- the person who approves

    // Only what is asked now: who is asked again, because a post is late or a choice no longer
    // offered, has to think.
    Result<void> find_questions() {
        if (!request_.assume.approval_after) return {};
        auto open = core::read_now<std::vector<core::Approval>>(
            ground_.store(), [](core::Tables& tables) { return tables.approvals("", "pending"); });
        if (!open) return open.error();
        for (auto const& approval : *open) questions_.push_back(approval.id);
        if (!questions_.empty()) decides_at_ = request_.now + *request_.assume.approval_after;
        return {};
    }

    static std::string told(Error const& error) {
        if (error.code() == "approval.expired")
            return "Nobody decides before the approval expires.";
        if (error.at().empty()) return error.message();
        std::string text;
        for (auto const& finding : error.at()) text += (text.empty() ? "" : " ") + finding.message;
        return text;
    }

    Result<void> decide() {
        decides_at_.reset();
        for (auto const& id : questions_) {
            std::vector<std::string> keys;
            auto granted = ground_.store().write([&](core::Tables& tables) -> Result<void> {
                auto approval = tables.approval(id);
                if (!approval) return approval.error();
                if (!*approval || (*approval)->state != "pending") return {};
                core::Decision decision;
                decision.person = "assumed";
                decision.how = "assumed";
                auto const& body = (*approval)->body;
                if (auto const* jobs = body.if_contains("jobs"); jobs && jobs->is_object())
                    for (auto const& job : jobs->get_object()) keys.emplace_back(job.key());
                auto answers = answers_to(tables, body);
                if (!answers) return answers.error();
                decision.answers = *std::move(answers);
                auto done =
                    core::grant_approval(tables, id, std::move(decision), time_.truth(), random_);
                if (!done) return done.error();
                return {};
            });
            if (granted) continue;
            if (granted.error().kind() == ErrorKind::setup) return granted;
            for (auto const& key : keys) unanswered_[key] = told(granted.error());
        }
        return diary_.catch_up();
    }

    Result<json::object> answers_to(core::Tables& tables, json::object const& body) const {
        json::object answers;
        auto const* asks = body.if_contains("asks");
        if (!asks || !asks->is_object()) return answers;
        for (auto const& [key, names] : asks->get_object()) {
            auto job = tables.job_by_key(key);
            if (!job) return job.error();
            if (!*job || !names.is_array()) continue;
            json::object chosen;
            for (auto const& name : names.get_array())
                for (auto const& answer : request_.assume.answers) {
                    bool const fits =
                        (answer.post.empty() || answer.post == (*job)->spec.post_key) &&
                        (answer.account.empty() || answer.account == (*job)->spec.account);
                    auto const* value = answer.options.if_contains(name.as_string());
                    if (fits && value) chosen[name.as_string()] = *value;
                }
            if (!chosen.empty()) answers[key] = std::move(chosen);
        }
        return answers;
    }

    Request const request_;
    simulate::MachineTime time_;
    Ground ground_;
    Diary diary_;
    core::SeededRandom random_;
    simulate::Scheduler turns_;
    simulate::SimulatedClock clock_;
    std::optional<Instant> decides_at_;
    Appointment appointment_;
    Line line_;
    std::map<std::string, std::vector<std::string>> heard_;
    std::vector<std::unique_ptr<Ear>> ears_;
    core::Adapters adapters_;
    std::vector<std::string> questions_;
    Unanswered unanswered_;
    std::optional<Result<void>> ended_;
    std::unique_ptr<core::Engine> engine_;
};

}  // namespace

Result<json::object> rehearse(Request request) {
    Rehearsal rehearsal(std::move(request));
    return rehearsal.run();
}

}  // namespace postrider::rehearse
