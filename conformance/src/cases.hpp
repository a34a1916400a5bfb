// A case is a name and a function; families of them are made from what an adapter declares.
#pragma once

#include "rig.hpp"

#include <postrider/conformance/suite.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postrider::conformance {

struct Judgement {
    Verdict verdict = Verdict::passed;
    std::string why;
    static Judgement pass() { return {}; }
    static Judgement fail(std::string why) { return {Verdict::failed, std::move(why)}; }
    static Judgement skip(std::string why) { return {Verdict::skipped, std::move(why)}; }
};

struct Case {
    std::string name;
    std::function<Judgement()> run;
};

/// What the families share: the target, and runs that several cases look at.
class Context {
 public:
    Context(Target const& target, std::uint64_t seed) : target_(target), seed_(seed) {}

    [[nodiscard]] Target const& target() const { return target_; }
    [[nodiscard]] adapter::Descriptor const& descriptor() const {
        return target_.adapter->descriptor();
    }
    Outcome run(Sample const& sample, RigOptions options);
    /// The sample published on a good day; run once.
    Outcome const& happy(Sample const& sample);
    Result<adapter::CreatorFacts> facts(std::vector<Breach>& breaches);
    /// Rules broken anywhere in the survey: facts, each sample on a good day, each with the answer
    /// to its commit lost. Made once.
    std::vector<Breach> const& survey();

 private:
    Target const& target_;
    std::uint64_t seed_;
    Workshop workshop_;
    std::map<std::string, Outcome> happy_;
    std::optional<std::vector<Breach>> survey_;
};

std::vector<Case> descriptor_cases(Context& context);
std::vector<Case> behaviour_cases(Context& context);
/// What can be seen from outside of a server that runs already, and why the rest is skipped.
std::vector<Case> live_cases(Context& context);
std::vector<Case> matrix_cases(Context& context);

/// What is true of every run, whatever was spoilt; empty when it is.
std::string broken_promise(Sample const& sample, Outcome const& outcome);
/// How many posts the job has at the network. Where an inbox cannot be seen, the job's word counts.
int count_posts(Outcome const& outcome);
bool is_done(Sample const& sample, core::JobState state);

}  // namespace postrider::conformance
