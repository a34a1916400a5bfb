// Prints how a run ended, exactly once, in the form that was asked for.
#pragma once

#include "operations/envelope.hpp"
#include "operations/globals.hpp"
#include "operations/host.hpp"
#include "terminal/text.hpp"

#include <boost/json/object.hpp>

#include <atomic>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::cli {

class Printer {
 public:
    explicit Printer(Host const& host) : host_(host) {}

    /// Before it is called, everything is printed as if nothing had been asked for.
    void configure(Globals const& globals, Operation const* operation, std::string color);

    /// One line of a stream; the first one is preceded by the hello.
    void line(boost::json::object line);

    /// The answer. Later calls do nothing. Gives the exit code.
    int finish(Ending ending, std::optional<std::string> const& text);

    [[nodiscard]] OutputMode mode() const { return mode_; }
    [[nodiscard]] Paint paint_out() const { return Paint(colored(host_.out_terminal)); }
    [[nodiscard]] Paint paint_err() const { return Paint(colored(host_.err_terminal)); }
    [[nodiscard]] bool quiet() const { return globals_.quiet; }

 private:
    [[nodiscard]] bool colored(bool terminal) const;
    void choose_fields(Ending& ending) const;
    [[nodiscard]] bool is_concise() const;
    boost::json::object const& output_schema() const;
    void shorten(Ending& ending) const;
    void write_out(Ending& ending) const;
    void print_error(Ending const& ending) const;
    void print_people(Ending const& ending, std::optional<std::string> const& text) const;
    void print_ids(Ending const& ending) const;
    bool print_value(Ending& ending) const;
    void print_raw(boost::json::value const& value) const;

    Host const& host_;
    Globals globals_;
    Operation const* operation_ = nullptr;
    mutable std::optional<boost::json::object> output_schema_;
    std::string color_ = "auto";
    OutputMode mode_ = OutputMode::json;
    std::int64_t seq_ = 0;
    std::atomic<bool> printed_{false};
};

}  // namespace postrider::cli
