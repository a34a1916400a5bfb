// Hooks: what happens when a job reaches a state. They are data in the plan, never functions.
#include "lua_values.hpp"
#include "render.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>

#include <algorithm>

namespace postrider::script {
namespace {

namespace json = boost::json;

constexpr std::string_view action_list = "postrider.Action[]";

FieldBinding const hook_fields[] = {
    {"published", Form::any, false, "the network says that it is published", action_list},
    {"handed_off", Form::any, false, "it waits in the creator's inbox", action_list},
    {"rejected", Form::any, false, "known not to be published", action_list},
    {"cancelled", Form::any, false, "withdrawn before any commit", action_list},
    {"unknown", Form::any, false, "a commit left and its effect is not known", action_list},
    {"awaiting_approval", Form::any, false, "a person must decide", action_list},
};

int make_notify(lua_State* L) {
    auto const channel = std::string(text_argument(L, 1, "notify", "the channel"));
    auto const text = std::string(text_argument(L, 2, "notify", "the text"));
    auto const& channels = context(L).host.channels;
    if (std::find(channels.begin(), channels.end(), channel) == channels.end())
        throw ScriptError("script.not_allowed",
                          fmt::format("there is no channel '{}' in the configuration", channel))
            .at(channel)
            .with_got(json::string(channel))
            .known(channel, channels);
    static std::vector<std::string> const known = {
        "campaign", "post", "account", "state", "link", "code", "owner", "message"};
    for (auto const& part : parse_template(text))
        if (part.name && std::find(known.begin(), known.end(), part.text) == known.end())
            throw ScriptError("script.template", fmt::format("a notice has no '{{{}}}'", part.text))
                .at(text)
                .with_got(json::string(part.text))
                .known(part.text, known);
    context(L).charge(500 + text.size());
    push(L, ActionValue{{{"action", "notify"}, {"channel", channel}, {"text", text}}});
    return 1;
}

int make_hold(lua_State* L) {
    auto const what = std::string(text_argument(L, 1, "hold", "the argument"));
    static std::vector<std::string> const known = {"account", "campaign"};
    if (std::find(known.begin(), known.end(), what) == known.end())
        throw ScriptError("script.not_allowed",
                          fmt::format("hold takes \"account\" or \"campaign\", not '{}'", what))
            .at(what)
            .with_got(json::string(what))
            .known(what, known);
    push(L, ActionValue{{{"action", "hold"}, {"what", what}}});
    return 1;
}

}  // namespace

TableBinding const hooks_table{
    "on", "Hooks", "What happens when a job reaches a state.", hook_fields};
ClassBinding const action_class{
    .name = "Action", .doc = "One thing that a hook does.", .destroy = destroy<ActionValue>};

std::vector<FunctionBinding> const hook_functions = {
    {"notify",
     "channel: string, text: string",
     "postrider.Action",
     "Tells a channel of the configuration; {campaign} {post} {account} {state} {link} {code} "
     "{owner} {message} are filled in.",
     "not_allowed template",
     guarded<make_notify>},
    {"hold",
     "what: \"account\"|\"campaign\"",
     "postrider.Action",
     "Jobs not begun wait until someone resumes them.",
     "not_allowed",
     guarded<make_hold>},
    {"withdraw",
     "fields: table",
     "postrider.Action",
     "Cancels jobs that are not committed.",
     "",
     nullptr,
     2},
};

json::object read_hooks(lua_State* L, int index, std::string const& what) {
    // The commonest wrong word is too far from the right one for a search by letters.
    if (lua_istable(L, index)) {
        int const table = lua_absindex(L, index);
        lua_pushliteral(L, "failed");
        if (lua_rawget(L, table) != LUA_TNIL) {
            ScriptError error("script.unknown_field",
                              fmt::format("unknown field 'failed' in {}", what));
            error.at("failed");
            error.hint = "did you mean 'rejected'?";
            throw error;
        }
        lua_pop(L, 1);
    }
    Fields const fields(L, index, hooks_table, what);
    json::object hooks;
    for (auto const& field : hook_fields) {
        if (!fields.push(field.name)) continue;
        json::array actions;
        each_element(L, -1, fmt::format("'{}' of {}", field.name, what), field.name, [&](int i) {
            auto const* action = test<ActionValue>(L, -1);
            if (!action)
                throw fields.error(
                    "script.wrong_type",
                    field.name,
                    fmt::format("item {} of '{}' must be an action such as notify(), not {}",
                                i,
                                field.name,
                                type_word(L, -1)));
            actions.push_back(action->data);
        });
        lua_pop(L, 1);
        hooks[field.name] = std::move(actions);
    }
    return hooks;
}

void add_hooks(json::object& hooks, json::object const& more) {
    for (auto const& member : more) {
        auto& list = hooks[member.key()];
        if (!list.is_array()) list = json::array();
        for (auto const& action : member.value().get_array()) list.get_array().push_back(action);
    }
}

}  // namespace postrider::script
