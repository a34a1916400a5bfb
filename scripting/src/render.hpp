// Captions: templates, variation, and cutting to a network's length. Pure.
#pragma once

#include <postrider/adapter/descriptor.hpp>

#include "values.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace postrider::script {

/// One piece of a template: text as it stands, or a name in braces.
struct TemplatePart {
    bool name = false;
    std::string text;
};

/// Throws `script.template` for braces that do not pair.
std::vector<TemplatePart> parse_template(std::string_view text);

/// The text for one network and account.
/// @param seed  decides what `vary` takes: campaign's seed, post key, account.
/// @param field  the network's limit, for `shorten`; may be null.
std::string render(CaptionValue const& caption,
                   std::string_view network,
                   std::string_view seed,
                   adapter::TextField const* field);

}  // namespace postrider::script
