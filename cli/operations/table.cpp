// The list of operations, and of what later stages bring. The constants themselves stand beside
// their code.
#include "operations/table.hpp"

#include "operations/declared.hpp"

#include <algorithm>
#include <array>

namespace postrider::cli {

namespace {

constexpr Operation const* table[] = {
#define POSTRIDER_OPERATION(name) &name,
#include "operations/declared.inc"
#undef POSTRIDER_OPERATION
};

constexpr LaterCommand later[] = {
    {"account.stats", 2},
    {"account.disconnect", 2},
    {"approval.open", 2},
    {"approval.revoke", 2},
    {"audit.export", 2},
    {"audit.list", 2},
    {"audit.verify", 2},
    {"bucket.set", 2},
    {"completion", 2},
    {"job.explain", 2},
    {"job.move", 2},
    {"key.add", 2},
    {"key.list", 2},
    {"key.revoke", 2},
    {"man", 2},
    {"mcp", 2},
    {"media.convert", 2},
    {"media.list", 2},
    {"media.remove", 2},
    {"plan.drop", 2},
    {"post.stats", 2},
    {"serve", 3},
    {"store.copy", 3},
    {"store.prune", 3},
    {"webhook.add", 3},
    {"webhook.list", 3},
    {"webhook.remove", 3},
    {"webhook.replay", 3},
    {"webhook.rotate", 3},
    {"webhook.show", 3},
    {"webhook.test", 3},
    {"workspace.add", 2},
    {"workspace.list", 2},
    {"workspace.set", 2},
    {"workspace.show", 2},
    {"adapter.new", 2},
};

}  // namespace

std::span<Operation const* const> operations() {
    return table;
}

std::span<LaterCommand const> later_commands() {
    return later;
}

Operation const* find_operation(std::string_view name) {
    for (auto const* operation : table)
        if (operation->name == name) return operation;
    return nullptr;
}

std::vector<Operation const*> operations_of(std::string_view noun) {
    std::vector<Operation const*> found;
    for (auto const* operation : table)
        if (operation->name.size() > noun.size() && operation->name.starts_with(noun) &&
            operation->name[noun.size()] == '.')
            found.push_back(operation);
    return found;
}

std::vector<std::string> first_words() {
    std::vector<std::string> words;
    for (auto const* operation : table) {
        std::string const word(operation->name.substr(0, operation->name.find('.')));
        if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
    }
    return words;
}

}  // namespace postrider::cli
