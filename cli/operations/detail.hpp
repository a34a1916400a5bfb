// What `--detail concise` leaves out of an answer: the members that its shape marks, and those that
// are null. Both follow from the schema of the answer alone, so no command knows of it.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace postrider::cli {

/// The schema of the concise form of what `schema`, made by schema_of(), describes: marked members
/// are gone, and a member that may be null may be absent.
boost::json::object concise_schema(boost::json::object const& schema);

/// The concise form of a value that `schema` describes.
boost::json::value concise_value(boost::json::object const& schema,
                                 boost::json::value const& value);

/// The same for one item of an answer that is a list, whose schema is that of the whole answer.
boost::json::value concise_item(boost::json::object const& schema, boost::json::value const& item);

/// Whether an item of an answer that is a list may have the member `path` (`receipt.seen`), by the
/// schema of the whole answer: a list without items has no other word on it.
bool item_may_have(boost::json::object const& schema, std::string_view path);

/// The members that are named there for an item, without those of inner objects.
std::vector<std::string> item_members(boost::json::object const& schema);

}  // namespace postrider::cli
