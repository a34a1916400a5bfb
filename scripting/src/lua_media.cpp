// Media: files of the campaign's folder and URLs, what the probe says of them, and what a script
// may demand.
#include "lua_values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::script {
namespace {

namespace json = boost::json;

FieldBinding const media_fields[] = {
    {"alt", Form::text, false, "description for people who cannot see it"},
    {"title", Form::text, false, "title of this piece of media"},
};
FieldBinding const find_media_fields[] = {
    {"glob",
     Form::text,
     false,
     "`*` within a name, `**` over folders, `?` one character; else every file"},
    {"kind", Form::words, false, "what it is", {}, "video|image"},
    {"orientation", Form::words, false, "its shape as displayed", {}, "portrait|landscape|square"},
    {"min_duration", Form::duration, false, "at least so long"},
    {"max_duration", Form::duration, false, "at most so long"},
    {"max_size_bytes", Form::integer, false, "at most so large"},
    {"sound", Form::boolean, false, "with sound, or without"},
    {"exclude", Form::any, false, "a glob, or a list of them", "string|string[]"},
    {"sort", Form::words, false, "order; else `path`", {}, "path|name|duration|size"},
    {"limit", Form::integer, false, "at most so many"},
};
FieldBinding const require_media_fields[] = {
    {"min_width", Form::integer, false, "pixels as displayed"},
    {"min_height", Form::integer, false, "pixels as displayed"},
    {"min_duration", Form::duration, false, "at least so long"},
    {"max_duration", Form::duration, false, "at most so long"},
    {"max_size_bytes", Form::integer, false, "at most so large"},
    {"orientation", Form::words, false, "its shape as displayed", {}, "portrait|landscape|square"},
    {"sound", Form::boolean, false, "with sound, or without"},
    {"codec", Form::text, false, "of the picture, such as `h264`"},
};

adapter::MediaFacts const& facts_of(lua_State* L) {
    return context(L).facts(*self<MediaValue>(L).entry);
}

std::string_view orientation(adapter::MediaFacts const& facts) {
    if (facts.width == facts.height) return "square";
    return facts.width < facts.height ? "portrait" : "landscape";
}

std::string_view name_of(MediaEntry const& entry) {
    auto const path = std::string_view(entry.source);
    return path.substr(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1);
}

int media_path(lua_State* L) {
    return push_text(L, self<MediaValue>(L).entry->source), 1;
}
int media_name(lua_State* L) {
    return push_text(L, name_of(*self<MediaValue>(L).entry)), 1;
}
int media_stem(lua_State* L) {
    auto const name = name_of(*self<MediaValue>(L).entry);
    auto const dot = name.rfind('.');
    return push_text(L, dot == 0 ? name : name.substr(0, dot)), 1;
}
int media_orientation(lua_State* L) {
    return push_text(L, orientation(facts_of(L))), 1;
}

template <auto member>
int media_fact(lua_State* L) {
    auto const& value = facts_of(L).*member;
    using T = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::is_same_v<T, bool>)
        lua_pushboolean(L, value ? 1 : 0);
    else if constexpr (std::is_integral_v<T>)
        lua_pushinteger(L, static_cast<lua_Integer>(value));
    else
        push_text(L, value);
    return 1;
}

[[noreturn]] void not_met(MediaEntry const& entry,
                          std::string_view field,
                          std::string const& is,
                          std::string const& wanted,
                          json::value got,
                          json::value allowed) {
    ScriptError error(
        "media.requirement_not_met",
        fmt::format("'{}' {} {}, and {} is required", entry.source, field, is, wanted));
    error.with_got(std::move(got));
    error.allowed.push_back(std::move(allowed));
    throw error;
}

int media_require(lua_State* L) {
    auto const& entry = *self<MediaValue>(L).entry;
    Fields const fields(L, 2, require_table);
    auto const& facts = facts_of(L);
    auto const bound =
        [&](std::string_view name, std::int64_t value, bool at_least, std::string_view what) {
            if (!fields.has(name)) return;
            auto const limit = fields.integer(name);
            if (at_least ? value < limit : value > limit)
                not_met(entry,
                        what,
                        std::to_string(value),
                        fmt::format("{} = {}", name, limit),
                        value,
                        limit);
        };
    auto const time = [&](std::string_view name, bool at_least) {
        auto const limit = fields.duration(name);
        if (limit &&
            (at_least ? facts.duration_ms < limit->count() : facts.duration_ms > limit->count()))
            not_met(entry,
                    "has a duration of",
                    to_duration_text(Milliseconds(facts.duration_ms)),
                    fmt::format("{} = {}", name, to_duration_text(*limit)),
                    facts.duration_ms,
                    limit->count());
    };
    bound("min_width", facts.width, true, "has a width of");
    bound("min_height", facts.height, true, "has a height of");
    time("min_duration", true);
    time("max_duration", false);
    bound("max_size_bytes",
          static_cast<std::int64_t>(facts.size_bytes),
          false,
          "has a size in bytes of");
    if (auto const wanted = fields.text("orientation");
        !wanted.empty() && wanted != orientation(facts))
        not_met(entry,
                "is",
                std::string(orientation(facts)),
                wanted,
                json::string(orientation(facts)),
                json::string(wanted));
    if (fields.has("sound") && fields.boolean("sound") != facts.has_sound)
        not_met(entry,
                "is",
                facts.has_sound ? "with sound" : "without sound",
                facts.has_sound ? "none" : "sound",
                facts.has_sound,
                !facts.has_sound);
    if (auto const wanted = fields.text("codec"); !wanted.empty() && wanted != facts.video_codec)
        not_met(entry,
                "has the codec",
                facts.video_codec,
                wanted,
                json::string(facts.video_codec),
                json::string(wanted));
    lua_settop(L, 1);
    return 1;
}

int make_media(lua_State* L) {
    auto value = read_media(L, 1, "the source of media");
    if (!lua_isnoneornil(L, 2)) {
        Fields const fields(L, 2, media_table, "media " + shown(L, 1));
        value.alt = fields.text("alt");
        value.title = fields.text("title");
    }
    push(L, std::move(value));
    return 1;
}

std::vector<std::string> excluded(lua_State* L, Fields const& fields) {
    std::vector<std::string> globs;
    if (!fields.push("exclude")) return globs;
    if (is_text(L, -1))
        globs.emplace_back(view(L, -1));
    else
        globs = read_texts(L, -1, "'exclude' of find_media", "exclude");
    lua_pop(L, 1);
    return globs;
}

// Looked at only for what the filters ask: a probe of every file of a folder takes a while.
bool fits(Fields const& fields, adapter::MediaFacts const& facts) {
    if (facts.kind != "video" && facts.kind != "image") return false;
    if (auto const kind = fields.text("kind"); !kind.empty() && kind != facts.kind) return false;
    if (auto const shape = fields.text("orientation");
        !shape.empty() && shape != orientation(facts))
        return false;
    if (auto const least = fields.duration("min_duration");
        least && facts.duration_ms < least->count())
        return false;
    if (auto const most = fields.duration("max_duration");
        most && facts.duration_ms > most->count())
        return false;
    if (fields.has("max_size_bytes") &&
        static_cast<std::int64_t>(facts.size_bytes) > fields.integer("max_size_bytes"))
        return false;
    return !fields.has("sound") || fields.boolean("sound") == facts.has_sound;
}

bool may_be_media(std::string_view path) {
    static constexpr std::string_view others[] = {
        ".lua", ".csv", ".json", ".txt", ".md", ".srt", ".luacheckrc", ".luarc.json"};
    return std::none_of(
        std::begin(others), std::end(others), [&](auto end) { return path.ends_with(end); });
}

int find_media(lua_State* L) {
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) {
        lua_newtable(L);
        lua_replace(L, 1);
    }
    Fields const fields(L, 1, find_media_table);
    auto& ctx = context(L);
    auto const exclude = excluded(L, fields);
    std::vector<MediaValue> found;
    for (auto const& path : ctx.folder.list(fields.text("glob", "**"))) {
        if (!may_be_media(path)) continue;
        if (std::any_of(exclude.begin(), exclude.end(), [&](auto const& glob) {
                return glob_matches(glob, path);
            }))
            continue;
        auto entry = ctx.media_entry(path);
        if (fits(fields, ctx.facts(*entry))) found.push_back({std::move(entry), {}, {}});
    }
    auto const sort = fields.text("sort", "path");
    std::stable_sort(found.begin(), found.end(), [&](MediaValue const& a, MediaValue const& b) {
        if (sort == "name") return name_of(*a.entry) < name_of(*b.entry);
        if (sort == "duration") return a.entry->facts->duration_ms < b.entry->facts->duration_ms;
        if (sort == "size") return a.entry->facts->size_bytes < b.entry->facts->size_bytes;
        return a.entry->source < b.entry->source;
    });
    auto const limit = fields.integer("limit", static_cast<std::int64_t>(found.size()));
    if (limit < 0)
        throw fields.error("script.not_allowed", "limit", "'limit' of find_media is not negative");
    lua_newtable(L);
    for (std::size_t i = 0; i < found.size() && i < static_cast<std::size_t>(limit); ++i) {
        push(L, std::move(found[i]));
        lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
    }
    return 1;
}

using Facts = adapter::MediaFacts;
PropertyBinding const media_properties[] = {
    {"path", "string", "as written: in the folder, or the URL", guarded<media_path>},
    {"name", "string", "the last part of the path", guarded<media_name>},
    {"stem", "string", "the name without its ending", guarded<media_stem>},
    {"kind", "string", "`video`, `image`, `audio`, `unknown`", guarded<media_fact<&Facts::kind>>},
    {"sha256",
     "string",
     "`sha256:` and 64 hex digits; empty for a URL",
     guarded<media_fact<&Facts::sha256>>},
    {"size_bytes", "integer", "0 for a URL", guarded<media_fact<&Facts::size_bytes>>},
    {"duration_ms", "integer", "0 for an image", guarded<media_fact<&Facts::duration_ms>>},
    {"width", "integer", "pixels as displayed", guarded<media_fact<&Facts::width>>},
    {"height", "integer", "pixels as displayed", guarded<media_fact<&Facts::height>>},
    {"orientation", "string", "`portrait`, `landscape`, `square`", guarded<media_orientation>},
    {"has_sound",
     "boolean",
     "whether there is a sound track",
     guarded<media_fact<&Facts::has_sound>>},
    {"container", "string", "such as `mp4`", guarded<media_fact<&Facts::container>>},
    {"codec", "string", "of the picture, such as `h264`", guarded<media_fact<&Facts::video_codec>>},
};
FunctionBinding const media_methods[] = {
    {"require",
     "fields: postrider.RequireFields",
     "postrider.Media",
     "The media itself, if all of it is so; else an error with the number.",
     "unknown_field wrong_type (and media.requirement_not_met)",
     guarded<media_require>},
};

}  // namespace

TableBinding const media_table{
    "media", "MediaFields", "What people read about a piece of media.", media_fields};
TableBinding const find_media_table{
    "find_media", "FindMediaFields", "Which files of the folder.", find_media_fields};
TableBinding const require_table{
    "require", "RequireFields", "What a piece of media has to be.", require_media_fields};
ClassBinding const media_class{
    .name = "Media",
    .doc = "One file or URL, probed when something is first asked of it.",
    .properties = media_properties,
    .methods = media_methods,
    .destroy = destroy<MediaValue>,
    .text = guarded<media_path>};

std::vector<FunctionBinding> const media_functions = {
    {"media",
     "source: string, fields?: postrider.MediaFields",
     "postrider.Media",
     "A file of the campaign's folder, or an https URL.",
     "file_missing file_outside unknown_field",
     guarded<make_media>},
    {"find_media",
     "fields?: postrider.FindMediaFields",
     "postrider.Media[]",
     "The files of the folder that fit; may be an empty list.",
     "unknown_field file_outside",
     guarded<find_media>},
};

MediaValue read_media(lua_State* L, int index, std::string const& what) {
    if (auto const* value = test<MediaValue>(L, index)) return *value;
    if (is_text(L, index)) return {context(L).media_entry(view(L, index)), {}, {}};
    throw ScriptError(
        misfit_code(L, index),
        fmt::format("{} must be media, a path or a URL, not {}", what, type_word(L, index)))
        .with_got(shown_json(L, index));
}

adapter::PostKind kind_of(Context& ctx, PostDecl const& post) {
    if (post.media.empty()) return adapter::PostKind::text;
    bool image = false;
    bool other = false;
    for (auto const& media : post.media)
        (ctx.facts(*media.entry).kind == "image" ? image : other) = true;
    if (image && other)
        throw ScriptError(
            "script.not_allowed",
            fmt::format("the media of post '{}' are a mixture of images and videos", post.key))
            .in(post.place)
            .at("media");
    return image ? adapter::PostKind::photo : adapter::PostKind::video;
}

}  // namespace postrider::script
