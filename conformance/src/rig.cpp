// Wiring, running, killing, and gathering what is to be judged.
#include "rig.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/ids.hpp>

#include <fmt/format.h>
#include <stdlib.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/value_to.hpp>

#include <stdexcept>

namespace postrider::conformance {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = std::chrono::hours(100);  // looking for an outcome ends after 72
constexpr auto live_patience = std::chrono::minutes(5);
constexpr std::size_t requests_max = 3'000;
constexpr auto without_worker = std::chrono::hours(2);

template <class T>
T need(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().code() + ": " + result.error().message());
    return *std::move(result);
}

Instant now_of_machine() {
    return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
}

std::string text_member(json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    return member && member->is_string() ? std::string(member->get_string()) : std::string();
}

std::int64_t number_member(json::object const& object, std::string_view name, std::int64_t other) {
    auto const* member = object.if_contains(name);
    return member && member->is_int64() ? member->get_int64() : other;
}

asio::awaitable<void> run_it(core::Engine* engine,
                             core::Engine::Until until,
                             std::shared_ptr<std::optional<Result<void>>> ended) {
    auto result = co_await engine->run(std::move(until));
    *ended = std::move(result);
}

asio::awaitable<void> ask_it(core::Engine* engine,
                             std::string account_id,
                             std::shared_ptr<std::optional<Result<adapter::CreatorFacts>>> ended) {
    auto result = co_await engine->look_at_creator(std::move(account_id));
    *ended = std::move(result);
}

}  // namespace

Workshop::Workshop() {
    auto name = (std::filesystem::temp_directory_path() / "postrider-conformance-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder can be made");
    folder_ = name;
    vault_ = std::make_unique<core::Vault>(need(core::Vault::create(folder_ / "vault.key")));
}

Workshop::~Workshop() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

Rig::Rig(Workshop const& workshop, Target const& target, Sample const& sample, RigOptions options)
    : workshop_(workshop),
      target_(target),
      sample_(sample),
      options_(std::move(options)),
      clock_(loop_, now_of_machine()),
      watch_(*target.adapter),
      random_(options_.seed),
      adapters_(std::vector<std::filesystem::path>{}) {
    adapters_.add(watch_);
    if (target.live) clock_.keep_real_time();
}

Rig::~Rig() {
    clock_.kill_sleepers();
    engine_.reset();
}

Result<void> Rig::fill(core::Tables& tables, Login const& login) {
    auto const& vault = workshop_.vault();
    auto const& network = watch_.descriptor().network;
    auto const now = clock_.now();

    core::App app;
    app.id = core::new_id("app", now, random_);
    app.network = network;
    app.name = "kit";
    app.client_id = login.client_id;
    app.sealed_secret = vault.seal(login.client_secret, "app:" + app.id);
    app.audited = login.audited;
    app.options = login.app_options;
    for (auto const& option : sample_.app_options) app.options[option.key()] = option.value();
    app.created_at = now;
    if (auto put = tables.put_app(app); !put) return put;
    watch_.trust_hosts(core::app_view(app, watch_.descriptor()).options);

    core::Account account;
    account.id = account_id_ = core::new_id("acc", now, random_);
    account.app_id = app.id;
    account.network = network;
    account.handle = login.handle;
    account.name = network + ":" + login.handle;
    account.remote_id = login.remote_id;
    account.scopes = login.scopes;
    account.connected_at = now;
    if (auto put = tables.put_account(account); !put) return put;

    core::TokenPair tokens;
    auto const access = text_member(login.tokens, "access_token");
    auto const refresh = text_member(login.tokens, "refresh_token");
    for (auto const& secret : {access, refresh, login.client_secret}) watch_.guard(secret);
    tokens.account_id = account.id;
    tokens.sealed_access = vault.seal(access, "token:" + account.id);
    tokens.sealed_refresh = vault.seal(refresh, "token:" + account.id);
    auto const life = std::chrono::seconds(number_member(login.tokens, "expires_in", 7'200));
    tokens.access_issued_at = options_.token_has_ended ? now - life - 1min : now;
    tokens.access_expires_at = tokens.access_issued_at + life;
    if (auto const long_life = number_member(login.tokens, "refresh_expires_in", 0); long_life > 0)
        tokens.refresh_expires_at = now + std::chrono::seconds(long_life);
    tokens.generation = 1;
    if (auto put = tables.put_tokens(tokens); !put) return put;

    core::Job job;
    job.id = job_id_ = core::new_id("job", now, random_);
    job.app_id = app.id;
    job.account_id = account.id;
    job.spec.network = network;
    job.spec.account = account.name;
    // What was posted to a live server earlier is another post.
    job.spec.post_key = target_.live
                            ? fmt::format("{}-{}", sample_.name, now.time_since_epoch().count())
                            : sample_.name;
    job.spec.key = core::idempotency_key("", job.spec.post_key, account.name);
    job.spec.post = sample_.post;
    job.spec.due_at = now;
    job.spec.asap = true;
    job.spec.catch_up = "all";
    job.hash = core::job_hash(job.spec);
    job.state = core::JobState::scheduled;
    job.next_at = now;
    job.created_at = job.updated_at = now;
    return tables.insert_job(job);
}

std::string Rig::set_up() {
    auto world = target_.world(Stage{loop_, clock_, options_.seed});
    if (!world) return "the network did not start: " + world.error().message();
    world_ = *std::move(world);
    auto login = world_->login();
    if (!login) return "nobody can log in: " + login.error().message();
    transport_ = std::make_unique<FaultTransport>(*world_, clock_, watch_);
    transport_->too_many_body(target_.too_many_body);
    if (options_.injection) transport_->inject(*options_.injection);
    transport_->die_after(options_.die_after);
    if (options_.long_ids) transport_->lengthen_ids(login->remote_id);

    core::StoreOptions in_memory;
    in_memory.in_memory = true;
    in_memory.inline_writes = true;
    auto store = core::open_store("", in_memory);
    if (!store) return "the store did not open: " + store.error().message();
    store_ = *std::move(store);
    auto filled = store_->write([&](core::Tables& tables) { return fill(tables, *login); });
    if (!filled) return "the store was not filled: " + filled.error().message();
    start_engine();
    return {};
}

void Rig::start_engine() {
    auto const me = fmt::format("worker{}", ++workers_);
    core::EngineParts parts{
        *store_, *transport_, clock_, random_, adapters_, workshop_.vault(), {}, me, {}};
    parts.owner_is_dead = [me](std::string const& owner) { return owner != me; };
    core::EngineSettings settings;
    settings.poll = 1h;
    settings.idle_horizon = target_.live ? 30s : Milliseconds{patience};
    engine_ = std::make_unique<core::Engine>(std::move(parts), settings);
}

void Rig::kill_engine() {
    clock_.kill_sleepers();
    engine_.reset();
    watch_.forget();
}

std::string Rig::run_engine() {
    core::Engine::Until until;
    until.idle = true;
    auto ended = std::make_shared<std::optional<Result<void>>>();
    auto task = run_it(engine_.get(), std::move(until), ended);
    asio::co_spawn(loop_, std::move(task), asio::detached);
    bool killed = false;
    bool const at_rest = clock_.run_until(
        [&] {
            auto const sent = transport_->log().size();
            killed = transport_->take_kill();
            return killed || *ended || sent > requests_max;
        },
        target_.live ? live_patience : Milliseconds{patience});
    if (killed) return "killed";
    if (!at_rest)
        return target_.live
                   ? fmt::format("the job had not come to rest after {} min", live_patience.count())
                   : fmt::format("the job had not come to rest after {} h", patience.count());
    if (!*ended) return fmt::format("more than {} requests were sent", requests_max);
    if (auto const& result = **ended; !result)
        return "the engine stopped: " + result.error().message();
    return {};
}

std::string Rig::drive() {
    for (;;) {
        auto const problem = run_engine();
        if (problem != "killed") return problem;
        kill_engine();
        if (options_.die_after > 0) {
            clock_.pass(without_worker);
            return {};
        }
        start_engine();
    }
}

Outcome Rig::run() {
    auto problem = set_up();
    if (problem.empty()) problem = drive();
    return look_around(std::move(problem));
}

Outcome Rig::look_around(std::string problem) {
    Outcome outcome;
    outcome.problem = std::move(problem);
    outcome.breaches = watch_.breaches();
    if (!store_ || !world_ || !transport_) return outcome;
    outcome.log = transport_->log();
    outcome.not_applicable = transport_->not_applicable();
    outcome.hit = transport_->hit();
    outcome.refusals_drawn = transport_->refusals_drawn();
    outcome.shows_inbox = world_->shows_inbox();
    outcome.shows_posts = world_->shows_posts();
    auto read = store_->read([&](core::Tables& tables) -> Result<void> {
        auto job = tables.job(job_id_);
        if (!job) return job.error();
        if (!*job) return make_error("not_found.job", "The job is gone.");
        outcome.job = **job;
        auto steps = tables.steps(job_id_);
        if (!steps) return steps.error();
        outcome.steps = *std::move(steps);
        return {};
    });
    if (!read) outcome.problem = "the store cannot be read: " + read.error().message();
    if (auto const* ids = outcome.job.receipt.seen.if_contains("remote_ids");
        ids && ids->is_array())
        for (auto const& id : ids->get_array())
            if (id.is_string()) outcome.long_ids.emplace_back(id.get_string());
    auto posts = world_->ledger();
    if (posts)
        outcome.posts = *std::move(posts);
    else
        outcome.problem = "the ledger cannot be read: " + posts.error().message();
    outcome.violations = world_->violations();
    auto const ours = std::min<std::size_t>(outcome.violations.size(),
                                            static_cast<std::size_t>(transport_->own_violations()));
    if (ours > 0)
        // Those of the spoilt exchange; when exactly is not known, so the newest go.
        outcome.violations.resize(outcome.violations.size() - ours);
    for (auto& id : outcome.long_ids) id = transport_->ids().shorten_id(id);
    return outcome;
}

Result<adapter::CreatorFacts> Rig::facts() {
    if (auto const problem = set_up(); !problem.empty()) return make_error("internal.bug", problem);
    auto ended = std::make_shared<std::optional<Result<adapter::CreatorFacts>>>();
    auto task = ask_it(engine_.get(), account_id_, ended);
    asio::co_spawn(loop_, std::move(task), asio::detached);
    bool const done = clock_.run_until([&] { return ended->has_value(); },
                                       target_.live ? live_patience : Milliseconds{1h});
    if (!done) return make_error("internal.bug", "facts() did not come to an end.");
    return **ended;
}

}  // namespace postrider::conformance
