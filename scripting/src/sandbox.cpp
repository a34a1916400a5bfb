// Budgets: memory by the allocator, instructions by a count hook, and below both a clock of
// processor time for what runs long inside one C function after the other. The library that scripts
// see is in library.cpp.
#include "sandbox.hpp"

#include <postrider/core/canonical_json.hpp>

#include "lua_help.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <utility>

namespace postrider::script {
namespace {

// Counting every hundredth instruction costs a tenth of the time, and bounds how much work in C
// functions goes unseen.
constexpr int hook_interval = 100;
constexpr int settled_interval = 1;

std::int64_t thread_seconds() {
    std::timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec;
}

int on_error(lua_State* L) {
    // Objects stay as they are; a text of Lua's own gets the way it came as a second line, cut off
    // again later.
    if (is_text(L, 1)) {
        luaL_traceback(L, L, nullptr, 1);
        push_text(L, view(L, -1));
        lua_setfield(L, LUA_REGISTRYINDEX, "postrider.trace");
        lua_settop(L, 1);
    }
    return 1;
}

int run_file(lua_State* L) {
    auto& ctx = context(L);
    open_library(L);
    auto text = ctx.folder.read(ctx.file, std::size_t{4} << 20U);
    ctx.add_input(fmt::format("script:{}", ctx.file), core::sha256_text(text));
    load_chunk(L, ctx.file, std::move(text));
    lua_call(L, 0, 1);
    return 1;
}

}  // namespace

Sandbox::Sandbox(Context& ctx) : ctx_(ctx) {
    state_ = lua_newstate(&Sandbox::allocate, this);
    if (!state_) throw std::bad_alloc();
    *static_cast<Context**>(lua_getextraspace(state_)) = &ctx;
    lua_pushlightuserdata(state_, this);
    lua_setfield(state_, LUA_REGISTRYINDEX, "postrider.sandbox");
}

Sandbox::~Sandbox() {
    settling_ = true;
    lua_sethook(state_, nullptr, 0, 0);
    lua_close(state_);
}

void* Sandbox::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
    auto& sandbox = *static_cast<Sandbox*>(self);
    if (!block) old_size = 0;  // then it tells the kind of object
    if (new_size == 0) {
        std::free(block);
        sandbox.used_ -= old_size;
        return nullptr;
    }
    auto const wanted = sandbox.used_ - old_size + new_size;
    bool const too_much = wanted + sandbox.ctx_.charged > sandbox.ctx_.limits.memory_bytes;
    if (new_size > old_size && too_much && !sandbox.settling_) {
        sandbox.note_line();
        return nullptr;
    }
    auto* moved = std::realloc(block, new_size);
    if (moved) sandbox.used_ = wanted;
    return moved;
}

// Lua's own "not enough memory" carries no place. Reading the stack allocates nothing, so it may be
// done here.
void Sandbox::note_line() {
    if (state_) line_ = where(state_);
}

// The clock of processor time is a system call; this one is not, and moves every few milliseconds.
bool Sandbox::clock_moved() {
    std::timespec now{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return std::exchange(tick_, now.tv_nsec) != now.tv_nsec;
}

void Sandbox::count(lua_State* L, lua_Debug* /*frame*/) {
    lua_getfield(L, LUA_REGISTRYINDEX, "postrider.sandbox");
    auto& sandbox = *static_cast<Sandbox*>(lua_touserdata(L, -1));
    lua_pop(L, 1);
    if (sandbox.settling_) return;
    ScriptError trouble("script.limit", "");
    if (!sandbox.over_) {
        sandbox.instructions_ += hook_interval + std::exchange(sandbox.ctx_.unseen_work, 0);
        auto const& limits = sandbox.ctx_.limits;
        if (sandbox.instructions_ > limits.instructions)
            trouble.message =
                fmt::format("the script ran {} instructions and was stopped", limits.instructions);
        else if (sandbox.clock_moved() && thread_seconds() > limits.cpu.count())
            trouble.message =
                fmt::format("the script ran {} seconds and was stopped", limits.cpu.count());
        else
            return;
        sandbox.over_ = true;
        // From here on every instruction raises, also the one after a pcall that swallowed the
        // first error.
        lua_sethook(L, &Sandbox::count, LUA_MASKCOUNT, settled_interval);
        lua_pushstring(L, trouble.message.c_str());
        lua_setfield(L, LUA_REGISTRYINDEX, "postrider.over");
    } else {
        lua_getfield(L, LUA_REGISTRYINDEX, "postrider.over");
        trouble.message = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    raise(L, std::move(trouble));
}

Result<void> Sandbox::run() {
    auto* L = state_;
    ctx_.limits.cpu += std::chrono::seconds(thread_seconds());
    lua_sethook(L, &Sandbox::count, LUA_MASKCOUNT, hook_interval);
    lua_pushcfunction(L, on_error);
    lua_pushcfunction(L, guarded<run_file>);
    int const status = lua_pcall(L, 0, 1, 1);
    settling_ = true;
    lua_sethook(L, nullptr, 0, 0);
    if (status == LUA_OK) return {};
    lua_getfield(L, LUA_REGISTRYINDEX, "postrider.trace");
    std::string const trace = lua_isstring(L, -1) ? std::string(view(L, -1)) : std::string();
    lua_pop(L, 1);
    return failure(status, trace);
}

Error Sandbox::failure(int status, std::string const& trace) {
    if (status == LUA_ERRMEM) {
        ScriptError error("script.limit",
                          fmt::format("the script needs more than {} MiB of memory and was stopped",
                                      ctx_.limits.memory_bytes >> 20U));
        return to_error(ctx_, std::move(error.in(line_)));
    }
    return to_error(state_, -1, trace);
}

void load_chunk(lua_State* L, std::string_view path, std::string text) {
    auto const name = fmt::format("@{}", path);
    if (!text.empty() && text.front() == LUA_SIGNATURE[0])
        throw ScriptError("script.not_allowed",
                          fmt::format("'{}' is byte code; only text is run", path))
            .in({std::string(path), 1});
    text = checked_utf8(std::move(text), path);
    auto& ctx = context(L);
    ctx.charge(3 * text.size());
    int const status = luaL_loadbufferx(L, text.data(), text.size(), name.c_str(), "t");
    ctx.sources[std::string(path)] = Source(std::move(text));
    if (status == LUA_ERRMEM) lua_error(L);
    if (status != LUA_OK) {
        // "launch.lua:3: what Lua found"
        std::string message(view(L, -1));
        Place place{std::string(path), 1};
        auto const prefix = std::string(path) + ":";
        if (message.starts_with(prefix)) {
            place.line = std::max(1, std::atoi(message.c_str() + prefix.size()));
            auto const end = message.find(": ", prefix.size());
            if (end != std::string::npos) message.erase(0, end + 2);
        }
        throw ScriptError("script.syntax", message).in(place);
    }
    lua_getfield(L, LUA_REGISTRYINDEX, "postrider.env");
    if (lua_setupvalue(L, -2, 1) == nullptr) lua_pop(L, 1);
}

}  // namespace postrider::script
