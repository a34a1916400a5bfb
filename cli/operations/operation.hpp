// What an operation is: one constant that says everything about a command. Flags, checks, help,
// schemas and the reference are derived from it; nothing about a command is written down a second
// time.
#pragma once

#include <postrider/error.hpp>
#include <postrider/result.hpp>

#include <boost/json/object.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::cli {

class Context;
class Request;

enum class InputType { text, integer, boolean, duration, instant, path, object, choice };

/// One value that an operation takes: a member of its JSON request, and a flag or an argument of
/// the command line.
struct InputSpec {
    std::string_view name{};  ///< JSON member; the flag has dashes for underscores
    InputType type = InputType::text;
    std::string_view help{};         ///< one line
    std::string_view values{};       ///< of a choice, parted by `|`
    std::string_view fallback{};     ///< default, as it would be written
    std::string_view more{};         ///< for the long help: what the line above has no room for
    std::string_view placeholder{};  ///< what stands for the value in help; empty: from the type
    bool positional = false;
    bool repeatable = false;
    bool required = false;
    bool secret = false;  ///< a boolean: the value itself is read from standard input
    std::int64_t min = 0;
    std::int64_t max = 0;  ///< of an integer; 0 with min 0: no bounds
};

/// What running it does to the world.
enum class OperationEffect {
    none,   ///< reads
    store,  ///< writes the store or files of ours
    looks,  ///< asks a network, changes nothing there
    sends,  ///< may publish; has --dry-run
};

enum class Scope { none, read, plan, publish, admin };

/// One thing to do next, most useful first.
struct Next {
    std::string why;
    std::string needs = "nothing";  ///< nothing, input, person
    std::vector<std::string> argv;  ///< without the program's name
};

/// What an operation gives back when the request itself went well.
struct Answer {
    boost::json::object data;
    std::vector<Finding> warnings;
    std::vector<Next> next;
    std::optional<Error> error;  ///< a state of affairs that is an exit code too: unknown, partial,
                                 ///< timeout, rejected
    bool replayed = false;
    std::optional<std::string> next_cursor;
    /// Of each of data.items, where a list can grow past the size of an answer: a list that is cut
    /// then goes on after the last item that is shown.
    std::vector<std::string> cursors;
    int exit = 0;                     ///< instead of 0, for ends by signal
    std::optional<std::string> text;  ///< for people, where a table does not do

    Answer() = default;
    explicit Answer(boost::json::object data_) : data(std::move(data_)) {}
};

struct Operation {
    std::string_view name{};      ///< `job.wait`
    std::string_view sentence{};  ///< one line, what it does
    std::span<InputSpec const> inputs{};
    std::string_view output{};  ///< of `data`, in the notation of schema_notation.hpp
    std::string_view errors{};  ///< codes it may end with, parted by spaces; those that every
                                ///< operation has are left out
    Scope scope = Scope::none;
    OperationEffect effect = OperationEffect::none;
    std::string_view time_limit{};                 ///< default of --timeout; empty = none
    std::span<std::string_view const> examples{};  ///< command lines, without the program's name
    int stage = 1;
    std::string_view view{};  ///< how people see `data`: `items: id state account`
    bool lists = false;       ///< has --limit, --cursor, --all
    bool follows = false;     ///< prints lines as they come
    bool keyed = false;       ///< has --idempotency-key
    bool standalone = false;  ///< reads no configuration and opens nothing
    bool passes_on = false;   ///< what follows the first argument belongs to another program
    std::string_view more{};  ///< paragraphs for the long help
    Result<Answer> (*run)(Context&, Request const&) = nullptr;
};

/// A request that has been checked: types are right, defaults are filled in.
class Request {
 public:
    explicit Request(boost::json::object values) : values_(std::move(values)) {}

    [[nodiscard]] bool has(std::string_view name) const { return values_.contains(name); }
    [[nodiscard]] std::string text(std::string_view name) const;  ///< empty when it was not given
    [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
    [[nodiscard]] bool flag(std::string_view name) const;
    [[nodiscard]] std::int64_t integer(std::string_view name) const;
    [[nodiscard]] std::optional<Milliseconds> duration(std::string_view name) const;
    [[nodiscard]] std::optional<Instant> instant(std::string_view name) const;
    [[nodiscard]] boost::json::object const& values() const { return values_; }

 private:
    boost::json::object values_;
};

/// `job.wait` as people type it: `job wait`.
std::string command_of(Operation const& operation);

/// `due_before` as a flag: `--due-before`.
std::string flag_of(std::string_view input_name);

/// The words of a list such as `a|b|c`.
std::vector<std::string> parted(std::string_view text, char separator);

InputSpec const* find_input(std::span<InputSpec const> inputs, std::string_view name);

}  // namespace postrider::cli
