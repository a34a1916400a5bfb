// The shapes of the sandbox network's answers: plain structs, one read function each. Unknown
// members are ignored, ids are text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postrider::sandbox {

/// `{"error": "word", "message": "..."}`; the word is empty when the body is anything else.
struct Refusal {
    std::string word;
    std::string message;
};
Refusal parse_refusal(std::string_view body);

/// Answer of /me.
struct Profile {
    std::string id;
    std::string handle;
    std::string name;
    std::vector<std::string> audiences;  ///< who may be addressed now
};
Profile parse_profile(std::string_view body);

/// Answer of POST /drafts: the draft's id, or empty.
std::string parse_draft(std::string_view body);

/// One post, as /posts/ID, a publication, and the first hit of /posts?key= show it.
struct RemotePost {
    std::string id;     ///< empty: there is none
    std::string state;  ///< `processing`, `public`, `refused`; other words count as processing
    std::string link;
    std::string reason;  ///< with `refused`
};
RemotePost parse_post(std::string_view body);

/// Answer of /posts?key=. Not readable is not the same as not there.
struct Lookup {
    bool readable = false;
    RemotePost post;
};
Lookup parse_lookup(std::string_view body);

}  // namespace postrider::sandbox
