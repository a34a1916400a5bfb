// Habits that are no errors today: keys that move when a row is inserted, data that nobody reads,
// times left over.
#include <postrider/script/campaign.hpp>

#include "campaign_run.hpp"
#include "context.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <tuple>

namespace postrider::script {
namespace {

class Linter {
 public:
    Linter(Context& ctx, CampaignDecl const& campaign, LoadedCampaign const& loaded)
        : ctx_(ctx), campaign_(campaign), loaded_(loaded) {}

    std::vector<Finding> run() {
        for (auto const& [file, source] : ctx_.sources) keys_from_index(file, source);
        unused_columns();
        unused_tags();
        unused_files();
        slots_left_over();
        fixed_offsets();
        near_duplicates();
        std::stable_sort(
            findings_.begin(), findings_.end(), [](Finding const& a, Finding const& b) {
                return std::tie(a.file, a.line, a.code) < std::tie(b.file, b.line, b.code);
            });
        return std::move(findings_);
    }

 private:
    void add(std::string_view code, Place const& place, std::string message) {
        Finding finding;
        finding.level = Finding::Level::warning;
        finding.code = code;
        finding.message = std::move(message);
        finding.file = place.file;
        finding.line = place.line;
        findings_.push_back(std::move(finding));
    }

    // Names that count something: of a numeric for, the first of ipairs, the second of a function
    // given to each.
    static std::set<std::string> counters(std::vector<Token> const& tokens) {
        std::set<std::string> names;
        auto const text = [&](std::size_t i) {
            return i < tokens.size() ? std::string_view(tokens[i].text) : std::string_view();
        };
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            if (text(i) == "for" && text(i + 2) == "=") names.emplace(text(i + 1));
            if (text(i) == "for" && text(i + 2) == "," && text(i + 4) == "in" &&
                text(i + 5) == "ipairs")
                names.emplace(text(i + 1));
            if (text(i) == "function" && text(i + 1) == "(" && text(i + 3) == "," &&
                text(i + 5) == ")") {
                std::size_t back = i;
                while (back > 0 && i - back < 12 && text(back) != "each") --back;
                if (text(back) == "each") names.emplace(text(i + 4));
            }
        }
        names.erase("_");
        return names;
    }

    void keys_from_index(std::string const& file, Source const& source) {
        auto const& tokens = source.tokens();
        auto const names = counters(tokens);
        for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
            if (tokens[i].text != "key" || tokens[i + 1].text != "=") continue;
            int depth = 0;
            for (std::size_t j = i + 2; j < tokens.size() && (depth > 0 || (tokens[j].text != "," &&
                                                                            tokens[j].text != "}"));
                 ++j) {
                if (tokens[j].kind == Token::Kind::symbol &&
                    (tokens[j].text == "(" || tokens[j].text == "["))
                    ++depth;
                if (tokens[j].kind == Token::Kind::symbol &&
                    (tokens[j].text == ")" || tokens[j].text == "]"))
                    --depth;
                // `rows[i].id` is data, whatever it was found by.
                if (tokens[j].kind != Token::Kind::name || depth > 0 ||
                    !names.contains(tokens[j].text))
                    continue;
                add("lint.key_from_index",
                    {file, tokens[j].line},
                    fmt::format("the key is made from the position '{}': when a post is inserted, "
                                "every later one becomes another; take it from the data",
                                tokens[j].text));
                break;
            }
        }
    }

    bool is_read(std::string const& column) const {
        for (auto const& [file, source] : ctx_.sources) {
            auto const& tokens = source.tokens();
            for (std::size_t i = 0; i < tokens.size(); ++i) {
                if (tokens[i].kind == Token::Kind::text &&
                    (tokens[i].text == column ||
                     tokens[i].text.find("{" + column + "}") != std::string::npos))
                    return true;
                if (tokens[i].kind == Token::Kind::name && tokens[i].text == column && i > 0 &&
                    tokens[i - 1].text == ".")
                    return true;
            }
        }
        return false;
    }

    void unused_columns() {
        for (auto const& [file, column] : ctx_.columns)
            if (!column.empty() && !is_read(column))
                add("lint.unused_column",
                    {file, 1},
                    fmt::format("nothing reads the column '{}'", column));
    }

    void unused_tags() {
        if (campaign_.routes.empty()) return;
        std::set<std::string> used;
        for (auto const& route : campaign_.routes)
            used.insert(route.tags.begin(), route.tags.end());
        std::set<std::string> told;
        for (auto const& post : campaign_.posts)
            for (auto const& tag : post->tags)
                if (!used.contains(tag) && told.insert(tag).second)
                    add("lint.unused_tag",
                        post->place,
                        fmt::format("no route asks for the tag '{}'", tag));
    }

    void unused_files() {
        for (auto const& path : ctx_.folder.list("**")) {
            auto const name =
                path.substr(path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1);
            if (name.ends_with(".lua") || name.ends_with(".md")) continue;
            bool const used =
                ctx_.inputs.contains("file:" + path) || ctx_.inputs.contains("media:" + path);
            if (!used) add("lint.unused_file", {path, 0}, fmt::format("no post uses '{}'", path));
        }
    }

    void slots_left_over() {
        for (auto const& [place, used] : ctx_.slots) {
            auto const left = std::count(used->begin(), used->end(), false);
            if (left > 0)
                add("lint.slot_left_over",
                    place,
                    fmt::format("{} of the {} times are not used", left, used->size()));
        }
    }

    void fixed_offsets() {
        for (auto const& post : campaign_.posts)
            if (post->when.fixed_offset && !post->asap)
                add("lint.fixed_offset",
                    post->place,
                    fmt::format("the time of post '{}' has a fixed offset: when the zone's rules "
                                "change it stays where it is; write a wall time",
                                post->key));
    }

    void near_duplicates() {
        struct Same {
            std::set<std::string> accounts;
            std::string post;
        };
        std::map<std::pair<std::string, std::string>, Same> alike;
        for (auto const& job : loaded_.jobs) {
            std::string plain;
            for (char const letter : job.post.caption)
                if (std::isspace(static_cast<unsigned char>(letter)) == 0)
                    plain += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
            if (plain.empty()) continue;
            auto& same = alike[{job.network, plain}];
            same.accounts.insert(job.account);
            same.post = job.post_key;
        }
        for (auto const& [key, same] : alike) {
            if (same.accounts.size() < 2) continue;
            auto const place = loaded_.places.find(same.post);
            add("lint.near_duplicate",
                place == loaded_.places.end() ? Place{} : place->second,
                fmt::format("post '{}': {} accounts of {} say the same ({}); let `vary` choose "
                            "among more words",
                            same.post,
                            same.accounts.size(),
                            key.first,
                            fmt::join(same.accounts, ", ")));
        }
    }

    Context& ctx_;
    CampaignDecl const& campaign_;
    LoadedCampaign const& loaded_;
    std::vector<Finding> findings_;
};

}  // namespace

Result<std::vector<Finding>> lint_campaign(std::filesystem::path const& file,
                                           ScriptHost const& host,
                                           ScriptLimits const& limits) {
    Context ctx(host, limits);
    std::shared_ptr<CampaignDecl const> campaign;
    auto loaded = run_campaign(ctx, file, &campaign);
    if (!loaded) return loaded.error();
    return Linter(ctx, *campaign, *loaded).run();
}

}  // namespace postrider::script
