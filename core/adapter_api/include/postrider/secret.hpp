// Text that must not be printed. Its only way out is expose(), which is easy to search for.
#pragma once

#include <string>
#include <utility>

namespace postrider {

class Secret {
 public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}
    [[nodiscard]] std::string const& expose() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

 private:
    std::string text_;
};

}  // namespace postrider
