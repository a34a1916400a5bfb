// One Lua state for one campaign, with nothing in it that reaches outside, and with budgets that a
// script cannot evade.
#pragma once

#include <postrider/result.hpp>

#include "context.hpp"

#include <lua.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace postrider::script {

class Sandbox {
 public:
    explicit Sandbox(Context& ctx);
    ~Sandbox();
    Sandbox(Sandbox const&) = delete;
    Sandbox& operator=(Sandbox const&) = delete;

    [[nodiscard]] lua_State* state() const { return state_; }
    /// Compiles and runs the campaign's file; its one result is on the stack afterwards.
    Result<void> run();

 private:
    static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size);
    static void count(lua_State* L, lua_Debug* frame);
    void note_line();
    bool clock_moved();
    [[nodiscard]] Error failure(int status, std::string const& trace);

    Context& ctx_;
    lua_State* state_ = nullptr;
    std::size_t used_ = 0;
    std::uint64_t instructions_ = 0;
    long tick_ = 0;
    bool over_ = false;      ///< a budget is spent: every further instruction raises
    bool settling_ = false;  ///< the script is over; no limits for telling what happened
    Place line_;             ///< where memory was refused last
};

/// Loads text (never byte code) as a chunk in the script's environment; pushes the function. Throws
/// `script.syntax`.
void load_chunk(lua_State* L, std::string_view path, std::string text);

/// Registers the safe standard library, the bindings and the Lua half; leaves the environment in
/// the registry.
void open_library(lua_State* L);

/// What the sandbox lets scripts see as globals, sorted.
std::vector<std::string> const& global_names();

}  // namespace postrider::script
