// Memory for SQLite of which one piece cannot be had.
#pragma once

#include <cstdint>

namespace postrider::simulate {

class FailingMemory {
 public:
    /// SQLite takes its memory here from now on. Nothing of it may be in use. False where it
    /// refuses.
    static bool install();
    /// The `nth` piece asked for by those inside fails, or all from it on. 0: none does.
    static void arm(std::int64_t nth, bool lasting);
    [[nodiscard]] static bool reached();

    /// Only who is inside is refused.
    class Inside {
     public:
        explicit Inside(bool refused);
        ~Inside();
        Inside(Inside const&) = delete;
        Inside& operator=(Inside const&) = delete;

     private:
        bool before_;
    };
};

}  // namespace postrider::simulate
