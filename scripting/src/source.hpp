// The text of a script, to point at: tokens with their places, so that a message can name the line
// of a field in a table that was handed over as a whole. Only messages depend on this; nothing is
// decided by it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::script {

struct Token {
    enum class Kind { name, text, symbol };
    Kind kind = Kind::symbol;
    std::string text;  ///< of a text: its content, escapes not decoded
    int line = 0;
    int column = 0;  ///< from 0, in bytes
    int width = 0;
};

class Source {
 public:
    Source() = default;
    explicit Source(std::string text);

    [[nodiscard]] std::string const& text() const { return text_; }
    [[nodiscard]] std::vector<Token> const& tokens() const { return tokens_; }
    /// Line from 1, without its end; empty when there is none.
    [[nodiscard]] std::string_view line(int number) const;
    /// The token that a message about `word` means: a field's name or a text, first within the
    /// table whose call stands at `call_line`, then anywhere if it occurs once. Null when it cannot
    /// be told.
    [[nodiscard]] Token const* find(std::string_view word, int call_line) const;

 private:
    std::string text_;
    std::vector<Token> tokens_;
    std::vector<std::size_t> line_starts_;
};

/// The source line and a caret below the token, as two lines; without a token, the line alone.
std::string excerpt(Source const& source, int line, Token const* token, std::string_view hint);

}  // namespace postrider::script
