#include "webhook/client_ca.hpp"

#include "tests/support/expect_error.hpp"
#include "tests/webhook/support.hpp"
#include "webhook/endpoints.hpp"
#include "webhook/https_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <chrono>
#include <ctime>
#include <string>
#include <vector>

namespace airlock::webhook {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using test::Client;
using test::get;
using test::issue;
using test::make_ca;
using test::Pair;
using test::post;
using test::TlsVersion;
using ::testing::HasSubstr;

constexpr TlsVersion kVersions[] = {TlsVersion::v1_2, TlsVersion::v1_3};

TEST(ClientCa, RejectsTextThatIsNoListOfCertificates) {
    const auto good = make_ca("ca").certificate;
    for (const auto& text :
         {std::string(), std::string("no certificate\n"), good.substr(0, 200),
          good + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
        SCOPED_TRACE(text);
        ::airlock::test::expect_error([&] { return ClientCa::parse(text); }, base::Errc::usage,
                                      "CA certificate");
    }
    EXPECT_NO_THROW(ClientCa::parse(good + make_ca("another").certificate));
}

class ClientCertificate : public ::testing::Test {
  protected:
    void SetUp() override {
        state_.policy.set(
            std::make_shared<const Policy>(test::policy("default: {ratios: {cpu: 2}}")));
        state_.requires_client_certificate = true;
        require(ca_.certificate);
    }

    TlsContext make(const std::string& ca_pem) const {
        const auto ca = ClientCa::parse(ca_pem);
        return tls_.make(server_pair_.certificate, server_pair_.key, &ca);
    }
    void use(TlsContext context) {
        state_.tls.set(std::make_shared<TlsContext>(std::move(context)));
    }
    void require(const std::string& ca_pem) { use(make(ca_pem)); }

    void start(ServerOptions options = {}) {
        options.threads = 1;
        server_ = std::make_unique<HttpsServer>(
            options,
            std::vector<Listener>{
                {.address = "127.0.0.1",
                 .make_handler = [this] { return make_admission_handler(state_); }}},
            state_.tls);
    }
    std::uint16_t port() const { return server_->port(0); }

    // The status of a review; 0 without a reply.
    static int review(Client& client) {
        client.send(post("/mutate", test::fixture("admission-review-node-status.json")));
        return client.receive().status;
    }
    static int health(Client& client) {
        client.send(get("/livez"));
        return client.receive().status;
    }

    Pair server_pair_ = test::make_pair_for("server");
    Pair ca_ = make_ca("client CA");
    Pair other_ca_ = make_ca("client CA");  // of the same name
    ServiceState state_;
    TlsContextFactory tls_;
    std::unique_ptr<HttpsServer> server_;
};

TEST_F(ClientCertificate, IsNeededForReviewsAndNotForHealth) {
    start();
    for (const auto version : kVersions) {
        Client client(port(), {.version = version});
        for (const auto* path : {"/livez", "/readyz"}) {
            client.send(get(path));
            EXPECT_EQ(client.receive().status, 200) << path;
        }
        // The body is never sent: it is not read before the refusal.
        client.send(
            "POST /mutate HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n");
        const auto reply = client.receive();
        EXPECT_EQ(reply.status, 403);
        EXPECT_THAT(reply.body, HasSubstr("--admission-control-config-file"));
    }
    EXPECT_THAT(state_.metrics.text({}),
                HasSubstr("node_oversell_refused_requests_total{code=\"403\"} 2\n"));
}

TEST_F(ClientCertificate, OfTheCaIsAccepted) {
    start();
    const auto client_pair = issue(&ca_, "api server");
    for (const auto version : kVersions) {
        Client client(port(), {.version = version, .certificate = &client_pair});
        EXPECT_EQ(review(client), 200);
    }
}

TEST_F(ClientCertificate, OfAnIntermediateCaIsAcceptedWithoutItsRoot) {
    const auto intermediate = make_ca("intermediate", &ca_);
    require(intermediate.certificate);
    start();
    const auto client_pair = issue(&intermediate, "api server");
    Client client(port(), {.certificate = &client_pair});
    EXPECT_EQ(review(client), 200);
}

TEST_F(ClientCertificate, ThatIsNotValidFailsTheHandshake) {
    start();
    struct {
        const char* name;
        Pair pair;
    } const rows[] = {
        {"of another CA", issue(&other_ca_, "api server")},
        {"self-signed", issue(nullptr, "client CA")},
        {"expired", issue(&ca_, "api server", {.begins = -hours(2), .ends = -hours(1)})},
        {"not valid yet", issue(&ca_, "api server", {.begins = hours(1), .ends = hours(2)})},
        {"for servers", issue(&ca_, "api server", {.usage = "serverAuth"})},
    };
    for (const auto& row : rows) {
        for (const auto version : kVersions) {
            Client client(port(), {.version = version, .certificate = &row.pair});
            EXPECT_EQ(health(client), 0) << row.name;
        }
    }
    Client good(port(), true);
    EXPECT_EQ(health(good), 200);
}

TEST_F(ClientCertificate, IsWhatProvesAConnection) {
    start({.connections = {.total = 4, .unproven = 2, .unproven_per_address = 2}});
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 2; ++i) {
        clients.push_back(std::make_unique<Client>(port(), true));
        clients.back()->send(post("/mutate", ""));
        EXPECT_EQ(clients.back()->receive().status, 403);
        EXPECT_EQ(health(*clients.back()), 200) << "the connection stays open";
    }
    EXPECT_FALSE(Client(port(), true).connected()) << "no more of them from one address";
}

TEST_F(ClientCertificate, IsKeptByAResumedSession) {
    start();
    const auto client_pair = issue(&ca_, "api server");
    for (const auto version : kVersions) {
        Client first(port(), {.version = version, .certificate = &client_pair});
        ASSERT_EQ(review(first), 200);
        Client with(port(), {.version = version, .session = first.session()});
        EXPECT_TRUE(with.resumed());
        EXPECT_EQ(review(with), 200);
        Client unverified(port(), {.version = version});
        ASSERT_EQ(health(unverified), 200);
        Client without(port(), {.version = version, .session = unverified.session()});
        EXPECT_TRUE(without.resumed());
        EXPECT_EQ(review(without), 403);
    }
}

TEST_F(ClientCertificate, OfASessionUnderAnotherCaDoesNotCount) {
    start();
    const auto other_pair = issue(&other_ca_, "api server");
    for (const auto version : kVersions) {
        require(other_ca_.certificate);
        Client before(port(), {.version = version, .certificate = &other_pair});
        ASSERT_EQ(review(before), 200);
        require(ca_.certificate);
        Client after(port(), {.version = version, .session = before.session()});
        EXPECT_FALSE(after.resumed());
        EXPECT_EQ(review(after), 403);
    }
}

TEST_F(ClientCertificate, OfASessionWithoutACaDoesNotCount) {
    start();
    const auto client_pair = issue(&ca_, "api server");
    for (const auto version : kVersions) {
        use(tls_.make(server_pair_.certificate, server_pair_.key));
        Client before(port(), {.version = version, .certificate = &client_pair});
        ASSERT_EQ(health(before), 200);
        EXPECT_EQ(review(before), 403);
        Client plain(port(), {.version = version, .certificate = &client_pair});
        ASSERT_EQ(health(plain), 200);
        require(ca_.certificate);
        Client after(port(), {.version = version, .session = plain.session()});
        EXPECT_FALSE(after.resumed());
        EXPECT_EQ(review(after), 403);
    }
}

TEST_F(ClientCertificate, ThatHasExpiredSinceEndsItsSession) {
    start();
    const auto old_pair = issue(&ca_, "api server", {.begins = -hours(2), .ends = -hours(1)});
    const auto new_pair = issue(&ca_, "api server");
    for (const auto version : kVersions) {
        auto past = make(ca_.certificate);
        X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(past.native.get()),
                                   std::time(nullptr) - seconds(hours(1)).count() - 60);
        use(std::move(past));
        Client before(port(), {.version = version, .certificate = &old_pair});
        ASSERT_EQ(review(before), 200);
        require(ca_.certificate);
        Client after(port(),
                     {.version = version, .certificate = &new_pair, .session = before.session()});
        EXPECT_FALSE(after.resumed());
        EXPECT_EQ(review(after), 200) << "it presents its new certificate";
    }
}

}  // namespace
}  // namespace airlock::webhook
