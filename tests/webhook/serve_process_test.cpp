// The program as it runs in a cluster: its files change while it runs, and it is terminated.
#include "tests/support/temp_folder.hpp"
#include "tests/webhook/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

namespace airlock::webhook {
namespace {

using std::chrono::seconds;
using test::Client;
using test::eventually;
using test::get;
using ::testing::HasSubstr;
using ::testing::Not;

std::string name_served(const test::ServerProcess& server) {
    return Client(server.port(), true).peer_name();
}

std::string metrics(const test::ServerProcess& server) {
    Client client(server.metrics_port(), false);
    client.send(get("/metrics"));
    return client.receive().body;
}

TEST(ServeProcess, ReloadsTheCertificateOnSighupWithoutDroppingAConnection) {
    const test::ServerProcess server;
    Client before(server.port(), true);
    ASSERT_EQ(before.peer_name(), "first");
    const auto next = test::make_pair_for("second");
    server.write("tls.crt", next.certificate);
    server.write("tls.key", next.key);
    server.signal(SIGHUP);
    EXPECT_TRUE(eventually(seconds(10), [&] { return name_served(server) == "second"; }));
    before.send(get("/readyz"));
    EXPECT_EQ(before.receive().body, "ok");
}

TEST(ServeProcess, KeepsTheOldPairWhileTheFilesAreIncomplete) {
    const test::ServerProcess server;
    const auto next = test::make_pair_for("second");
    server.write("tls.crt", next.certificate);
    server.signal(SIGHUP);
    ASSERT_TRUE(eventually(seconds(10), [&] {
        return metrics(server).find("certificate_errors_total 1\n") != std::string::npos;
    }));
    EXPECT_EQ(name_served(server), "first");
    server.write("tls.key", next.key.substr(0, next.key.size() / 2));
    server.signal(SIGHUP);
    ASSERT_TRUE(eventually(seconds(10), [&] {
        return metrics(server).find("certificate_errors_total 2\n") != std::string::npos;
    }));
    EXPECT_EQ(name_served(server), "first");
    server.write("tls.key", next.key);
    // No signal: it checks the files every two seconds.
    EXPECT_TRUE(eventually(seconds(20), [&] { return name_served(server) == "second"; }));
}

TEST(ServeProcess, AnswersReviewsOfClientsWithACertificateOnly) {
    const ::airlock::test::TempFolder folder;
    const auto ca = test::make_ca("client CA");
    const auto pair = test::issue(&ca, "api server");
    std::ofstream(folder / "ca.crt") << ca.certificate;
    const test::ServerProcess server({"--client-ca=" + (folder / "ca.crt").string()});
    const auto review = test::post("/mutate", test::fixture("admission-review-node-status.json"));
    Client with(server.port(), {.certificate = &pair});
    with.send(review);
    EXPECT_EQ(with.receive().status, 200);
    Client without(server.port(), true);
    without.send(get("/readyz"));
    EXPECT_EQ(without.receive().status, 200);
    without.send(review);
    EXPECT_EQ(without.receive().status, 403);
}

TEST(ServeProcess, ReloadsThePolicyAndKeepsTheLastValidOne) {
    const test::ServerProcess server;
    const auto generation = [&] {
        const auto text = metrics(server);
        const auto at = text.find("policy_info{");
        return text.substr(at, text.find('\n', at) - at);
    };
    const auto first = generation();
    server.write("policy.yaml", test::policy_text("3"));
    EXPECT_TRUE(eventually(seconds(20), [&] { return generation() != first; }));
    const auto second = generation();
    server.write("policy.yaml", test::policy_text("many"));
    ASSERT_TRUE(eventually(
        seconds(20), [&] { return metrics(server).find("policy_good 0\n") != std::string::npos; }));
    EXPECT_EQ(generation(), second);
    EXPECT_THAT(server.log(), HasSubstr("the last valid policy stays active"));
}

TEST(ServeProcess, KeepsServingAfterSigtermAndExitsWithinTheGracePeriod) {
    test::ServerProcess server({"--drain-seconds=1", "--grace-seconds=1"});
    Client kept(server.port(), true);
    kept.send(get("/readyz"));
    ASSERT_EQ(kept.receive().status, 200);
    Client stuck(server.port(), true);
    stuck.send("POST /mutate HTTP/1.1\r\n");  // never finishes its request
    server.signal(SIGTERM);
    ASSERT_TRUE(eventually(seconds(10), [&] {
        return server.log().find("serving for another 1 s") != std::string::npos;
    }));
    kept.send(get("/readyz"));
    const auto reply = kept.receive();
    EXPECT_EQ(reply.status, 503);
    EXPECT_THAT(reply.head, HasSubstr("Connection: close"));
    // Without a second SIGTERM, which would end it at once.
    EXPECT_TRUE(eventually(seconds(10),
                           [&] { return server.log().find("shut down") != std::string::npos; }));
    EXPECT_THAT(server.log(), HasSubstr("still open after the grace period of 1 s"));
}

TEST(ServeProcess, ShutsDownGracefully) {
    test::ServerProcess server({"--drain-seconds=0", "--grace-seconds=5"});
    EXPECT_EQ(server.end_within(seconds(10)), 0) << server.log();
}

TEST(ServeProcess, NeverLogsSecrets) {
    test::ServerProcess server({"--drain-seconds=0"});
    const auto next = test::make_pair_for("second");
    for (const auto& [certificate, key] :
         {std::pair{next.certificate, next.key.substr(0, 150)}, std::pair{next.key, next.key},
          std::pair{next.certificate, next.key}}) {
        const auto before = server.log().size();
        server.write("tls.crt", certificate);
        server.write("tls.key", key);
        server.signal(SIGHUP);
        ASSERT_TRUE(eventually(seconds(10), [&] { return server.log().size() > before; }));
    }
    Client client(server.port(), true);
    client.send(
        "POST /mutate HTTP/1.1\r\nAuthorization: Bearer a-token-of-somebody\r\n"
        "Content-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"secret\":\"value");
    EXPECT_EQ(client.receive().status, 400);
    server.end_within(seconds(20));
    const auto log = server.log();
    EXPECT_THAT(log, HasSubstr("certificate"));
    for (const auto& key : {server.pair().key, next.key}) {
        for (std::size_t at = 30; at + 30 < key.size(); at += 20)
            EXPECT_THAT(log, Not(HasSubstr(key.substr(at, 20))));
    }
    EXPECT_THAT(log, Not(HasSubstr("PRIVATE KEY")));
    EXPECT_THAT(log, Not(HasSubstr("a-token-of-somebody")));
    EXPECT_THAT(log, Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace airlock::webhook
