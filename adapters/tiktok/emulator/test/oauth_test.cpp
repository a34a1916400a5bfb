// Tokens: the authorize page, PKCE, exchange, rotation, revocation; and the two test vectors of the
// reference.
#include "tiktok/emulator/test/harness.hpp"

namespace postrider::tiktok::emulator {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char const* verifier = "tiktok-pkce-test-vector-0123456789-abcdefghij._~";
constexpr char const* challenge =
    "5e43680a4b4f668439d4b39eff94545de6c24e17b25b016d95542a20163aa457";
constexpr char const* base64_challenge = "XkNoCktPZoQ51LOe_5RUXebCTheyWwFtlVQqIBY6pFc";

struct Authorize {
    std::string scope = "user.info.basic,video.publish";
    std::string redirect_uri = "http://127.0.0.1:4711/callback/";
    std::string code_challenge = challenge;
    std::string method = "S256";
    std::string creator = "@nova_fr";
    std::string state = "s t&1";
};

Reply authorize(Harness& emulator, Authorize const& with = {}) {
    std::string target = "/v2/auth/authorize/?client_key=emu-app&response_type=code";
    auto const add = [&](std::string_view name, std::string const& value) {
        if (!value.empty()) target += fmt::format("&{}={}", name, percent_encode(value));
    };
    add("scope", with.scope);
    add("redirect_uri", with.redirect_uri);
    add("state", with.state);
    add("code_challenge", with.code_challenge);
    add("code_challenge_method", with.method);
    add("emulator_creator", with.creator);
    return emulator.get(target);
}

Form callback(Reply const& reply) {
    std::string const location = header_of(reply, "Location");
    return parse_form(location.substr(location.find('?') + 1)).value();
}

Reply trade(Harness& emulator,
            std::string const& code,
            std::string const& code_verifier = verifier,
            std::string const& redirect_uri = "http://127.0.0.1:4711/callback/") {
    return emulator.form(
        token_path,
        fmt::format("client_key=emu-app&client_secret=emu-secret&grant_type=authorization_code"
                    "&code={}&redirect_uri={}&code_verifier={}",
                    percent_encode(code),
                    percent_encode(redirect_uri),
                    percent_encode(code_verifier)));
}

TEST(TestVector, PkceChallengeIsHexadecimal) {
    EXPECT_EQ(pkce_challenge(verifier), challenge);
}

TEST(TestVector, WebhookSignature) {
    std::string const body =
        R"({"client_key":"ck_test","event":"post.publish.complete","create_time":1700000000,"user_openid":"open-1","content":"{\"publish_id\":\"v_pub_file~v2-1.123\",\"publish_type\":\"DIRECT_POST\"}"})";
    ASSERT_EQ(body.size(), 190U);
    EXPECT_EQ(sign_webhook("cs_test", 1'700'000'000, body),
              "t=1700000000,s=8287b0db1c84e53c16e3245a3b0a2187df45af6e6d26a5032f16b8dd84007662");
}

TEST(AuthorizePage, GoesBackWithACodeTheScopesAndTheState) {
    Harness emulator;
    Reply const reply = authorize(emulator);
    EXPECT_EQ(reply.status, 302);
    EXPECT_THAT(header_of(reply, "Location"),
                testing::StartsWith("http://127.0.0.1:4711/callback/?"));
    Form const query = callback(reply);
    EXPECT_EQ(query.at("state"), "s t&1");
    EXPECT_EQ(query.at("scopes"), "user.info.basic,video.publish");
    EXPECT_THAT(query.at("code"), HasSubstr("*!"));
    EXPECT_THAT(emulator.rules(), IsEmpty());
}

TEST(AuthorizePage, NamesWhatIsMissing) {
    Harness emulator;
    EXPECT_THAT(authorize(emulator, {.code_challenge = ""}).body, HasSubstr("code_challenge"));
    EXPECT_THAT(authorize(emulator, {.state = ""}).body, HasSubstr("state"));
    EXPECT_EQ(authorize(emulator, {.redirect_uri = "http://evil.example/"}).status, 400);
    EXPECT_EQ(authorize(emulator, {.redirect_uri = "http://127.0.0.1:x/callback/"}).status, 400);
}

TEST(AuthorizePage, RefusesUnknownScopesAndOtherMethods) {
    Harness emulator;
    EXPECT_EQ(callback(authorize(emulator, {.scope = "video.publish video.upload"})).at("error"),
              "invalid_scope");
    EXPECT_THAT(emulator.rules(), Contains("scope_separator"));
    EXPECT_EQ(callback(authorize(emulator, {.method = "plain"})).at("error"), "invalid_request");
}

TEST(AuthorizePage, TheCreatorMayRefuseOrGrantLess) {
    Harness emulator;
    emulator.model.creator("nova_fr")->grants = {"user.info.basic"};
    EXPECT_EQ(callback(authorize(emulator)).at("scopes"), "user.info.basic");
    emulator.model.creator("nova_fr")->denies = true;
    EXPECT_EQ(callback(authorize(emulator)).at("error"), "access_denied");
}

TEST(AuthorizePage, ASandboxLetsOnlyItsTargetUsersIn) {
    Scenario world = Scenario::built_in();
    world.apps.front().sandbox = true;
    world.apps.front().target_users = {"acmebakery"};
    Harness emulator(world);
    Form const refused = callback(authorize(emulator));
    EXPECT_EQ(refused.at("error"), "access_denied");
    EXPECT_EQ(refused.at("error_type"), "non_sandbox_target");
    EXPECT_TRUE(callback(authorize(emulator, {.creator = "acmebakery"})).contains("code"));
}

TEST(Exchange, GivesAPairForACode) {
    Harness emulator;
    Reply const reply = trade(emulator, callback(authorize(emulator)).at("code"));
    json::object const body = parsed(reply.body);
    EXPECT_EQ(body.at("expires_in"), 7'200);
    EXPECT_EQ(body.at("refresh_expires_in"), 15'552'000);
    EXPECT_EQ(body.at("scope"), "user.info.basic,video.publish");
    EXPECT_EQ(body.at("token_type"), "Bearer");
    emulator.access = body.at("access_token").as_string().c_str();
    EXPECT_EQ(parsed(emulator.look().body).at("data").at("creator_username"), "nova_fr");
    EXPECT_THAT(emulator.rules(), IsEmpty());
}

TEST(Exchange, ACodeWorksOnceAndTenMinutes) {
    Harness emulator;
    std::string const used = callback(authorize(emulator)).at("code");
    trade(emulator, used);
    EXPECT_EQ(oauth_error_of(trade(emulator, used)), "invalid_grant");
    EXPECT_THAT(emulator.rules(), Contains("code_reused"));
    std::string const old = callback(authorize(emulator)).at("code");
    emulator.wait(std::chrono::minutes{10});
    EXPECT_EQ(oauth_error_of(trade(emulator, old)), "invalid_grant");
}

TEST(Exchange, RefusesTheBase64urlChallengeOnlyHere) {
    Harness emulator;
    Reply const page = authorize(emulator, {.code_challenge = base64_challenge});
    EXPECT_EQ(page.status, 302);
    Reply const reply = trade(emulator, callback(page).at("code"));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(oauth_error_of(reply), "invalid_request");
    EXPECT_EQ(parsed(reply.body).at("error_description"),
              "Code verifier or code challenge is invalid.");
    EXPECT_THAT(emulator.rules(), Contains("pkce_not_hex"));
}

TEST(Exchange, WantsTheSameRedirectUri) {
    Harness emulator;
    std::string const code = callback(authorize(emulator)).at("code");
    EXPECT_EQ(oauth_error_of(trade(emulator, code, verifier, "http://127.0.0.1:9/callback/")),
              "invalid_request");
}

TEST(Token, ErrorsComeWithStatus200UnlessSwitched) {
    std::string const wrong = "client_key=emu-app&client_secret=no&grant_type=client_credentials";
    Harness emulator;
    EXPECT_EQ(emulator.form(token_path, wrong).status, 200);
    EXPECT_EQ(oauth_error_of(emulator.form(token_path, wrong)), "invalid_client");
    Scenario world = Scenario::built_in();
    world.switches.oauth_error_status = "4xx";
    Harness other(world);
    EXPECT_EQ(other.form(token_path, wrong).status, 401);
}

TEST(Token, WantsAForm) {
    Harness emulator;
    EXPECT_EQ(oauth_error_of(emulator.post(token_path, "{}")), "invalid_request");
    EXPECT_THAT(emulator.rules(), Contains("wrong_content_type"));
    EXPECT_EQ(oauth_error_of(emulator.form(
                  token_path, "client_key=emu-app&client_secret=emu-secret&grant_type=password")),
              "unsupported_grant_type");
    emulator.form(token_path, "client_id=emu-app");
    EXPECT_THAT(emulator.rules(), Contains("client_id_sent"));
}

TEST(Token, AClientTokenIsOfNoUseForPosting) {
    Harness emulator;
    json::object const body = parsed(
        emulator
            .form(token_path,
                  "client_key=emu-app&client_secret=emu-secret&grant_type=client_credentials")
            .body);
    EXPECT_FALSE(body.contains("refresh_token"));
    emulator.access = body.at("access_token").as_string().c_str();
    EXPECT_EQ(code_of(emulator.look()), "access_token_invalid");
}

TEST(Refresh, ReplacesTheTokenAndKillsTheOldOneAtOnce) {
    Harness emulator;
    json::object const fresh = parsed(emulator.refresh_with(emulator.refresh).body);
    ASSERT_TRUE(fresh.contains("access_token"));
    EXPECT_NE(fresh.at("refresh_token"), json::value(emulator.refresh));

    EXPECT_EQ(oauth_error_of(emulator.refresh_with(emulator.refresh)), "invalid_grant");
    EXPECT_THAT(emulator.rules(), IsEmpty()) << "one try after a lost answer is right";
    emulator.refresh_with(emulator.refresh);
    EXPECT_THAT(emulator.rules(), testing::ElementsAre("refresh_token_reused"));

    EXPECT_EQ(code_of(emulator.look()), "ok") << "the old access token lives on";
    emulator.access = fresh.at("access_token").as_string().c_str();
    EXPECT_EQ(code_of(emulator.look()), "ok");
}

TEST(Refresh, MayKeepTheTokenOrNotExtendIt) {
    Scenario keep = Scenario::built_in();
    keep.switches.refresh_rotation = "keep";
    keep.switches.refresh_expires_type = "string";
    Harness one(keep);
    json::object const body = parsed(one.refresh_with(one.refresh).body);
    EXPECT_EQ(body.at("refresh_token"), json::value(one.refresh));
    EXPECT_EQ(body.at("refresh_expires_in"), "15552000");

    Scenario fixed = Scenario::built_in();
    fixed.switches.refresh_extends = "no";
    fixed.switches.refresh_kills_access = "yes";
    Harness two(fixed);
    two.wait(std::chrono::seconds{1'000});
    EXPECT_EQ(parsed(two.refresh_with(two.refresh).body).at("refresh_expires_in"), 15'551'000);
    EXPECT_EQ(code_of(two.look()), "access_token_invalid");
}

TEST(Refresh, EndsAfterHalfAYear) {
    Harness emulator;
    emulator.wait(std::chrono::seconds{15'552'000});
    EXPECT_EQ(oauth_error_of(emulator.refresh_with(emulator.refresh)), "invalid_grant");
}

TEST(Revoke, EndsTheGrant) {
    Harness emulator;
    Reply const reply =
        emulator.form("/v2/oauth/revoke/",
                      "client_key=emu-app&client_secret=emu-secret&token=" + emulator.access);
    EXPECT_EQ(reply.body, "{}");
    EXPECT_EQ(code_of(emulator.look()), "access_token_invalid");
    EXPECT_EQ(oauth_error_of(emulator.refresh_with(emulator.refresh)), "invalid_grant");
}

TEST(RefreshFault, ALostAnswerLosesTheToken) {
    Harness emulator;
    emulator.model.set_faults(faults(R"([{"on":"token","do":"drop_after"}])"));
    EXPECT_EQ(emulator.refresh_with(emulator.refresh).delivery, Delivery::drop);
    EXPECT_EQ(oauth_error_of(emulator.refresh_with(emulator.refresh)), "invalid_grant");
    EXPECT_THAT(emulator.rules(), IsEmpty());
}

}  // namespace
}  // namespace postrider::tiktok::emulator
