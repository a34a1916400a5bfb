// A request as curl's options, and the answer collected by curl's callbacks.
#include "exchange.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

namespace postrider::core::detail {

namespace {

constexpr std::string_view certificate_folder = "/etc/ssl/certs";
// Larger buffers gain nothing, smaller ones cost a fifth more CPU (docs/performance).
constexpr long upload_buffer_bytes = 512L * 1024;
constexpr Milliseconds deadline_max = std::chrono::hours{24 * 365};

std::string system_message(int number) {
    return std::system_category().message(number);
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char letter) {
        auto const byte = static_cast<unsigned char>(letter);
        return (byte < 0x20 && byte != '\t') || byte == 0x7F;
    });
}

bool is_token(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char letter) {
        return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
               (letter >= 'A' && letter <= 'Z') || marks.find(letter) != marks.npos;
    });
}

bool same_name(std::string_view one, std::string_view other) {
    auto const lower = [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    };
    return std::equal(one.begin(), one.end(), other.begin(), other.end(), [&](char a, char b) {
        return lower(a) == lower(b);
    });
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    auto const first = text.find_first_not_of(space);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

char const* environment(char const* name) {
    auto const* value = std::getenv(name);
    return value && *value ? value : nullptr;
}

}  // namespace

Exchange::Exchange(CurlLibrary const& curl, CurlOptions const& options, OutgoingRequest request)
    : curl_(curl), options_(options), request_(std::move(request)), easy_(curl.easy_init()) {
    if (!easy_) throw std::bad_alloc();
}

Exchange::~Exchange() {
    curl_.easy_cleanup(easy_);
    curl_.slist_free_all(headers_);
    if (file_ >= 0) ::close(file_);
}

// --- Before sending -----------------------------------------------------------------------------

std::string Exchange::check_head() const {
    if (!is_token(request_.method)) return "the request's method is not a word";
    bool const has_space = request_.url.find(' ') != std::string::npos;
    // The URL is not repeated here: it may be a credential.
    if (request_.url.empty() || has_space || has_control(request_.url))
        return "the request's URL is empty or holds characters that a URL cannot have";
    for (auto const& [name, value] : request_.headers)
        if (!is_token(name) || has_control(value))
            return fmt::format("the header {} holds characters that a header cannot have",
                               is_token(name) ? name : "with an unreadable name");
    if (request_.deadline <= Milliseconds{0}) return "its deadline had passed before it was sent";
    return {};
}

std::string Exchange::open_file(FileSlice const& slice) {
    file_ = ::open(slice.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file_ < 0)
        return fmt::format(
            "the file {} cannot be opened: {}", slice.path.string(), system_message(errno));
    struct ::stat facts {};
    if (::fstat(file_, &facts) != 0)
        return fmt::format(
            "the file {} cannot be read: {}", slice.path.string(), system_message(errno));
    if (!S_ISREG(facts.st_mode)) return fmt::format("{} is not a plain file", slice.path.string());
    auto const size = static_cast<std::uint64_t>(facts.st_size);
    if (size != slice.file_size)
        return fmt::format("the file {} has changed: it has {} bytes and had {}",
                           slice.path.string(),
                           size,
                           slice.file_size);
    if (slice.offset > size || slice.length > size - slice.offset)
        return fmt::format("the file {} ends before the bytes that are to be sent",
                           slice.path.string());
    offset_ = slice.offset;
    length_ = slice.length;
    return {};
}

bool Exchange::add_header(std::string const& line) {
    auto* const list = curl_.slist_append(headers_, line.c_str());
    if (!list) return false;
    headers_ = list;
    return true;
}

std::string Exchange::add_headers() {
    bool typed = false;
    bool named = false;
    // A server that does not answer `Expect: 100-continue` would cost a second for every part.
    bool good = add_header("Expect:");
    for (auto const& [name, value] : request_.headers) {
        if (same_name(name, "Content-Length")) {
            if (trimmed(value) != fmt::format("{}", length_))
                return "its Content-Length header is not the length of its body";
            continue;  // curl writes it
        }
        if (same_name(name, "Transfer-Encoding") || same_name(name, "Expect")) continue;
        typed = typed || same_name(name, "Content-Type");
        named = named || same_name(name, "User-Agent");
        // "Name:" would take the header away, "Name;" sends it empty.
        good = good && add_header(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
    }
    if (!typed) good = good && add_header("Content-Type:");  // curl's own guess would be a form
    if (!named) good = good && add_header("User-Agent: " + options_.user_agent);
    if (!good) return "there is no memory for its headers";
    set(CURLOPT_HTTPHEADER, headers_);
    // Answers are small; whoever packs them all the same is understood.
    set(CURLOPT_ACCEPT_ENCODING, "identity");
    return {};
}

void Exchange::set_method_and_body() {
    bool const post = request_.method == "POST";
    if (file_ >= 0) {
        set(CURLOPT_UPLOAD, 1L);
        set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(length_));
        set(CURLOPT_READFUNCTION, &Exchange::on_read);
        set(CURLOPT_READDATA, static_cast<void*>(this));
        set(CURLOPT_SEEKFUNCTION, &Exchange::on_seek);
        set(CURLOPT_SEEKDATA, static_cast<void*>(this));
        set(CURLOPT_UPLOAD_BUFFERSIZE, upload_buffer_bytes);
        if (request_.method != "PUT") set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
        return;
    }
    auto const* const text = std::get_if<std::string>(&request_.body);
    bool const says_length = text || post || request_.method == "PUT" || request_.method == "PATCH";
    if (says_length) {
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(length_));
        set(CURLOPT_POSTFIELDS, text ? text->c_str() : "");
        if (!post) set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
        return;
    }
    if (request_.method == "HEAD")
        set(CURLOPT_NOBODY, 1L);
    else if (request_.method != "GET")
        set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void Exchange::set_trust() {
    auto const* file = environment("CURL_CA_BUNDLE");
    if (!file) file = environment("SSL_CERT_FILE");
    auto const* folder = environment("SSL_CERT_DIR");
    if (!file && !folder && ::access(certificate_folder.data(), X_OK) == 0)
        folder = certificate_folder.data();
    if (!file && !folder) return;  // what curl was built with
    // Reading the one large bundle costs each process 22 ms; a folder is read by name of the
    // issuer.
    set(CURLOPT_CAINFO, file);
    set(CURLOPT_CAPATH, folder);
}

// curl looks at the time before it looks at the answer: a process that stood still meanwhile would
// throw away what has come. A file is curl's to end, for what is left of it must not leave late.
void Exchange::set_deadline() {
    auto const time = std::min<Milliseconds>(request_.deadline, deadline_max);
    deadline_ = moved_at_ + time;
    if (uploads_file()) set(CURLOPT_TIMEOUT_MS, static_cast<long>(time.count()));
}

std::string Exchange::prepare() {
    if (auto why = check_head(); !why.empty()) return why;
    if (auto const* slice = std::get_if<FileSlice>(&request_.body)) {
        if (auto why = open_file(*slice); !why.empty()) return why;
    } else if (auto const* text = std::get_if<std::string>(&request_.body)) {
        length_ = text->size();
    }
    if (auto why = add_headers(); !why.empty()) return why;

    set(CURLOPT_URL, request_.url.c_str());
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_NOSIGNAL, 1L);
    // Without it, giving up while a name is being looked up waits for the name server with the
    // event loop standing still.
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    // 0 would mean without limit.
    set(CURLOPT_MAXAGE_CONN, std::max(1L, static_cast<long>(options_.idle_max.count() / 1000)));
    if (request_.once) set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(CURLOPT_ERRORBUFFER, error_text_);
    set(CURLOPT_PRIVATE, static_cast<void*>(this));
    set(CURLOPT_PREREQFUNCTION, &Exchange::on_hand_over);
    set(CURLOPT_PREREQDATA, static_cast<void*>(this));
    set(CURLOPT_HEADERFUNCTION, &Exchange::on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(this));
    set(CURLOPT_WRITEFUNCTION, &Exchange::on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    set_trust();
    set_method_and_body();
    moved_at_ = std::chrono::steady_clock::now();
    set_deadline();
    return {};
}

// --- While it runs ------------------------------------------------------------------------------

int Exchange::on_hand_over(void* self, char*, char*, int, int) {
    // Called each time before the request is written to a connection, also when curl repeats it by
    // itself. The second time it is stopped: whether the first one arrived is not known, and that
    // is for the engine to look into.
    auto& exchange = *static_cast<Exchange*>(self);
    if (exchange.hand_overs_ > 0) {
        exchange.given_up_ = "the connection was closed before an answer came";
        return CURL_PREREQFUNC_ABORT;
    }
    exchange.moved_at_ = std::chrono::steady_clock::now();
    if (exchange.moved_at_ > exchange.deadline_) {
        exchange.given_up_ = "its deadline had passed before it was sent";
        return CURL_PREREQFUNC_ABORT;
    }
    ++exchange.hand_overs_;
    return CURL_PREREQFUNC_OK;
}

std::size_t Exchange::on_read(char* buffer, std::size_t size, std::size_t count, void* self) {
    return static_cast<Exchange*>(self)->read(buffer, size * count);
}

std::size_t Exchange::read(char* buffer, std::size_t room) {
    auto const wanted = std::min<std::uint64_t>(room, length_ - position_);
    if (wanted == 0) return 0;
    ssize_t got = 0;
    do {
        got = ::pread(file_, buffer, wanted, static_cast<off_t>(offset_ + position_));
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        // A short body would leave the server waiting and the connection out of step: the exchange
        // ends here.
        given_up_ = got == 0 ? "the file became shorter while it was being sent"
                             : fmt::format("the file cannot be read: {}", system_message(errno));
        return CURL_READFUNC_ABORT;
    }
    position_ += static_cast<std::uint64_t>(got);
    moved_at_ = std::chrono::steady_clock::now();
    if (on_progress) on_progress(position_);
    return static_cast<std::size_t>(got);
}

int Exchange::on_seek(void* self, curl_off_t offset, int origin) {
    auto& exchange = *static_cast<Exchange*>(self);
    if (origin != SEEK_SET || offset < 0 || static_cast<std::uint64_t>(offset) > exchange.length_)
        return CURL_SEEKFUNC_FAIL;
    exchange.position_ = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
}

std::size_t Exchange::on_header(char* data, std::size_t size, std::size_t count, void* self) {
    auto const bytes = size * count;
    return static_cast<Exchange*>(self)->take_header({data, bytes}) ? bytes : 0;
}

bool Exchange::take_header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > options_.header_bytes_max) {
        given_up_ =
            fmt::format("the answer's headers are longer than {} bytes", options_.header_bytes_max);
        return false;
    }
    if (line.substr(0, 5) == "HTTP/") {
        // A new status line: what came before was an interim answer such as 100.
        reply_.headers.clear();
        headers_complete_ = false;
        return true;
    }
    if (headers_complete_) return true;  // trailers of a chunked body
    auto const content = trimmed(line);
    if (content.empty()) {
        headers_complete_ = true;
        return true;
    }
    auto const colon = content.find(':');
    if (colon == content.npos) return true;
    reply_.headers.emplace_back(trimmed(content.substr(0, colon)),
                                trimmed(content.substr(colon + 1)));
    return true;
}

std::size_t Exchange::on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    auto const bytes = size * count;
    if (bytes > exchange.options_.answer_bytes_max - exchange.reply_.body.size()) {
        exchange.given_up_ =
            fmt::format("the answer is longer than {} bytes", exchange.options_.answer_bytes_max);
        return 0;
    }
    exchange.reply_.body.append(data, bytes);
    return bytes;
}

void Exchange::give_up(std::string why) {
    if (given_up_.empty()) given_up_ = std::move(why);
}

bool Exchange::stalled(Ticks since) const {
    return hand_overs_ > 0 && uploads_file() && position_ < length_ && moved_at_ <= since;
}

// --- Afterwards ---------------------------------------------------------------------------------

curl_off_t Exchange::size_info(CURLINFO info) const {
    curl_off_t size = 0;
    return curl_.easy_getinfo(easy_, info, &size) == CURLE_OK ? size : 0;
}

bool Exchange::answer_complete(CURLcode code) const {
    long status = 0;
    curl_.easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 || !headers_complete_) return false;
    if (code == CURLE_OK) return true;
    // The exchange broke, yet the whole answer may be here: a server that refuses early answers and
    // closes while the body is still on its way. Only a stated length proves it.
    if (status == 204 || status == 304 || request_.method == "HEAD") return true;
    auto const stated = size_info(CURLINFO_CONTENT_LENGTH_DOWNLOAD_T);
    return stated >= 0 && static_cast<std::uint64_t>(stated) == reply_.body.size();
}

std::string Exchange::failure(CURLcode code) const {
    if (!given_up_.empty()) return given_up_;
    std::string_view const detail = error_text_[0] ? error_text_ : curl_.easy_strerror(code);
    long number = 0;
    curl_.easy_getinfo(easy_, CURLINFO_OS_ERRNO, &number);
    switch (code) {
        case CURLE_OK:
            return "the answer has no status line";
        case CURLE_COULDNT_RESOLVE_HOST:
            return fmt::format("the name cannot be resolved ({})", detail);
        case CURLE_COULDNT_CONNECT:
            return fmt::format("no connection: {} ({})",
                               number ? system_message(static_cast<int>(number)) : "refused",
                               detail);
        case CURLE_OPERATION_TIMEDOUT:
            return fmt::format("the time ran out ({})", detail);
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
            return fmt::format("no encrypted connection ({})", detail);
        case CURLE_GOT_NOTHING:
            return "the connection was closed before an answer came";
        case CURLE_PARTIAL_FILE:
            return fmt::format("the answer broke off ({})", detail);
        default:
            return std::string{detail};
    }
}

TransportReply Exchange::result(CURLcode code) const {
    TransportReply reply;
    auto const uploaded = std::max<curl_off_t>(0, size_info(CURLINFO_SIZE_UPLOAD_T));
    reply.sent_bytes = std::min(static_cast<std::uint64_t>(uploaded), length_);
    if (answer_complete(code)) {
        reply.verdict = adapter::Verdict::replied;
        long status = 0;
        curl_.easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
        reply.http = reply_;
        reply.http.status = static_cast<int>(status);
        return reply;
    }
    long request_bytes = 0;
    curl_.easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &request_bytes);
    bool const left = hand_overs_ > 0 || request_bytes > 0 || uploaded > 0;
    reply.verdict = left ? adapter::Verdict::no_reply : adapter::Verdict::not_sent;
    reply.failure = failure(code);
    return reply;
}

}  // namespace postrider::core::detail
