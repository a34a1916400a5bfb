// What a binding throws when a script is wrong. guarded() (lua_help.hpp) turns it into a Lua error
// object, and load_campaign() into an Error. It never leaves this library.
#pragma once

#include <postrider/error.hpp>
#include <postrider/script/campaign.hpp>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::script {

struct ScriptError {
    std::string code;     ///< whole: `script.unknown_field`
    std::string message;  ///< one sentence without a full stop, without the place
    std::string
        mark;  ///< the word of the source that the caret points at: a field's name, or a text
    std::string hint;  ///< "did you mean 'accounts'?"
    Place place;       ///< empty: where the script is now
    boost::json::value got;
    boost::json::array allowed;
    std::vector<ScriptError> more;  ///< further problems of the same table
    std::optional<Error> origin;    ///< what the host said, when the trouble came from there

    ScriptError() = default;
    ScriptError(std::string_view code_, std::string message_)
        : code(code_), message(std::move(message_)) {}

    ScriptError& at(std::string word) { return mark = std::move(word), *this; }
    ScriptError& in(Place where) { return place = std::move(where), *this; }
    ScriptError& with_got(boost::json::value value) { return got = std::move(value), *this; }
    /// Lists what is known, and suggests the nearest to `given`.
    ScriptError& known(std::string_view given, std::span<std::string const> names);
};

}  // namespace postrider::script
