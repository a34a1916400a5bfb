// Captions and lengths: caption(), length(), limit(). Templates are checked where they are written,
// rendered later.
#include "lua_values.hpp"
#include "render.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::script {
namespace {

FieldBinding const caption_fields[] = {
    {"text", Form::text, false, "template: `{name}` takes a value, `{{` and `}}` are braces"},
    {"networks",
     Form::any,
     false,
     "network -> template that replaces `text` there",
     "table<string, string>"},
    {"values", Form::any, false, "name -> text or number", "table<string, string|number|boolean>"},
    {"vary",
     Form::any,
     false,
     "name -> list of texts, of which each account gets one",
     "table<string, string[]>"},
    {"fit",
     Form::words,
     false,
     "what happens beyond a network's length; else `refuse`",
     {},
     "refuse|shorten"},
    {"shorten", Form::texts, false, "values that may be cut, last first"},
};

std::map<std::string, std::string> read_networks(lua_State* L, Fields const& fields) {
    std::map<std::string, std::string> texts;
    if (!fields.push("networks")) return texts;
    for (auto const& network : text_keys(L, -1, "'networks' of caption", "networks")) {
        (void)context(L).descriptor(network);
        lua_pushstring(L, network.c_str());
        lua_rawget(L, -2);
        if (!is_text(L, -1)) throw fields.wrong_type(network, "text", -1);
        texts[network] = view(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return texts;
}

std::map<std::string, std::string> read_values(lua_State* L, Fields const& fields) {
    std::map<std::string, std::string> values;
    if (!fields.push("values")) return values;
    // Rows and JSON objects are fine: only their plain values count as names of the template.
    for (auto const& name : text_keys(L, -1, "'values' of caption", "values")) {
        lua_pushstring(L, name.c_str());
        lua_rawget(L, -2);
        auto const type = lua_type(L, -1);
        if (type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TBOOLEAN) {
            values[name] = push_tostring(L, -1);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return values;
}

std::map<std::string, std::vector<std::string>> read_vary(lua_State* L, Fields const& fields) {
    std::map<std::string, std::vector<std::string>> vary;
    if (!fields.push("vary")) return vary;
    for (auto const& name : text_keys(L, -1, "'vary' of caption", "vary")) {
        lua_pushstring(L, name.c_str());
        lua_rawget(L, -2);
        vary[name] = read_texts(L, -1, fmt::format("'{}' of vary", name), name);
        if (vary[name].empty())
            throw fields.error("script.wrong_type",
                               name,
                               fmt::format("'{}' of vary has nothing to choose from", name));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return vary;
}

void check_template(CaptionValue const& caption, std::string const& text) {
    std::vector<std::string> names;
    for (auto const& [name, value] : caption.values) names.push_back(name);
    for (auto const& [name, value] : caption.vary) names.push_back(name);
    for (auto const& part : parse_template(text)) {
        if (!part.name) continue;
        if (part.text.starts_with("link:"))
            throw ScriptError("script.not_allowed",
                              fmt::format("'{{{}}}' comes with stage 2", part.text))
                .at(text);
        if (std::find(names.begin(), names.end(), part.text) == names.end())
            throw ScriptError(
                "script.template",
                fmt::format("the template has '{{{}}}', and there is no such value", part.text))
                .at(text)
                .known(part.text, names);
    }
}

int make_caption(lua_State* L) {
    Fields const fields(L, 1, caption_table);
    CaptionValue caption;
    caption.text = fields.text("text");
    caption.networks = read_networks(L, fields);
    if (!fields.has("text") && caption.networks.empty())
        throw fields.error("script.missing_field", "caption", "caption needs the field 'text'");
    caption.values = read_values(L, fields);
    caption.vary = read_vary(L, fields);
    for (auto const& [name, choices] : caption.vary)
        if (caption.values.contains(name))
            throw fields.error(
                "script.template", name, fmt::format("'{}' is both in values and in vary", name));
    caption.shorten = fields.text("fit") == "shorten";
    caption.shorten_names = fields.texts("shorten");
    for (auto const& name : caption.shorten_names)
        if (!caption.values.contains(name)) {
            std::vector<std::string> known;
            for (auto const& [value, text] : caption.values) known.push_back(value);
            throw ScriptError("script.template",
                              fmt::format("'shorten' names '{}', and there is no such value", name))
                .at(name)
                .known(name, known);
        }
    if (caption.shorten && caption.shorten_names.empty())
        throw fields.error("script.missing_field",
                           "fit",
                           "fit = \"shorten\" needs the field 'shorten': what may be cut");
    check_template(caption, caption.text);
    for (auto const& [network, text] : caption.networks) check_template(caption, text);
    std::size_t size = caption.text.size();
    for (auto const& [name, value] : caption.values) size += name.size() + value.size() + 100;
    context(L).charge(size);
    push(L, std::move(caption));
    return 1;
}

adapter::TextField const* text_field(lua_State* L, int network_index, std::string_view function) {
    auto const network = text_argument(L, network_index, function, "the network");
    auto const& descriptor = context(L).descriptor(network);
    std::string_view field = "caption";
    if (!lua_isnoneornil(L, network_index + 1))
        field = text_argument(L, network_index + 1, function, "the field");
    if (field != "caption" && field != "title")
        throw ScriptError("script.not_allowed",
                          fmt::format("the field of {} is \"caption\" or \"title\"", function))
            .with_got(boost::json::string(field));
    for (auto const kind : descriptor.kinds)
        if (auto const* found = adapter::find_text(descriptor, field, kind)) return found;
    return nullptr;
}

int text_length_of(lua_State* L) {
    auto const text = text_argument(L, 1, "length", "the text");
    auto const* field = text_field(L, 2, "length");
    auto const unit = field ? field->unit : TextUnit::code_point;
    lua_pushinteger(L, static_cast<lua_Integer>(text_length(text, unit)));
    push_text(L, word(unit));
    return 2;
}

int text_limit(lua_State* L) {
    auto const* field = text_field(L, 1, "limit");
    if (field && field->length_max > 0)
        lua_pushinteger(L, static_cast<lua_Integer>(field->length_max));
    else
        lua_pushnil(L);
    push_text(L, word(field ? field->unit : TextUnit::code_point));
    return 2;
}

}  // namespace

TableBinding const caption_table{
    "caption", "CaptionFields", "A text for several networks.", caption_fields};
ClassBinding const caption_class{.name = "Caption",
                                 .doc = "A template that is rendered for each account.",
                                 .destroy = destroy<CaptionValue>};

std::vector<FunctionBinding> const caption_functions = {
    {"caption",
     "fields: postrider.CaptionFields",
     "postrider.Caption",
     "A text with values, other words for single networks, and variation.",
     "template unknown_network unknown_field",
     guarded<make_caption>},
    {"length",
     "text: string, network: string, field?: \"caption\"|\"title\"",
     "integer, string",
     "How long the network counts this text, and its unit.",
     "unknown_network wrong_type",
     guarded<text_length_of>},
    {"limit",
     "network: string, field?: \"caption\"|\"title\"",
     "integer?, string",
     "How long it may be (nil: no limit), and the unit.",
     "unknown_network wrong_type",
     guarded<text_limit>},
    {"shorten",
     "text: string, network: string, field?: string",
     "string",
     "The text cut at a word.",
     "",
     nullptr,
     2},
};

CaptionValue read_caption(lua_State* L, int index, std::string const& what, std::string_view mark) {
    if (auto const* value = test<CaptionValue>(L, index)) return *value;
    if (is_text(L, index)) {
        if (!is_valid_utf8(view(L, index)))
            throw ScriptError("script.wrong_type", fmt::format("{} is not UTF-8", what))
                .at(std::string(mark));
        CaptionValue caption;
        caption.plain = true;
        caption.text = view(L, index);
        return caption;
    }
    throw ScriptError(
        misfit_code(L, index),
        fmt::format("{} must be text or caption {{ }}, not {}", what, type_word(L, index)))
        .at(std::string(mark))
        .with_got(shown_json(L, index));
}

}  // namespace postrider::script
