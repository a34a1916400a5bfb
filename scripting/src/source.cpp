// A small reader of Lua's tokens. It skips what it does not understand: a broken script is Lua's to
// report.
#include "source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

namespace postrider::script {
namespace {

bool is_word(char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
}

class Reader {
 public:
    explicit Reader(std::string_view text) : text_(text) {}

    std::vector<Token> run() {
        while (at_ < text_.size()) step();
        return std::move(tokens_);
    }

 private:
    void step() {
        char const letter = text_[at_];
        if (letter == '\n') {
            ++line_;
            line_start_ = ++at_;
        } else if (std::isspace(static_cast<unsigned char>(letter)) != 0) {
            ++at_;
        } else if (text_.substr(at_, 2) == "--") {
            at_ += 2;
            if (auto const level = long_level())
                skip_long(*level);
            else
                while (at_ < text_.size() && text_[at_] != '\n') ++at_;
        } else if (letter == '"' || letter == '\'') {
            quoted(letter);
        } else if (auto const level = long_level()) {
            auto const start = at_;
            auto const token = place();
            skip_long(*level);
            auto const mark = static_cast<std::size_t>(*level) + 2;
            if (at_ >= start + 2 * mark)
                add(token, Token::Kind::text, text_.substr(start + mark, at_ - start - 2 * mark));
        } else if (is_word(letter)) {
            auto const token = place();
            auto const start = at_;
            while (at_ < text_.size() && is_word(text_[at_])) ++at_;
            add(token, Token::Kind::name, text_.substr(start, at_ - start));
        } else {
            auto const token = place();
            // `==` and its like are one symbol, so that they are not taken for an assignment.
            auto const two = text_.substr(at_, 2);
            bool const pair = two == "==" || two == "~=" || two == "<=" || two == ">=";
            add(token, Token::Kind::symbol, text_.substr(at_, pair ? 2 : 1));
            at_ += pair ? 2 : 1;
        }
    }

    struct Spot {
        int line;
        int column;
    };
    [[nodiscard]] Spot place() const { return {line_, static_cast<int>(at_ - line_start_)}; }

    void add(Spot spot, Token::Kind kind, std::string_view content) {
        auto& token = tokens_.emplace_back();
        token.kind = kind;
        token.text = content;
        token.line = spot.line;
        token.column = spot.column;
        token.width = static_cast<int>(content.size()) + (kind == Token::Kind::text ? 2 : 0);
    }

    // The number of equals signs of `[==[` here, if that is what stands here.
    [[nodiscard]] std::optional<int> long_level() const {
        if (at_ >= text_.size() || text_[at_] != '[') return std::nullopt;
        auto end = at_ + 1;
        while (end < text_.size() && text_[end] == '=') ++end;
        if (end >= text_.size() || text_[end] != '[') return std::nullopt;
        return static_cast<int>(end - at_ - 1);
    }

    void skip_long(int level) {
        std::string close(static_cast<std::size_t>(level) + 2, '=');
        close.front() = close.back() = ']';
        auto const end = text_.find(close, at_);
        auto const stop = end == std::string_view::npos ? text_.size() : end + close.size();
        for (; at_ < stop; ++at_)
            if (text_[at_] == '\n') ++line_, line_start_ = at_ + 1;
    }

    void quoted(char quote) {
        auto const token = place();
        auto const start = ++at_;
        while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n')
            at_ += text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n' ? 2 : 1;
        if (at_ > text_.size()) at_ = text_.size();
        add(token, Token::Kind::text, text_.substr(start, at_ - start));
        if (at_ < text_.size() && text_[at_] == quote) ++at_;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_start_ = 0;
    int line_ = 1;
    std::vector<Token> tokens_;
};

}  // namespace

Source::Source(std::string text) : text_(std::move(text)), tokens_(Reader(text_).run()) {
    line_starts_.push_back(0);
    for (std::size_t i = 0; i < text_.size(); ++i)
        if (text_[i] == '\n') line_starts_.push_back(i + 1);
}

std::string_view Source::line(int number) const {
    if (number < 1 || static_cast<std::size_t>(number) > line_starts_.size()) return {};
    auto const start = line_starts_[static_cast<std::size_t>(number) - 1];
    auto const end = text_.find('\n', start);
    auto text = std::string_view(text_).substr(start, end == std::string::npos ? end : end - start);
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    return text;
}

Token const* Source::find(std::string_view word, int call_line) const {
    if (word.empty()) return nullptr;
    auto const means = [&](std::size_t i) {
        auto const& token = tokens_[i];
        if (token.text != word) return false;
        if (token.kind == Token::Kind::text) return true;
        // A name is meant where it is a field: `name =`, or after a dot.
        bool const assigned = i + 1 < tokens_.size() && tokens_[i + 1].text == "=";
        bool const reached = i > 0 && (tokens_[i - 1].text == "." || tokens_[i - 1].text == ":");
        return assigned || reached;
    };
    std::size_t start = 0;
    while (start < tokens_.size() && tokens_[start].line < call_line) ++start;
    int depth = 0;
    for (auto i = start; i < tokens_.size(); ++i) {
        auto const& token = tokens_[i];
        if (means(i)) return &token;
        if (token.kind != Token::Kind::symbol) continue;
        if (token.text == "{" || token.text == "(") ++depth;
        if ((token.text == "}" || token.text == ")") && --depth <= 0 && token.line > call_line)
            break;
    }
    // Elsewhere only if there is no doubt, and then a name of a variable will do as well.
    Token const* only = nullptr;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
        if (!means(i)) continue;
        if (only) return nullptr;
        only = &tokens_[i];
    }
    if (only) return only;
    for (auto i = start; i < tokens_.size() && tokens_[i].line == call_line; ++i)
        if (tokens_[i].text == word) return &tokens_[i];
    return nullptr;
}

std::string excerpt(Source const& source, int line, Token const* token, std::string_view hint) {
    auto const text = source.line(line);
    if (text.empty()) return {};
    auto result = fmt::format("{:5} | {}", line, text);
    if (!token && hint.empty()) return result;
    // Tabs are kept, so that the caret stands below its word in every terminal.
    std::string pad;
    int const column = token ? token->column : 0;
    int columns = 0;
    for (char const letter : text) {
        if (token ? columns >= column : (letter != ' ' && letter != '\t')) break;
        // One blank a letter: bytes that go on with a UTF-8 sequence take no room.
        if ((static_cast<unsigned char>(letter) & 0xC0) != 0x80) pad += letter == '\t' ? '\t' : ' ';
        ++columns;
    }
    result += fmt::format(
        "\n      | {}{}",
        pad,
        token ? std::string(static_cast<std::size_t>(std::max(1, token->width)), '^') : "");
    if (!hint.empty()) result += token ? fmt::format(" {}", hint) : std::string(hint);
    return result;
}

}  // namespace postrider::script
