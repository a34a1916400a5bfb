// One line an action; JSON parts in the order in which the adapter wrote them.
#include "describe.hpp"

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

namespace postrider::conformance {

namespace {

using namespace adapter;

std::string text(SavedState const& state) {
    return boost::json::serialize(state.open) + "+" + boost::json::serialize(state.sealed);
}

std::string text(std::optional<SavedState> const& state) {
    return state ? text(*state) : "as it was";
}

std::string text(HttpRequest const& request) {
    std::string all = fmt::format("{} {} credential {}{}",
                                  request.method,
                                  request.url,
                                  static_cast<int>(request.credential),
                                  request.secret_url ? " secret" : "");
    for (auto const& [name, value] : request.headers) all += fmt::format(" {}: {}", name, value);
    if (auto const* body = std::get_if<std::string>(&request.body)) all += " body " + *body;
    if (auto const* range = std::get_if<FileRange>(&request.body))
        all += fmt::format(" file {} {}+{}", range->media_index, range->offset, range->length);
    return all;
}

struct Describe {
    std::string operator()(Send const& send) const {
        std::string all = fmt::format("Send {} ({}) {} handle {} deadline {}",
                                      send.step,
                                      word(send.effect),
                                      text(send.request),
                                      send.handle,
                                      send.deadline.count());
        for (auto const& bucket : send.buckets) all += " bucket " + bucket;
        return all;
    }
    std::string operator()(Save const& save) const { return "Save " + text(save.state); }
    std::string operator()(Wait const& wait) const {
        return fmt::format("Wait {} ({})", wait.delay.count(), word(wait.why));
    }
    std::string operator()(Finish const& done) const {
        std::string all = fmt::format("Finish {} link {} visibility {} again {} state {}",
                                      done.handed_off ? "handed off" : "published",
                                      done.receipt.link,
                                      done.receipt.visibility,
                                      done.look_again ? done.look_again->count() : -1,
                                      text(done.state));
        for (auto const& id : done.receipt.remote_ids) all += " id " + id;
        return all;
    }
    std::string operator()(Fail const& failed) const {
        return fmt::format(
            "Fail {} state {}", boost::json::serialize(failed.error.to_json()), text(failed.state));
    }
    std::string operator()(Doubt const& doubt) const {
        return fmt::format("Doubt {} look after {}",
                           boost::json::serialize(doubt.error.to_json()),
                           doubt.look_after.count());
    }
    std::string operator()(Resume const& resume) const {
        return fmt::format("Resume {} ({}) took effect {}",
                           text(resume.state),
                           resume.evidence,
                           resume.took_effect);
    }
    std::string operator()(Facts const& found) const {
        return "Facts " + boost::json::serialize(to_json(found.facts));
    }
};

}  // namespace

std::string describe(adapter::Action const& action) {
    return std::visit(Describe{}, action);
}

std::string describe(adapter::FactsAction const& action) {
    return std::visit(Describe{}, action);
}

}  // namespace postrider::conformance
