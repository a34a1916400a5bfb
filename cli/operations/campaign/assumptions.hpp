// What `campaign simulate` takes for granted: a file of JSON, checked as a request is.
#pragma once

#include "operations/context.hpp"

#include <postrider/adapter/post.hpp>

#include <boost/json/object.hpp>

#include <filesystem>
#include <map>
#include <string>

namespace postrider::cli {

struct AssumedFacts {
    std::string account;  ///< as the file names it
    adapter::CreatorFacts facts;
};

struct Assumptions {
    std::vector<AssumedFacts> facts;
    boost::json::object
        rehearsal;  ///< the rest, as the rehearsal takes it: numbers of milliseconds
};

/// Without a file: nothing but what is usual.
Assumptions usual_assumptions();

/// Errors: `not_found.file`; `usage.bad_value`, `usage.unknown_field`, `usage.missing_input` with
/// every problem in `at`.
Result<Assumptions> read_assumptions(Context& context, std::filesystem::path const& file);

/// The same, of the file's text.
Result<Assumptions> parse_assumptions(std::string const& text,
                                      std::vector<std::string> const& networks);

}  // namespace postrider::cli
