// Answers for people: lists as aligned tables, single things as names and values, in the width of
// the terminal.
#pragma once

#include "terminal/text.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace postrider::cli {

/// One table; the last column is cut where the lines would be wider than `width`. Cells are made
/// harmless here.
std::string render_table(std::vector<std::string> const& heads,
                         std::vector<std::vector<std::string>> const& rows,
                         std::size_t width,
                         Paint const& paint);

/// `view` names the lists of the data and their columns: `items: id state account; warnings: code
/// message`. Other members follow as names and values. A column may be a path: `receipt.seen.link`.
std::string render_view(boost::json::object const& data,
                        std::string_view view,
                        std::size_t width,
                        Paint const& paint);

}  // namespace postrider::cli
