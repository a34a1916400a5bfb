// The strict TikTok emulator without sockets and threads: a deterministic function of (scenario,
// clock, requests).
//
// One Model is used by one thread at a time. Replies come back as values; a fault script may ask,
// in Reply::delivery, hold and spread, for a delivery that only a real connection can perform.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tiktok/emulator/model/faults.hpp"
#include "tiktok/emulator/model/http.hpp"
#include "tiktok/emulator/model/ledger.hpp"
#include "tiktok/emulator/model/scenario.hpp"

namespace postrider::tiktok::emulator {

struct World;
struct Call;
struct OpenPut;

/// One PUT on its way. Valid until finish_put or abort_put.
using PutTicket = std::uint64_t;

struct PutStart {
    PutTicket ticket = 0;
    /// The answer is known already and does not depend on the body.
    bool decided = false;
    /// A fault: close the connection after so many bytes of the body, without an answer.
    std::optional<std::int64_t> drop_after_bytes;
};

class Model {
 public:
    Model(Scenario scenario, Clock clock);
    ~Model();
    Model(Model const&) = delete;
    Model& operator=(Model const&) = delete;

    /// Scheme, host and port that upload URLs start with.
    void set_base_url(std::string url);
    /// How much faster than the client's clock this model's clock runs; tokens then live as long as
    /// they say.
    void set_time_scale(std::int64_t scale);
    void set_faults(FaultScript faults);

    /// Any request but an upload, the control endpoints `/_emulator/...` included.
    Reply handle(Request const& request);

    /// Whether the request goes to the upload host, and so through begin_put.
    static bool is_upload(Request const& request);
    PutStart begin_put(Request const& head);
    void feed(PutTicket ticket, std::string_view bytes);
    /// Counts bytes that do not exist; the hash then covers their number instead. For simulations.
    void feed_stand_in(PutTicket ticket, std::int64_t count);
    /// Gives the answer. A body shorter than promised is not stored.
    Reply finish_put(PutTicket ticket);
    /// The connection broke: nothing of this chunk counts.
    void abort_put(PutTicket ticket);

    TimePoint now() const;
    /// Adds to the clock from now on.
    void advance(Millis by);
    /// Lets everything happen that is due; handle and begin_put do it too.
    void settle();
    /// When something will next happen by itself.
    std::optional<TimePoint> next_event() const;

    Ledger const& ledger() const;
    std::vector<Violation> const& violations() const;
    /// Newest last; at most 10,000.
    std::deque<RequestRecord> const& requests() const;
    /// Requests of that endpoint among those kept.
    std::int64_t count_requests(std::string_view endpoint) const;
    json::object violations_json() const;
    json::object requests_json() const;

    /// A new pair, in the shape that `account connect --token-stdin` takes; nothing for an unknown
    /// creator or app.
    std::optional<json::object> mint_token(std::string_view creator,
                                           std::string_view client_key,
                                           std::vector<std::string> const& scopes);
    /// The newest living pair of a grant, or a new one.
    json::object connect_token(std::string const& creator, std::string const& client_key);
    /// Null when there is no such creator.
    Creator* creator(std::string_view handle);
    void expire_tokens(std::string_view creator);
    void revoke(std::string_view creator);
    /// The creator posts a draft that waits in the inbox, as so many posts.
    bool post_draft(std::string_view publish_id, std::int64_t posts);

    Scenario const& scenario() const;
    std::uint64_t revision() const;
    bool shutdown_asked() const { return shutdown_asked_; }

    /// Everything that a restart has to know; see README.md, "State".
    json::object save() const;
    /// An empty problem means success. Otherwise the model must not be used any further.
    std::string load(json::object const& state);

 private:
    Reply control(Request const& request);
    Reply control_change(Request const& request, std::string_view path);
    Reply change_creator(std::string_view handle, json::object const& body);
    void record(Call const& call, Reply const& reply);

    std::unique_ptr<World> world_;
    std::map<PutTicket, OpenPut> puts_;
    PutTicket last_ticket_ = 0;
    bool shutdown_asked_ = false;
};

/// What a fault does before the request is handled (a reply that replaces it), and after.
std::optional<Reply> fault_before(Call& call, FaultRule const& rule);
void fault_after(Call& call, FaultRule const& rule, Reply& reply);
/// Whether the client cannot read the answer under this fault.
bool loses_answer(FaultKind kind);

}  // namespace postrider::tiktok::emulator
