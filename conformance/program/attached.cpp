// What the server has under /_emulator is used where it is there: posts and broken rules that were
// there before are not counted.
#include "attached.hpp"

#include "control.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/foreign_json.hpp>
#include <postrider/server_url.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

namespace postrider::conformance {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

class AttachedWorld final : public World, public core::Transport {
 public:
    AttachedWorld(Attachment attachment, adapter::Descriptor const& descriptor, Stage const& stage)
        : attachment_(std::move(attachment)),
          descriptor_(descriptor),
          clock_(stage.clock),
          control_(attachment_.address),
          curl_(stage.loop.get_executor()) {
        if (auto const posts = control_.ledger()) {
            shows_posts_ = true;
            for (auto const& post : *posts) before_.insert(post.id);
            violations_before_ = control_.violations().size();
        }
    }

    core::Transport& transport() override { return *this; }
    bool shows_posts() const override { return shows_posts_; }

    asio::awaitable<core::TransportReply> send(core::OutgoingRequest request) override {
        core::TransportReply reply;
        if (!is_allowed(request.url)) {
            reply.failure = fmt::format("the kit sends nothing to {}, only to {}",
                                        host_of_url(request.url.substr(0, request.url.find('?'))),
                                        attachment_.address);
            co_return reply;
        }
        auto const held = clock_.hold();
        auto sending = std::move(request);
        reply = co_await curl_.send(std::move(sending));
        co_return reply;
    }

    Result<Login> login() override {
        auto login = login_of(attachment_.connect);
        if (!login) return login;
        for (auto const& option : descriptor_.app_options)
            if (option.type == adapter::OptionType::url)
                login->app_options[option.name] = attachment_.address;
        return login;
    }

    Result<std::vector<PublicPost>> ledger() override {
        if (!shows_posts_) return std::vector<PublicPost>();
        auto posts = control_.ledger();
        if (posts)
            std::erase_if(*posts,
                          [&](PublicPost const& post) { return before_.contains(post.id); });
        return posts;
    }

    std::vector<std::string> violations() override {
        if (!shows_posts_) return {};
        auto all = control_.violations();
        all.erase(
            all.begin(),
            all.begin() + static_cast<std::ptrdiff_t>(std::min(violations_before_, all.size())));
        return all;
    }

 private:
    // A server may name further addresses of its own, to upload to; none elsewhere is followed.
    bool is_allowed(std::string const& url) const {
        auto const address = std::string_view(url).substr(0, url.find('?'));
        return is_loopback_url(address) ||
               (attachment_.may_leave_machine &&
                host_of_url(address) == host_of_url(attachment_.address));
    }

    Attachment attachment_;
    adapter::Descriptor const& descriptor_;
    VirtualClock& clock_;
    Control control_;
    core::CurlTransport curl_;
    bool shows_posts_ = false;
    std::set<std::string> before_;
    std::size_t violations_before_ = 0;
};

}  // namespace

Result<json::object> read_login(std::filesystem::path const& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string const whole(std::istreambuf_iterator<char>(stream), {});
    auto const wrong = [&](std::string_view why) {
        return make_error("usage.bad_value", fmt::format("--login: {} {}", file.string(), why));
    };
    if (!stream) return wrong("cannot be read");
    // An emulator may have written more after its first line.
    auto value = core::read_foreign_json(whole);
    if (!value)
        value = core::read_foreign_json(std::string_view(whole).substr(0, whole.find('\n')));
    if (!value || !value->is_object()) return wrong("is not what an emulator prints");
    auto connect = object_member(value->get_object(), "connect");
    if (connect.empty()) connect = value->get_object();
    if (auto const login = login_of(connect); !login) return wrong("names no app, or no account");
    return connect;
}

Result<std::unique_ptr<World>> attach(Attachment const& attachment,
                                      adapter::Descriptor const& descriptor,
                                      Stage const& stage) {
    return std::unique_ptr<World>(std::make_unique<AttachedWorld>(attachment, descriptor, stage));
}

}  // namespace postrider::conformance
