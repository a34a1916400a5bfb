// Counts the items of a pattern that can stretch: each may be tried at every length, once for every
// length of the others.
#include "patterns.hpp"

#include <algorithm>
#include <cmath>

namespace postrider::script {
namespace {

struct Shape {
    int stretching = 0;  // items with * + - and balanced pairs that something follows
    int optional = 0;    // items with ?
    bool anchored = false;
};

// One past the end of a set such as `[^%]a-z]`, beginning behind its bracket.
std::size_t end_of_set(std::string_view pattern, std::size_t at) {
    if (at < pattern.size() && pattern[at] == '^') ++at;
    bool first = true;
    while (at < pattern.size() && (first || pattern[at] != ']')) {
        at += pattern[at] == '%' ? 2 : 1;
        first = false;
    }
    return at + 1;
}

Shape shape_of(std::string_view pattern) {
    Shape shape;
    std::size_t at = 0;
    if (!pattern.empty() && pattern[0] == '^') shape.anchored = true, at = 1;
    bool last_stretches = false;
    while (at < pattern.size()) {
        char const letter = pattern[at];
        if (letter == '(' || letter == ')') {
            ++at;  // captures cost nothing by themselves
            continue;
        }
        last_stretches = false;
        if (letter == '%' && at + 1 < pattern.size()) {
            char const kind = pattern[at + 1];
            if (kind == 'b') {
                ++shape.stretching;
                at += 4;
                continue;
            }
            if (kind >= '0' && kind <= '9') ++shape.stretching;  // compares a whole capture
            if (kind == 'f') {
                at = at + 2 < pattern.size() ? end_of_set(pattern, at + 3) : at + 2;
                continue;
            }
            at += 2;
        } else if (letter == '[') {
            at = end_of_set(pattern, at + 1);
        } else {
            ++at;
        }
        if (at >= pattern.size()) break;
        char const repeat = pattern[at];
        if (repeat == '?') ++shape.optional, ++at;
        if (repeat == '*' || repeat == '+' || repeat == '-') {
            ++shape.stretching;
            last_stretches = true;
            ++at;
        }
    }
    // What stands at the very end takes what it can and is never tried again.
    if (last_stretches) --shape.stretching;
    return shape;
}

}  // namespace

double pattern_cost(std::string_view pattern, std::size_t subject_size) {
    auto const shape = shape_of(pattern);
    // n starting points, n lengths for each item, of which only ordered ones are possible.
    int const power = shape.stretching + (shape.anchored ? 0 : 1);
    double const size = std::log2(static_cast<double>(subject_size) + 1);
    double const ordered = std::lgamma(power + 1.0) / std::log(2.0);
    return std::max(0.0, power * size - ordered) + shape.optional;
}

}  // namespace postrider::script
