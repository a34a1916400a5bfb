// Errors of scripts as objects, their place in the source, and the way back to an Error.
#include "lua_help.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/text_length.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace postrider::script {
namespace {

namespace json = boost::json;

constexpr char const* error_name = "postrider.error";

// Whatever bytes a script puts into its names: what is told about them is UTF-8.
std::string clean(std::string text) {
    if (is_valid_utf8(text)) return text;
    for (auto& letter : text)
        if ((static_cast<unsigned char>(letter) & 0x80U) != 0) letter = '?';
    return text;
}

json::value clean(json::value value) {
    if (value.is_string()) return json::string(clean(std::string(value.get_string())));
    return value;
}

std::string_view kind_word(std::string_view code) {
    auto const* row = find_error_row(code);
    return word(row ? row->kind : ErrorKind::script);
}

void set_text(lua_State* L, char const* name, std::string_view text) {
    if (text.empty()) return;
    push_text(L, text);
    lua_setfield(L, -2, name);
}

void push_plain(lua_State* L, json::value const& value) {
    if (value.is_string())
        push_text(L, {value.get_string().data(), value.get_string().size()});
    else if (value.is_bool())
        lua_pushboolean(L, value.get_bool() ? 1 : 0);
    else if (value.is_int64())
        lua_pushinteger(L, value.get_int64());
    else if (value.is_double())
        lua_pushnumber(L, value.get_double());
    else
        lua_pushnil(L);
}

// Line and caret of an error whose place is known; moves the line to where the marked word stands.
std::string mark_source(Context& ctx, ScriptError& error) {
    auto const found = ctx.sources.find(error.place.file);
    if (found == ctx.sources.end()) return {};
    auto const* token = found->second.find(error.mark, error.place.line);
    if (token) error.place.line = token->line;
    return excerpt(found->second, error.place.line, token, error.hint);
}

int error_tostring(lua_State* L) {
    lua_settop(L, 1);
    if (!lua_istable(L, 1)) return push_text(L, "error"), 1;
    auto const field = [&](char const* name) -> std::string {
        lua_getfield(L, 1, name);
        std::string text = lua_isstring(L, -1) ? std::string(view(L, -1)) : std::string();
        lua_pop(L, 1);
        return text;
    };
    auto text = fmt::format(
        "{}:{}: {} [{}]", field("file"), field("line"), field("message"), field("code"));
    if (auto const source = field("excerpt"); !source.empty()) text += "\n" + source;
    push_text(L, text);
    return 1;
}

std::string raw_text(lua_State* L, int index, char const* name) {
    index = lua_absindex(L, index);
    lua_pushstring(L, name);
    lua_rawget(L, index);
    std::string text = lua_isstring(L, -1) ? std::string(view(L, -1)) : std::string();
    lua_pop(L, 1);
    return clean(std::move(text));
}

Finding read_finding(lua_State* L, int index) {
    Finding finding;
    index = lua_absindex(L, index);
    int const top = lua_gettop(L);
    finding.code = raw_text(L, index, "code");
    finding.message = raw_text(L, index, "message");
    if (auto const hint = raw_text(L, index, "hint"); !hint.empty()) finding.message += "; " + hint;
    finding.file = raw_text(L, index, "file");
    auto const line = raw_text(L, index, "line");
    std::from_chars(line.data(), line.data() + line.size(), finding.line);
    finding.line = std::max(0, finding.line);
    lua_pushliteral(L, "got");
    lua_rawget(L, index);
    finding.got = clean(plain_json(L, -1));
    lua_pop(L, 1);
    lua_pushliteral(L, "allowed");
    lua_rawget(L, index);
    if (lua_istable(L, -1))
        for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; ++i) {
            finding.allowed.push_back(clean(plain_json(L, -1)));
            lua_pop(L, 1);
        }
    lua_settop(L, top);
    return finding;
}

Error make(std::string_view code, std::string message) {
    if (auto const* row = find_error_row(code)) return Error(*row, std::move(message));
    return make_error("script.error", std::move(message)).with("code", std::string(code));
}

std::string placed(std::string const& file, int line, std::string const& message) {
    return file.empty() ? message : fmt::format("{}:{}: {}", file, line, message);
}

// "launch.lua:3: text", as Lua itself writes it.
bool split_place(std::string const& text, Place& place, std::string& rest) {
    auto const first = text.find(':');
    auto const second = first == std::string::npos ? first : text.find(':', first + 1);
    if (second == std::string::npos || first == 0) return false;
    auto const [end, trouble] =
        std::from_chars(text.data() + first + 1, text.data() + second, place.line);
    if (trouble != std::errc{} || end != text.data() + second) return false;
    place.line = std::max(0, place.line);
    place.file = clean(text.substr(0, first));
    rest = text.substr(std::min(text.size(), second + 2));
    return true;
}

}  // namespace

Place where(lua_State* L) {
    lua_Debug frame{};
    for (int level = 0; lua_getstack(L, level, &frame) != 0; ++level) {
        lua_getinfo(L, "Sl", &frame);
        if (frame.source[0] == '@' && frame.currentline > 0)
            return {frame.source + 1, frame.currentline};
    }
    // A tail call into the Lua half leaves no frame of the script behind.
    return {context(L).file, 0};
}

void push_error(lua_State* L, ScriptError error) {
    auto& ctx = context(L);
    if (error.place.file.empty()) error.place = where(L);
    auto const source = mark_source(ctx, error);
    luaL_checkstack(L, 8, nullptr);
    lua_newtable(L);
    set_text(L, "code", error.code);
    set_text(L, "kind", kind_word(error.code));
    set_text(L, "message", error.message);
    set_text(L, "hint", error.hint);
    set_text(L, "file", error.place.file);
    set_text(L, "excerpt", source);
    lua_pushinteger(L, error.place.line);
    lua_setfield(L, -2, "line");
    push_plain(L, error.got);
    lua_setfield(L, -2, "got");
    lua_newtable(L);
    for (std::size_t i = 0; i < error.allowed.size(); ++i) {
        push_plain(L, error.allowed[i]);
        lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
    }
    lua_setfield(L, -2, "allowed");
    if (error.origin) {
        // A script that catches such errors in a loop keeps only the first ones whole.
        if (ctx.origins.size() < 1000) ctx.origins.push_back(*error.origin);
        lua_pushinteger(L, static_cast<lua_Integer>(ctx.origins.size()));
        lua_setfield(L, -2, "origin");
    }
    if (!error.more.empty()) {
        lua_newtable(L);
        lua_Integer number = 0;
        for (auto& other : error.more) {
            if (other.place.file.empty()) other.place = where(L);
            push_error(L, std::move(other));
            lua_rawseti(L, -2, ++number);
        }
        lua_setfield(L, -2, "more");
    }
    if (luaL_newmetatable(L, error_name) != 0) {
        lua_pushcfunction(L, guarded<error_tostring>);
        lua_setfield(L, -2, "__tostring");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
}

void raise(lua_State* L, ScriptError error) {
    push_error(L, std::move(error));
    lua_error(L);
    std::terminate();  // lua_error does not return, but is not declared so
}

Error to_error(lua_State* L, int index, std::string const& trace) {
    index = lua_absindex(L, index);
    auto& ctx = context(L);
    bool ours = false;
    if (lua_istable(L, index) && lua_getmetatable(L, index) != 0) {
        luaL_getmetatable(L, error_name);
        ours = lua_rawequal(L, -1, -2) != 0;
        lua_pop(L, 2);
    }
    if (!ours) {
        // The script raised something of its own, or Lua did. No code of the script runs any more:
        // not its __tostring.
        ScriptError error("script.error", "the script raised " + shown(L, index));
        if (is_text(L, index)) {
            error.message = view(L, index);
            split_place(std::string(view(L, index)), error.place, error.message);
        } else if (lua_istable(L, index)) {
            if (auto const text = raw_text(L, index, "message"); !text.empty())
                error.message = text;
        }
        if (error.message.find("attempt to load a") != std::string::npos)
            error.code = "script.not_allowed";
        auto result = to_error(ctx, std::move(error));
        return trace.empty() ? result : result.with("traceback", clean(trace));
    }
    auto finding = read_finding(L, index);
    auto const code = finding.code;
    auto const message = placed(finding.file, finding.line, raw_text(L, index, "message"));
    auto error = make(code, message).with_hint(raw_text(L, index, "hint"));
    lua_pushliteral(L, "origin");
    lua_rawget(L, index);
    auto const origin = static_cast<std::size_t>(lua_tointeger(L, -1));
    lua_pop(L, 1);
    if (origin > 0 && origin <= ctx.origins.size())
        error = error.caused_by(ctx.origins[origin - 1]);
    error = error.with_at(finding);
    lua_pushliteral(L, "more");
    lua_rawget(L, index);
    if (lua_istable(L, -1))
        for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; ++i) {
            error = error.with_at(read_finding(L, -1));
            lua_pop(L, 1);
        }
    lua_settop(L, index);
    return error.with("source", raw_text(L, index, "excerpt"));
}

Error to_error(Context& ctx, ScriptError error) {
    error.message = clean(std::move(error.message));
    error.hint = clean(std::move(error.hint));
    auto const source = mark_source(ctx, error);
    auto result = make(error.code, placed(error.place.file, error.place.line, error.message))
                      .with_hint(error.hint);
    if (error.origin) result = result.caused_by(*error.origin);
    auto const add = [&](ScriptError const& one) {
        Finding finding;
        finding.code = one.code;
        finding.message = clean(one.hint.empty() ? one.message : one.message + "; " + one.hint);
        finding.file = one.place.file;
        finding.line = one.place.line;
        finding.got = clean(one.got);
        finding.allowed = one.allowed;
        result = result.with_at(std::move(finding));
    };
    add(error);
    for (auto& other : error.more) {
        mark_source(ctx, other);
        add(other);
    }
    return result.with("source", source);
}

std::string printed(Error const& error) {
    std::string source;
    for (auto const& [name, value] : error.context())
        if (name == "source") source = value;
    auto text = fmt::format("{} [{}]", error.message(), error.code());
    if (!source.empty())
        text += "\n" + source;
    else if (!error.hint().empty())
        text += "\n      " + error.hint();
    for (std::size_t i = 1; i < error.at().size(); ++i) {
        auto const& other = error.at()[i];
        text += fmt::format("\n{} [{}]", placed(other.file, other.line, other.message), other.code);
    }
    return text;
}

}  // namespace postrider::script
