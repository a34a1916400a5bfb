// The forms of an answer: envelope, lines, ids, table, one value, a file.
#include "operations/printer.hpp"

#include "operations/detail.hpp"
#include "operations/schema_notation.hpp"
#include "operations/settings.hpp"
#include "terminal/view.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/canonical_json.hpp>
#include <postrider/suggest.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <fstream>
#include <ostream>

namespace postrider::cli {

namespace {

namespace json = boost::json;

constexpr std::size_t answer_bytes_max = 64 * 1024;

// Copies what `path` (`receipt.seen`) names; false when there is no such member.
bool copy_field(json::object const& from, std::string_view path, json::object& to) {
    auto const dot = path.find('.');
    auto const name = path.substr(0, dot);
    auto const* value = from.if_contains(name);
    if (!value) return false;
    if (dot == std::string_view::npos) {
        to[name] = *value;
        return true;
    }
    if (value->is_null()) {
        to[name] = nullptr;
        return true;
    }
    if (!value->is_object()) return false;
    if (!to.contains(name)) to[name] = json::object{};
    return copy_field(value->get_object(), path.substr(dot + 1), to[name].as_object());
}

void list_fields(json::object const& object,
                 std::string const& prefix,
                 std::vector<std::string>& names) {
    for (auto const& member : object) {
        names.push_back(prefix + std::string(member.key()));
        if (auto const* inner = member.value().if_object())
            list_fields(*inner, names.back() + ".", names);
    }
}

Error unknown_field(std::string const& field, std::vector<std::string> const& known) {
    auto message = fmt::format("--fields: there is no '{}'", field);
    if (auto const near = nearest_name(field, known); !near.empty())
        message += fmt::format("; did you mean '{}'?", near);
    Finding finding;
    finding.code = "usage.unknown_field";
    finding.path = "/fields";
    finding.message = message;
    finding.got = json::string(field);
    for (auto const& name : known) finding.allowed.emplace_back(name);
    return make_error("usage.unknown_field", message).with_at(std::move(finding));
}

std::string id_of(json::value const& item) {
    if (item.is_string()) return std::string(item.get_string());
    if (!item.is_object()) return {};
    for (auto const* name : {"id", "name", "network", "key", "code"})
        if (auto const* value = item.get_object().if_contains(name); value && value->is_string())
            return std::string(value->get_string());
    return {};
}

void set_error(Ending& ending, Error error) {
    ending.next = next_of(error);
    ending.error = std::move(error);
}

}  // namespace

void Printer::configure(Globals const& globals, Operation const* operation, std::string color) {
    globals_ = globals;
    operation_ = operation;
    color_ = std::move(color);
    mode_ = globals.output;
    bool const streams = (operation && operation->follows) || globals.all;
    if (mode_ == OutputMode::auto_) {
        if (host_.out_terminal)
            mode_ = OutputMode::table;
        else
            mode_ = streams ? OutputMode::ndjson : OutputMode::json;
    }
}

bool Printer::colored(bool terminal) const {
    if (color_ == "always") return true;
    if (color_ == "never" || !terminal) return false;
    return environment_value(host_, "NO_COLOR").empty() &&
           environment_value(host_, "TERM") != "dumb";
}

void Printer::line(json::object line) {
    if (mode_ != OutputMode::ndjson) return;
    if (auto* item = line.if_contains("item"); item && is_concise())
        *item = concise_item(output_schema(), *item);
    if (seq_ == 0) {
        json::object hello;
        hello["type"] = "hello";
        hello["seq"] = seq_++;
        hello["schema"] = envelope_schema_name;
        *host_.out << json::serialize(hello) << "\n";
    }
    json::object numbered;
    numbered["type"] = line.contains("type") ? line["type"] : json::value("item");
    numbered["seq"] = seq_++;
    for (auto const& member : line)
        if (member.key() != "type") numbered[member.key()] = member.value();
    *host_.out << json::serialize(numbered) << std::endl;
}

void Printer::choose_fields(Ending& ending) const {
    if (globals_.fields.empty() || !ending.data || ending.error) return;
    auto& data = *ending.data;
    auto* items = data.contains("items") ? data["items"].if_array() : nullptr;
    auto choose = [&](json::object const& from) -> json::object {
        json::object chosen;
        for (auto const& field : globals_.fields)
            if (!copy_field(from, field, chosen)) {
                std::vector<std::string> known;
                list_fields(from, "", known);
                set_error(ending, unknown_field(field, known));
                break;
            }
        return chosen;
    };
    if (!items) {
        data = choose(json::object(data));
    } else {
        for (auto& item : *items) {
            if (item.is_object()) item = choose(json::object(item.get_object()));
            if (ending.error) break;
        }
        // Without items the schema knows: a name that does not exist is wrong on the day on which
        // the list is empty too.
        for (auto const& field : items->empty() ? globals_.fields : std::vector<std::string>())
            if (!ending.error && operation_ && !item_may_have(output_schema(), field))
                set_error(ending, unknown_field(field, item_members(output_schema())));
    }
    if (ending.error) ending.data.reset();
}

bool Printer::is_concise() const {
    bool const for_people = mode_ == OutputMode::table && globals_.out.empty();
    return globals_.concise && operation_ && globals_.fields.empty() && globals_.get.empty() &&
           !for_people;
}

// Read once: a list may have many lines.
json::object const& Printer::output_schema() const {
    if (!output_schema_) output_schema_ = schema_of(operation_->output);
    return *output_schema_;
}

void Printer::shorten(Ending& ending) const {
    if (!is_concise() || !ending.data) return;
    auto shorter = concise_value(output_schema(), json::value(*ending.data));
    ending.data = std::move(shorter.as_object());
}

void Printer::write_out(Ending& ending) const {
    if (globals_.out.empty() || !ending.data) return;
    auto const path = (host_.folder / globals_.out).lexically_normal();
    auto const text = json::serialize(*ending.data) + "\n";
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file) {
        set_error(ending,
                  make_error("usage.bad_value",
                             fmt::format("--out: {} cannot be written", path.string())));
        ending.data.reset();
        return;
    }
    json::object out;
    out["path"] = path.string();
    out["bytes"] = text.size();
    out["sha256"] = core::sha256_text(text);
    ending.data = json::object{};
    ending.out = std::move(out);
}

bool Printer::print_value(Ending& ending) const {
    if (globals_.get.empty()) return false;
    json::error_code failed;
    json::value const whole(envelope(ending));
    if (ending.error) {
        // Of a failure one may ask what it says of itself; asked for anything else, it is shown
        // whole.
        auto const* told = whole.find_pointer(globals_.get, failed);
        if (failed || !told ||
            !(globals_.get.starts_with("/error") || globals_.get.starts_with("/next")))
            return false;
        print_raw(*told);
        return true;
    }
    if (!ending.data) return false;
    json::value const data(*ending.data);
    auto const* value = data.find_pointer(globals_.get, failed);
    if (failed || !value) value = whole.find_pointer(globals_.get, failed);
    if (failed || !value) {
        std::vector<std::string> known;
        for (auto const& member : *ending.data) known.push_back("/" + std::string(member.key()));
        auto error = make_error("usage.unknown_field",
                                fmt::format("--get: there is nothing at '{}'", globals_.get));
        Finding finding;
        finding.code = "usage.unknown_field";
        finding.path = "/get";
        finding.message = error.message();
        for (auto const& name : known) finding.allowed.emplace_back(name);
        set_error(ending, error.with_at(std::move(finding)));
        ending.data.reset();
        return false;
    }
    print_raw(*value);
    return true;
}

void Printer::print_raw(json::value const& value) const {
    if (value.is_string())
        *host_.out << std::string_view(value.get_string()) << std::endl;
    else
        *host_.out << json::serialize(value) << std::endl;
}

void Printer::print_ids(Ending const& ending) const {
    if (!ending.data) return;
    for (auto const* name : {"items", "jobs", "approvals"}) {
        auto const* list = ending.data->if_contains(name);
        if (!list || !list->is_array()) continue;
        for (auto const& item : list->get_array()) *host_.out << id_of(item) << "\n";
        *host_.out << std::flush;
        return;
    }
    auto id = id_of(*ending.data);
    for (auto const& member : *ending.data)
        if (id.empty() && member.value().is_object()) id = id_of(member.value());
    if (!id.empty()) *host_.out << id << std::endl;
}

void Printer::print_error(Ending const& ending) const {
    auto const paint = paint_err();
    auto& err = *host_.err;
    if (ending.error) {
        auto const& error = *ending.error;
        err << paint.bad("error") << ": " << escape_controls(error.message()) << " "
            << paint.faint("[" + error.code() + "]") << "\n";
        for (auto const& finding : error.at()) {
            if (error.at().size() == 1 && finding.message == error.message() &&
                finding.allowed.empty())
                continue;
            auto place = finding.file.empty() ? finding.path : finding.file;
            if (finding.line > 0) place += fmt::format(":{}", finding.line);
            err << "  " << (place.empty() ? "" : place + ": ") << escape_controls(finding.message)
                << "\n";
            if (!finding.allowed.empty() && finding.allowed.size() <= 30)
                err << paint.faint("    allowed: " +
                                   escape_controls(json::serialize(finding.allowed)))
                    << "\n";
        }
        if (auto const* cause = error.cause())
            err << paint.faint("  because: " + escape_controls(cause->message())) << "\n";
        if (!error.hint().empty()) err << escape_controls(error.hint()) << "\n";
    }
}

void Printer::print_people(Ending const& ending, std::optional<std::string> const& text) const {
    auto const width = static_cast<std::size_t>(host_.out_terminal ? host_.columns : 0);
    if (ending.data) {
        if (ending.out)
            *host_.out << render_view(*ending.out, "", width, paint_out());
        else if (text)
            *host_.out << *text;
        else
            *host_.out << render_view(
                *ending.data, operation_ ? operation_->view : "", width, paint_out());
        *host_.out << std::flush;
    }
    print_error(ending);
    if (globals_.quiet) return;
    auto const paint = paint_err();
    for (auto const& warning : ending.warnings)
        *host_.err << paint.wary("warning") << ": " << escape_controls(warning.message) << " "
                   << paint.faint("[" + warning.code + "]") << "\n";
    for (auto const& next : ending.next)
        *host_.err << paint.faint(
                          fmt::format("{}: postrider {}", next.why, fmt::join(next.argv, " ")))
                   << "\n";
    if (ending.next_cursor)
        *host_.err << paint.faint("More: --cursor " + *ending.next_cursor) << "\n";
}

int Printer::finish(Ending ending, std::optional<std::string> const& text) {
    if (printed_.exchange(true)) return exit_of(ending);
    choose_fields(ending);
    shorten(ending);
    write_out(ending);
    if (print_value(ending)) return exit_of(ending);
    switch (mode_) {
        case OutputMode::auto_:
        case OutputMode::json:
            if (!host_.out_terminal && globals_.out.empty()) cut_to_size(ending, answer_bytes_max);
            *host_.out << json::serialize(envelope(ending)) << std::endl;
            break;
        case OutputMode::ndjson: {
            if (globals_.out.empty()) cut_to_size(ending, answer_bytes_max);
            json::object result;
            result["type"] = "result";
            result["envelope"] = envelope(ending);
            line(std::move(result));
            break;
        }
        case OutputMode::id:
            print_ids(ending);
            print_error(ending);
            break;
        case OutputMode::none:
            print_error(ending);
            break;
        case OutputMode::table:
            print_people(ending, text);
            break;
    }
    return exit_of(ending);
}

}  // namespace postrider::cli
