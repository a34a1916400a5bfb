// Uploads: a large file in chunks by our transport, and the same PUTs by the curl program.
#include "parts.hpp"

#include <postrider/core/curl_transport.hpp>
#include <postrider/test/process.hpp>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include <fstream>
#include <iostream>
#include <set>

namespace postrider::bench {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t chunk_bytes = 10'000'000;

asio::awaitable<void> put_all(core::Transport& transport,
                              std::string base,
                              fs::path file,
                              std::uint64_t chunk,
                              std::set<std::string>& connections) {
    auto const size = fs::file_size(file);
    int number = 0;
    for (std::uint64_t offset = 0; offset < size; offset += chunk) {
        auto const length = std::min(chunk, size - offset);
        core::OutgoingRequest request;
        request.method = "PUT";
        request.url = fmt::format("{}/{}", base, ++number);
        request.headers.emplace_back("Content-Type", "video/mp4");
        request.body = core::FileSlice(file, offset, length, size);
        request.deadline = std::chrono::minutes(2);
        auto reply = co_await transport.send(std::move(request));
        if (reply.verdict != adapter::Verdict::replied || reply.http.status != 201 ||
            reply.sent_bytes != length)
            throw std::runtime_error("a chunk was not taken: " + reply.failure);
        connections.emplace(adapter::find_header(reply.http.headers, "X-Connection"));
    }
}

// The file, each chunk of it as a file of its own (the curl program cannot send a range of one),
// and curl's list of what to send where.
void prepare(fs::path const& folder, std::uint64_t size, std::string const& base) {
    std::vector<char> block(chunk_bytes);
    std::uint64_t state = 88172645463325252ULL;
    for (auto& byte : block) {
        state ^= state << 13U;
        state ^= state >> 7U;
        state ^= state << 17U;
        byte = static_cast<char>(state);
    }
    std::ofstream whole(folder / "whole.mp4", std::ios::binary);
    std::ofstream list(folder / "curl.txt");
    list << "silent\nshow-error\nfail\nheader = \"Expect:\"\nheader = \"Content-Type: "
            "video/mp4\"\n";
    int number = 0;
    for (std::uint64_t offset = 0; offset < size; offset += chunk_bytes) {
        auto const length = static_cast<std::streamsize>(std::min(chunk_bytes, size - offset));
        whole.write(block.data(), length);
        auto const part = folder / fmt::format("part{}.mp4", ++number);
        std::ofstream(part, std::ios::binary).write(block.data(), length);
        list << fmt::format("upload-file = \"{}\"\nurl = \"{}/{}\"\n", part.string(), base, number);
    }
}

}  // namespace

int run_uploader(std::string const& base, std::string const& file, std::uint64_t chunk) {
    std::set<std::string> connections;
    {
        asio::io_context loop(1);
        core::CurlTransport transport(loop.get_executor());
        std::exception_ptr failed;
        asio::co_spawn(loop,
                       put_all(transport, base, file, chunk, connections),
                       [&failed](std::exception_ptr thrown) { failed = thrown; });
        loop.run();
        if (failed) std::rethrow_exception(failed);
    }
    boost::json::object told;
    told["peak_kib"] = memory_kib("VmHWM");
    told["connections"] = connections.size();
    std::cout << boost::json::serialize(told) << "\n";
    return 0;
}

Figures measure_upload(Wish const& wish) {
    auto const folder = wish.folder / "upload";
    fs::create_directories(folder);
    std::uint64_t const size = (wish.quick ? 256ULL : 1024ULL) * 1024 * 1024;
    test::Background const sink({wish.self, "sink"});
    auto const base = "http://127.0.0.1:" + const_cast<test::Background&>(sink).read_line();
    prepare(folder, size, base);

    std::vector<double> our_rate;
    std::vector<double> our_cpu;
    std::vector<double> curl_rate;
    std::vector<double> curl_cpu;
    long our_peak = 0;
    long curl_peak = 0;
    std::int64_t connections = 0;
    double const megabytes = static_cast<double>(size) / 1e6;
    double const gibibytes = static_cast<double>(size) / (1024.0 * 1024 * 1024);
    int const rounds = 5;
    for (int round = 0; round <= rounds; ++round) {
        auto const ours = timed_run({wish.self,
                                     "uploader",
                                     base,
                                     (folder / "whole.mp4").string(),
                                     std::to_string(chunk_bytes)},
                                    {},
                                    folder / "told.json");
        auto const curl = timed_run({"curl", "-K", (folder / "curl.txt").string()});
        if (round == 0) continue;  // brings both copies of the file into memory
        auto const told = boost::json::parse(test::read_file(folder / "told.json")).as_object();
        our_peak = std::max(our_peak, told.at("peak_kib").to_number<long>());
        connections = told.at("connections").to_number<std::int64_t>();
        curl_peak = std::max(curl_peak, curl.peak_kib);
        our_rate.push_back(megabytes / ours.seconds);
        our_cpu.push_back(ours.cpu_seconds / gibibytes);
        curl_rate.push_back(megabytes / curl.seconds);
        curl_cpu.push_back(curl.cpu_seconds / gibibytes);
    }
    fs::remove_all(folder);
    auto const what = fmt::format("upload of {} MiB in 10 MB PUTs", size / 1024 / 1024);
    return {
        {what,
         "MB/s",
         median(our_rate),
         "the `curl` program, same PUTs",
         median(curl_rate),
         Better::more,
         fmt::format("loopback, no TLS, whole processes, median of {} rounds in turn; {} "
                     "connection(s) of ours",
                     rounds,
                     connections)},
        {what + ", CPU",
         "s/GiB",
         median(our_cpu),
         "the `curl` program, same PUTs",
         median(curl_cpu),
         Better::less,
         "user and system time of the whole process"},
        {what + ", peak memory",
         "MiB",
         static_cast<double>(our_peak) / 1024,
         "the `curl` program, same PUTs",
         static_cast<double>(curl_peak) / 1024,
         Better::less,
         "VmHWM"},
    };
}

}  // namespace postrider::bench
