// One request and its answer: how it is put to curl, what curl's callbacks collect, and what can be
// said at the end. The event loop is not here.
#pragma once

#include "curl_library.hpp"

#include <postrider/core/curl_transport.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::core::detail {

class Exchange {
 public:
    using Ticks = std::chrono::steady_clock::time_point;

    Exchange(CurlLibrary const& curl, CurlOptions const& options, OutgoingRequest request);
    ~Exchange();
    Exchange(Exchange const&) = delete;
    Exchange& operator=(Exchange const&) = delete;

    /// Checks the request, opens its file and sets curl's options. Empty when all is well, else why
    /// it cannot be sent.
    [[nodiscard]] std::string prepare();

    [[nodiscard]] CURL* easy() const { return easy_; }
    [[nodiscard]] TransportReply result(CURLcode code) const;

    /// From now on the exchange counts as given up for this reason.
    void give_up(std::string why);

    [[nodiscard]] bool uploads_file() const { return file_ >= 0; }
    /// By when the answer has to be here, where curl does not see to that itself.
    [[nodiscard]] std::optional<Ticks> deadline() const {
        return uploads_file() ? std::nullopt : std::optional(deadline_);
    }
    /// True when a part of the body is still here and none of it moved since `since`.
    [[nodiscard]] bool stalled(Ticks since) const;

    /// Called from inside curl; must not call curl. Given to the request's progress function by the
    /// owner.
    std::function<void(std::uint64_t sent_bytes)> on_progress;

 private:
    [[nodiscard]] std::string check_head() const;
    [[nodiscard]] std::string open_file(FileSlice const& slice);
    [[nodiscard]] std::string add_headers();
    void set_method_and_body();
    void set_trust();
    void set_deadline();
    bool add_header(std::string const& line);
    template <class Value>
    void set(CURLoption option, Value value) {
        curl_.easy_setopt(easy_, option, value);
    }

    // curl's callbacks
    static std::size_t on_read(char* buffer, std::size_t size, std::size_t count, void* self);
    static int on_seek(void* self, curl_off_t offset, int origin);
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
    static int on_hand_over(void* self, char*, char*, int, int);

    std::size_t read(char* buffer, std::size_t room);
    bool take_header(std::string_view line);

    [[nodiscard]] bool answer_complete(CURLcode code) const;
    [[nodiscard]] std::string failure(CURLcode code) const;
    [[nodiscard]] curl_off_t size_info(CURLINFO info) const;

    CurlLibrary const& curl_;
    CurlOptions const& options_;
    OutgoingRequest request_;
    CURL* easy_;
    curl_slist* headers_ = nullptr;
    char error_text_[CURL_ERROR_SIZE] = {};

    int file_ = -1;
    std::uint64_t offset_ = 0;
    std::uint64_t length_ = 0;    // of the body
    std::uint64_t position_ = 0;  // what curl took of it
    Ticks moved_at_{};
    Ticks deadline_{};  // nothing leaves after it

    int hand_overs_ = 0;  // how often the request was about to leave
    std::string given_up_;

    adapter::HttpReply reply_;
    std::size_t header_bytes_ = 0;
    bool headers_complete_ = false;
};

}  // namespace postrider::core::detail
