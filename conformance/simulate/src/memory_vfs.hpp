// The functions of SQLite's file system interface over a MemoryDisk.
#pragma once

#include "memory_disk.hpp"

namespace postrider::simulate {

/// Null: nothing can be opened until another disk is there.
void use_disk(MemoryDisk* disk);

}  // namespace postrider::simulate
