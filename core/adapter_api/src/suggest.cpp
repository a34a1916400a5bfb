// Nearest name by edits: insert, delete, replace, or swap two neighbours.
#include <postrider/suggest.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace postrider {

namespace {

// Edits between two names, or limit + 1 as soon as it is clear that there are more than `limit`.
std::size_t edits(std::string_view from, std::string_view to, std::size_t limit) {
    auto const difference =
        from.size() > to.size() ? from.size() - to.size() : to.size() - from.size();
    if (difference > limit) return limit + 1;

    std::vector<std::size_t> before_last(to.size() + 1);
    std::vector<std::size_t> last(to.size() + 1);
    std::vector<std::size_t> row(to.size() + 1);
    for (std::size_t j = 0; j <= to.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= from.size(); ++i) {
        row[0] = i;
        auto best = row[0];
        for (std::size_t j = 1; j <= to.size(); ++j) {
            bool const same = from[i - 1] == to[j - 1];
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
            bool const swapped =
                i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
            if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
            best = std::min(best, row[j]);
        }
        if (best > limit) return limit + 1;
        std::swap(before_last, last);
        std::swap(last, row);
    }
    return std::min(last[to.size()], limit + 1);
}

}  // namespace

std::string nearest_name(std::string_view name, std::span<std::string const> known) {
    // A name that would have to be replaced as a whole is no misspelling.
    auto const limit =
        std::min<std::size_t>(name.size() <= 3 ? 1 : 2, name.empty() ? 0 : name.size() - 1);
    auto best = limit + 1;
    std::string const* nearest = nullptr;
    for (auto const& candidate : known) {
        auto const distance = edits(name, candidate, limit);
        if (distance >= best) continue;
        best = distance;
        nearest = &candidate;
    }
    return nearest ? *nearest : std::string{};
}

}  // namespace postrider
