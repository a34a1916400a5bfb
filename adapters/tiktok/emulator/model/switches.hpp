// The points on which the protocol reference is unsure. Each is a word in the scenario's
// `switches`; the first allowed word is the default, which is the documented behaviour. README.md
// has the table for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tiktok/emulator/model/fields.hpp"

namespace postrider::tiktok::emulator {

struct Switches {
    std::string oauth_error_status;
    std::string refresh_rotation;
    std::string refresh_extends;
    std::string refresh_kills_access;
    std::string refresh_expires_type;
    std::string sandbox_refresh;
    std::string redirect_mismatch;
    std::string pkce_error;
    std::string web_pkce;
    std::string missing_field_scope;
    std::string invalid_params_name;
    std::string log_id_name;
    std::string refusal_data;
    std::string shared_init_bucket;
    std::string limit_key;
    std::string retry_after;
    std::string size_bands;
    std::string multi_chunk;
    std::string progress_header;
    std::string chunk_status;
    std::string repeated_chunk;
    std::string title_too_long;
    std::string branded_self_only;
    std::string brand_toggles;
    std::string photo_aigc;
    std::string inbox_title;
    std::string abandoned_drafts;
    std::string drafts;
    std::string pull;
    std::string post_id_shape;
    std::string post_id_member;
    std::string empty_members;
    std::string expect_continue;

    /// Everything documented.
    Switches();

    bool lenient() const { return size_bands == "lenient"; }
};

struct SwitchRow {
    std::string_view name;
    std::string Switches::*member;
    std::vector<std::string> words;  ///< the first one is the default
    std::string_view meaning;
};

std::vector<SwitchRow> const& switch_table();

/// Overwrites what the object names. Throws SpecError with the nearest name.
void read_switches(json::object const& object, Switches& switches);

json::object write_switches(Switches const& switches);

}  // namespace postrider::tiktok::emulator
