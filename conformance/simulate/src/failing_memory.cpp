// Counting pieces; the memory itself is that which SQLite would have taken.
#include "failing_memory.hpp"

#include <sqlite3.h>

#include <utility>

namespace postrider::simulate {

namespace {

sqlite3_mem_methods ordinary;
std::int64_t left = 0;  // until the piece that fails; 0 = none does
bool lasts = false;
bool met = false;
bool inside = false;

bool refused() {
    if (!inside || left == 0) return false;
    if (left > 1) {
        --left;
        return false;
    }
    met = true;
    if (!lasts) left = 0;
    return true;
}

void* take(int size) {
    return refused() ? nullptr : ordinary.xMalloc(size);
}

void* take_again(void* piece, int size) {
    return refused() ? nullptr : ordinary.xRealloc(piece, size);
}

}  // namespace

bool FailingMemory::install() {
    static bool const done = [] {
        sqlite3_shutdown();
        if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &ordinary) != SQLITE_OK) return false;
        auto methods = ordinary;
        methods.xMalloc = take;
        methods.xRealloc = take_again;
        return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK;
    }();
    return done;
}

void FailingMemory::arm(std::int64_t nth, bool lasting) {
    left = nth;
    lasts = lasting;
    if (nth > 0) met = false;
}

bool FailingMemory::reached() {
    return met;
}

FailingMemory::Inside::Inside(bool is_refused) : before_(std::exchange(inside, is_refused)) {}

FailingMemory::Inside::~Inside() {
    inside = before_;
}

}  // namespace postrider::simulate
