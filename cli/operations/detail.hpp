// What `--detail concise` leaves out of an answer: the members that its shape marks, and those that
// are null. Both follow from the schema of the answer alone, so no command knows of it.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace postrider::cli {

/// The schema of the concise form of what `schema`, made by schema_of(), describes: marked members
/// are gone, and a member that may be null may be absent.
boost::json::object concise_schema(boost::json::object const& schema);

/// The concise form of a value that `schema` describes.
boost::json::value concise_value(boost::json::object const& schema,
                                 boost::json::value const& value);

/// The same for one item of an answer that is a list, whose schema is that of the whole answer.
boost::json::value concise_item(boost::json::object const& schema, boost::json::value const& item);

}  // namespace postrider::cli
