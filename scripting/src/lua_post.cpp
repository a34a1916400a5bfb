// post { }: one thing to say. Its table is checked here as far as it can be without knowing the
// campaign.
#include "lua_values.hpp"

#include <postrider/text_length.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace postrider::script {
namespace {

namespace json = boost::json;

FieldBinding const post_fields[] = {
    {"key",
     Form::text,
     true,
     "stable identity inside the campaign: `[a-z0-9][a-z0-9._-]{0,62}`; from the data, never from "
     "a position"},
    {"media",
     Form::any,
     false,
     "Media, path, https URL, or a list of them in sending order",
     "postrider.Media|string|(postrider.Media|string)[]"},
    {"media_for", Form::any, false, "another cut for one network", "table", {}, 2},
    {"caption", Form::any, false, "text or caption { }", "string|postrider.Caption"},
    {"title", Form::any, false, "text or caption { }", "string|postrider.Caption"},
    {"accounts",
     Form::any,
     false,
     "who gets it; wins over routes and campaign",
     "(postrider.Account|string)[]"},
    {"when",
     Form::any,
     true,
     "Time, wall time, RFC 3339, or `\"asap\"`: as soon as applied and approved",
     "postrider.Time|string"},
    {"options",
     Form::any,
     false,
     "network -> table of its options; reserved choices: a value or ask",
     "postrider.Options"},
    {"deliver",
     Form::words,
     false,
     "else `direct`; inbox ends handed off to the creator",
     {},
     "direct|inbox|direct_or_inbox"},
    {"tags", Form::texts, false, "for routes"},
    {"not_after",
     Form::any,
     false,
     "later than this it is cancelled, whatever catch_up says",
     "postrider.Time|string"},
    {"note", Form::text, false, "shown to the approver, never sent"},
    {"formerly", Form::text, false, "this post was called so", {}, {}, 2},
    {"on", Form::any, false, "hooks, in addition to the campaign's", "postrider.Hooks"},
};

std::vector<MediaValue> read_media_list(lua_State* L, Fields const& fields) {
    std::vector<MediaValue> media;
    if (!fields.push("media")) return media;
    auto const what = fmt::format("'media' of {}", fields.title());
    if (lua_istable(L, -1))
        each_element(L, -1, what, "media", [&](int) { media.push_back(read_media(L, -1, what)); });
    else
        media.push_back(read_media(L, -1, what));
    lua_pop(L, 1);
    return media;
}

std::optional<CaptionValue> read_words(lua_State* L, Fields const& fields, std::string_view name) {
    if (!fields.push(name)) return std::nullopt;
    auto caption = read_caption(L, -1, fmt::format("'{}' of {}", name, fields.title()), name);
    lua_pop(L, 1);
    return caption;
}

json::value option_value(lua_State* L, adapter::OptionSpec const& option, std::string const& what) {
    if (auto const* ask = test<AskValue>(L, -1)) {
        if (!option.reserved && !option.askable)
            throw ScriptError(
                "script.choice_not_ask",
                fmt::format("{} cannot be left to the approver: write its value", what))
                .at(option.name);
        json::object value{{"ask", true}};
        if (!ask->note.empty()) value["note"] = ask->note;
        return value;
    }
    switch (lua_type(L, -1)) {
        case LUA_TSTRING:
            if (!is_valid_utf8(view(L, -1)))
                throw ScriptError("script.wrong_type", fmt::format("{} is not UTF-8", what))
                    .at(option.name);
            return json::string(view(L, -1));
        case LUA_TBOOLEAN:
            return lua_toboolean(L, -1) != 0;
        case LUA_TNUMBER:
            if (lua_isinteger(L, -1) != 0) return static_cast<std::int64_t>(lua_tointeger(L, -1));
            if (!std::isfinite(lua_tonumber(L, -1)))
                throw ScriptError(
                    "script.wrong_type",
                    fmt::format("{} is {}: a number has to be finite", what, lua_tonumber(L, -1)))
                    .at(option.name);
            return lua_tonumber(L, -1);
        default:
            throw ScriptError(
                "script.wrong_type",
                fmt::format(
                    "{} must be text, a number, true or false, not {}", what, type_word(L, -1)))
                .at(option.name);
    }
}

// Line of a field, if the source tells; else the post's.
int line_of(Context& ctx, Place const& place, std::string_view name) {
    auto const source = ctx.sources.find(place.file);
    auto const* token =
        source == ctx.sources.end() ? nullptr : source->second.find(name, place.line);
    return token ? token->line : place.line;
}

// Names here, with the line they are on; values are checked with the rest of the job, where all is
// known.
void read_options(lua_State* L, Fields const& fields, PostDecl& post) {
    if (!fields.push("options")) return;
    auto& ctx = context(L);
    for (auto const& network :
         text_keys(L, -1, fmt::format("'options' of {}", fields.title()), "options")) {
        auto const& descriptor = ctx.descriptor(network);
        auto const title = fmt::format("options '{}' of {}", network, fields.title());
        std::vector<std::string> known;
        for (auto const& option : descriptor.options) known.push_back(option.name);
        lua_pushstring(L, network.c_str());
        lua_rawget(L, -2);
        auto& values = post.options[network];
        for (auto const& name : text_keys(L, -1, title, network)) {
            auto const* option = adapter::find_option(descriptor, name);
            if (!option)
                throw ScriptError("script.unknown_field",
                                  fmt::format("unknown option '{}' in {}", name, title))
                    .at(name)
                    .with_got(json::string(name))
                    .known(name, known);
            lua_pushstring(L, name.c_str());
            lua_rawget(L, -2);
            values[name] = option_value(L, *option, fmt::format("'{}' in {}", name, title));
            post.lines[fmt::format("/options/{}/{}", network, name)] =
                line_of(ctx, post.place, name);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

int make_post(lua_State* L) {
    Fields const fields(L, 1, post_table, title_of(L, 1, post_table, "key"));
    auto post = std::make_shared<PostDecl>();
    post->place = where(L);
    post->key = fields.text("key");
    check_key(post->key, "._-", fmt::format("the key of {}", fields.title()));
    post->media = read_media_list(L, fields);
    post->caption = read_words(L, fields, "caption");
    post->title = read_words(L, fields, "title");
    if (fields.push("accounts")) {
        post->has_accounts = true;
        post->accounts =
            read_accounts(L, -1, fmt::format("'accounts' of {}", fields.title()), "accounts");
        lua_pop(L, 1);
        if (post->accounts.empty())
            throw fields.error(
                "script.unrouted",
                "accounts",
                fmt::format("'accounts' of {} is empty: leave it out for routes to decide",
                            fields.title()));
    }
    (void)fields.push("when");
    post->asap = is_text(L, -1) && view(L, -1) == "asap";
    if (!post->asap)
        post->when = read_time(L, -1, fmt::format("'when' of {}", fields.title()), "when");
    lua_pop(L, 1);
    if (fields.push("not_after")) {
        post->not_after =
            read_time(L, -1, fmt::format("'not_after' of {}", fields.title()), "not_after");
        lua_pop(L, 1);
    }
    read_options(L, fields, *post);
    post->deliver = from_word<adapter::Deliver>(fields.text("deliver", "direct"))
                        .value_or(adapter::Deliver::direct);
    post->tags = fields.texts("tags");
    for (auto const& tag : post->tags)
        check_key(tag, "._-", fmt::format("a tag of {}", fields.title()));
    post->note = fields.text("note");
    if (fields.push("on")) {
        post->hooks = read_hooks(L, -1, fmt::format("'on' of {}", fields.title()));
        lua_pop(L, 1);
    }
    for (auto const* name : {"when", "media", "caption", "title", "deliver", "accounts"})
        if (fields.has(name))
            post->lines[fmt::format("/{}", name)] = line_of(context(L), post->place, name);
    context(L).charge(2000 + 64 * (post->tags.size() + post->accounts.size() + post->media.size()) +
                      (post->caption ? post->caption->text.size() : 0) + post->note.size());
    push(L, PostValue{std::move(post)});
    return 1;
}

int post_key(lua_State* L) {
    return push_text(L, self<PostValue>(L).post->key), 1;
}

PropertyBinding const post_properties[] = {
    {"key", "string", "as given", guarded<post_key>},
};

}  // namespace

TableBinding const post_table{
    "post", "PostFields", "One thing to say, for one or more accounts.", post_fields};
ClassBinding const post_class{.name = "Post",
                              .doc = "One thing to say, for one or more accounts.",
                              .properties = post_properties,
                              .destroy = destroy<PostValue>};

std::vector<FunctionBinding> const post_functions = {
    {"post",
     "fields: postrider.PostFields",
     "postrider.Post",
     "One thing to say, for one or more accounts.",
     "unknown_field wrong_type missing_field bad_key choice_not_ask",
     guarded<make_post>},
};

}  // namespace postrider::script
