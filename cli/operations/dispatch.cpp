// One run of the program from arguments to exit code: find the operation, check the request, run
// it, print how it ended.
#include "operations/check.hpp"
#include "operations/command_line.hpp"
#include "operations/context.hpp"
#include "operations/envelope.hpp"
#include "operations/globals.hpp"
#include "operations/host.hpp"
#include "operations/interrupt.hpp"
#include "operations/printer.hpp"
#include "operations/table.hpp"
#include "terminal/prompt.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/foreign_json.hpp>
#include <postrider/core/ids.hpp>
#include <postrider/core/random.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <unistd.h>

namespace postrider::cli {

namespace {

namespace json = boost::json;

Instant wall_now() {
    return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

std::string new_request_id() {
    core::SystemRandom random;
    return core::new_id("req", wall_now(), random);
}

class Run {
 public:
    Run(std::vector<std::string> arguments, Host const& host)
        : arguments_(std::move(arguments)),
          host_(host),
          printer_(host),
          began_(std::chrono::steady_clock::now()) {}

    int go() {
        try {
            execute();
        } catch (std::exception const& fault) {
            fail(make_error(
                "internal.exception",
                fmt::format("postrider came to a stop of its own making: {}", fault.what())));
        } catch (...) {
            fail(make_error("internal.exception"));
        }
        return finish();
    }

 private:
    void execute() {
        configure_early();
        auto words = read_command(arguments_);
        ending_.command = words.command;
        if (words.error) return fail(*words.error);
        json::object request;
        if (words.version) {
            words.operation = find_operation("version");
        } else if (words.help || !words.operation) {
            json::array command;
            for (auto const& word : parted(words.command, ' ')) command.emplace_back(word);
            if (!command.empty()) request["command"] = std::move(command);
            words.operation = find_operation("help");
            words.rest.clear();
            if (auto const form = early_flag(arguments_, "output")) words.rest = {"-o", *form};
            if (early_flag(arguments_, "json")) words.rest = {"--json"};
        }
        operation_ = words.operation;
        ending_.command = command_of(*operation_);
        auto typed = read_flags(*operation_, words.rest);
        read_globals(typed);
        read_input_file(typed, request);
        take_key(typed, request);
        merge_typed(request, typed.inputs);
        auto problems = std::move(typed.problems);
        // What the command line could not read is not also reported as missing.
        bool const complete = problems.empty();
        for (auto& problem : check_request(operation_->inputs, request, complete))
            problems.push_back(std::move(problem));
        check_out(problems);
        if (!problems.empty()) return fail(usage_error(problems));
        run(Request(with_defaults(operation_->inputs, request)));
    }

    // Enough to print an error in the form that was asked for, before the flags are understood.
    void configure_early() {
        Globals early;
        auto word = early_flag(arguments_, "output").value_or("");
        if (word.empty()) word = environment_value(host_, "POSTRIDER_OUTPUT");
        if (early_flag(arguments_, "json")) word = "json";
        early.output = output_mode(word);
        early.quiet = early_flag(arguments_, "quiet").has_value();
        printer_.configure(early, nullptr, early_flag(arguments_, "color").value_or("auto"));
    }

    void read_globals(TypedRequest& typed) {
        json::object values;
        merge_typed(values, typed.globals);
        auto const problems = check_request(global_inputs(), values, false);
        if (!problems.empty()) {
            typed.problems.insert(typed.problems.end(), problems.begin(), problems.end());
            return;
        }
        globals_ = globals_from(values);
        if (!values.contains("output") && !globals_.out.empty() && !host_.out_terminal)
            globals_.output = OutputMode::json;
        bool const said = values.contains("output") || globals_.output != OutputMode::auto_;
        auto color = globals_.color;
        if (!said || !values.contains("color"))
            from_settings(said, values.contains("color"), color);
        ending_.request_id = globals_.request_id;
        printer_.configure(globals_, operation_, color);
    }

    void from_settings(bool output_said, bool color_said, std::string& color) {
        std::string output = environment_value(host_, "POSTRIDER_OUTPUT");
        auto const color_variable = environment_value(host_, "POSTRIDER_COLOR");
        if (!color_said && !color_variable.empty()) color = color_variable;
        if (!operation_->standalone) {
            // A broken file is reported by the operation, when it needs the settings.
            auto const settings = load_settings(host_);
            if (settings) {
                output = settings->output;
                if (!color_said) color = settings->color;
            }
        }
        if (!output_said) globals_.output = output_mode(output);
    }

    void read_input_file(TypedRequest& typed, json::object& request) {
        if (globals_.input.empty()) return;
        std::string text;
        if (globals_.input == "-") {
            text.assign(std::istreambuf_iterator<char>(*host_.in), {});
        } else {
            std::ifstream file(host_.folder / globals_.input, std::ios::binary);
            if (!file) {
                typed.problems.push_back(input_problem("cannot be read"));
                return;
            }
            text.assign(std::istreambuf_iterator<char>(file), {});
        }
        auto value = core::read_foreign_json(text);
        if (!value && !value.error().at().empty()) {
            auto fault = value.error().at().front();
            fault.message = fmt::format("--input: {}: {}", globals_.input, fault.message);
            typed.problems.push_back(std::move(fault));
            return;
        }
        if (!value || !value->is_object()) {
            typed.problems.push_back(input_problem("is not a JSON object"));
            return;
        }
        request = std::move(value->as_object());
    }

    // The key is part of a request that is kept in a file, although on the command line it is a
    // flag of all commands that have one.
    void take_key(TypedRequest& typed, json::object& request) {
        auto const* written = request.if_contains("idempotency_key");
        if (!written || !operation_->keyed) return;
        json::object alone;
        alone["idempotency_key"] = *written;
        auto problems = check_request(global_inputs(), alone, false);
        if (problems.empty() && globals_.idempotency_key.empty())
            globals_.idempotency_key = globals_from(alone).idempotency_key;
        typed.problems.insert(typed.problems.end(), problems.begin(), problems.end());
        request.erase("idempotency_key");
    }

    // Before anything is done: what has been sent cannot be taken back for want of a place to
    // write.
    void check_out(std::vector<Finding>& problems) const {
        if (globals_.out.empty()) return;
        auto const path = (host_.folder / globals_.out).lexically_normal();
        std::error_code failed;
        auto const folder = path.parent_path();
        bool const there = std::filesystem::exists(path, failed);
        bool const fits =
            there ? !std::filesystem::is_directory(path, failed) && access(path.c_str(), W_OK) == 0
                  : access(folder.c_str(), W_OK | X_OK) == 0;
        if (fits) return;
        Finding finding;
        finding.code = "usage.bad_value";
        finding.path = "/out";
        finding.message = fmt::format("--out: {} cannot be written", path.string());
        problems.push_back(std::move(finding));
    }

    Finding input_problem(std::string_view what) const {
        Finding finding;
        finding.code = "usage.bad_value";
        finding.path = "/input";
        finding.message = fmt::format("--input: {} {}", globals_.input, what);
        return finding;
    }

    static Error usage_error(std::vector<Finding> const& problems) {
        auto const& first = problems.front().code;
        bool const same =
            std::all_of(problems.begin(), problems.end(), [&first](Finding const& problem) {
                return problem.code == first;
            });
        auto message = problems.size() == 1
                           ? problems.front().message
                           : fmt::format("{} things are wrong with this request", problems.size());
        auto error = make_error(same ? first : "usage.bad_value", std::move(message));
        for (auto const& problem : problems) error = error.with_at(problem);
        return error;
    }

    void run(Request const& request) {
        Context context(host_, globals_, *operation_, printer_);
        if (host_.watches_signals && !operation_->standalone && !operation_->passes_on)
            watch_signals([this](int signal) { give_up(signal); });
        auto result = operation_->run(context, request);
        ending_.warnings = context.warnings;
        if (!result) {
            ending_.next = context.suggestions;
            fail(result.error());
            return;
        }
        auto answer = *std::move(result);
        ending_.data = std::move(answer.data);
        ending_.warnings.insert(
            ending_.warnings.end(), answer.warnings.begin(), answer.warnings.end());
        ending_.next = std::move(answer.next);
        ending_.replayed = answer.replayed;
        ending_.next_cursor = std::move(answer.next_cursor);
        ending_.cursors = std::move(answer.cursors);
        ending_.exit = answer.exit;
        text_ = std::move(answer.text);
        if (answer.error) {
            for (auto& next : next_of(*answer.error)) ending_.next.push_back(std::move(next));
            ending_.error = std::move(answer.error);
        }
    }

    void fail(Error error) {
        for (auto& next : next_of(error)) ending_.next.push_back(std::move(next));
        if (error.kind() == ErrorKind::usage && operation_) {
            std::vector<std::string> argv = {"help"};
            for (auto const& word : parted(ending_.command, ' ')) argv.push_back(word);
            ending_.next.insert(ending_.next.begin(),
                                {"Flags and examples", "nothing", std::move(argv)});
        }
        ending_.data.reset();
        ending_.error = std::move(error);
        if (interrupt_signal() != 0) ending_.exit = 128 + interrupt_signal();
    }

    void complete(Ending& ending) {
        if (ending.request_id.empty()) ending.request_id = new_request_id();
        auto const elapsed = std::chrono::steady_clock::now() - began_;
        ending.elapsed_ms = std::chrono::duration_cast<Milliseconds>(elapsed).count();
    }

    int finish() {
        complete(ending_);
        return printer_.finish(ending_, text_);
    }

    // On the watching thread: the run did not leave by itself.
    void give_up(int signal) {
        restore_echo();
        Ending ending;
        ending.command = operation_ ? command_of(*operation_) : std::string();
        ending.error =
            make_error("wait.timeout", "A signal ended this command; jobs go on at the next run.");
        ending.next.push_back({"See how the jobs stand", "nothing", {"job", "list"}});
        ending.exit = 128 + signal;
        complete(ending);
        printer_.finish(ending, std::nullopt);
        _exit(ending.exit);
    }

    std::vector<std::string> arguments_;
    Host const& host_;
    Printer printer_;
    std::chrono::steady_clock::time_point began_;
    Operation const* operation_ = nullptr;
    Globals globals_;
    Ending ending_;
    std::optional<std::string> text_;
};

}  // namespace

int run_command(std::vector<std::string> arguments, Host const& host) {
    return Run(std::move(arguments), host).go();
}

}  // namespace postrider::cli
