#include "images/registry_auth.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/http_server.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

namespace airlock::images {
namespace {

using base::Errc;
using test::error_of;
using test::expect_error;
using test::HttpServer;
using test::ServerReply;
using test::ServerRequest;
using Parameters = std::map<std::string, std::string>;

TEST(Challenge, ParsesTheHeadersOfRegistries) {
    struct Row {
        std::string header;
        std::string scheme;
        Parameters parameters;
    };
    const std::vector<Row> rows{
        {R"(Basic realm="private")", "basic", {{"realm", "private"}}},
        {"Basic", "basic", {}},
        {R"(BASIC realm="Sonatype Nexus")", "basic", {{"realm", "Sonatype Nexus"}}},
        {R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push")",
         "bearer",
         {{"realm", "https://auth.docker.io/token"},
          {"service", "registry.docker.io"},
          {"scope", "repository:a/b:pull,push"}}},
        {R"(bearer REALM="https://x/" , service=plain  ,  error="invalid_token")",
         "bearer",
         {{"realm", "https://x/"}, {"service", "plain"}, {"error", "invalid_token"}}},
        {R"(Bearer realm="a \"quoted\" \\ one")", "bearer", {{"realm", R"(a "quoted" \ one)"}}},
        {R"(Bearer realm="never closed)", "bearer", {{"realm", "never closed"}}},
        {R"(Bearer realm="ends in \)", "bearer", {{"realm", "ends in \\"}}},
        {"Bearer realm=", "bearer", {{"realm", ""}}},
        {"Bearer no value", "bearer", {}},
        {"  Bearer realm=x", "bearer", {{"realm", "x"}}},
        {R"(Basic realm="Nexus, the second", Bearer realm="https://x/",service="y")",
         "bearer",
         {{"realm", "https://x/"}, {"service", "y"}}},
        {R"(Bearer realm="https://x/", Basic realm="y")", "bearer", {{"realm", "https://x/"}}},
        {R"(Negotiate YWJj==, Basic realm="x")", "basic", {{"realm", "x"}}},
        {"Negotiate, Basic", "basic", {}},
        {"Bearer, Basic realm=x", "basic", {{"realm", "x"}}},
        {"realm=x, Basic", "basic", {}},
    };
    for (const auto& row : rows) {
        const auto challenge = Challenge::parse(row.header);
        ASSERT_TRUE(challenge.has_value()) << row.header;
        EXPECT_EQ(challenge->scheme, row.scheme) << row.header;
        EXPECT_EQ(challenge->parameters, row.parameters) << row.header;
    }
}

TEST(Challenge, IgnoresOtherSchemes) {
    for (const auto* header : {"", " ", "Negotiate", "Digest realm=\"x\"", "Basically", "=", ","})
        EXPECT_FALSE(Challenge::parse(header).has_value()) << header;
}

// A token service whose responses the test defines.
class TokenTest : public ::testing::Test {
  protected:
    TokenTest() {
        ::setenv("NO_PROXY", "*", 1);
        ::setenv("no_proxy", "*", 1);
    }

    Challenge challenge() const {
        return {.scheme = "bearer",
                .parameters = {{"realm", server_.url() + "/token"}, {"service", "the registry"}}};
    }
    std::optional<std::string> answer(RegistryAuth& auth, const std::string& scope) {
        return auth.answer(challenge(), "team/app", scope, http_, {});
    }
    RegistryAuth with(Credentials credentials) const {
        CredentialStore store;
        store.set("r.site", std::move(credentials));
        return RegistryAuth("r.site", std::move(store), true);
    }

    ServerReply reply_{.body = R"({"token":"t1","expires_in":300})"};
    HttpServer server_{[this](const ServerRequest& request) {
        body_ = request.body;
        return reply_;
    }};
    std::string body_;
    base::HttpClient http_{{}};
};

TEST_F(TokenTest, IsFetchedOncePerScope) {
    RegistryAuth auth("r.site", {}, true);
    EXPECT_EQ(auth.authorization("team/app", "repository:team/app:pull"), "");
    EXPECT_EQ(answer(auth, "repository:team/app:pull"), "Bearer t1");
    EXPECT_EQ(auth.authorization("team/app", "repository:team/app:pull"), "Bearer t1");
    EXPECT_EQ(auth.authorization("team/app", "repository:team/app:pull,push"), "");
    ASSERT_EQ(server_.requests().size(), 1U);
    EXPECT_EQ(server_.requests()[0].target,
              "/token?service=the%20registry&scope=repository%3Ateam%2Fapp%3Apull");
    EXPECT_EQ(server_.requests()[0].header("authorization"), "");
}

TEST_F(TokenTest, SeveralScopesAreSeveralParameters) {
    RegistryAuth auth("r.site", {}, true);
    answer(auth, "repository:a:pull,push repository:b:pull");
    EXPECT_THAT(
        server_.requests().at(0).target,
        testing::HasSubstr("scope=repository%3Aa%3Apull%2Cpush&scope=repository%3Ab%3Apull"));
}

TEST_F(TokenTest, ThePasswordIsSentToTheTokenServiceAsBasic) {
    auto auth = with({.username = "robot$a", .password = "p:w", .identity_token = ""});
    EXPECT_EQ(answer(auth, "s"), "Bearer t1");
    EXPECT_EQ(server_.requests().at(0).header("authorization"),
              "Basic " + base::base64_encode("robot$a:p:w"));
}

TEST_F(TokenTest, AnIdentityTokenIsPosted) {
    reply_.body = R"({"access_token":"t2"})";
    auto auth = with({.username = "<token>", .password = "", .identity_token = "re+fresh"});
    EXPECT_EQ(answer(auth, "s:a b"), "Bearer t2");
    const auto request = server_.requests().at(0);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/token");
    EXPECT_EQ(request.header("authorization"), "");
    EXPECT_EQ(body_,
              "grant_type=refresh_token&service=the%20registry&client_id=airlock&"
              "scope=s%3Aa%20b&refresh_token=re%2Bfresh");
}

TEST_F(TokenTest, IgnoresAnEmptyAccessToken) {
    reply_.body = R"({"access_token":"","token":"t3"})";
    RegistryAuth auth("r.site", {}, true);
    EXPECT_EQ(answer(auth, "s"), "Bearer t3");
}

TEST_F(TokenTest, AcceptsAnyLifetime) {
    for (const auto* lifetime : {"0", "-1", "9223372036854775807", "-9223372036854775808",
                                 "18446744073709551615", "1e300", "\"60\"", "null", "[]"}) {
        reply_.body = R"({"token":"t","expires_in":)" + std::string(lifetime) + "}";
        RegistryAuth auth("r.site", {}, true);
        EXPECT_EQ(answer(auth, "s"), "Bearer t") << lifetime;
        EXPECT_EQ(auth.authorization("team/app", "s"), "Bearer t") << lifetime;
    }
}

TEST_F(TokenTest, ARejectionNamesTheHostAndHasAHint) {
    reply_ = {.status = 401};
    auto known = with({.username = "u", .password = "secret", .identity_token = ""});
    expect_error([&] { answer(known, "s"); }, Errc::denied,
                 "r.site rejected the user name or password", "check the user name");
    CredentialStore nothing;
    nothing.set_hint("use --password");
    RegistryAuth unknown("r.site", nothing, true);
    expect_error([&] { answer(unknown, "s"); }, Errc::denied, "rejected the anonymous access",
                 "use --password");
    reply_ = {.status = 503, .headers = {{"Retry-After", "7"}}};
    const auto later = error_of([&] { answer(unknown, "s"); });
    EXPECT_TRUE(later.value().transient());
    EXPECT_EQ(later->retry_after(), std::chrono::seconds(7));
}

TEST_F(TokenTest, RejectsAResponseWithoutAToken) {
    RegistryAuth auth("r.site", {}, true);
    for (const auto* body : {"{}", "[]", R"({"token":""})", R"({"token":1})", "<html>", "",
                             R"({"token":"a\r\nX-Other: b"})", R"({"token":"a b"})"}) {
        reply_.body = body;
        const auto error = error_of([&] { answer(auth, "s"); });
        ASSERT_TRUE(error.has_value()) << body;
        EXPECT_THAT(error->what(), testing::HasSubstr("r.site")) << body;
    }
}

TEST_F(TokenTest, NoPasswordIsSentWithoutTls) {
    CredentialStore store;
    store.set("r.site", {.username = "u", .password = "secret", .identity_token = ""});
    RegistryAuth auth("r.site", store, false);
    expect_error([&] { answer(auth, "s"); }, Errc::denied, "not HTTPS");
    EXPECT_TRUE(server_.requests().empty());
    auto nowhere = challenge();
    nowhere.parameters.erase("realm");
    expect_error([&] { auth.answer(nowhere, "a", "s", http_, {}); }, Errc::remote,
                 "its challenge has no realm");
    nowhere.parameters["realm"] = "no url";
    EXPECT_TRUE(error_of([&] { auth.answer(nowhere, "a", "s", http_, {}); }).has_value());
}

TEST_F(TokenTest, BasicIsRememberedAndNeedsNoTokenService) {
    const Challenge basic{.scheme = "basic", .parameters = {}};
    auto auth = with({.username = "u", .password = "p", .identity_token = ""});
    EXPECT_TRUE(auth.has_credentials("team/app"));
    EXPECT_EQ(auth.authorization("team/app", "s"), "") << "before it was asked for";
    EXPECT_EQ(auth.answer(basic, "team/app", "s", http_, {}), "Basic dTpw");
    EXPECT_EQ(auth.authorization("team/app", "s"), "Basic dTpw");
    RegistryAuth none("r.site", {}, true);
    EXPECT_EQ(none.answer(basic, "team/app", "s", http_, {}), std::nullopt);
    EXPECT_TRUE(server_.requests().empty());
}

}  // namespace
}  // namespace airlock::images
