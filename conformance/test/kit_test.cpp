// The kit under test: a good adapter passes everything, and each planted bug is caught by the case
// that is there for it.
#include "harbor.hpp"

#include <postrider/conformance/faults.hpp>

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

namespace postrider::conformance {
namespace {

using test::Bug;

Sample sample(adapter::PostKind kind) {
    Sample made;
    made.name = word(kind);
    made.post.kind = kind;
    made.post.caption = "Ships come in";
    if (kind != adapter::PostKind::video) return made;
    auto const path = std::filesystem::path(testing::TempDir()) / "conformance_kit.bin";
    std::ofstream(path, std::ios::binary) << std::string(1'000, 'x');
    adapter::MediaFacts media;
    media.path = path.string();
    media.size_bytes = 1'000;
    made.post.media = {media};
    return made;
}

Target harbor(Bug bug, std::vector<adapter::PostKind> const& kinds) {
    Target target;
    target.adapter = &test::harbor_adapter(bug);
    target.world = [](Stage const& stage) -> Result<std::unique_ptr<World>> {
        return test::harbor_world(stage);
    };
    for (auto const kind : kinds) target.samples.push_back(sample(kind));
    return target;
}

std::string failures(Report const& report) {
    std::string all;
    for (auto const& one : report.cases)
        if (one.verdict == Verdict::failed) all += one.name + ": " + one.why + "\n";
    return all;
}

TEST(ConformanceKit, GoodAdapterPassesEverything) {
    auto const report =
        run_suite(harbor(Bug::none, {adapter::PostKind::text, adapter::PostKind::video}));

    EXPECT_TRUE(report.good()) << failures(report);
    EXPECT_GT(report.count(Verdict::passed), 150);
    for (auto const& one : report.cases) {
        EXPECT_EQ(one.why.empty(), one.verdict == Verdict::passed) << one.name;
    }
}

TEST(ConformanceKit, EveryEffectHasARowForEveryFaultThatCanMeetIt) {
    for (auto const& [effect, effect_word] : Words<adapter::Effect>::table)
        for (auto const& [fault, fault_word] : Words<Fault>::table) {
            bool const may_arrive_twice =
                effect == adapter::Effect::look || effect == adapter::Effect::repeat;
            if (fault == Fault::doubled && !may_arrive_twice) continue;
            EXPECT_TRUE(find_expectation(effect, fault)) << effect_word << " " << fault_word;
        }
}

TEST(ConformanceKit, OnlyChoosesCasesByPartOfTheirName) {
    Options options;
    options.only = "faults/*/publish/lost_";

    auto const names = list_cases(harbor(Bug::none, {adapter::PostKind::text}), options);

    EXPECT_EQ(names,
              (std::vector<std::string>{"faults/text/publish/lost_before/first",
                                        "faults/text/publish/lost_before/twice",
                                        "faults/text/publish/lost_after/first",
                                        "faults/text/publish/lost_after/twice"}));
}

TEST(ConformanceKit, SameSeedGivesTheSameReport) {
    auto const target = harbor(Bug::none, {adapter::PostKind::text});

    auto const first = boost::json::serialize(run_suite(target).to_json());

    EXPECT_EQ(boost::json::serialize(run_suite(target).to_json()), first);
}

struct Planted {
    Bug bug;
    char const* name;
    char const* caught_by;
};

class PlantedBug : public testing::TestWithParam<Planted> {};

TEST_P(PlantedBug, IsCaughtByTheCaseThatIsThereForIt) {
    Options options;
    options.only = GetParam().caught_by;

    auto const report = run_suite(harbor(GetParam().bug, {adapter::PostKind::text}), options);

    ASSERT_EQ(report.cases.size(), 1U);
    EXPECT_EQ(report.cases.front().verdict, Verdict::failed) << report.cases.front().why;
    std::cout << GetParam().caught_by << ": " << report.cases.front().why << "\n";
}

constexpr Planted planted[] = {
    {Bug::prepares_again, "PreparesAgain", "faults/text/publish/lost_after/first"},
    {Bug::uses_before_saving, "UsesBeforeSaving", "save/before_second_effect"},
    {Bug::commit_called_repeat, "CommitCalledRepeat", "effects/text/publish"},
    {Bug::reconcile_writes, "ReconcileWrites", "reconcile/only_looks"},
    {Bug::forgets_handle, "ForgetsHandle", "save/handle_durable"},
    {Bug::doubt_is_failure, "DoubtIsFailure", "faults/text/publish/truncated/first"},
    {Bug::loses_precision, "LosesPrecision", "receipt/long_ids/text"},
    {Bug::unstable, "Unstable", "purity/next"},
    {Bug::refused_token_is_final, "RefusedTokenIsFinal", "faults/text/whoami/unauthorized/first"},
    {Bug::never_ends, "NeverEnds", "happy/text"},
    {Bug::secret_in_the_open, "SecretInTheOpen", "secrets/state"},
    {Bug::token_to_strangers, "TokenToStrangers", "requests/bearer_host"},
    {Bug::new_word_is_failure, "NewWordIsFailure", "faults/text/where/new_word/first"},
    {Bug::undeclared_step, "UndeclaredStep", "steps/declared"},
};

std::string bug_name(testing::TestParamInfo<Planted> const& tested) {
    return tested.param.name;
}

INSTANTIATE_TEST_SUITE_P(Harbor, PlantedBug, testing::ValuesIn(planted), bug_name);

}  // namespace
}  // namespace postrider::conformance
