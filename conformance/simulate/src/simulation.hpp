// One run: people who add jobs, processes that publish them, trouble until the script's end, and
// peace after it, in which everything has to come to rest.
#pragma once

#include "machine.hpp"
#include "process.hpp"

#include <memory>
#include <vector>

namespace postrider::simulate {

class Simulation {
 public:
    Simulation(NetworkKind const& kind,
               Script script,
               SeedOptions const& options,
               SeedReport& report);
    ~Simulation();
    Simulation(Simulation const&) = delete;
    Simulation& operator=(Simulation const&) = delete;

    void run();
    /// Only so far, and nothing is judged.
    void run_for(Milliseconds length, std::function<bool()> const& enough);
    [[nodiscard]] Truth const& truth() const { return *machine_.truth; }
    [[nodiscard]] Script const& script() const { return machine_.script; }

 private:
    // setup.cpp: what people do
    void connect_accounts();
    Result<void> put_account(core::Tables& tables, int account);
    core::Job make_job(int number);
    void add_jobs(std::vector<int> const& numbers);
    void plan_people();
    [[nodiscard]] bool is_banned(int account) const;
    void blame_for_loss(core::Account const& account);
    void reconnect_the_dead();
    void settle_the_doubtful();

    // campaign.cpp: plans, and what people answer to them
    void plan_campaign();
    core::JobSpec make_spec(int number) const;
    [[nodiscard]] bool has_campaign() const;
    bool apply_campaign();
    void change_campaign(int certain);
    void answer_questions();
    void take_back_the_unasked();

    // people.cpp: what they do to single jobs and accounts
    void plan_deeds();
    void do_a_deed();
    int pick_job(std::function<bool(int)> const& wanted);
    void withdraw(int job);
    void revive(int job);
    void settle_what_is_there(int job);
    void hold_account(int account, bool paused);
    void hold_campaign(bool paused);
    bool notices_wait();

    // trouble.cpp
    void plan_trouble();
    void plan_kill(std::size_t process);
    void plan_pause(std::size_t process);
    void stop_for_a_while(Process& process);
    void restart_later(std::size_t process, Milliseconds least);
    void plan_cut();
    void cut_power();
    void switch_off(Milliseconds until);
    DiskTrouble loop_fault(DiskWork work);
    void end_trouble();

    // simulation.cpp
    void step_until(Milliseconds end, bool until_settled);
    bool step();
    [[nodiscard]] bool anybody_runs() const;
    bool open_people();
    /// Nobody has the store open any more: what is on the disk decides.
    void reopen_truth();

    // judge.cpp
    void judge();
    void judge_posts();
    void check_words(FoundPost const& post);
    void check_told(int job);
    std::string reason_of(int number);
    void judge_store();
    [[nodiscard]] bool was_torn_away(std::string const& holder) const;
    void check_circuit(core::CircuitState const& circuit);

    Machine machine_;
    std::string app_id_;
    std::unique_ptr<WatchedStore> people_;
    std::vector<std::unique_ptr<Process>> processes_;
    std::vector<adapter::Post> posts_;
    core::SeededRandom ids_;
    std::vector<std::string> secrets_;
    Milliseconds off_until_{0};  // the machine is switched off
    std::int64_t loop_pieces_ = 0;
    Milliseconds loop_began_{0};
};

}  // namespace postrider::simulate
