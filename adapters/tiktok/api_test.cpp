// Reading TikTok's answers and writing its requests.
#include "test_kit.hpp"

namespace postrider::tiktok::test {

namespace {

StatusAnswer status_of(std::string_view name) {
    return parse_status_answer(parse_envelope(recorded(name).body).data);
}

}  // namespace

TEST(Envelope, AcceptsBothSpellingsOfTheLogId) {
    EXPECT_EQ(parse_envelope(recorded("creator_info/without_options").body).log_id, "20261120C4");
    EXPECT_EQ(parse_envelope(recorded("creator_info/public_account").body).log_id, "20261120C1");
}

TEST(Envelope, IsUnreadableWhenItIsNotTheShape) {
    for (std::string_view const body : {"",
                                        "null",
                                        "[]",
                                        "{}",
                                        "<html>",
                                        "{\"error\":\"invalid_grant\"}",
                                        "{\"error\":{}}",
                                        "{\"data\":{\"publish_id\":\"v_pub_fi"})
        EXPECT_FALSE(parse_envelope(body).readable) << body;
}

TEST(Envelope, KeepsANumericCodeAsItsDigits) {
    EXPECT_EQ(parse_envelope(recorded("init/numeric_code").body).code, "10101");
}

TEST(Envelope, KeepsItsCodeWhenATextInItIsIllFormed) {
    auto const refused =
        parse_envelope("{\"error\":{\"code\":\"spam_risk\",\"message\":\"caf\xE9 \xC3\"}}");
    ASSERT_TRUE(refused.readable);
    EXPECT_EQ(refused.code, "spam_risk");
    EXPECT_EQ(refused.message, "caf\xEF\xBF\xBD \xEF\xBF\xBD");
    // A name that was cut between the halves of a character; a whole pair and a backslash stay.
    auto const name = [](std::string const& text) {
        return parse_creator_info(
                   parse_envelope(R"({"error":{"code":"ok"},"data":{"creator_nickname":")" + text +
                                  "\"}}")
                       .data)
            .nickname;
    };
    EXPECT_EQ(name(R"(Ann \ud83d)"), "Ann \xEF\xBF\xBD");
    EXPECT_EQ(name(R"(\ude00 \ud83d\ude00 \ud83d\n)"),
              "\xEF\xBF\xBD \xF0\x9F\x98\x80 \xEF\xBF\xBD\n");
    EXPECT_EQ(name("\xFF"
                   R"(\\ud83d)"),
              "\xEF\xBF\xBD\\ud83d");
    EXPECT_TRUE(parse_envelope("\xEF\xBB\xBF{\"error\":{\"code\":\"ok\"}}").ok());
    EXPECT_FALSE(parse_envelope("{\"error\":{\"code\":\"spam_ri\xC3").readable);
    EXPECT_FALSE(parse_envelope("{\"error\":{\"code\":\"x\\").readable);
}

TEST(CreatorInfo, ReadsANumberThatIsWrittenAsText) {
    auto const seconds = [](std::string_view value) {
        auto const text =
            std::string{R"({"error":{"code":"ok"},"data":{"max_video_post_duration_sec":)"};
        return parse_creator_info(parse_envelope(text + std::string{value} + "}}").data)
            .max_duration_s;
    };
    EXPECT_EQ(seconds("\"180\""), 180);
    EXPECT_EQ(seconds("\"180 s\""), 0);
    EXPECT_EQ(seconds("\"\""), 0);
    EXPECT_EQ(seconds("\"-1\""), 0);
}

TEST(StatusAnswer, ReadsNineteenDigitsExactly) {
    EXPECT_THAT(status_of("status/complete_list").post_ids,
                testing::ElementsAre("7512345678901234567"));
    EXPECT_THAT(status_of("status/complete_uint64").post_ids,
                testing::ElementsAre("18446744073709551615"));
}

TEST(StatusAnswer, ReadsTheIdAsListScalarOrText) {
    EXPECT_THAT(status_of("status/complete_scalar").post_ids,
                testing::ElementsAre("7512345678901234567"));
    EXPECT_THAT(status_of("status/complete_text").post_ids,
                testing::ElementsAre("7512345678901234567"));
    EXPECT_THAT(status_of("status/complete_several").post_ids,
                testing::ElementsAre("7512345678901234567", "7512345678901234568"));
    EXPECT_TRUE(status_of("status/complete_without_id").post_ids.empty());
}

TEST(StatusAnswer, TakesARoundedIdForNone) {
    EXPECT_TRUE(status_of("status/complete_too_large").post_ids.empty());
}

TEST(StatusAnswer, KnowsAMissingCountFromNone) {
    EXPECT_EQ(status_of("status/uploading").uploaded_bytes, 10'000'000U);
    EXPECT_FALSE(status_of("status/processing_without_count").uploaded_bytes);
}

TEST(CreatorInfo, DoesNotTakeMissingOptionsForNoOptions) {
    auto const info =
        parse_creator_info(parse_envelope(recorded("creator_info/without_options").body).data);

    EXPECT_FALSE(info.privacy_levels);
    EXPECT_EQ(info.max_duration_s, 0);
}

TEST(UploadProgress, AcceptsTheFormsThatHaveBeenSeen) {
    for (std::string_view const header : {"bytes 0-9999999/50000123",
                                          "bytes=0-9999999/50000123",
                                          " bytes 0 - 9999999 / 50000123 "}) {
        auto const progress = parse_upload_progress(header);
        ASSERT_TRUE(progress) << header;
        EXPECT_TRUE(progress->reaches(10'000'000)) << header;
        EXPECT_EQ(progress->total, 50'000'123U);
    }
    EXPECT_TRUE(parse_upload_progress("bytes 0-10000000/50000123")->reaches(10'000'000));
    EXPECT_FALSE(parse_upload_progress("bytes 0-9999998/50000123")->reaches(10'000'000));
}

TEST(UploadProgress, IsAbsentWhenTheHeaderIsNot) {
    for (std::string_view const header : {"",
                                          "bytes */50000123",
                                          "bytes 5-9/10",
                                          "bytes 0-/10",
                                          "items 0-9/10",
                                          "bytes 0-9/10x",
                                          "bytes 0-99999999999999999999999/10"})
        EXPECT_FALSE(parse_upload_progress(header)) << header;
}

TEST(VideoInit, AlwaysSendsTheBrandTogglesAndTurnsAllowIntoDisable) {
    auto const job = new_job();

    auto const send = as<Send>(next(job, reply(step::creator_info, "creator_info/public_account")));

    auto const post = body_of(send).at("post_info").as_object();
    EXPECT_FALSE(post.at("disable_comment").as_bool());
    EXPECT_TRUE(post.at("disable_duet").as_bool());
    EXPECT_TRUE(post.at("disable_stitch").as_bool());
    EXPECT_FALSE(post.at("brand_content_toggle").as_bool());
    EXPECT_FALSE(post.at("brand_organic_toggle").as_bool());
    EXPECT_EQ(post.at("title").as_string(), "Bread #bakery");
    EXPECT_FALSE(post.contains("is_aigc"));
    EXPECT_FALSE(body_of(send).contains("post_mode"));
    auto const source = body_of(send).at("source_info").as_object();
    EXPECT_EQ(source.at("source").as_string(), "FILE_UPLOAD");
    EXPECT_EQ(source.at("video_size").as_int64(), 50'000'123);
    EXPECT_EQ(source.at("total_chunk_count").as_int64(), 1);
}

TEST(VideoInit, SaysWhoIsPromoted) {
    struct {
        char const* disclosure;
        bool content;
        bool organic;
    } const rows[] = {{"none", false, false},
                      {"your_brand", false, true},
                      {"branded_content", true, false},
                      {"both", true, true}};
    for (auto const& row : rows) {
        auto job = new_job();
        job.post.options["disclosure"] = row.disclosure;

        auto const send =
            as<Send>(next(job, reply(step::creator_info, "creator_info/public_account")));

        auto const post = body_of(send).at("post_info").as_object();
        EXPECT_EQ(post.at("brand_content_toggle").as_bool(), row.content) << row.disclosure;
        EXPECT_EQ(post.at("brand_organic_toggle").as_bool(), row.organic) << row.disclosure;
    }
}

TEST(VideoInit, PutsCoverAndLabelIntoPostInfo) {
    auto job = new_job();
    job.post.options["cover_at"] = "1s500ms";
    job.post.options["ai_generated"] = true;
    job.post.caption.clear();

    auto const send = as<Send>(next(job, reply(step::creator_info, "creator_info/public_account")));

    auto const post = body_of(send).at("post_info").as_object();
    EXPECT_EQ(post.at("video_cover_timestamp_ms").as_int64(), 1500);
    EXPECT_TRUE(post.at("is_aigc").as_bool());
    EXPECT_FALSE(post.contains("title"));
}

TEST(PhotoInit, NamesAddressesOnly) {
    auto job = pull_job();
    job.post.kind = PostKind::photo;
    job.post.title = "Loaves";
    job.post.media.push_back(job.post.media.front());
    job.post.options["cover_photo"] = 2;

    auto const send = as<Send>(next(job, reply(step::creator_info, "creator_info/public_account")));

    EXPECT_EQ(send.step, step::photo_init);
    EXPECT_EQ(send.effect, Effect::commit_blind);
    auto const body = body_of(send);
    EXPECT_EQ(body.at("media_type").as_string(), "PHOTO");
    EXPECT_EQ(body.at("post_mode").as_string(), "DIRECT_POST");
    EXPECT_EQ(body.at("source_info").at("photo_images").as_array().size(), 2U);
    EXPECT_EQ(body.at("source_info").at("photo_cover_index").as_int64(), 1);
    EXPECT_EQ(body.at("post_info").at("title").as_string(), "Loaves");
    EXPECT_EQ(body.at("post_info").at("description").as_string(), "Bread #bakery");
    EXPECT_FALSE(body.at("post_info").as_object().contains("disable_duet"));
}

}  // namespace postrider::tiktok::test
