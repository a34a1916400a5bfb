// See adapter_story.hpp. What is replayed of the engine is core/src/run/attempt.cpp and
// observe.cpp.
#include "adapter_story.hpp"

#include "watch.hpp"

#include <boost/json/parse.hpp>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>

namespace postrider::conformance {

using namespace adapter;
using namespace std::chrono_literals;

namespace {

namespace json = boost::json;

[[noreturn]] void broken(std::string_view promise, std::string_view what) {
    std::fprintf(stderr,
                 "broken promise: %.*s: %.*s\n",
                 static_cast<int>(promise.size()),
                 promise.data(),
                 static_cast<int>(what.size()),
                 what.data());
    std::abort();
}

/// How the newest commit stands, as the engine would store it.
enum class Commit { none, armed, confirmed };

class Story {
 public:
    Story(StorySetting const& setting, std::string_view text)
        : setting_(setting), watch_(*setting.adapter), job_(setting.job), text_(text) {
        watch_.trust_hosts(job_.app.options);
        auto const first = line();
        fresh_ = !first || *first == "-";
        if (!fresh_) store(*first);
    }

    void tell() {
        look_around();
        for (int visits = 0; visits < 64 && !over_ && (lines_left() || visits == 0); ++visits) {
            if (job_.intent && commit_ == Commit::armed)
                observe();
            else
                publish();
            judge_rules();
        }
    }

 private:
    struct Told {
        enum class How { replied, lost, died, nothing };
        How how = How::nothing;
        HttpReply http;
    };

    bool lines_left() const { return at_ < text_.size(); }

    std::optional<std::string_view> line() {
        if (!lines_left()) return std::nullopt;
        auto const end = std::min(text_.find('\n', at_), text_.size());
        auto const found = text_.substr(at_, end - at_);
        at_ = end + 1;
        return found;
    }

    void store(std::string_view text) {
        boost::system::error_code bad;
        auto value = json::parse(text, bad);
        if (bad || !value.is_object()) return;
        auto const part = [&](std::string_view name) {
            auto* member = value.as_object().if_contains(name);
            return member && member->is_object() ? member->as_object() : json::object{};
        };
        job_.state.open = part("open");
        job_.state.sealed = part("sealed");
        auto const intent = part("intent");
        auto const* step = intent.if_contains("step");
        auto const* spec = step && step->is_string()
                               ? find_step(watch_.descriptor(), std::string_view(step->as_string()))
                               : nullptr;
        if (!spec || !is_commit(spec->effect)) return;
        Intent armed;
        armed.step = spec->name;
        armed.effect = spec->effect;
        armed.armed_at = job_.now;
        if (auto const* handle = intent.if_contains("handle"); handle && handle->is_string())
            armed.handle = handle->as_string();
        job_.intent = armed;
        commit_ = intent.contains("confirmed") ? Commit::confirmed : Commit::armed;
    }

    static HttpReply reply_of(std::string_view text) {
        HttpReply reply;
        auto const bar = std::min(text.find('|'), text.size());
        auto const head = text.substr(0, bar);
        auto const read = std::from_chars(head.data(), head.data() + head.size(), reply.status);
        reply.status = reply.status < 100 || reply.status > 599 ? 200 : reply.status;
        auto range = std::string_view(read.ptr, head.data() + head.size());
        if (range.starts_with(' ')) range.remove_prefix(1);
        if (!range.empty()) reply.headers.emplace_back("Content-Range", range);
        if (bar < text.size()) reply.body = text.substr(bar + 1);
        return reply;
    }

    Told told() {
        while (auto const text = line()) {
            if (*text == "!") return {Told::How::lost, {}};
            if (*text == "x") return {Told::How::died, {}};
            if (text->starts_with('+')) {
                int seconds = 0;
                std::from_chars(text->data() + 1, text->data() + text->size(), seconds);
                job_.now += std::chrono::seconds(std::max(0, seconds));
                continue;
            }
            if (text->starts_with('@')) {
                aside(text->substr(1));
                continue;
            }
            auto http = reply_of(*text);
            bodies_.push_back(http.body);
            return {Told::How::replied, std::move(http)};
        }
        return {};
    }

    /// An answer out of turn: it must be borne, whatever is made of it.
    void aside(std::string_view text) {
        auto const space = std::min(text.find(' '), text.size());
        Reply reply;
        reply.step = text.substr(0, space);
        reply.http = reply_of(text.substr(std::min(space + 1, text.size())));
        // Not through the watch: what is answered here never happens.
        (void)setting_.adapter->next(job_, reply);
        (void)setting_.adapter->reconcile(job_, reply);
        (void)setting_.adapter->facts(job_.account, job_.app, job_.now, reply);
    }

    void look_around() {
        auto action = watch_.facts(job_.account, job_.app, job_.now, Begin{});
        if (!std::holds_alternative<Send>(action))
            broken("facts() begins with a look", "it does not");
        (void)watch_.validate(job_.post, job_.app, nullptr);
    }

    void judge_send(Send const& send) const {
        if (auto const* range = std::get_if<FileRange>(&send.request.body)) {
            if (range->media_index >= job_.post.media.size())
                broken("bytes come from the post's media", send.step);
            auto const size = job_.post.media[range->media_index].size_bytes;
            if (fresh_ && (range->offset > size || range->length > size - range->offset))
                broken("a range lies inside the file", send.step);
            if (!setting_.takes_bytes(send.request.url))
                broken("bytes go to hosts that may have them", send.request.url);
        }
    }

    void publish() {
        Answer answer = Begin{};
        bool commit_replied = false;
        for (int actions = 0; actions < 200; ++actions) {
            auto action = watch_.next(job_, answer);
            if (commit_replied && !std::holds_alternative<Doubt>(action)) {
                bool const refused = std::holds_alternative<Fail>(action);
                commit_ = refused ? Commit::none : Commit::confirmed;
                if (refused) job_.intent.reset();
            }
            commit_replied = false;
            if (auto const* send = std::get_if<Send>(&action)) {
                judge_send(*send);
                bool const commit = is_commit(send->effect);
                bool const live = job_.intent.has_value();
                if (commit && live && send->effect != Effect::commit_keyed && fresh_)
                    broken("no commit while a commit is live", send->step);
                if (commit) {
                    job_.intent = Intent{send->step, send->effect, send->handle, job_.now};
                    commit_ = Commit::armed;
                }
                auto const told = this->told();
                if (told.how == Told::How::nothing) return;
                bool const lost =
                    told.how != Told::How::replied || (commit && told.http.status >= 500);
                if (told.how == Told::How::died) watch_.forget();
                if (lost) return;  // a commit stays armed, all else begins again
                commit_replied = commit;
                answer = Reply{send->step, told.http};
            } else if (auto const* save = std::get_if<Save>(&action)) {
                job_.state = save->state;
                answer = Saved{};
            } else if (auto const* wait = std::get_if<Wait>(&action)) {
                job_.now += std::max<Milliseconds>(wait->delay, 0ms);
                return;
            } else if (auto const* done = std::get_if<Finish>(&action)) {
                finish(*done);
                return;
            } else if (auto const* failed = std::get_if<Fail>(&action)) {
                fail(*failed);
                return;
            } else {
                return;  // Doubt: the commit stays armed
            }
        }
        broken("next() comes to rest", "200 actions");
    }

    void observe() {
        Answer answer = Begin{};
        for (int actions = 0; actions < 50; ++actions) {
            auto action = watch_.reconcile(job_, answer);
            if (auto const* send = std::get_if<Send>(&action)) {
                auto const told = this->told();
                if (told.how == Told::How::died) watch_.forget();
                if (told.how != Told::How::replied) return;
                answer = Reply{send->step, told.http};
            } else if (auto const* save = std::get_if<Save>(&action)) {
                job_.state = save->state;
                answer = Saved{};
            } else if (auto const* wait = std::get_if<Wait>(&action)) {
                job_.now += std::max<Milliseconds>(wait->delay, 0ms);
                return;
            } else if (auto const* done = std::get_if<Finish>(&action)) {
                finish(*done);
                return;
            } else if (auto const* failed = std::get_if<Fail>(&action)) {
                bool const passing = failed->error.kind() == ErrorKind::unauthorized ||
                                     failed->error.kind() == ErrorKind::rate_limited ||
                                     failed->error.kind() == ErrorKind::unavailable;
                if (passing && !failed->state) return;
                Fail proof = *failed;
                if (!proof.state) proof.state = SavedState{};
                fail(proof);
                return;
            } else if (auto const* back = std::get_if<Resume>(&action)) {
                job_.state = back->state;
                if (back->took_effect)
                    commit_ = Commit::confirmed;
                else
                    job_.intent.reset();
                return;
            } else {
                return;
            }
        }
    }

    void finish(Finish const& done) {
        if (fresh_ && !setting_.proved(done, bodies_))
            broken("no end without the network's word",
                   done.handed_off ? "handed_off" : "published");
        over_ = true;
    }

    void fail(Fail const& failed) {
        if (failed.state) {
            job_.state = *failed.state;
            job_.intent.reset();
        } else if (commit_ == Commit::confirmed &&
                   (failed.error.retry().when == RetryWhen::never ||
                    failed.error.retry().when == RetryWhen::fix_first)) {
            job_.intent.reset();
        }
        if (!job_.intent) commit_ = Commit::none;
        ++job_.attempt;
    }

    void judge_rules() const {
        for (auto const& breach : watch_.breaches()) {
            // A network may give one text for two things, and then one of them is no secret.
            if (breach.rule.starts_with("secrets/")) continue;
            // Stored state that no adapter wrote may name handles that were never there.
            if (!fresh_ && breach.rule.starts_with("save/")) continue;
            broken(breach.rule, breach.what);
        }
    }

    StorySetting const& setting_;
    Watch watch_;
    JobView job_;
    std::string_view text_;
    std::size_t at_ = 0;
    bool fresh_ = true;
    bool over_ = false;
    Commit commit_ = Commit::none;
    std::vector<std::string> bodies_;
};

}  // namespace

void tell_story(StorySetting const& setting, std::string_view story) {
    Story(setting, story).tell();
}

}  // namespace postrider::conformance
