// Error values, their JSON, and the habits of the catalogue.
#include <postrider/catalogue.hpp>
#include <postrider/result.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <regex>
#include <set>

namespace postrider {
namespace {

TEST(Catalogue, IsSortedAndNamesEachCodeOnce) {
    auto const rows = catalogue();

    for (std::size_t i = 1; i < rows.size(); ++i)
        EXPECT_LT(rows[i - 1].code, rows[i].code) << "row " << i;
}

TEST(Catalogue, EveryCodeIsWellFormed) {
    std::regex const pattern("^[a-z][a-z0-9_]*(\\.[a-z0-9_]+)+$");

    for (auto const& row : catalogue())
        EXPECT_TRUE(std::regex_match(std::string{row.code}, pattern)) << row.code;
}

TEST(Catalogue, EveryRowSaysCauseEffectAndStepsInSentences) {
    for (auto const& row : catalogue())
        for (auto const sentence : {row.cause, row.effect, row.steps}) {
            ASSERT_FALSE(sentence.empty()) << row.code;
            EXPECT_EQ(sentence.back(), '.') << row.code << ": " << sentence;
        }
}

TEST(Catalogue, RetryFitsTheOwner) {
    for (auto const& row : catalogue()) {
        if (row.retry == RetryWhen::reconcile_first) {
            EXPECT_EQ(row.kind, ErrorKind::unknown) << row.code;
        }
        if (row.retry == RetryWhen::fix_first) {
            EXPECT_TRUE(row.owner == Owner::you || row.owner == Owner::operator_) << row.code;
        }
        if (row.kind == ErrorKind::rate_limited) {
            EXPECT_EQ(row.retry, RetryWhen::after) << row.code;
        }
    }
}

TEST(Catalogue, HoldsWhatTheRecoveryTableDemands) {
    struct Demand {
        std::string_view code;
        int exit;
        Owner owner;
        RetryWhen retry;
    };
    using O = Owner;
    using R = RetryWhen;
    // surfaces.md 3.3, word for word.
    std::vector<Demand> const demands{
        {"account.token_expired", 4, O::postrider, R::backoff},
        {"account.reconnect_needed", 4, O::creator, R::person_first},
        {"account.scope_missing", 4, O::creator, R::person_first},
        {"app.not_audited", 5, O::operator_, R::person_first},
        {"approval.required", 6, O::you, R::person_first},
        {"approval.declined", 6, O::you, R::never},
        {"approval.lapsed", 6, O::you, R::person_first},
        {"caption.too_long", 7, O::you, R::fix_first},
        {"media.unsupported", 7, O::you, R::fix_first},
        {"media.changed", 7, O::you, R::fix_first},
        {"schedule.impossible", 7, O::you, R::fix_first},
        {"conflict.plan_stale", 8, O::you, R::fix_first},
        {"conflict.key_reused", 8, O::you, R::fix_first},
        {"conflict.committed", 8, O::you, R::never},
        {"limit.key", 9, O::operator_, R::after},
        {"network.rate_limited", 9, O::network, R::after},
        {"network.quota_spent", 9, O::network, R::after},
        {"network.user_cap", 9, O::operator_, R::after},
        {"network.unreachable", 10, O::network, R::backoff},
        {"network.upload_expired", 10, O::postrider, R::backoff},
        {"network.url_not_verified", 5, O::operator_, R::person_first},
        {"network.moderation", 12, O::creator, R::never},
        {"network.account_banned", 12, O::creator, R::never},
        {"job.budget_spent", 12, O::network, R::person_first},
        {"job.missed", 12, O::you, R::fix_first},
        {"job.outcome_unknown", 14, O::network, R::reconcile_first},
        {"script.choice_missing", 16, O::you, R::fix_first},
    };

    for (auto const& demand : demands) {
        auto const* row = find_error_row(demand.code);
        ASSERT_TRUE(row) << demand.code;
        EXPECT_EQ(exit_code(row->kind), demand.exit) << demand.code;
        EXPECT_EQ(row->owner, demand.owner) << demand.code;
        EXPECT_EQ(row->retry, demand.retry) << demand.code;
    }
}

TEST(Catalogue, EveryKindHasAnExitCodeOfItsOwnExceptTheTwoEndsOfAJob) {
    std::set<int> exits;
    for (auto const& [kind, name] : Words<ErrorKind>::table) {
        EXPECT_GE(exit_code(kind), 1) << name;
        EXPECT_LE(exit_code(kind), 16) << name;
        exits.insert(exit_code(kind));
    }

    EXPECT_EQ(exits.size(), 16U);
    EXPECT_EQ(exit_code(ErrorKind::rejected), exit_code(ErrorKind::unrecognized));
    EXPECT_EQ(http_status(ErrorKind::unknown), 200);
    EXPECT_EQ(http_status(ErrorKind::timeout), 202);
}

TEST(Catalogue, CodeThatDoesNotExistIsABugOfOurs) {
    EXPECT_EQ(find_error_row("no.such"), nullptr);

    auto const error = make_error("no.such", "text");

    EXPECT_EQ(error.code(), "internal.bug");
    EXPECT_NE(error.message().find("no.such"), std::string::npos);
}

TEST(Error, JsonHasTheMembersOfTheContractInTheirOrder) {
    Finding finding;
    finding.code = "option.not_allowed";
    finding.message = "not among the values";
    finding.path = "/options/net/privacy";
    finding.got = "EVERYONE";
    finding.allowed = {"FRIENDS", "SELF"};
    auto const error = make_error("network.rate_limited", "Too fast.")
                           .with_operation("net.init")
                           .with_retry(Retry::after(Milliseconds{1500}))
                           .with_at(finding)
                           .with("log_id", "20270301")
                           .caused_by(make_error("network.unavailable"));

    auto const object = error.to_json();

    std::string order;
    for (auto const& member : object) order += std::string{member.key()} + " ";
    EXPECT_EQ(order,
              "code kind owner exit operation message hint side_effects retry at context cause ");
    EXPECT_EQ(boost::json::serialize(object.at("retry")), R"({"when":"after","after_ms":1500})");
    EXPECT_EQ(
        boost::json::serialize(object.at("at")),
        R"([{"path":"/options/net/privacy","code":"option.not_allowed",)"
        R"("message":"not among the values","got":"EVERYONE","allowed":["FRIENDS","SELF"]}])");
    EXPECT_EQ(object.at("cause").at("code").as_string(), "network.unavailable");
}

TEST(Error, OptionalMembersAreLeftOutButContextAndCauseAreNot) {
    auto const object = make_error("conflict.committed").with_hint("").to_json();

    EXPECT_FALSE(object.contains("operation"));
    EXPECT_FALSE(object.contains("hint"));
    EXPECT_FALSE(object.contains("at"));
    EXPECT_TRUE(object.at("context").as_object().empty());
    EXPECT_TRUE(object.at("cause").is_null());
}

TEST(Error, ReadsBackWhatItWrote) {
    Finding warning;
    warning.level = Finding::Level::warning;
    warning.message = "a thing";
    warning.file = "launch.lua";
    warning.line = 14;
    auto const error = make_error("job.outcome_unknown", "No answer came.")
                           .with_operation("net.commit")
                           .with("a", "1")
                           .with("b", "2")
                           .with_at(warning)
                           .with_retry(Retry::after(Milliseconds{7}))
                           .caused_by(make_error("network.unreachable"));

    auto const text = boost::json::serialize(error.to_json());
    auto const again = Error::from_json(boost::json::parse(text));

    EXPECT_EQ(boost::json::serialize(again.to_json()), text);
    EXPECT_EQ(again.at().front().level, Finding::Level::warning);
}

TEST(Error, UnknownWordsReadAsUnrecognizedAndAsPossiblyDone) {
    auto const error = Error::from_json(boost::json::parse(
        R"({"code":"x.y","kind":"brand_new","owner":"someone","side_effects":"odd","retry":7})"));

    EXPECT_EQ(error.kind(), ErrorKind::unrecognized);
    EXPECT_EQ(error.owner(), Owner::postrider);
    EXPECT_EQ(error.side_effects(), SideEffects::possible);
    EXPECT_EQ(error.retry().when, RetryWhen::never);
    EXPECT_EQ(Error::from_json(nullptr).kind(), ErrorKind::unrecognized);
}

TEST(Error, CopiesDoNotChangeTheOriginal) {
    auto const first = make_error("network.unavailable");
    auto const second = first.with("status", "503").with("status", "504").with("empty", "");

    EXPECT_TRUE(first.context().empty());
    ASSERT_EQ(second.context().size(), 1U);
    EXPECT_EQ(second.context().front().second, "504");
}

TEST(Error, SideEffectsFollowTheKindUnlessSaid) {
    EXPECT_EQ(make_error("job.outcome_unknown").side_effects(), SideEffects::possible);
    EXPECT_EQ(make_error("jobs.partial").side_effects(), SideEffects::partial);
    EXPECT_EQ(make_error("network.unavailable").side_effects(), SideEffects::none);
}

TEST(Error, NumbersThatAreNotFiniteNeverReachJson) {
    Finding finding;
    finding.message = "x";
    finding.got = boost::json::array{1.5, std::numeric_limits<double>::infinity()};

    EXPECT_EQ(boost::json::serialize(to_json(finding).at("got")), "[1.5E0,null]");
}

TEST(Result, HoldsAValueOrAnError) {
    Result<int> const good{7};
    Result<int> const bad{make_error("not_found.job")};
    Result<void> const nothing;

    EXPECT_EQ(*good, 7);
    EXPECT_FALSE(bad);
    EXPECT_EQ(bad.error().code(), "not_found.job");
    EXPECT_EQ(bad.value_or(3), 3);
    EXPECT_TRUE(nothing);
}

// Found by core/fuzz/stored_rows: it was written as `null` and read back as nothing.
TEST(Finding, AValueThatJsonCannotSayIsLeftOut) {
    Finding finding;
    finding.message = "m";
    finding.got = std::numeric_limits<double>::infinity();
    EXPECT_FALSE(to_json(finding).contains("got"));
}

}  // namespace
}  // namespace postrider
