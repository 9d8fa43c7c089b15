// TLS, passwords and tokens, with real registries that require them.
#include "base/base64.hpp"
#include "images/registry.hpp"
#include "tests/images/registry_fixture.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/token_service.hpp"

#include <gtest/gtest.h>

namespace airlock::images::test {
namespace {

using airlock::test::CertificateAuthority;
using airlock::test::DockerRegistry;
using airlock::test::error_of;
using airlock::test::expect_error;
using airlock::test::TokenService;
using base::Errc;

class TlsRegistryTest : public RegistryTest {
  protected:
    CertificateAuthority authority_;
    DockerRegistry server_{{.tls = authority_.issue("IP:127.0.0.1")}};
};

TEST_F(TlsRegistryTest, IsTrustedByItsOwnAuthority) {
    auto registry = client(server_.address(), trusting(authority_.pem()));
    registry.ping();
    push_image(registry, "team/app", "v1");
    expect_image(registry, "team/app", "v1");
}

TEST_F(TlsRegistryTest, OfAnUnknownAuthorityIsRejectedWithAHint) {
    const CertificateAuthority other("another authority");
    for (const auto& options : {trusting(other.pem()), [] {
                                    auto host = plain();
                                    host.plain_http = false;
                                    return host;
                                }()}) {
        auto hinting = options;
        hinting.hints.unknown_authority = "name its authority";
        auto registry = client(server_.address(), hinting);
        expect_error([&] { registry.ping(); }, Errc::denied, "certificate is not trusted",
                     "name its authority");
        base::StringSource source(image_.layer);
        expect_error([&] { registry.push_blob("team/app", image_.layer_descriptor, source); },
                     Errc::denied, server_.address());
    }
    EXPECT_EQ(server_.log().find("/v2/"), std::string::npos) << "something was asked";
}

TEST_F(TlsRegistryTest, PlainHttpIsRejectedWithAHint) {
    auto registry = client(server_.address(), plain());
    expect_error([&] { registry.ping(); }, Errc::remote, "HTTP request to an HTTPS server",
                 "omit http://");
}

TEST_F(RegistryTest, AnUploadIsNotSentFromTlsToPlainHttp) {
    airlock::test::HttpServer elsewhere(
        [](const airlock::test::ServerRequest&) { return airlock::test::ServerReply{}; });
    const CertificateAuthority authority;
    const DockerRegistry server(
        {.tls = authority.issue("IP:127.0.0.1"), .external_url = elsewhere.url()});
    auto registry = client(server.address(), trusting(authority.pem()));
    expect_error([&] { push_text(registry, "team/app", image_.config); }, Errc::denied,
                 "is not HTTPS", "X-Forwarded-Proto");
    // A failed mount opens an upload too, and cancels it.
    EXPECT_EQ(registry.mount_blob("team/app", base::sha256("nothing"), "other/app"),
              MountResult::upload_needed);
    EXPECT_TRUE(elsewhere.requests().empty());
}

TEST_F(RegistryTest, ACertificateForAnotherNameIsRejectedWithAHint) {
    const CertificateAuthority authority;
    const DockerRegistry server({.tls = authority.issue("DNS:registry.site")});
    auto registry = client(server.address(), trusting(authority.pem()));
    expect_error([&] { registry.ping(); }, Errc::denied, "certificate is not trusted",
                 "name or address listed in the server's certificate");
}

TEST_F(RegistryTest, AnExpiredCertificateIsRejectedWithAHint) {
    const CertificateAuthority authority;
    const DockerRegistry server({.tls = authority.issue("IP:127.0.0.1", 0)});
    auto registry = client(server.address(), trusting(authority.pem()));
    expect_error([&] { registry.ping(); }, Errc::denied, "expired", "clock");
}

class PasswordRegistryTest : public RegistryTest {
  protected:
    RegistryClient with(const std::string& user, const std::string& secret) const {
        return client(server_.address(),
                      trusting(authority_.pem(), password(server_.address(), user, secret)));
    }

    CertificateAuthority authority_;
    DockerRegistry server_{{.tls = authority_.issue("IP:127.0.0.1"),
                            .htpasswd = std::pair("operator", "p:\xc3\xa4ss w\"rd")}};
};

TEST_F(PasswordRegistryTest, AcceptsTheRightPassword) {
    auto registry = with("operator", "p:\xc3\xa4ss w\"rd");
    registry.ping();
    push_image(registry, "team/app", "v1");
    expect_image(registry, "team/app", "v1");
    EXPECT_EQ(registry.mount_blob("other/app", image_.layer_descriptor.digest, "team/app"),
              MountResult::mounted);
    registry.delete_tag("team/app", "v1");
    EXPECT_FALSE(registry.head_manifest("team/app", "v1").has_value());
}

TEST_F(PasswordRegistryTest, RejectsAWrongPasswordWithoutShowingIt) {
    testing::internal::CaptureStderr();
    auto registry = with("operator", "wrong-secret");
    base::StringSource source(image_.config);
    const std::string hint = "check the password";
    const auto error = error_of([&] { registry.ping(); });
    expect_error([&] { registry.ping(); }, Errc::denied, server_.address(),
                 "check the user name and password");
    expect_error([&] { registry.get_manifest("team/app", "v1"); }, Errc::denied, "team/app", hint);
    expect_error([&] { registry.head_manifest("team/app", "v1"); }, Errc::denied, "team/app", hint);
    expect_error([&] { registry.has_blob("team/app", image_.config_descriptor.digest); },
                 Errc::denied, "team/app", hint);
    expect_error([&] { registry.push_blob("team/app", image_.config_descriptor, source); },
                 Errc::denied, "team/app", hint);
    const auto log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(log, testing::HasSubstr("-> 401")) << "nothing was logged at all";
    for (const auto& text : {log, std::string(error.value().what()), error->hint()}) {
        EXPECT_THAT(text, testing::Not(testing::HasSubstr("wrong-secret")));
        EXPECT_THAT(text, testing::Not(testing::HasSubstr(base::base64_encode("operator:"))));
    }
}

TEST_F(PasswordRegistryTest, AHintAsksForAMissingPassword) {
    auto registry = client(server_.address(), trusting(authority_.pem()));
    expect_error([&] { registry.ping(); }, Errc::denied, server_.address(), "docker login");
    auto elsewhere =
        client(server_.address(), trusting(authority_.pem(), password("quay.io", "operator", "x")));
    expect_error([&] { elsewhere.ping(); }, Errc::denied, server_.address(), "docker login");
}

class TokenRegistryTest : public RegistryTest {
  protected:
    RegistryClient with(const std::string& user, const std::string& secret) const {
        return client(server_.address(), plain(password(server_.address(), user, secret)));
    }

    TokenService tokens_{{{"operator", "secret"}}, true};
    DockerRegistry server_{{.token_settings = tokens_.registry_settings()}};
};

TEST_F(TokenRegistryTest, ATokenIsFetchedOncePerScope) {
    auto registry = with("operator", "secret");
    registry.ping();
    const auto before = tokens_.server().requests().size();
    push_image(registry, "team/app", "v1");
    expect_image(registry, "team/app", "v1");
    expect_image(registry, "team/app", "v1");
    EXPECT_EQ(tokens_.server().requests().size() - before, 2U) << "one to push and one to pull";
}

TEST_F(TokenRegistryTest, AMountRequestsBothRepositories) {
    auto registry = with("operator", "secret");
    push_image(registry, "team/app", "v1");
    EXPECT_EQ(registry.mount_blob("other/app", image_.layer_descriptor.digest, "team/app"),
              MountResult::mounted);
    EXPECT_THAT(tokens_.server().requests().back().target,
                testing::AllOf(testing::HasSubstr("other%2Fapp%3Apull%2Cpush"),
                               testing::HasSubstr("team%2Fapp%3Apull")));
}

TEST_F(TokenRegistryTest, ATagIsRemovedWithATokenForDeletion) {
    auto registry = with("operator", "secret");
    push_image(registry, "team/app", "v1");
    registry.put_manifest("team/app", "v2", image_.manifest.raw,
                          image_.manifest.descriptor.media_type);
    EXPECT_TRUE(registry.can_delete("team/app"));
    registry.delete_tag("team/app", "v1");
    EXPECT_FALSE(registry.head_manifest("team/app", "v1").has_value());
    expect_image(registry, "team/app", "v2");
}

TEST_F(TokenRegistryTest, AnonymousUsersMayPullButNotPush) {
    auto known = with("operator", "secret");
    push_image(known, "team/app", "v1");
    auto nobody = client(server_.address(), plain());
    expect_image(nobody, "team/app", "v1");
    base::StringSource source("new");
    expect_error([&] { nobody.push_blob("team/app", describe("new"), source); }, Errc::denied,
                 "team/app", "docker login");
    EXPECT_FALSE(known.has_blob("team/app", base::sha256("new")));
}

TEST_F(TokenRegistryTest, AWrongPasswordIsRejectedByTheTokenService) {
    auto registry = with("operator", "wrong");
    expect_error([&] { registry.ping(); }, Errc::denied, "rejected the user name or password",
                 "check the user name");
    expect_error([&] { registry.get_manifest("team/app", "v1"); }, Errc::denied, server_.address());
    EXPECT_EQ(tokens_.server().requests().size(), 2U) << "it was asked again and again";
}

TEST_F(TokenRegistryTest, ARejectedTokenIsReplaced) {
    auto registry = with("operator", "secret");
    tokens_.issue_invalid_tokens();
    base::StringSource source(image_.config);
    expect_error([&] { registry.push_blob("team/app", image_.config_descriptor, source); },
                 Errc::denied, "team/app");
    tokens_.issue_valid_tokens();  // the client has cached a token that the registry rejects
    push_image(registry, "team/app", "v1");
    expect_image(registry, "team/app", "v1");
}

// A redirect that needs no registry: `openssl s_server -HTTP` sends a file as the response.
TEST_F(RegistryTest, ARedirectFromTlsToPlainHttpIsNotFollowed) {
    airlock::test::HttpServer elsewhere(
        [](const airlock::test::ServerRequest&) { return airlock::test::ServerReply{}; });
    const airlock::test::TempFolder folder;
    folder.write("blob", "HTTP/1.0 307 x\r\nLocation: " + elsewhere.url() +
                             "/stolen\r\nContent-Length: 0\r\n\r\n");
    const CertificateAuthority authority;
    const auto pair = authority.issue("IP:127.0.0.1");
    airlock::test::Daemon daemon(
        {"sh", "-c",
         "cd \"$1\" && exec openssl s_server -accept 127.0.0.1:0 -cert \"$2\" -key \"$3\" -HTTP",
         "sh", folder.path(), pair.certificate, pair.key},
        folder / "log");
    std::string port;
    for (int i = 0; i < 6000 && port.empty() && daemon.runs(); ++i) {
        const auto log = daemon.log();
        if (const auto at = log.find("ACCEPT 127.0.0.1:"); at != std::string::npos)
            port = log.substr(at + 17, log.find('\n', at) - at - 17);
        if (port.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ASSERT_FALSE(port.empty()) << daemon.log();
    base::HttpClient http({.trust = base::TrustStore::only(authority.pem(), "ca.crt")});
    EXPECT_TRUE(error_of([&] {
                    http.send({.url = "https://127.0.0.1:" + port + "/blob",
                               .authorization = "Basic c2VjcmV0"});
                }).has_value());
    EXPECT_TRUE(elsewhere.requests().empty());
}

}  // namespace
}  // namespace airlock::images::test
