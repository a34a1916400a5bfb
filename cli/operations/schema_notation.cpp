// Reads the notation of answers by recursive descent.
#include "operations/schema_notation.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <cctype>
#include <set>
#include <stdexcept>

namespace postrider::cli {

namespace {

namespace json = boost::json;

class NotationReader {
 public:
    NotationReader(std::string_view notation, std::set<std::string>& used)
        : rest_(notation), whole_(notation), used_(used) {}

    json::object read_all() {
        auto schema = alternatives();
        skip_space();
        if (!rest_.empty()) fail("something is left over");
        return schema;
    }

 private:
    json::object alternatives() {
        json::array schemas;
        json::array words;
        do {
            skip_space();
            if (!rest_.empty() && rest_.front() == '"') {
                words.emplace_back(quoted());
            } else {
                schemas.emplace_back(single());
            }
            skip_space();
        } while (take('|'));
        if (!words.empty()) {
            json::object choice;
            choice["enum"] = words;
            schemas.insert(schemas.begin(), std::move(choice));
        }
        if (schemas.size() == 1) return schemas.front().as_object();
        json::object either;
        either["anyOf"] = std::move(schemas);
        return either;
    }

    json::object single() {
        if (take('[')) {
            json::object list;
            list["type"] = "array";
            list["items"] = alternatives();
            expect(']');
            return list;
        }
        if (take('{')) return members();
        if (take('@')) {
            auto const name = word();
            used_.insert(name);
            json::object reference;
            reference["$ref"] = "#/$defs/" + name;
            return reference;
        }
        bool const untrusted = take('!');
        auto schema = plain(word());
        if (untrusted) schema["x-untrusted"] = true;
        return schema;
    }

    json::object plain(std::string const& name) {
        json::object schema;
        if (name == "any") return schema;
        if (name == "instant") {
            schema["type"] = "string";
            schema["format"] = "date-time";
            return schema;
        }
        static constexpr std::pair<std::string_view, std::string_view> types[] = {
            {"text", "string"},
            {"int", "integer"},
            {"number", "number"},
            {"bool", "boolean"},
            {"null", "null"},
            {"object", "object"},
        };
        for (auto const& [ours, theirs] : types) {
            if (name != ours) continue;
            schema["type"] = theirs;
            if (name == "object") schema["additionalProperties"] = true;
            return schema;
        }
        fail("unknown type " + name);
    }

    json::object members() {
        json::object schema;
        json::object properties;
        json::array required;
        schema["type"] = "object";
        skip_space();
        if (take('}')) {
            schema["properties"] = properties;
            return schema;
        }
        do {
            skip_space();
            if (take('*')) {
                expect(':');
                schema["additionalProperties"] = alternatives();
                continue;
            }
            bool const left_out = take('~');
            auto const name = word();
            bool const optional = take('?');
            expect(':');
            if (!optional) required.emplace_back(name);
            auto member = alternatives();
            if (left_out) member["x-detail"] = "full";
            properties[name] = std::move(member);
            skip_space();
        } while (take(','));
        expect('}');
        if (!required.empty()) schema["required"] = std::move(required);
        if (!properties.empty()) schema["properties"] = std::move(properties);
        return schema;
    }

    std::string word() {
        skip_space();
        std::size_t length = 0;
        while (length < rest_.size() && (std::isalnum(static_cast<unsigned char>(rest_[length])) ||
                                         rest_[length] == '_' || rest_[length] == '$'))
            ++length;
        if (length == 0) fail("a name is missing");
        std::string found(rest_.substr(0, length));
        rest_.remove_prefix(length);
        return found;
    }

    std::string quoted() {
        expect('"');
        auto const end = rest_.find('"');
        if (end == std::string_view::npos) fail("a quote is open");
        std::string found(rest_.substr(0, end));
        rest_.remove_prefix(end + 1);
        return found;
    }

    bool take(char symbol) {
        skip_space();
        if (rest_.empty() || rest_.front() != symbol) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void expect(char symbol) {
        if (!take(symbol)) fail(std::string("expected ") + symbol);
    }
    void skip_space() {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n'))
            rest_.remove_prefix(1);
    }
    [[noreturn]] void fail(std::string const& what) {
        throw std::logic_error("notation: " + what + " before '" +
                               std::string(rest_.substr(0, 30)) + "' in '" + std::string(whole_) +
                               "'");
    }

    std::string_view rest_;
    std::string_view whole_;
    std::set<std::string>& used_;
};

std::string_view shape_named(std::string_view name) {
    for (auto const& [shape, notation] : shared_shapes())
        if (shape == name) return notation;
    throw std::logic_error("no shared shape named " + std::string(name));
}

}  // namespace

json::object schema_of(std::string_view notation) {
    std::set<std::string> wanted;
    auto schema = NotationReader(notation, wanted).read_all();
    json::object definitions;
    while (!wanted.empty()) {
        auto const name = *wanted.begin();
        wanted.erase(wanted.begin());
        if (definitions.contains(name)) continue;
        std::set<std::string> used;
        definitions[name] = NotationReader(shape_named(name), used).read_all();
        wanted.merge(used);
    }
    if (!definitions.empty()) schema["$defs"] = std::move(definitions);
    return schema;
}

}  // namespace postrider::cli
