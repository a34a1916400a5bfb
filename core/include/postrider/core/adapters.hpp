// The adapters that this process may use, loaded from modules when they are first asked for.
#pragma once

#include <postrider/adapter/adapter.hpp>
#include <postrider/error.hpp>
#include <postrider/result.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::core {

/// Finds `<network>.so` in its folders, the first folder that has it wins. A module is checked
/// before any of its code is used, and never unloaded. Any thread may call; adapters live as long
/// as the process.
class Adapters {
 public:
    explicit Adapters(std::vector<std::filesystem::path> folders);
    ~Adapters();
    Adapters(Adapters const&) = delete;
    Adapters& operator=(Adapters const&) = delete;

    /// Opens only the module of this network. Errors: `not_found.network` with the nearest name,
    /// `setup.adapter_missing` when the file cannot be opened, `setup.adapter_mismatch` when it was
    /// not built for this program.
    Result<adapter::Adapter const*> find(std::string_view network);

    /// Every adapter, sorted by network. One that cannot be used is an error for all: a broken one
    /// must not be overlooked.
    Result<std::vector<adapter::Adapter const*>> all();

    /// Networks by the names of files and of what was added, sorted; opens nothing.
    [[nodiscard]] std::vector<std::string> names() const;

    /// For tests and single-file builds: an adapter that lives in the program. Wins over a module
    /// of the same network.
    void add(adapter::Adapter const& adapter);

    /// The row of a code, in the core's catalogue or in an adapter that is loaded already; null
    /// when neither has it.
    [[nodiscard]] ErrorRow const* find_error_row(std::string_view code) const;

 private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::core
