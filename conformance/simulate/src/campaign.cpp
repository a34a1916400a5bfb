// A campaign that is planned, changed, and approved piece by piece, and the people who answer when
// they are asked.
#include "simulation.hpp"

#include <postrider/core/engine.hpp>
#include <postrider/core/plan.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::simulate {

using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

constexpr auto changed_until = 10min;  // after it was due; a plan may not speak of the past

json::object action(std::string_view name, std::string_view member, std::string_view value) {
    json::object made;
    made["action"] = name;
    made[member] = value;
    return made;
}

json::object hooks_of(JobPlan const& plan) {
    json::object hooks;
    if (plan.notifies)
        for (std::string_view const state : {"published", "handed_off", "rejected", "unknown"})
            hooks[state] = json::array(1, action("notify", "channel", "desk"));
    if (plan.holds) {
        for (std::string_view const state : {"rejected", "unknown"}) {
            auto& list = hooks[state];
            if (!list.is_array()) list.emplace_array();
            list.get_array().push_back(action("hold", "what", "account"));
        }
    }
    return hooks;
}

}  // namespace

core::JobSpec Simulation::make_spec(int number) const {
    auto const index = static_cast<std::size_t>(number);
    auto const& plan = machine_.script.jobs[index];
    auto const& wish = machine_.wishes[index];
    core::JobSpec spec;
    spec.network = machine_.kind.name;
    spec.account = machine_.network->login_name(plan.account);
    spec.post_key = fmt::format("post{}", number);
    spec.post = posts_[index];
    if (wish.version > 0) spec.post.caption += fmt::format(" again {}", wish.version);
    spec.due_at = machine_.time.began + plan.due;
    spec.asap = plan.asap;
    spec.catch_up = plan.skip_when_late ? "skip" : "all";
    if (plan.last_moment > 0ms) spec.not_after = machine_.time.began + plan.last_moment;
    spec.hooks = hooks_of(plan);
    if (wish.planned) {
        spec.campaign = campaign_name;
        if (plan.asks) spec.approval = number % 2 == 0 ? "post" : "account";
        spec.key = core::idempotency_key(spec.campaign, spec.post_key, spec.account);
    }
    return spec;
}

bool Simulation::has_campaign() const {
    return std::any_of(machine_.wishes.begin(), machine_.wishes.end(), [](auto const& wish) {
        return wish.planned;
    });
}

// One piece of work, as `campaign apply` does it: planned and applied with nothing between.
bool Simulation::apply_campaign() {
    core::PlanSources sources;
    sources.adapter = [this](std::string_view) -> Result<adapter::Adapter const*> {
        return machine_.kind.adapter;
    };
    std::optional<core::App> app;
    sources.app = [this, &app](core::Account const&) -> Result<adapter::AppView> {
        return core::app_view(*app, machine_.kind.adapter->descriptor());
    };
    core::Plan plan;
    auto const now = machine_.time.wall();
    auto const work = [&](core::Tables& tables) -> Result<void> {
        auto stored = tables.app(app_id_);
        if (!stored) return stored.error();
        app = *stored;
        core::PlanRequest request;
        request.campaign = campaign_name;
        request.file = "/spring.lua";
        for (std::size_t i = 0; i < machine_.wishes.size(); ++i)
            if (machine_.wishes[i].planned && !machine_.wishes[i].left_out)
                request.wanted.push_back(make_spec(static_cast<int>(i)));
        auto made = core::make_plan(tables, std::move(request), sources, now, ids_);
        if (!made) return made.error();
        plan = *std::move(made);
        if (!plan.errors().empty()) return {};
        auto applied = core::apply_plan(tables, plan.id, plan.hash, false, now, ids_);
        if (!applied) return applied.error();
        for (auto const& job : applied->jobs) {
            auto const number = std::stoi(job.spec.post_key.substr(4));
            name_job(job.id, number);
            machine_.truth->jobs[static_cast<std::size_t>(number)].maybe = true;
        }
        return {};
    };
    auto const done = people_->write(work);
    if (!done) {
        machine_.wrong(Wrong::lost, -1, "the plan: " + done.error().message());
        return false;
    }
    for (auto const& planned : plan.jobs) {
        auto const number = std::stoi(planned.spec.post_key.substr(4));
        auto& wish = machine_.wishes[static_cast<std::size_t>(number)];
        if (!plan.errors().empty()) {
            auto const bad =
                std::any_of(planned.findings.begin(), planned.findings.end(), [](auto const& f) {
                    return f.level == Finding::Level::error;
                });
            // What the first plan cannot take is added by hand.
            if (bad && planned.action == core::PlanAction::create) wish.planned = false;
            continue;
        }
        machine_.note("people", word(planned.action), number, wish.version);
        switch (planned.action) {
            case core::PlanAction::create:
                wish.needs_yes = planned.needs_approval;
                break;
            case core::PlanAction::change:
                machine_.reached(wish.withdrawn ? "brought_back_by_plan" : "changed_by_plan");
                wish.needs_yes = planned.needs_approval;
                wish.withdrawn = false;
                break;
            case core::PlanAction::cancel:
                machine_.reached("withdrawn_by_plan");
                wish.withdrawn = true;
                break;
            case core::PlanAction::unchanged:
                break;
        }
    }
    return plan.errors().empty();
}

void Simulation::plan_campaign() {
    std::vector<int> by_hand;
    for (std::size_t i = 0; i < machine_.wishes.size(); ++i)
        machine_.wishes[i].planned = machine_.script.jobs[i].in_campaign;
    while (has_campaign() && !apply_campaign()) machine_.reached("plan_with_errors");
    if (has_campaign()) machine_.reached("campaign_planned");
    for (std::size_t i = 0; i < machine_.wishes.size(); ++i)
        if (machine_.script.jobs[i].in_campaign && !machine_.wishes[i].planned)
            by_hand.push_back(static_cast<int>(i));
    if (!by_hand.empty()) add_jobs(by_hand);
}

// Some posts get other words, some are left out, and some come back.
void Simulation::change_campaign(int certain) {
    auto const before = machine_.wishes;
    bool running = false;
    for (std::size_t i = 0; i < machine_.wishes.size(); ++i) {
        auto& wish = machine_.wishes[i];
        auto const& truth = machine_.truth->jobs[i];
        auto const& plan = machine_.script.jobs[i];
        bool const to_come = plan.asap || machine_.time.elapsed + machine_.time.wall_offset <
                                              plan.due + changed_until;
        if (!wish.planned || !truth.accepted) continue;
        auto const what = machine_.chance.below(8);
        if (what == 0 && !wish.left_out) wish.left_out = true;
        if (what <= 4 && wish.left_out && to_come) wish.left_out = false;
        if ((what == 5 || static_cast<int>(i) == certain) && to_come) {
            ++wish.version;
            running = running || !truth.row.owner.empty();
        }
    }
    if (apply_campaign()) {
        if (running) machine_.reached("changed_while_running");
        return;
    }
    // Nothing was applied; whoever planned it thinks again.
    machine_.wishes = before;
    machine_.reached("plan_with_errors");
}

void Simulation::answer_questions() {
    if (machine_.script.mean_deed == 0ms || !open_people()) return;
    auto const now = machine_.time.wall();
    auto const asked = core::read_now<std::vector<core::Approval>>(
        *people_, [](core::Tables& tables) { return tables.approvals("", "pending"); });
    if (!asked) return;
    for (auto const& question : *asked) {
        if (!machine_.faults_over && machine_.chance.below(4) == 0) continue;  // later, perhaps
        bool const no = machine_.chance.unit() < machine_.script.declines;
        core::Decision decision;
        decision.person = "ann";
        decision.how = "terminal";
        auto const done = people_->write([&](core::Tables& tables) -> Result<void> {
            auto answered = no ? core::decline_approval(tables, question.id, decision, now)
                               : core::grant_approval(tables, question.id, decision, now, ids_);
            if (!answered) return answered.error();
            return {};
        });
        machine_.note("people", no ? "decline" : "approve", done.has_value());
        if (!done) continue;
        machine_.reached(no ? "declined" : "approved");
        for (auto const& [key, hash] : question.body.at("jobs").as_object()) {
            std::string_view const text = key;
            auto const post = text.find("/post") + 5;
            auto const job = static_cast<std::size_t>(std::stoi(std::string(text.substr(post))));
            auto& wish = machine_.wishes[job];
            std::string const said(hash.as_string());
            bool const waited = machine_.truth->jobs[job].row.hash == said;
            if (!no) wish.yes.insert(said);
            if (no) wish.yes.erase(said);
            if (no && waited && machine_.truth->jobs[job].row.state == core::JobState::cancelled)
                wish.withdrawn = true;
            bool const late = machine_.time.elapsed > machine_.script.jobs[job].due + 15min;
            if (!no && late) machine_.reached("approved_late");
        }
    }
}

// In the end nothing may wait for an answer to a question that nobody has been asked.
void Simulation::take_back_the_unasked() {
    if (machine_.script.mean_deed == 0ms) return;
    for (std::size_t i = 0; i < machine_.truth->jobs.size(); ++i)
        if (machine_.truth->jobs[i].row.state == core::JobState::awaiting_approval)
            withdraw(static_cast<int>(i));
}

}  // namespace postrider::simulate
