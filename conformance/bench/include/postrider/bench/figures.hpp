// What a benchmark gives: one figure of ours beside one of a named peer, as a table and as JSON.
#pragma once

#include <boost/json/object.hpp>

#include <string>
#include <vector>

namespace postrider::bench {

enum class Better { more, less };

struct Figure {
    std::string name;
    std::string unit;
    double ours = 0;
    std::string peer;  ///< what was measured beside it; empty when there is no peer
    double theirs = 0;
    Better better = Better::more;
    std::string note;

    /// ours / theirs; 0 without a peer.
    [[nodiscard]] double ratio() const;
};

using Figures = std::vector<Figure>;

boost::json::object to_json(Figure const& figure);
Figure figure_from_json(boost::json::object const& object);

/// As Markdown, so that it can be pasted into a page as it stands.
std::string table(Figures const& figures);

/// Of a copy: the order of the values is left alone. 0 for none.
double percentile(std::vector<double> values, double part);
double median(std::vector<double> const& values);

}  // namespace postrider::bench
