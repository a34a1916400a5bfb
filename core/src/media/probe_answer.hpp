// What a line of the probe's answer means. The program that wrote it had a stranger's file in its
// hands, so nothing in the line is believed that cannot be. Private to media/.
#pragma once

#include <postrider/adapter/media.hpp>
#include <postrider/result.hpp>

#include <boost/json/object.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::core::detail {

/// A path as it may stand in a sentence: control characters would reach a terminal.
std::string shown(std::filesystem::path const& path);

Error trouble(std::string_view code, std::filesystem::path const& path, std::string_view sentence);
Error helper_trouble(std::filesystem::path const& helper, std::string_view reason);

/// The object in a line, if it is an answer about this path.
std::optional<boost::json::object> parse_answer(std::string_view line, std::string_view path);

/// The facts in such an object, or the error that its `"ok": false` stands for.
Result<adapter::MediaFacts> facts_of(boost::json::object const& answer,
                                     std::filesystem::path const& helper,
                                     std::filesystem::path const& path);

/// The same for a question that asked for the hash alone.
Result<std::string> hash_of(boost::json::object const& answer,
                            std::filesystem::path const& helper,
                            std::filesystem::path const& path);

}  // namespace postrider::core::detail
