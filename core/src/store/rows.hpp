// Small pieces shared by the SQLite tables: cached statements, columns to values and back.
#pragma once

#include "job/exact_json.hpp"

#include <postrider/instant.hpp>

#include <SQLiteCpp/SQLiteCpp.h>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace postrider::core::detail {

inline std::int64_t to_column(Instant at) {
    return at.time_since_epoch().count();
}
inline Instant to_instant(std::int64_t column) {
    return Instant{Milliseconds{column}};
}

/// A prepared statement that is ready to be bound; reset when this goes.
class Use {
 public:
    explicit Use(SQLite::Statement& statement) : statement_(&statement) {}
    Use(Use const&) = delete;
    Use& operator=(Use const&) = delete;
    ~Use() {
        statement_->tryReset();
        statement_->clearBindings();
    }

    Use& bind(std::string_view text) {
        statement_->bind(++index_, std::string(text));
        return *this;
    }
    Use& bind(std::int64_t number) {
        statement_->bind(++index_, number);
        return *this;
    }
    Use& bind(int number) { return bind(static_cast<std::int64_t>(number)); }
    Use& bind(bool flag) { return bind(static_cast<std::int64_t>(flag)); }
    Use& bind(Instant at) { return bind(to_column(at)); }
    Use& bind(std::optional<Instant> const& at) {
        if (at) return bind(*at);
        statement_->bind(++index_);
        return *this;
    }
    Use& bind(boost::json::object const& object) {
        return bind(object.empty() ? std::string("{}") : boost::json::serialize(object));
    }

    bool step() {
        column_ = 0;
        return statement_->executeStep();
    }
    int run() { return statement_->exec(); }

    // Columns are read in the order of the select.
    std::string text() { return statement_->getColumn(column_++).getString(); }
    std::int64_t number() { return statement_->getColumn(column_++).getInt64(); }
    std::optional<std::int64_t> maybe_number() {
        auto column = statement_->getColumn(column_++);
        if (column.isNull()) return std::nullopt;
        return column.getInt64();
    }
    bool flag() { return number() != 0; }
    Instant instant() { return to_instant(number()); }
    std::optional<Instant> maybe_instant() {
        auto column = statement_->getColumn(column_++);
        if (column.isNull()) return std::nullopt;
        return to_instant(column.getInt64());
    }
    boost::json::object object() {
        auto value = parse_exactly(text());
        return value.is_object() ? std::move(value.as_object()) : boost::json::object{};
    }

 private:
    SQLite::Statement* statement_;
    int index_ = 0;
    int column_ = 0;
};

/// Statements of one connection by their text, prepared once.
class Statements {
 public:
    explicit Statements(SQLite::Database& database) : database_(database) {}
    Use use(std::string_view sql) {
        auto found = cache_.find(sql);
        if (found == cache_.end())
            found = cache_
                        .emplace(std::string(sql),
                                 std::make_unique<SQLite::Statement>(database_, std::string(sql)))
                        .first;
        return Use(*found->second);
    }

 private:
    // Looked up by a view, so that a hit allocates nothing.
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };
    SQLite::Database& database_;
    std::unordered_map<std::string, std::unique_ptr<SQLite::Statement>, Hash, std::equal_to<>>
        cache_;
};

boost::json::array texts_to_json(std::vector<std::string> const& texts);
std::vector<std::string> texts_from_json(std::string const& text);

}  // namespace postrider::core::detail
