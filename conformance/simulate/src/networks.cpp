// The list that adapters enter themselves into.
#include <postrider/simulate/network.hpp>

#include <algorithm>

namespace postrider::simulate {

namespace {

std::vector<NetworkKind>& known_networks() {
    static std::vector<NetworkKind> kinds;
    return kinds;
}

}  // namespace

std::vector<NetworkKind> const& networks() {
    return known_networks();
}

Registration::Registration(NetworkKind kind) {
    auto& kinds = known_networks();
    // The order in which files are linked must not decide anything.
    auto const place = std::find_if(
        kinds.begin(), kinds.end(), [&](auto const& other) { return kind.name < other.name; });
    kinds.insert(place, std::move(kind));
}

}  // namespace postrider::simulate
