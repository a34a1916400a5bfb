// One thread, so a lock that cannot be had now never will be: SQLITE_BUSY then, and no waiting.
#include "memory_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace postrider::simulate {

namespace {

MemoryDisk* the_disk = nullptr;

struct OpenFile {
    sqlite3_file base;
    std::shared_ptr<MemoryDisk::Node>* node;  // the structure is SQLite's memory
    int process;
    int lock;
    unsigned shared_slots;
    unsigned exclusive_slots;
    bool mapped;
};

OpenFile& opened(sqlite3_file* file) {
    return *reinterpret_cast<OpenFile*>(file);
}

MemoryDisk::Node& node_of(sqlite3_file* file) {
    return **opened(file).node;
}

int check(sqlite3_file* file, DiskWork work, int error_code) {
    return the_disk->check(work, opened(file).process, error_code);
}

int vfs_close(sqlite3_file* file);
int vfs_unlock(sqlite3_file* file, int level);
int vfs_shm_unmap(sqlite3_file* file, int remove);

int vfs_read(sqlite3_file* file, void* into, int amount, sqlite3_int64 offset) {
    if (int const bad = check(file, DiskWork::read, SQLITE_IOERR_READ)) return bad;
    auto const& bytes = node_of(file).bytes;
    auto const size = static_cast<sqlite3_int64>(bytes.size());
    auto const have = std::clamp<sqlite3_int64>(size - offset, 0, amount);
    if (have > 0) std::memcpy(into, bytes.data() + offset, static_cast<std::size_t>(have));
    if (have == amount) return SQLITE_OK;
    std::memset(static_cast<char*>(into) + have, 0, static_cast<std::size_t>(amount - have));
    return SQLITE_IOERR_SHORT_READ;
}

int vfs_write(sqlite3_file* file, void const* from, int amount, sqlite3_int64 offset) {
    if (int const bad = check(file, DiskWork::write, SQLITE_IOERR_WRITE)) return bad;
    auto& node = node_of(file);
    auto const at = static_cast<std::size_t>(offset);
    auto const size = static_cast<std::size_t>(amount);
    if (the_disk->may_lose_power()) {
        MemoryDisk::Change change;
        change.offset = at;
        change.now.assign(static_cast<char const*>(from), size);
        change.size_before = node.bytes.size();
        if (at < node.bytes.size())
            change.before.assign(node.bytes.data() + at, std::min(size, node.bytes.size() - at));
        node.unsynced.push_back(std::move(change));
    }
    if (node.bytes.size() < at + size) node.bytes.resize(at + size);
    std::memcpy(node.bytes.data() + at, from, size);
    return SQLITE_OK;
}

int vfs_truncate(sqlite3_file* file, sqlite3_int64 size) {
    if (int const bad = check(file, DiskWork::truncate, SQLITE_IOERR_TRUNCATE)) return bad;
    auto& node = node_of(file);
    auto const at = std::min(static_cast<std::size_t>(size), node.bytes.size());
    if (the_disk->may_lose_power()) {
        MemoryDisk::Change change;
        change.offset = at;
        change.size_before = node.bytes.size();
        change.before.assign(node.bytes.data() + at, node.bytes.size() - at);
        change.truncates = true;
        node.unsynced.push_back(std::move(change));
    }
    node.bytes.resize(at);
    return SQLITE_OK;
}

int vfs_sync(sqlite3_file* file, int /*flags*/) {
    if (int const bad = check(file, DiskWork::sync, SQLITE_IOERR_FSYNC)) return bad;
    node_of(file).unsynced.clear();
    return SQLITE_OK;
}

int vfs_file_size(sqlite3_file* file, sqlite3_int64* size) {
    *size = static_cast<sqlite3_int64>(node_of(file).bytes.size());
    return SQLITE_OK;
}

int vfs_lock(sqlite3_file* file, int level) {
    auto& own = opened(file);
    if (own.lock >= level) return SQLITE_OK;
    if (int const bad = check(file, DiskWork::lock, SQLITE_IOERR_LOCK)) return bad;
    auto& node = node_of(file);
    if (level == SQLITE_LOCK_SHARED) {
        if (node.exclusive || node.pending) return SQLITE_BUSY;
        ++node.shared;
    } else if (level == SQLITE_LOCK_RESERVED) {
        if (node.reserved) return SQLITE_BUSY;
        node.reserved = true;
    } else {
        if (own.lock < SQLITE_LOCK_PENDING && node.pending) return SQLITE_BUSY;
        node.pending = true;
        if (node.shared > 1) {
            own.lock = SQLITE_LOCK_PENDING;
            return SQLITE_BUSY;
        }
        node.exclusive = true;
    }
    own.lock = level;
    return SQLITE_OK;
}

int vfs_unlock(sqlite3_file* file, int level) {
    auto& own = opened(file);
    if (own.lock <= level) return SQLITE_OK;
    auto& node = node_of(file);
    if (own.lock >= SQLITE_LOCK_EXCLUSIVE) node.exclusive = false;
    if (own.lock >= SQLITE_LOCK_PENDING) node.pending = false;
    if (own.lock >= SQLITE_LOCK_RESERVED) node.reserved = false;
    if (level == SQLITE_LOCK_NONE) --node.shared;
    own.lock = level;
    return SQLITE_OK;
}

int vfs_check_reserved(sqlite3_file* file, int* result) {
    *result = node_of(file).reserved;
    return SQLITE_OK;
}

int vfs_file_control(sqlite3_file* /*file*/, int /*operation*/, void* /*argument*/) {
    return SQLITE_NOTFOUND;
}

int vfs_sector_size(sqlite3_file* /*file*/) {
    return 512;
}

int vfs_characteristics(sqlite3_file* /*file*/) {
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int vfs_shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** into) {
    auto& node = node_of(file);
    auto& own = opened(file);
    if (!own.mapped) {
        own.mapped = true;
        ++node.mapped;
    }
    auto const wanted = static_cast<std::size_t>(region) + 1;
    if (node.shared_memory.size() < wanted && !extend) {
        *into = nullptr;
        return SQLITE_OK;
    }
    while (node.shared_memory.size() < wanted)
        node.shared_memory.push_back(
            std::make_unique<char[]>(static_cast<std::size_t>(size)));  // zeroes
    *into = node.shared_memory[static_cast<std::size_t>(region)].get();
    return SQLITE_OK;
}

int vfs_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
    auto& node = node_of(file);
    auto& own = opened(file);
    bool const shared = (flags & SQLITE_SHM_SHARED) != 0;
    if (flags & SQLITE_SHM_UNLOCK) {
        for (int slot = offset; slot < offset + count; ++slot) {
            auto& lock = node.shared_locks[slot];
            unsigned const bit = 1U << slot;
            if (own.shared_slots & bit) --lock.readers;
            if (own.exclusive_slots & bit) lock.writer = false;
            own.shared_slots &= ~bit;
            own.exclusive_slots &= ~bit;
        }
        return SQLITE_OK;
    }
    if (int const bad = check(file, DiskWork::lock, SQLITE_IOERR_SHMLOCK)) return bad;
    for (int slot = offset; slot < offset + count; ++slot) {
        auto const& lock = node.shared_locks[slot];
        unsigned const bit = 1U << slot;
        if ((own.shared_slots | own.exclusive_slots) & bit) continue;
        if (lock.writer || (!shared && lock.readers > 0)) return SQLITE_BUSY;
    }
    for (int slot = offset; slot < offset + count; ++slot) {
        auto& lock = node.shared_locks[slot];
        unsigned const bit = 1U << slot;
        if ((own.shared_slots | own.exclusive_slots) & bit) continue;
        if (shared) {
            ++lock.readers;
            own.shared_slots |= bit;
        } else {
            lock.writer = true;
            own.exclusive_slots |= bit;
        }
    }
    return SQLITE_OK;
}

void vfs_shm_barrier(sqlite3_file* /*file*/) {}

int vfs_shm_unmap(sqlite3_file* file, int remove) {
    auto& node = node_of(file);
    auto& own = opened(file);
    if (!own.mapped) return SQLITE_OK;
    vfs_shm_lock(file, 0, SQLITE_SHM_NLOCK, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
    own.mapped = false;
    // As with a file that the first to open it empties: nobody is there, so nothing is known.
    if (--node.mapped == 0 || remove) node.shared_memory.clear();
    return SQLITE_OK;
}

int vfs_close(sqlite3_file* file) {
    vfs_shm_unmap(file, 0);
    vfs_unlock(file, SQLITE_LOCK_NONE);
    delete opened(file).node;
    return SQLITE_OK;
}

sqlite3_io_methods make_methods() {
    sqlite3_io_methods methods{};
    methods.iVersion = 2;
    methods.xClose = vfs_close;
    methods.xRead = vfs_read;
    methods.xWrite = vfs_write;
    methods.xTruncate = vfs_truncate;
    methods.xSync = vfs_sync;
    methods.xFileSize = vfs_file_size;
    methods.xLock = vfs_lock;
    methods.xUnlock = vfs_unlock;
    methods.xCheckReservedLock = vfs_check_reserved;
    methods.xFileControl = vfs_file_control;
    methods.xSectorSize = vfs_sector_size;
    methods.xDeviceCharacteristics = vfs_characteristics;
    methods.xShmMap = vfs_shm_map;
    methods.xShmLock = vfs_shm_lock;
    methods.xShmBarrier = vfs_shm_barrier;
    methods.xShmUnmap = vfs_shm_unmap;
    return methods;
}

int vfs_open(sqlite3_vfs* /*vfs*/, char const* name, sqlite3_file* file, int flags, int* out) {
    static sqlite3_io_methods const methods = make_methods();
    auto& made = opened(file);
    made.base.pMethods = nullptr;
    if (!the_disk) return SQLITE_CANTOPEN;
    std::shared_ptr<MemoryDisk::Node> node;
    if (!name) {
        node = std::make_shared<MemoryDisk::Node>();  // of one connection, gone with it
    } else if (auto const found = the_disk->nodes.find(name); found != the_disk->nodes.end()) {
        node = found->second;
    } else if (flags & SQLITE_OPEN_CREATE) {
        node = the_disk->nodes.emplace(name, std::make_shared<MemoryDisk::Node>()).first->second;
    } else {
        return SQLITE_CANTOPEN;
    }
    made.node = new std::shared_ptr<MemoryDisk::Node>(std::move(node));
    made.process = the_disk->process();
    made.lock = SQLITE_LOCK_NONE;
    made.shared_slots = made.exclusive_slots = 0;
    made.mapped = false;
    made.base.pMethods = &methods;
    if (out) *out = flags;
    return SQLITE_OK;
}

int vfs_delete(sqlite3_vfs* /*vfs*/, char const* name, int /*sync_folder*/) {
    the_disk->nodes.erase(name);
    return SQLITE_OK;
}

int vfs_access(sqlite3_vfs* /*vfs*/, char const* name, int /*flags*/, int* result) {
    *result = the_disk && the_disk->nodes.contains(name);
    return SQLITE_OK;
}

int vfs_full_path(sqlite3_vfs* /*vfs*/, char const* name, int size, char* into) {
    sqlite3_snprintf(size, into, "%s", name);
    return SQLITE_OK;
}

int vfs_randomness(sqlite3_vfs* /*vfs*/, int size, char* into) {
    for (int i = 0; i < size; ++i) into[i] = static_cast<char>(the_disk ? the_disk->random() : 0);
    return size;
}

int vfs_sleep(sqlite3_vfs* /*vfs*/, int microseconds) {
    return microseconds;
}

int vfs_time(sqlite3_vfs* /*vfs*/, double* days) {
    *days = 2'460'000.5;  // nothing that is kept depends on it
    return SQLITE_OK;
}

int vfs_last_error(sqlite3_vfs* /*vfs*/, int /*size*/, char* /*into*/) {
    return 0;
}

sqlite3_vfs make_vfs() {
    sqlite3_vfs vfs{};
    vfs.iVersion = 1;
    vfs.szOsFile = sizeof(OpenFile);
    vfs.mxPathname = 512;
    vfs.zName = "postrider-memory";
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    vfs.xAccess = vfs_access;
    vfs.xFullPathname = vfs_full_path;
    vfs.xRandomness = vfs_randomness;
    vfs.xSleep = vfs_sleep;
    vfs.xCurrentTime = vfs_time;
    vfs.xGetLastError = vfs_last_error;
    return vfs;
}

}  // namespace

void use_disk(MemoryDisk* disk) {
    static sqlite3_vfs vfs = make_vfs();
    if (disk)
        sqlite3_vfs_register(&vfs, 1);
    else
        sqlite3_vfs_unregister(&vfs);
    the_disk = disk;
}

}  // namespace postrider::simulate
