// Accounts as the program knows them: by name, or all that fit.
#include "lua_values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::script {
namespace {

FieldBinding const accounts_fields[] = {
    {"network", Form::text, false, "only this network's"},
    {"tag", Form::text, false, "only those with this tag"},
    {"app", Form::text, false, "only those under this app"},
    {"zone", Form::text, false, "only those whose home zone this is"},
};

std::string app_name_of(Context& ctx, core::Account const& account) {
    auto name = ctx.host.app_name ? ctx.host.app_name(account.app_id) : std::string();
    return name.empty() ? account.app_id : name;
}

void push_account(lua_State* L, core::Account const& account) {
    push(L, AccountValue{&account});
}

// raw.account: the C++ half of account() and find_account().
int raw_account(lua_State* L) {
    auto const name = text_argument(L, 1, "account", "the name");
    push_account(L, context(L).account(name));
    return 1;
}

int list_accounts(lua_State* L) {
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) {
        lua_newtable(L);
        lua_replace(L, 1);
    }
    Fields const fields(L, 1, accounts_table);
    auto& ctx = context(L);
    auto const network = fields.text("network");
    if (!network.empty()) (void)ctx.descriptor(network);
    auto const tag = fields.text("tag");
    auto const app = fields.text("app");
    auto const zone = fields.text("zone");
    lua_newtable(L);
    lua_Integer count = 0;
    for (auto const& account : ctx.accounts()) {
        if (!network.empty() && account.network != network) continue;
        if (!tag.empty() &&
            std::find(account.tags.begin(), account.tags.end(), tag) == account.tags.end())
            continue;
        if (!app.empty() && app_name_of(ctx, account) != app && account.app_id != app) continue;
        if (!zone.empty() && account.zone != zone) continue;
        push_account(L, account);
        lua_rawseti(L, -2, ++count);
    }
    if (count > 0) return 1;
    std::string what;
    for (auto const& [name, value] :
         {std::pair{"network", network}, {"tag", tag}, {"app", app}, {"zone", zone}})
        if (!value.empty())
            what += fmt::format("{}{} '{}'", what.empty() ? " with " : ", ", name, value);
    throw ScriptError("script.unknown_account", fmt::format("there is no account{}", what))
        .at("accounts");
}

template <std::string core::Account::*member>
int account_text(lua_State* L) {
    push_text(L, self<AccountValue>(L).account->*member);
    return 1;
}

int account_app(lua_State* L) {
    push_text(L, app_name_of(context(L), *self<AccountValue>(L).account));
    return 1;
}

int account_tags(lua_State* L) {
    lua_newtable(L);
    lua_Integer count = 0;
    for (auto const& tag : self<AccountValue>(L).account->tags) {
        push_text(L, tag);
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

int account_equal(lua_State* L) {
    auto const* a = test<AccountValue>(L, 1);
    auto const* b = test<AccountValue>(L, 2);
    lua_pushboolean(L, a && b && a->account == b->account ? 1 : 0);
    return 1;
}

PropertyBinding const account_properties[] = {
    {"name", "string", "`network:handle`", guarded<account_text<&core::Account::name>>},
    {"network",
     "string",
     "the word before the colon",
     guarded<account_text<&core::Account::network>>},
    {"handle", "string", "as the network writes it", guarded<account_text<&core::Account::handle>>},
    {"zone",
     "string",
     "home zone, IANA; may be empty",
     guarded<account_text<&core::Account::zone>>},
    {"tags", "string[]", "as set by `account set`", guarded<account_tags>},
    {"app", "string", "the app it was authorised under", guarded<account_app>},
};

}  // namespace

TableBinding const accounts_table{
    "accounts", "AccountsFields", "Which accounts; each field narrows.", accounts_fields};
ClassBinding const account_class{.name = "Account",
                                 .doc = "One account, as the program knows it.",
                                 .properties = account_properties,
                                 .destroy = destroy<AccountValue>,
                                 .equal = guarded<account_equal>,
                                 .text = guarded<account_text<&core::Account::name>>};

std::vector<FunctionBinding> const account_functions = {
    {"account",
     "name: string",
     "postrider.Account",
     "The account of this name (`network:handle`) or id.",
     "unknown_account wrong_type",
     guarded<raw_account>},
    {"find_account",
     "name: string",
     "postrider.Account?, postrider.Error?",
     "The same, or nil and the error where there is none.",
     "wrong_type"},
    {"accounts",
     "fields?: postrider.AccountsFields",
     "postrider.Account[]",
     "All that fit, by name; none at all is an error.",
     "unknown_account unknown_network",
     guarded<list_accounts>},
};

std::string read_account(lua_State* L, int index, std::string const& what) {
    if (auto const* value = test<AccountValue>(L, index)) return value->account->name;
    if (is_text(L, index)) return context(L).account(view(L, index)).name;
    throw ScriptError(
        misfit_code(L, index),
        fmt::format("{} must be an account or its name, not {}", what, type_word(L, index)))
        .with_got(shown_json(L, index));
}

std::vector<std::string> read_accounts(lua_State* L,
                                       int index,
                                       std::string const& what,
                                       std::string_view mark) {
    std::vector<std::string> names;
    each_element(L, index, what, mark, [&](int i) {
        names.push_back(read_account(L, -1, fmt::format("item {} of {}", i, what)));
    });
    return names;
}

}  // namespace postrider::script
