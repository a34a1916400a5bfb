// The upload host: sequence, headers, expiry, progress, hashes, faults.
#include "tiktok/emulator/test/harness.hpp"

namespace postrider::tiktok::emulator {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

Post const big{.size = 50'000'123, .chunk_size = 10'000'000, .count = 5};
constexpr std::int64_t total_bytes = 50'000'123;

TEST(Upload, RunsTheOfficialSequence) {
    Harness emulator;
    emulator.init(big);
    std::vector<int> statuses;
    for (std::int64_t i = 0; i < 5; ++i) {
        std::int64_t const last = i < 4 ? (i + 1) * 10'000'000 - 1 : total_bytes - 1;
        Reply const reply = emulator.put_counted(i * 10'000'000, last, total_bytes);
        statuses.push_back(reply.status);
        EXPECT_EQ(header_of(reply, "Content-Range"),
                  fmt::format("bytes 0-{}/{}", last + 1, total_bytes));
    }
    EXPECT_THAT(statuses, ElementsAre(206, 206, 206, 206, 201));
    EXPECT_THAT(emulator.rules(), IsEmpty());
}

TEST(Upload, HashesTheBytesOverAllChunks) {
    Harness emulator;
    emulator.init({.size = 11'000'000, .chunk_size = 5'500'000, .count = 2});
    emulator.put(0, 5'499'999, 11'000'000, 'a');
    PutStart const broken =
        emulator.model.begin_put(emulator.put_head(5'500'000, 10'999'999, 11'000'000));
    emulator.model.feed(broken.ticket, "zzzz");
    emulator.model.abort_put(broken.ticket);
    emulator.status();
    emulator.put(5'500'000, 10'999'999, 11'000'000, 'b');
    emulator.wait(std::chrono::seconds{1});

    std::string const bytes = std::string(5'500'000, 'a') + std::string(5'500'000, 'b');
    ASSERT_EQ(emulator.model.ledger().entries().size(), 1U);
    EXPECT_EQ(emulator.model.ledger().entries().front().sha256, sha256_hex(bytes));
    EXPECT_THAT(emulator.rules(), IsEmpty());
}

TEST(Upload, AWrongStartIs416WithTheProgress) {
    Harness emulator;
    emulator.init(big);
    emulator.put_counted(0, 9'999'999, total_bytes);
    Reply const reply = emulator.put_counted(20'000'000, 29'999'999, total_bytes);
    EXPECT_EQ(reply.status, 416);
    EXPECT_EQ(header_of(reply, "Content-Range"), "bytes 0-10000000/50000123");
    EXPECT_THAT(emulator.rules(), ElementsAre("upload_out_of_order"));
}

TEST(Upload, ProgressMayBeTheLastIndex) {
    Scenario world = Scenario::built_in();
    world.switches.progress_header = "last";
    Harness emulator(world);
    emulator.init(big);
    EXPECT_EQ(header_of(emulator.put_counted(0, 9'999'999, total_bytes), "Content-Range"),
              "bytes 0-9999999/50000123");
    world.switches.progress_header = "none";
    Harness silent(world);
    silent.init(big);
    EXPECT_EQ(header_of(silent.put_counted(0, 9'999'999, total_bytes), "Content-Range"), "");
}

TEST(Upload, AStoredChunkAgainIs416AndNoViolationAtFirst) {
    Harness emulator;
    emulator.init(big);
    emulator.put_counted(0, 9'999'999, total_bytes);
    EXPECT_EQ(emulator.put_counted(0, 9'999'999, total_bytes).status, 416);
    EXPECT_THAT(emulator.rules(), IsEmpty());
    emulator.put_counted(0, 9'999'999, total_bytes);
    emulator.put_counted(0, 9'999'999, total_bytes);
    EXPECT_THAT(emulator.rules(), ElementsAre("progress_ignored"));
}

TEST(Upload, HeadersAreExact) {
    Harness emulator;
    emulator.init();
    auto const status = [&](std::string_view name, char const* value) {
        Request head = emulator.put_head(0, 999, 1'000);
        std::erase_if(head.headers, [&](Header const& header) { return header.name == name; });
        if (value != nullptr) head.headers.push_back({std::string(name), value});
        return emulator.put(head, std::string(1'000, 'v')).status;
    };
    EXPECT_EQ(status("Content-Range", nullptr), 416);
    EXPECT_EQ(status("Content-Range", "0-999/1000"), 400);
    EXPECT_EQ(status("Content-Range", "bytes 0-999/2000"), 400);
    EXPECT_EQ(status("Content-Range", "bytes 0-998/1000"), 400);
    EXPECT_EQ(status("Content-Type", nullptr), 400);
    EXPECT_EQ(status("Content-Type", "application/octet-stream"), 400);
    EXPECT_EQ(status("Content-Length", "999"), 400);
    EXPECT_EQ(status("Transfer-Encoding", "chunked"), 400);
    emulator.status();
    EXPECT_EQ(status("Content-Type", "video/quicktime"), 201);
}

TEST(Upload, AShortBodyIsNotStored) {
    Harness emulator;
    emulator.init();
    EXPECT_EQ(emulator.put(emulator.put_head(0, 999, 1'000), "short").status, 400);
    EXPECT_FALSE(emulator.status().contains("uploaded_bytes"));
}

TEST(Upload, TheUrlLivesOneHour) {
    Harness emulator;
    emulator.init(big);
    emulator.put_counted(0, 9'999'999, total_bytes);
    emulator.wait(std::chrono::minutes{60});
    EXPECT_EQ(emulator.put_counted(10'000'000, 19'999'999, total_bytes).status, 403);
}

TEST(Upload, AnUnknownTaskIs404) {
    Harness emulator;
    emulator.init();
    std::string const good = emulator.upload_target;
    emulator.upload_target = "/video/?upload_id=1&upload_token=2";
    EXPECT_EQ(emulator.put(0, 999, 1'000).status, 404);
    emulator.upload_target = good + "0";
    EXPECT_EQ(emulator.put(0, 999, 1'000).status, 404);
}

TEST(Upload, ATokenOnTheUploadHostIsAViolation) {
    Harness emulator;
    emulator.init();
    Request head = emulator.put_head(0, 999, 1'000);
    head.headers.push_back({"Authorization", "Bearer x"});
    EXPECT_EQ(emulator.put(head, std::string(1'000, 'v')).status, 201);
    EXPECT_THAT(emulator.rules(), ElementsAre("token_on_upload"));
}

TEST(Upload, TwoAtATimeIsAViolation) {
    Harness emulator;
    emulator.init();
    PutStart const one = emulator.model.begin_put(emulator.put_head(0, 999, 1'000));
    PutStart const two = emulator.model.begin_put(emulator.put_head(0, 999, 1'000));
    emulator.model.feed(one.ticket, std::string(1'000, 'v'));
    emulator.model.feed(two.ticket, std::string(1'000, 'v'));
    EXPECT_EQ(emulator.model.finish_put(two.ticket).status, 201);
    EXPECT_EQ(emulator.model.finish_put(one.ticket).status, 416);
    EXPECT_THAT(emulator.rules(), ElementsAre("parallel_put"));
}

TEST(Upload, ANewConnectionOvertakesABrokenOne) {
    Harness emulator;
    emulator.init(big);
    PutStart const broken = emulator.model.begin_put(emulator.put_head(0, 9'999'999, total_bytes));
    EXPECT_EQ(emulator.put_counted(0, 9'999'999, total_bytes).status, 206);
    emulator.model.abort_put(broken.ticket);
    EXPECT_THAT(emulator.rules(), IsEmpty());
}

TEST(Upload, TheLastChunkAgainIsAViolation) {
    Harness emulator;
    emulator.init();
    emulator.put(0, 999, 1'000);
    EXPECT_EQ(emulator.put(0, 999, 1'000).status, 416);
    EXPECT_THAT(emulator.rules(), ElementsAre("last_chunk_repeated"));
    EXPECT_EQ(emulator.model.ledger().entries().size(), 0U);
    emulator.wait(std::chrono::seconds{1});
    EXPECT_EQ(emulator.model.ledger().entries().size(), 1U);
}

TEST(Upload, AfterAFailedLastChunkTheStatusComesFirst) {
    Harness blind;
    blind.model.set_faults(
        faults(R"([{"on":"upload","match":{"chunk":"last"},"do":"500_before"}])"));
    blind.init();
    EXPECT_EQ(blind.put(0, 999, 1'000).status, 500);
    EXPECT_EQ(blind.put(0, 999, 1'000).status, 201);
    EXPECT_THAT(blind.rules(), ElementsAre("last_chunk_resent_blind"));

    Harness careful;
    careful.model.set_faults(
        faults(R"([{"on":"upload","match":{"chunk":"last"},"do":"500_before"}])"));
    careful.init();
    careful.put(0, 999, 1'000);
    EXPECT_FALSE(careful.status().contains("uploaded_bytes"));
    EXPECT_EQ(careful.put(0, 999, 1'000).status, 201);
    EXPECT_THAT(careful.rules(), IsEmpty());
}

TEST(Upload, ABrokenOffLastChunkIsNotSentAgainBlindly) {
    Harness emulator;
    emulator.init();
    emulator.model.abort_put(emulator.model.begin_put(emulator.put_head(0, 999, 1'000)).ticket);
    EXPECT_EQ(emulator.put(0, 999, 1'000).status, 201);
    EXPECT_THAT(emulator.rules(), ElementsAre("last_chunk_resent_blind"));
}

TEST(UploadFault, BeforeAndAfterTheEffect) {
    for (auto const& [fault, stored] : {std::pair{"500_before", false},
                                        {"500_after", true},
                                        {"drop_before", false},
                                        {"drop_after", true},
                                        {"html", false},
                                        {"html_after", true},
                                        {"416_before", false},
                                        {"416_after", true},
                                        {"rate_limited", false},
                                        {"redirect", false}}) {
        Harness emulator;
        emulator.model.set_faults(
            faults(fmt::format(R"([{{"on":"upload","match":{{"chunk":2}},"do":"{}"}}])", fault)));
        emulator.init(big);
        EXPECT_EQ(emulator.put_counted(0, 9'999'999, total_bytes).status, 206) << fault;
        Reply const reply = emulator.put_counted(10'000'000, 19'999'999, total_bytes);
        EXPECT_TRUE(reply.status >= 300 || reply.delivery == Delivery::drop) << fault;
        EXPECT_EQ(emulator.status().at("uploaded_bytes"), stored ? 20'000'000 : 10'000'000)
            << fault;
        EXPECT_EQ(emulator.model.requests().at(3).fault, fault);
        EXPECT_THAT(emulator.rules(), IsEmpty()) << fault;
    }
}

TEST(UploadFault, TheTaskMayExpireOrBeForgotten) {
    for (auto const& [fault, status] : {std::pair{"expire_upload", 403}, {"forget_upload", 404}}) {
        Harness emulator;
        emulator.model.set_faults(
            faults(fmt::format(R"([{{"on":"upload","nth":2,"do":"{}"}}])", fault)));
        emulator.init(big);
        emulator.put_counted(0, 9'999'999, total_bytes);
        EXPECT_EQ(emulator.put_counted(10'000'000, 19'999'999, total_bytes).status, status);
        EXPECT_EQ(emulator.put_counted(10'000'000, 19'999'999, total_bytes).status, status)
            << "and stays so";
    }
}

TEST(UploadFault, ARevokedTokenInMidUploadEndsInAuthRemoved) {
    Harness emulator;
    emulator.model.set_faults(faults(R"([{"on":"upload","do":"revoke_token"}])"));
    emulator.init();
    EXPECT_EQ(emulator.put(0, 999, 1'000).status, 201) << "the upload needs no token";
    EXPECT_EQ(code_of(emulator.look()), "access_token_invalid");
    emulator.wait(std::chrono::seconds{1});
    emulator.access = emulator.mint("acmebakery");
    EXPECT_EQ(emulator.status().at("fail_reason"), "auth_removed");
}

}  // namespace
}  // namespace postrider::tiktok::emulator
