// Refreshing without losing an account: one refresher at a time, the new pair durable before it is
// used, dead only on proof.
#include "auth/tokens.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/mutant.hpp>

#include <fmt/format.h>
#include <boost/json/parse.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace postrider::core {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// An answer that is given up may have held the only pair that still counts: it is waited for longer
// than others.
constexpr Milliseconds refresh_deadline = 45s;
constexpr Milliseconds refresher_hold = 100s;  // longer than both requests of a turn
constexpr auto refreshed_ahead = 15min;        // before the next job is due
constexpr int refreshed_at_once = 200;
constexpr int writes_of_a_pair_max = 5;

std::string form_field(std::string_view name, std::string_view value) {
    return fmt::format("{}={}", name, boost::urls::encode(value, boost::urls::unreserved_chars));
}

std::string join_url(std::string base, std::string_view path) {
    while (base.ends_with('/')) base.pop_back();
    return base.append(path);
}

std::string text_member(boost::json::object const& object, std::string_view name) {
    auto const* found = object.if_contains(name);
    return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

std::string token_context(std::string_view account_id) {
    return fmt::format("token:{}", account_id);
}

std::string_view owner_of(std::string_view refresher) {
    return refresher.substr(0, refresher.find('#'));
}

// The store names who has the turn, and after it, each behind a space, whoever stood still before.
std::string_view first_of(std::string_view refreshers) {
    return refreshers.substr(0, refreshers.find(' '));
}

// Those that are not proved dead by their owner's lock. One of this process that is not at work has
// ended without a word: its write failed.
std::string living(EngineParts const& parts,
                   std::set<std::string> const& at_work,
                   std::string_view refreshers) {
    std::string found;
    while (!refreshers.empty()) {
        std::string const one{first_of(refreshers)};
        refreshers.remove_prefix(std::min(one.size() + 1, refreshers.size()));
        std::string const owner{owner_of(one)};
        bool const gone = owner == parts.owner ? !at_work.contains(one)
                                               : parts.owner_is_dead && parts.owner_is_dead(owner);
        if (!gone) found += one + ' ';
    }
    return found;
}

}  // namespace

std::optional<std::int64_t> seconds_member(boost::json::object const& object,
                                           std::string_view name) {
    auto const* found = object.if_contains(name);
    if (!found) return std::nullopt;
    if (found->is_int64()) return found->get_int64();
    if (found->is_uint64())
        return static_cast<std::int64_t>(std::min<std::uint64_t>(found->get_uint64(), 1ULL << 40));
    if (found->is_double() && std::isfinite(found->get_double()) &&
        std::abs(found->get_double()) < 1e12)
        return static_cast<std::int64_t>(found->get_double());
    if (found->is_string()) {
        std::string_view const text = found->get_string();
        std::int64_t value = 0;
        auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (failed == std::errc() && end == text.data() + text.size()) return value;
    }
    return std::nullopt;
}

Instant refresh_due(TokenPair const& tokens) {
    auto const life = tokens.access_expires_at - tokens.access_issued_at;
    auto margin = std::max<Milliseconds>(5min, life / 10);
    if (life < 10min) margin = life / 2;
    return tokens.access_expires_at - margin;
}

Result<void> adopt_token_answer(TokenPair& tokens,
                                boost::json::object const& answer,
                                Vault const& vault,
                                Instant now) {
    auto const access = text_member(answer, "access_token");
    if (access.empty())
        return make_error("network.bad_answer", "The token answer holds no access_token.");
    auto const context = token_context(tokens.account_id);
    tokens.sealed_access = vault.seal(access, context);
    if (auto const refresh = text_member(answer, "refresh_token"); !refresh.empty())
        tokens.sealed_refresh = vault.seal(refresh, context);
    tokens.access_issued_at = now;
    // A network that does not say how long a token lives is taken to mean an hour; a refusal
    // corrects us.
    auto const life = std::clamp<std::int64_t>(
        seconds_member(answer, "expires_in").value_or(3600), 1, 10LL * 365 * 86'400);
    tokens.access_expires_at = now + std::chrono::seconds(life);
    if (auto const refresh_life = seconds_member(answer, "refresh_expires_in");
        refresh_life && *refresh_life > 0)
        tokens.refresh_expires_at =
            now + std::chrono::seconds(std::min<std::int64_t>(*refresh_life, 10LL * 365 * 86'400));
    ++tokens.generation;
    tokens.refresher.clear();
    tokens.refresher_until.reset();
    return {};
}

Result<Tokens::Access> Tokens::open(TokenPair const& tokens) const {
    auto token = parts_.vault.open_sealed(tokens.sealed_access, token_context(tokens.account_id));
    if (!token) return token.error();
    Access access;
    access.token = *std::move(token);
    access.generation = tokens.generation;
    return access;
}

asio::awaitable<Result<Tokens::Access>> Tokens::access(Account account,
                                                       App app,
                                                       std::optional<std::int64_t> stale) {
    for (;;) {
        std::optional<TokenPair> stored;
        std::optional<Account> current;
        auto work = [&](Tables& tables) -> Result<void> {
            auto pair = tables.tokens(account.id);
            if (!pair) return pair.error();
            stored = *std::move(pair);
            auto found = tables.account(account.id);
            if (!found) return found.error();
            current = *std::move(found);
            return {};
        };
        if (auto read = parts_.store.read(work); !read) co_return read.error();
        bool const dead = current && current->reconnect_needed;
        if (!stored || dead)
            co_return make_error("account.reconnect_needed",
                                 fmt::format("{} must be connected again{}{}.",
                                             account.name,
                                             dead ? ": " : "",
                                             dead ? current->reconnect_reason : std::string()))
                .with("account", account.name);

        TokenPair const tokens = *stored;
        auto const now = parts_.clock.now();
        bool const refused = stale && tokens.generation <= *stale;
        if (!refused && now < refresh_due(tokens)) co_return open(tokens);

        auto const turn = co_await become_refresher(account.id, tokens.generation);
        if (turn.name.empty()) {
            // Somebody else is at it. The old token serves meanwhile, unless the network has
            // refused it.
            if (!refused && now < tokens.access_expires_at) co_return open(tokens);
            co_await parts_.clock.sleep(50ms);
            continue;
        }
        auto refreshed = co_await refresh(account, app, tokens, turn);
        at_work_.erase(turn.name);
        if (refreshed) continue;
        co_await step_down(account.id, turn);
        bool const lost = refreshed.error().kind() == ErrorKind::unauthorized ||
                          refreshed.error().kind() == ErrorKind::setup;
        if (!lost && !refused && now < tokens.access_expires_at) co_return open(tokens);
        co_return refreshed.error();
    }
}

asio::awaitable<void> Tokens::refresh_ahead() {
    auto const now = parts_.clock.now();
    struct Need {
        Account account;
        App app;
        std::int64_t generation = 0;
    };
    auto needs = read_now<std::vector<Need>>(
        parts_.store, [now](Tables& tables) -> Result<std::vector<Need>> {
            auto due = tables.accounts_due(now, now + refreshed_ahead, refreshed_at_once);
            if (!due) return due.error();
            std::vector<Need> found;
            for (auto const& [id, due_at] : *due) {
                auto tokens = tables.tokens(id);
                if (!tokens) return tokens.error();
                if (!*tokens || (*tokens)->sealed_refresh.empty() || refresh_due(**tokens) > due_at)
                    continue;
                auto account = tables.account(id);
                if (!account) return account.error();
                if (!*account || (*account)->reconnect_needed || (*account)->paused) continue;
                auto app = tables.app((*account)->app_id);
                if (!app) return app.error();
                if (*app) found.push_back({**account, **app, (*tokens)->generation});
            }
            return found;
        });
    if (!needs) co_return;
    for (auto const& need : *needs) {
        auto account = need.account;
        auto app = need.app;
        // What goes wrong is the attempt's to tell, or stands in the account by now.
        (void)co_await access(std::move(account), std::move(app), need.generation);
    }
}

asio::awaitable<Tokens::Turn> Tokens::become_refresher(std::string account_id,
                                                       std::int64_t generation) {
    auto const now = parts_.clock.now();
    auto const name = fmt::format("{}#{}", parts_.owner, ++turns_);
    // Before the write, and its copy with it: writes are carried out in their order.
    at_work_.insert(name);
    auto work = [this, account_id, generation, name, now, at_work = at_work_](
                    Tables& tables) -> Result<Turn> {
        auto stored = tables.tokens(account_id);
        if (!stored) return stored.error();
        if (!*stored || (*stored)->generation != generation) return Turn{};
        TokenPair tokens = **stored;
        Turn turn{name, {}};
        auto const alive = living(parts_, at_work, tokens.refresher);
        if (!alive.empty() && !mutant("two_refreshers")) {
            bool const has_turn = first_of(alive) == first_of(tokens.refresher);
            if (has_turn && tokens.refresher_until && *tokens.refresher_until > now) return Turn{};
            turn.stood = alive;
        }
        tokens.refresher = name + ' ' + turn.stood;
        tokens.refresher_until = now + refresher_hold;
        if (auto put = tables.put_tokens(tokens); !put) return put.error();
        return turn;
    };
    auto result = co_await transact<Turn>(parts_.store, std::move(work));
    auto const turn = result.value_or(Turn{});
    if (turn.name.empty()) at_work_.erase(name);
    co_return turn;
}

// Whoever stood still before is put back, so that the next turn knows of it too.
asio::awaitable<void> Tokens::step_down(std::string account_id, Turn turn) {
    auto const now = parts_.clock.now();
    Store::Work work = [account_id, turn, now](Tables& tables) -> Result<void> {
        auto stored = tables.tokens(account_id);
        if (!stored) return stored.error();
        if (!*stored || first_of((*stored)->refresher) != turn.name) return {};
        TokenPair tokens = **stored;
        tokens.refresher = turn.stood;
        tokens.refresher_until.reset();
        if (!turn.stood.empty()) tokens.refresher_until = now;
        return tables.put_tokens(tokens);
    };
    (void)co_await write(parts_.store, std::move(work));
}

asio::awaitable<Result<void>> Tokens::refresh(Account account,
                                              App app,
                                              TokenPair tokens,
                                              Turn turn) {
    auto found = parts_.adapters.find(account.network);
    if (!found) co_return found.error();
    auto const& descriptor = (*found)->descriptor();
    auto const view = app_view(app, descriptor);
    auto const& shape = descriptor.oauth;
    auto base = text_member(view.options, shape.base_option);

    auto refresh_token = parts_.vault.open_sealed(tokens.sealed_refresh, token_context(account.id));
    if (tokens.sealed_refresh.empty() || !refresh_token) {
        if (!tokens.sealed_refresh.empty()) co_return refresh_token.error();
        std::string const reason = "its token has ended and there is no refresh token";
        auto marked = co_await mark_dead(account, tokens.generation, turn.name, reason);
        if (!marked) co_return marked.error();
        if (!*marked) co_return Result<void>();
        co_return make_error("account.reconnect_needed",
                             fmt::format("{} must be connected again: {}.", account.name, reason));
    }
    auto secret = parts_.vault.open_sealed(app.sealed_secret, fmt::format("app:{}", app.id));
    if (!secret) co_return secret.error();

    Error last = make_error("network.unreachable");
    // A lost answer may have rotated the token; the old one is tried once more, and only its
    // refusal is proof.
    for (int sent = 0; sent < 2; ++sent) {
        OutgoingRequest request;
        request.method = "POST";
        request.url = join_url(base, shape.token_path);
        request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
        request.headers.emplace_back("Accept", "application/json");
        request.body = form_field(shape.client_id_param, app.client_id) + "&" +
                       form_field("client_secret", secret->expose()) +
                       "&grant_type=refresh_token&" +
                       form_field("refresh_token", refresh_token->expose());
        request.deadline = refresh_deadline;
        request.account = account.name;
        request.secret_body = true;
        request.once = true;
        auto reply = co_await parts_.transport.send(std::move(request));
        if (reply.verdict == adapter::Verdict::not_sent)
            co_return make_error(
                "network.unreachable",
                fmt::format(
                    "The token of {} could not be refreshed: {}.", account.name, reply.failure));
        if (reply.verdict == adapter::Verdict::no_reply) {
            last = make_error("network.unreachable",
                              fmt::format("The answer to refreshing the token of {} was lost: {}.",
                                          account.name,
                                          reply.failure));
            continue;
        }
        boost::system::error_code bad;
        auto const body = boost::json::parse(reply.http.body, bad);
        if (!bad && body.is_object() && body.as_object().contains("access_token")) {
            auto members = body.as_object();
            auto stored = co_await store_pair(tokens, std::move(members));
            co_return stored;
        }
        std::string code;
        if (!bad && body.is_object()) code = text_member(body.as_object(), "error");
        if (code == "invalid_grant") {
            auto said = co_await refused(account, tokens, turn, code);
            co_return said;
        }
        if (code == "invalid_client" || code == "unauthorized_client")
            co_return make_error(
                "app.bad_credentials",
                fmt::format("The network refuses the client id or secret of app {}.", app.name))
                .with("network_code", code)
                .with("app", app.name);
        co_return make_error(
            "network.unavailable",
            fmt::format("The token of {} could not be refreshed now (HTTP {}{}{}).",
                        account.name,
                        reply.http.status,
                        code.empty() ? "" : ", ",
                        code))
            .with("network_code", code)
            .with("http_status", std::to_string(reply.http.status));
    }
    co_return last;
}

// The refresh token does not count any more. That is proof only where nobody else can hold a newer
// pair: a process that stood still in the middle of its own refresh may.
asio::awaitable<Result<void>> Tokens::refused(Account account,
                                              TokenPair tokens,
                                              Turn turn,
                                              std::string code) {
    auto const may_hold_it = living(parts_, at_work_, turn.stood);
    if (!may_hold_it.empty() && !mutant("stopped_holder_forgotten")) {
        std::string const owner{owner_of(may_hold_it)};
        co_return make_error("account.token_held",
                             fmt::format("The token of {} cannot be refreshed: {} began to, stands "
                                         "still, and may hold the new token.",
                                         account.name,
                                         owner))
            .with("network_code", code)
            .with("account", account.name)
            .with("process", owner);
    }
    auto const reason = fmt::format("its refresh token was refused ({})", code);
    auto marked = co_await mark_dead(account, tokens.generation, turn.name, reason);
    if (!marked) co_return marked.error();
    if (!*marked) co_return Result<void>();
    co_return make_error("account.reconnect_needed",
                         fmt::format("{} must be connected again: {}.", account.name, reason))
        .with("network_code", code)
        .with("account", account.name);
}

asio::awaitable<Result<void>> Tokens::store_pair(TokenPair tokens, boost::json::object answer) {
    if (auto adopted = adopt_token_answer(tokens, answer, parts_.vault, parts_.clock.now());
        !adopted)
        co_return adopted;
    Store::Work work = [tokens](Tables& tables) -> Result<void> {
        auto stored = tables.tokens(tokens.account_id);
        if (!stored) return stored.error();
        // This process stood still, and a newer pair or a new authorisation was stored meanwhile.
        if (*stored && (*stored)->generation >= tokens.generation) return {};
        return tables.put_tokens(tokens);
    };
    if (mutant("refresh_saved_late")) co_await parts_.clock.sleep(30s);
    // The network may have ended the old pair already, and this one exists nowhere else yet: a
    // store that fails for a moment must not cost the account its authorisation.
    for (int written = 1;; ++written) {
        auto stored = co_await write(parts_.store, work);
        if (stored || written == writes_of_a_pair_max) co_return stored;
        co_await parts_.clock.sleep(Milliseconds{100} * written);
    }
}

asio::awaitable<Result<bool>> Tokens::mark_dead(Account account,
                                                std::int64_t generation,
                                                std::string refresher,
                                                std::string reason) {
    auto const now = parts_.clock.now();
    auto work = [account, generation, refresher, reason, now](Tables& tables) -> Result<bool> {
        auto tokens = tables.tokens(account.id);
        if (!tokens) return tokens.error();
        if (*tokens &&
            ((*tokens)->generation != generation || first_of((*tokens)->refresher) != refresher))
            return false;
        auto stored = tables.account(account.id);
        if (!stored) return stored.error();
        if (!*stored || (*stored)->reconnect_needed) return true;
        Account changed = **stored;
        changed.reconnect_needed = true;
        changed.reconnect_reason = reason;
        if (auto put = tables.put_account(changed); !put) return put.error();
        boost::json::object data;
        data["account"] = changed.name;
        data["owner"] = word(Owner::creator);
        if (auto told = tables.add_event("account.reconnect_needed", std::move(data), now); !told)
            return told.error();
        return true;
    };
    auto marked = co_await transact<bool>(parts_.store, std::move(work));
    co_return marked;
}

}  // namespace postrider::core
