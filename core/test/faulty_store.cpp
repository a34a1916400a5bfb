// Tables that pass everything through until an operation is to fail.
#include <postrider/test/faulty_store.hpp>

#include <postrider/catalogue.hpp>

namespace postrider::test {
namespace {

class FaultyTables final : public core::Tables {
 public:
    FaultyTables(FaultyStore& store, core::Tables& inner) : store_(store), inner_(inner) {}

    Result<void> insert_job(core::Job const& job) override {
        return through([&] { return inner_.insert_job(job); });
    }
    Result<std::optional<core::Job>> job(std::string_view id) override {
        return through([&] { return inner_.job(id); });
    }
    Result<std::optional<core::Job>> job_by_key(std::string_view key) override {
        return through([&] { return inner_.job_by_key(key); });
    }
    Result<std::vector<core::Job>> jobs(core::JobFilter const& filter) override {
        return through([&] { return inner_.jobs(filter); });
    }
    Result<void> update_job(core::Job const& job, std::optional<std::int64_t> fence) override {
        return through([&] { return inner_.update_job(job, fence); });
    }
    Result<std::vector<core::Job>> due_jobs(Instant now, int limit) override {
        return through([&] { return inner_.due_jobs(now, limit); });
    }
    Result<std::vector<core::Job>> take_turns(Instant now, int limit) override {
        return through([&] { return inner_.take_turns(now, limit); });
    }
    Result<void> rest_account(std::string_view account_id, Instant until) override {
        return through([&] { return inner_.rest_account(account_id, until); });
    }
    Result<std::optional<Instant>> next_due() override {
        return through([&] { return inner_.next_due(); });
    }
    Result<std::vector<std::pair<std::string, Instant>>> accounts_due(Instant from,
                                                                      Instant to,
                                                                      int limit) override {
        return through([&] { return inner_.accounts_due(from, to, limit); });
    }
    Result<std::optional<Instant>> first_due_after(std::string_view account_id,
                                                   Instant at) override {
        return through([&] { return inner_.first_due_after(account_id, at); });
    }
    Result<std::vector<core::DueTime>> due_times(std::string_view account_id,
                                                 Instant since) override {
        return through([&] { return inner_.due_times(account_id, since); });
    }
    Result<std::vector<core::Job>> held_jobs(std::string_view owner) override {
        return through([&] { return inner_.held_jobs(owner); });
    }
    Result<std::vector<std::string>> lease_owners() override {
        return through([&] { return inner_.lease_owners(); });
    }
    Result<std::vector<core::Job>> jobs_in_doubt(std::string_view account_id) override {
        return through([&] { return inner_.jobs_in_doubt(account_id); });
    }
    Result<std::vector<std::pair<std::string, std::int64_t>>> count_jobs(
        core::JobFilter const& filter) override {
        return through([&] { return inner_.count_jobs(filter); });
    }
    Result<void> add_step(core::StepRecord const& step) override {
        return through([&] { return inner_.add_step(step); });
    }
    Result<std::vector<core::StepRecord>> steps(std::string_view job_id) override {
        return through([&] { return inner_.steps(job_id); });
    }
    Result<void> note_late_commit(std::string_view account_id,
                                  std::string_view job_id,
                                  Instant at) override {
        return through([&] { return inner_.note_late_commit(account_id, job_id, at); });
    }
    Result<std::vector<Instant>> late_commits(std::string_view account_id,
                                              Instant since,
                                              std::string_view except) override {
        return through([&] { return inner_.late_commits(account_id, since, except); });
    }
    Result<void> put_person(core::Person const& person) override {
        return through([&] { return inner_.put_person(person); });
    }
    Result<std::optional<core::Person>> person(std::string_view name) override {
        return through([&] { return inner_.person(name); });
    }
    Result<std::vector<core::Person>> persons() override {
        return through([&] { return inner_.persons(); });
    }
    Result<void> remove_person(std::string_view name) override {
        return through([&] { return inner_.remove_person(name); });
    }
    Result<void> put_app(core::App const& app) override {
        return through([&] { return inner_.put_app(app); });
    }
    Result<std::optional<core::App>> app(std::string_view id) override {
        return through([&] { return inner_.app(id); });
    }
    Result<std::vector<core::App>> apps(std::string_view network) override {
        return through([&] { return inner_.apps(network); });
    }
    Result<void> remove_app(std::string_view id) override {
        return through([&] { return inner_.remove_app(id); });
    }
    Result<void> put_account(core::Account const& account) override {
        return through([&] { return inner_.put_account(account); });
    }
    Result<void> remove_account(std::string_view id) override {
        return through([&] { return inner_.remove_account(id); });
    }
    Result<std::optional<core::Account>> account(std::string_view id_or_name) override {
        return through([&] { return inner_.account(id_or_name); });
    }
    Result<std::vector<core::Account>> accounts() override {
        return through([&] { return inner_.accounts(); });
    }
    Result<void> put_tokens(core::TokenPair const& tokens) override {
        return through([&] { return inner_.put_tokens(tokens); });
    }
    Result<std::optional<core::TokenPair>> tokens(std::string_view account_id) override {
        return through([&] { return inner_.tokens(account_id); });
    }
    Result<void> remove_tokens(std::string_view account_id) override {
        return through([&] { return inner_.remove_tokens(account_id); });
    }
    Result<void> put_plan(core::StoredPlan const& plan) override {
        return through([&] { return inner_.put_plan(plan); });
    }
    Result<std::optional<core::StoredPlan>> plan(std::string_view id) override {
        return through([&] { return inner_.plan(id); });
    }
    Result<std::vector<core::StoredPlan>> plans(std::string_view campaign, int limit) override {
        return through([&] { return inner_.plans(campaign, limit); });
    }
    Result<void> put_approval(core::Approval const& approval) override {
        return through([&] { return inner_.put_approval(approval); });
    }
    Result<std::optional<core::Approval>> approval(std::string_view id) override {
        return through([&] { return inner_.approval(id); });
    }
    Result<std::vector<core::Approval>> approvals(std::string_view plan_id,
                                                  std::string_view state) override {
        return through([&] { return inner_.approvals(plan_id, state); });
    }
    Result<std::optional<core::Approval>> approval_head(std::string_view id) override {
        return through([&] { return inner_.approval_head(id); });
    }
    Result<void> put_approved_job(core::ApprovedJob const& approved) override {
        return through([&] { return inner_.put_approved_job(approved); });
    }
    Result<std::optional<core::ApprovedJob>> approved_job(std::string_view approval_id,
                                                          std::string_view job_key) override {
        return through([&] { return inner_.approved_job(approval_id, job_key); });
    }
    Result<void> put_campaign(core::Campaign const& campaign) override {
        return through([&] { return inner_.put_campaign(campaign); });
    }
    Result<std::optional<core::Campaign>> campaign(std::string_view name) override {
        return through([&] { return inner_.campaign(name); });
    }
    Result<std::vector<core::Campaign>> campaigns() override {
        return through([&] { return inner_.campaigns(); });
    }
    Result<std::optional<core::BucketState>> bucket(std::string_view key) override {
        return through([&] { return inner_.bucket(key); });
    }
    Result<void> put_bucket(core::BucketState const& bucket) override {
        return through([&] { return inner_.put_bucket(bucket); });
    }
    Result<std::vector<core::BucketState>> buckets() override {
        return through([&] { return inner_.buckets(); });
    }
    Result<void> add_hook_run(core::HookRun const& run) override {
        return through([&] { return inner_.add_hook_run(run); });
    }
    Result<void> put_hook_run(core::HookRun const& run) override {
        return through([&] { return inner_.put_hook_run(run); });
    }
    Result<std::optional<core::HookRun>> hook_run(std::string_view id) override {
        return through([&] { return inner_.hook_run(id); });
    }
    Result<std::vector<core::HookRun>> due_hook_runs(Instant now, int limit) override {
        return through([&] { return inner_.due_hook_runs(now, limit); });
    }
    Result<std::optional<Instant>> next_hook_run() override {
        return through([&] { return inner_.next_hook_run(); });
    }
    Result<std::vector<core::HookRun>> hook_runs(std::string_view job_id) override {
        return through([&] { return inner_.hook_runs(job_id); });
    }
    Result<std::vector<core::HookRun>> failed_hook_runs(int limit) override {
        return through([&] { return inner_.failed_hook_runs(limit); });
    }
    Result<void> forget_hook_runs(Instant raised_before, int limit) override {
        return through([&] { return inner_.forget_hook_runs(raised_before, limit); });
    }
    Result<std::optional<core::CircuitState>> circuit(std::string_view key) override {
        return through([&] { return inner_.circuit(key); });
    }
    Result<void> put_circuit(core::CircuitState const& circuit) override {
        return through([&] { return inner_.put_circuit(circuit); });
    }
    Result<std::vector<core::CircuitState>> circuits() override {
        return through([&] { return inner_.circuits(); });
    }
    Result<void> put_media(adapter::MediaFacts const& facts) override {
        return through([&] { return inner_.put_media(facts); });
    }
    Result<std::optional<adapter::MediaFacts>> media(std::string_view path) override {
        return through([&] { return inner_.media(path); });
    }
    Result<void> add_event(std::string_view type, boost::json::object data, Instant at) override {
        return through([&] { return inner_.add_event(type, data, at); });
    }
    Result<std::vector<core::Event>> events(std::int64_t after_seq,
                                            std::vector<std::string> const& types,
                                            int limit) override {
        return through([&] { return inner_.events(after_seq, types, limit); });
    }
    Result<std::optional<std::string>> setting(std::string_view name) override {
        return through([&] { return inner_.setting(name); });
    }
    Result<void> put_setting(std::string_view name, std::string_view value) override {
        return through([&] { return inner_.put_setting(name, value); });
    }

 private:
    template <class F>
    auto through(F operation) -> decltype(operation()) {
        if (store_.strikes()) return make_error(store_.says);
        return operation();
    }

    FaultyStore& store_;
    core::Tables& inner_;
};

}  // namespace

void FaultyStore::fail_operation(int nth, Failing how) {
    operations_left_ = nth;
    how_ = how;
    struck_ = false;
}

void FaultyStore::heal() {
    operations_left_ = 0;
    writes_left_ = 0;
}

bool FaultyStore::strikes() {
    if (operations_left_ == 0) return false;
    if (operations_left_ > 1) {
        --operations_left_;
        return false;
    }
    if (how_ == Failing::once) operations_left_ = 0;
    struck_ = in_this_piece_ = true;
    return true;
}

// As with a disk: a failure ends the piece of work, even if that would rather not know of it.
void FaultyStore::submit(Work work, Done done) {
    if (writes_left_ > 1) {
        --writes_left_;
    } else if (writes_left_ == 1) {
        if (--write_failures_left_ <= 0) writes_left_ = 0;
        return done(make_error(says));
    }
    inner_.submit(
        [this, work = std::move(work)](core::Tables& inner) -> Result<void> {
            in_this_piece_ = false;
            FaultyTables tables(*this, inner);
            auto result = work(tables);
            if (result && !in_this_piece_) (void)strikes();
            if (in_this_piece_) return make_error(says);
            return result;
        },
        std::move(done));
}

Result<void> FaultyStore::read(Work const& work) {
    return inner_.read([this, &work](core::Tables& inner) -> Result<void> {
        in_this_piece_ = false;
        FaultyTables tables(*this, inner);
        auto result = work(tables);
        if (in_this_piece_) return make_error(says);
        return result;
    });
}

}  // namespace postrider::test
