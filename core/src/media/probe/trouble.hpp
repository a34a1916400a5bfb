// What can be wrong with a file: a code that callers act on and a sentence that people read.
#pragma once

#include <string>

namespace postrider::probe {

/// Thrown while a file is being read and caught in one place, where the answer is written.
struct Trouble {
    std::string code;  ///< `media.missing`, `media.unreadable`, `media.empty`, `media.not_media`,
                       ///< `media.damaged`, `media.limit`, `media.changed_while_read`
    std::string sentence;  ///< what is wrong and what to do next; the file's name is put before it
};

}  // namespace postrider::probe
