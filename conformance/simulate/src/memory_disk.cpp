// Losing power and failing; the functions that SQLite calls are in memory_vfs.cpp.
#include "memory_disk.hpp"

#include "memory_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>

namespace postrider::simulate {

namespace {

constexpr std::uint64_t sector = 512;

void put_bytes(std::vector<char>& bytes, std::uint64_t offset, char const* from, std::size_t size) {
    if (bytes.size() < offset + size) bytes.resize(offset + size);
    std::memcpy(bytes.data() + offset, from, size);
}

// Writes that part of a change that the disk got done before the power went.
void redo_torn(std::vector<char>& bytes, MemoryDisk::Change const& change, core::Random& random) {
    if (random.below(3) == 0) return;  // none of it
    if (change.truncates) {
        bytes.resize(std::min<std::size_t>(bytes.size(), change.offset));
        return;
    }
    bool const whole = random.below(2) == 0;
    auto const end = change.offset + change.now.size();
    for (auto at = change.offset; at < end;) {
        auto const next = std::min(end, (at / sector + 1) * sector);
        if (whole || random.below(2) == 0)
            put_bytes(bytes, at, change.now.data() + (at - change.offset), next - at);
        at = next;
    }
}

}  // namespace

MemoryDisk::MemoryDisk(std::uint64_t seed, bool may_lose_power)
    : random_(seed), may_lose_power_(may_lose_power) {
    // One thread does everything here; too late, and refused, when SQLite is in use already.
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    use_disk(this);
    // SQLite's own generator begins anew, so that a seed gives the same files.
    sqlite3_randomness(0, nullptr);
}

MemoryDisk::~MemoryDisk() {
    use_disk(nullptr);
}

void MemoryDisk::die_after(int process, int writes) {
    dying_[process] = writes;
}

void MemoryDisk::bury(int process) {
    dying_.erase(process);
    dead_.erase(process);
}

int MemoryDisk::check(DiskWork work, int process, int error_code) {
    if (dead_.contains(process)) return error_code;
    bool const lasting = work == DiskWork::write || work == DiskWork::sync;
    if (lasting && !dying_.empty()) {
        auto const found = dying_.find(process);
        if (found != dying_.end() && --found->second < 0) {
            dying_.erase(found);
            dead_.insert(process);
            return error_code;
        }
    }
    if (work == DiskWork::write) ++writes_;
    if (work == DiskWork::sync) ++syncs_;
    if (!trouble) return SQLITE_OK;
    switch (trouble(work, process)) {
        case DiskTrouble::none:
            return SQLITE_OK;
        case DiskTrouble::error:
            return error_code;
        case DiskTrouble::full:
            return work == DiskWork::write ? SQLITE_FULL : error_code;
    }
    return SQLITE_OK;
}

void MemoryDisk::lose_power(core::Random& random) {
    for (auto& [name, node] : nodes) {
        auto& bytes = node->bytes;
        auto const changes = std::exchange(node->unsynced, {});
        for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
            bytes.resize(change->size_before);
            if (!change->before.empty())
                put_bytes(bytes, change->offset, change->before.data(), change->before.size());
        }
        for (auto const& change : changes) redo_torn(bytes, change, random);
        node->shared_memory.clear();
        node->shared_locks.clear();
    }
}

}  // namespace postrider::simulate
