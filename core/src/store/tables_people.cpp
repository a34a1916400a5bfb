// Persons, apps, accounts and their tokens.
#include "store/sqlite_tables.hpp"

#include <postrider/catalogue.hpp>

#include <boost/json/array.hpp>

namespace postrider::core::detail {

boost::json::array texts_to_json(std::vector<std::string> const& texts) {
    boost::json::array array;
    for (auto const& text : texts) array.emplace_back(text);
    return array;
}

std::vector<std::string> texts_from_json(std::string const& text) {
    std::vector<std::string> texts;
    auto value = parse_exactly(text);
    if (!value.is_array()) return texts;
    for (auto const& entry : value.as_array())
        if (entry.is_string()) texts.emplace_back(entry.as_string());
    return texts;
}

namespace {

constexpr std::string_view account_columns =
    "id, app_id, network, handle, name, remote_id, zone, tags, scopes, paused, pause_reason, "
    "reconnect_needed,"
    " reconnect_reason, facts, connected_at";

Account read_account(Use& use) {
    Account account;
    account.id = use.text();
    account.app_id = use.text();
    account.network = use.text();
    account.handle = use.text();
    account.name = use.text();
    account.remote_id = use.text();
    account.zone = use.text();
    account.tags = texts_from_json(use.text());
    account.scopes = texts_from_json(use.text());
    account.paused = use.flag();
    account.pause_reason = use.text();
    account.reconnect_needed = use.flag();
    account.reconnect_reason = use.text();
    account.facts = use.object();
    account.connected_at = use.instant();
    return account;
}

constexpr std::string_view app_columns =
    "id, network, name, client_id, sealed_secret, redirect, audited, options, created_at";

App read_app(Use& use) {
    App app;
    app.id = use.text();
    app.network = use.text();
    app.name = use.text();
    app.client_id = use.text();
    app.sealed_secret = use.text();
    app.redirect = use.text();
    app.audited = use.flag();
    app.options = use.object();
    app.created_at = use.instant();
    return app;
}

Person read_person(Use& use) {
    Person person;
    person.name = use.text();
    person.role = use.text();
    person.passphrase_hash = use.text();
    person.created_at = use.instant();
    return person;
}

std::string select(std::string_view columns, std::string_view rest) {
    return std::string("select ").append(columns).append(" from ").append(rest);
}

}  // namespace

Result<void> SqliteTables::put_person(Person const& person) {
    statements_.use("replace into persons(name, role, passphrase_hash, created_at) values(?,?,?,?)")
        .bind(person.name)
        .bind(person.role)
        .bind(person.passphrase_hash)
        .bind(person.created_at)
        .run();
    return {};
}

Result<std::optional<Person>> SqliteTables::person(std::string_view name) {
    auto use = statements_.use(
        "select name, role, passphrase_hash, created_at from persons where name = ?");
    use.bind(name);
    if (!use.step()) return std::optional<Person>();
    return std::optional<Person>(read_person(use));
}

Result<std::vector<Person>> SqliteTables::persons() {
    auto use = statements_.use(
        "select name, role, passphrase_hash, created_at from persons order by name");
    std::vector<Person> persons;
    while (use.step()) persons.push_back(read_person(use));
    return persons;
}

Result<void> SqliteTables::remove_person(std::string_view name) {
    statements_.use("delete from persons where name = ?").bind(name).run();
    return {};
}

Result<void> SqliteTables::put_app(App const& app) {
    statements_
        .use(
            "replace into apps(id, network, name, client_id, sealed_secret, redirect, audited, "
            "options, created_at)"
            " values(?,?,?,?,?,?,?,?,?)")
        .bind(app.id)
        .bind(app.network)
        .bind(app.name)
        .bind(app.client_id)
        .bind(app.sealed_secret)
        .bind(app.redirect)
        .bind(app.audited)
        .bind(app.options)
        .bind(app.created_at)
        .run();
    return {};
}

Result<std::optional<App>> SqliteTables::app(std::string_view id) {
    auto use = statements_.use(select(app_columns, "apps where id = ?"));
    use.bind(id);
    if (!use.step()) return std::optional<App>();
    return std::optional<App>(read_app(use));
}

Result<std::vector<App>> SqliteTables::apps(std::string_view network) {
    auto use = statements_.use(
        select(app_columns, "apps where ?1 = '' or network = ?1 order by network, name"));
    use.bind(network);
    std::vector<App> apps;
    while (use.step()) apps.push_back(read_app(use));
    return apps;
}

Result<void> SqliteTables::remove_app(std::string_view id) {
    statements_.use("delete from apps where id = ?").bind(id).run();
    return {};
}

Result<void> SqliteTables::put_account(Account const& account) {
    statements_
        .use(
            "replace into accounts(id, app_id, network, handle, name, remote_id, zone, tags, "
            "scopes, paused, pause_reason,"
            " reconnect_needed, reconnect_reason, facts, connected_at) "
            "values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
        .bind(account.id)
        .bind(account.app_id)
        .bind(account.network)
        .bind(account.handle)
        .bind(account.name)
        .bind(account.remote_id)
        .bind(account.zone)
        .bind(boost::json::serialize(texts_to_json(account.tags)))
        .bind(boost::json::serialize(texts_to_json(account.scopes)))
        .bind(account.paused)
        .bind(account.pause_reason)
        .bind(account.reconnect_needed)
        .bind(account.reconnect_reason)
        .bind(account.facts)
        .bind(account.connected_at)
        .run();
    return {};
}

Result<void> SqliteTables::remove_account(std::string_view id) {
    {
        auto use = statements_.use("select 1 from jobs where account_id = ? limit 1");
        use.bind(id);
        if (use.step())
            return make_error("conflict.wrong_state", "Jobs name this account; it stays.");
    }
    statements_.use("delete from tokens where account_id = ?").bind(id).run();
    statements_.use("delete from accounts where id = ?").bind(id).run();
    return {};
}

Result<std::optional<Account>> SqliteTables::account(std::string_view id_or_name) {
    static std::string const by_id = select(account_columns, "accounts where id = ?");
    static std::string const by_name = select(account_columns, "accounts where name = ?");
    // One after the other: SQLite answers an `or` over two indexes several times slower.
    for (auto const* sql : {&by_id, &by_name}) {
        auto use = statements_.use(*sql);
        use.bind(id_or_name);
        if (use.step()) return std::optional<Account>(read_account(use));
    }
    return std::optional<Account>();
}

Result<std::vector<Account>> SqliteTables::accounts() {
    auto use = statements_.use(select(account_columns, "accounts order by name"));
    std::vector<Account> accounts;
    while (use.step()) accounts.push_back(read_account(use));
    return accounts;
}

Result<void> SqliteTables::put_tokens(TokenPair const& tokens) {
    statements_
        .use(
            "replace into tokens(account_id, sealed_access, sealed_refresh, access_expires_at, "
            "access_issued_at,"
            " refresh_expires_at, generation, refresher, refresher_until) "
            "values(?,?,?,?,?,?,?,?,?)")
        .bind(tokens.account_id)
        .bind(tokens.sealed_access)
        .bind(tokens.sealed_refresh)
        .bind(tokens.access_expires_at)
        .bind(tokens.access_issued_at)
        .bind(tokens.refresh_expires_at)
        .bind(tokens.generation)
        .bind(tokens.refresher)
        .bind(tokens.refresher_until)
        .run();
    return {};
}

Result<std::optional<TokenPair>> SqliteTables::tokens(std::string_view account_id) {
    auto use = statements_.use(
        "select account_id, sealed_access, sealed_refresh, access_expires_at, access_issued_at, "
        "refresh_expires_at, generation,"
        " refresher, refresher_until from tokens where account_id = ?");
    use.bind(account_id);
    if (!use.step()) return std::optional<TokenPair>();
    TokenPair tokens;
    tokens.account_id = use.text();
    tokens.sealed_access = use.text();
    tokens.sealed_refresh = use.text();
    tokens.access_expires_at = use.instant();
    tokens.access_issued_at = use.instant();
    tokens.refresh_expires_at = use.maybe_instant();
    tokens.generation = use.number();
    tokens.refresher = use.text();
    tokens.refresher_until = use.maybe_instant();
    return std::optional<TokenPair>(std::move(tokens));
}

Result<void> SqliteTables::remove_tokens(std::string_view account_id) {
    statements_.use("delete from tokens where account_id = ?").bind(account_id).run();
    return {};
}

}  // namespace postrider::core::detail
