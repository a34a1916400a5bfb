// Wiring only; what is tested is the engine.
#include <postrider/test/engine_bench.hpp>

#include <postrider/catalogue.hpp>
#include <postrider/core/ids.hpp>
#include <postrider/instant.hpp>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <stdexcept>

namespace postrider::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().code() + ": " + result.error().message());
    return *std::move(result);
}

void must(Result<void> const& result) {
    if (!result) throw std::runtime_error(result.error().code() + ": " + result.error().message());
}

}  // namespace

EngineBench::~EngineBench() = default;

EngineBench::EngineBench(std::uint64_t seed)
    : random_(seed), adapters_(std::vector<std::filesystem::path>{}) {
    loop_ = std::make_unique<asio::io_context>(1);
    clock_ = std::make_unique<VirtualClock>(*loop_, *parse_rfc3339("2027-03-01T12:00:00.000Z"));
    network_ = std::make_unique<FakeNetwork>(*clock_);
    core::StoreOptions options;
    options.in_memory = true;
    options.inline_writes = true;
    store_ = must(core::open_store("", options));
    faults_ = std::make_unique<FaultyStore>(*store_);
    vault_ = std::make_unique<core::Vault>(must(core::Vault::create(folder_ / "vault.key")));
    adapters_.add(alpha_adapter());
    adapters_.add(beta_adapter());
    restart();
}

void EngineBench::restart() {
    engine_.reset();
    ++generation_;
    auto const me = fmt::format("worker{}", generation_);
    core::EngineParts parts{*faults_, *network_, *clock_, random_, adapters_, *vault_, {}, me, {}};
    parts.owner_is_dead = [me](std::string const& owner) { return owner != me; };
    parts.check_media = [this](adapter::MediaFacts const& facts) {
        return check_media ? check_media(facts) : Result<void>();
    };
    parts.notify = [this](std::string const& channel, std::string const& line) -> Result<void> {
        if (channel_says)
            if (auto said = channel_says(channel); !said) return said;
        notices.emplace_back(channel, line);
        return {};
    };
    core::EngineSettings settings;
    settings.idle_horizon = 10min;
    settings.poll = 5s;  // nobody else works on this store
    engine_ = std::make_unique<core::Engine>(std::move(parts), settings);
}

std::unique_ptr<core::Engine> EngineBench::neighbour(
    std::string name, std::function<bool(std::string const& owner)> is_dead, int concurrency) {
    core::EngineParts parts{
        *faults_, *network_, *clock_, random_, adapters_, *vault_, {}, std::move(name), {}};
    parts.owner_is_dead = std::move(is_dead);
    core::EngineSettings settings;
    settings.poll = 1s;
    settings.concurrency = concurrency;
    return std::make_unique<core::Engine>(std::move(parts), settings);
}

std::string EngineBench::add_job(std::string const& network,
                                 std::string const& handle,
                                 std::string const& text,
                                 Milliseconds due_in) {
    auto const now = clock_->now();
    core::Job job;
    job.id = core::new_id("job", now, random_);
    job.app_id = "app_" + network;
    job.account_id = "acc_" + network + handle;
    job.spec.network = network;
    job.spec.account = network + ":@" + handle;
    job.spec.post_key = text;
    job.spec.key = core::idempotency_key("", text, job.spec.account);
    job.spec.post.kind = adapter::PostKind::text;
    job.spec.post.caption = text;
    job.spec.due_at = now + due_in;
    job.spec.catch_up = "all";
    job.hash = core::job_hash(job.spec);
    job.state = core::JobState::scheduled;
    job.next_at = job.spec.due_at;
    job.created_at = job.updated_at = now;
    must(store_->write([&](core::Tables& tables) -> Result<void> {
        core::App app;
        app.id = job.app_id;
        app.network = network;
        app.name = network;
        app.client_id = "client";
        app.sealed_secret = vault_->seal("app-secret", "app:" + app.id);
        app.created_at = now;
        must(tables.put_app(app));
        if (!must(tables.account(job.account_id))) {
            core::Account account;
            account.id = job.account_id;
            account.app_id = app.id;
            account.network = network;
            account.handle = "@" + handle;
            account.name = job.spec.account;
            account.remote_id = handle;
            account.connected_at = now;
            must(tables.put_account(account));
            core::TokenPair tokens;
            tokens.account_id = account.id;
            tokens.sealed_access = vault_->seal("access-1", "token:" + account.id);
            tokens.sealed_refresh = vault_->seal("refresh-1", "token:" + account.id);
            tokens.access_issued_at = now;
            tokens.access_expires_at = now + 2h;
            tokens.generation = 1;
            must(tables.put_tokens(tokens));
        }
        return tables.insert_job(job);
    }));
    return job.id;
}

core::Job EngineBench::job(std::string const& id) {
    return *must(core::read_now<std::optional<core::Job>>(
        *store_, [&](core::Tables& tables) { return tables.job(id); }));
}

std::vector<core::StepRecord> EngineBench::steps(std::string const& id) {
    return must(core::read_now<std::vector<core::StepRecord>>(
        *store_, [&](core::Tables& tables) { return tables.steps(id); }));
}

void EngineBench::change(std::string const& id, std::function<void(core::Job&)> const& edit) {
    must(store_->write([&](core::Tables& tables) -> Result<void> {
        auto found = *must(tables.job(id));
        edit(found);
        return tables.update_job(found);
    }));
}

bool EngineBench::run_until_idle(Milliseconds limit) {
    auto ended = std::make_shared<bool>(false);
    core::Engine::Until until;
    until.idle = true;
    auto running = [](core::Engine* engine,
                      core::Engine::Until wanted,
                      std::shared_ptr<bool> flag) -> asio::awaitable<void> {
        auto result = co_await engine->run(std::move(wanted));
        must(result);
        *flag = true;
    };
    auto task = running(engine_.get(), std::move(until), ended);
    asio::co_spawn(*loop_, std::move(task), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
    return clock_->run_until([ended] { return *ended; }, limit);
}

void EngineBench::run_and_kill(Milliseconds after) {
    core::Engine::Until until;
    auto running = [](core::Engine* engine, core::Engine::Until wanted) -> asio::awaitable<void> {
        (void)co_await engine->run(std::move(wanted));
    };
    auto task = running(engine_.get(), std::move(until));
    asio::co_spawn(*loop_, std::move(task), asio::detached);
    clock_->run_until([] { return false; }, after);
    die();
}

void EngineBench::die() {
    clock_->forget_sleepers();
    loop_ = nullptr;  // every coroutine dies where it stands
    loop_ = std::make_unique<asio::io_context>(1);
    clock_->move_to(*loop_);
    restart();
}

}  // namespace postrider::test
