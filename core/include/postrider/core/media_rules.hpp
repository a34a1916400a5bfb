// Media against a network's rules: which number is wrong, what is allowed, and the command that
// mends it. Pure.
#pragma once

#include <postrider/adapter/descriptor.hpp>
#include <postrider/adapter/media.hpp>
#include <postrider/adapter/post.hpp>
#include <postrider/error.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace postrider::core {

/// Checks all media of one post: their number, and each of them. Paths of findings are `/media` and
/// `/media/<index>`.
///
/// @param creator  this creator's own limits; may be null when they are not known.
/// @param deliver  how the post is delivered: a creator's limit need not bind every way.
/// @returns findings with code `media.unsupported`; empty when all is well. Those of level
/// `warning` do not hinder a post.
std::vector<Finding> check_media(std::vector<adapter::MediaFacts> const& media,
                                 adapter::MediaRules const& rules,
                                 adapter::CreatorFacts const* creator,
                                 adapter::Deliver deliver = adapter::Deliver::direct);

/// The same for one file or URL. What was not probed (media behind a URL) is not judged.
///
/// When several numbers are wrong, every finding names the same command, which mends them all.
std::vector<Finding> check_media_item(adapter::MediaFacts const& facts,
                                      adapter::MediaRules const& rules,
                                      adapter::CreatorFacts const* creator,
                                      std::string_view path = "/media/0",
                                      adapter::Deliver deliver = adapter::Deliver::direct);

/// The ffmpeg command that turns the file into one that obeys the rules, its result beside it as
/// `<stem>.fixed.<type>`. Empty when nothing needs mending or no command can.
std::string mending_command(adapter::MediaFacts const& facts,
                            adapter::MediaRules const& rules,
                            adapter::CreatorFacts const* creator);

/// A word as a shell takes it: in single quotes, or as $'...' when it holds control characters.
std::string shell_quoted(std::string_view word);

}  // namespace postrider::core
