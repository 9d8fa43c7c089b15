#include "webhook/https_server.hpp"

#include "tests/webhook/support.hpp"
#include "webhook/endpoints.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace airlock::webhook {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Client;
using test::get;
using test::post;

class HttpsServerRunning : public ::testing::Test {
  protected:
    static constexpr std::size_t kTls = 0;
    static constexpr std::size_t kPlain = 1;

    void SetUp() override {
        state_.policy.set(
            std::make_shared<const Policy>(test::policy("default: {ratios: {cpu: 2}}")));
        set_certificate("first");
    }

    void set_certificate(std::string_view name) {
        const auto pair = test::make_pair_for(name);
        state_.tls.set(std::make_shared<TlsContext>(tls_.make(pair.certificate, pair.key)));
    }

    HttpsServer& start(ServerOptions options = {}) {
        server_ = std::make_unique<HttpsServer>(
            options,
            std::vector<Listener>{
                {.address = "127.0.0.1",
                 .tls = true,
                 .make_handler = [this] { return make_admission_handler(state_); }},
                {.address = "127.0.0.1",
                 .tls = false,
                 .make_handler = [this] { return make_metrics_handler(state_); }}},
            state_.tls);
        return *server_;
    }

    std::string review() const { return test::fixture("admission-review-node-status.json"); }

    ServiceState state_;
    TlsContextFactory tls_;
    std::unique_ptr<HttpsServer> server_;
};

TEST_F(HttpsServerRunning, AnswersManyRequestsOnOneConnection) {
    Client client(start().port(kTls), true);
    ASSERT_TRUE(client.connected());
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(client.send(post("/mutate?timeout=2s", review())));
        const auto response = client.receive();
        ASSERT_EQ(response.status, 200);
        EXPECT_EQ(response.head.find("Connection: close"), std::string::npos);
        const auto answer = base::Json::parse(response.body);
        EXPECT_EQ(answer.at("response").at("uid"), "eee4fb02-4f23-47de-9401-c857d8d4382a");
        EXPECT_TRUE(answer.at("response").contains("patch"));
    }
}

TEST_F(HttpsServerRunning, AnswersPipelinedRequestsInOrder) {
    Client client(start().port(kTls), true);
    std::string all;
    for (int i = 0; i < 10; ++i)
        all += post("/mutate", review()) + get("/readyz");
    ASSERT_TRUE(client.send(all));
    for (int i = 0; i < 10; ++i) {
        EXPECT_NE(client.receive().body.find("JSONPatch"), std::string::npos);
        EXPECT_EQ(client.receive().body, "ok");
    }
}

TEST_F(HttpsServerRunning, AnswersHeadWithoutABody) {
    Client client(start().port(kTls), true);
    ASSERT_TRUE(client.send("HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n" + get("/livez")));
    EXPECT_EQ(client.receive(false).status, 405);
    const auto next = client.receive();
    EXPECT_EQ(next.status, 200);
    EXPECT_EQ(next.body, "ok");
}

TEST_F(HttpsServerRunning, ReadsRequestsByteByByteAndInChunks) {
    Client client(start().port(kTls), true);
    for (const char byte : get("/livez"))
        ASSERT_TRUE(client.send(std::string_view(&byte, 1)));
    EXPECT_EQ(client.receive().body, "ok");
    const auto body = review();
    ASSERT_TRUE(client.send(
        fmt::format("POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                    1000, body.substr(0, 1000), body.size() - 1000, body.substr(1000))));
    EXPECT_EQ(client.receive().status, 200);
}

struct StatusRow {
    const char* name;
    std::string request;
    int status;
    bool closes;
};

TEST_F(HttpsServerRunning, RejectsInvalidRequestsWithTheRightStatus) {
    start({.max_body = 100'000});
    const std::string big(100'001, ' ');
    const StatusRow rows[] = {
        {"GET /mutate", get("/mutate"), 405, false},
        {"POST /readyz", post("/readyz", "x"), 405, true},
        {"another path", get("/"), 404, false},
        {"metrics are on the other port", get("/metrics"), 404, false},
        {"wrong type", post("/mutate", "{}", "text/plain"), 415, true},
        {"a longer type", post("/mutate", "{}", "application/jsonp"), 415, true},
        {"type with charset", post("/mutate", "{}", "application/json; charset=utf-8"), 400, false},
        {"empty body", post("/mutate", ""), 400, false},
        {"bad JSON", post("/mutate", "{\"a\":"), 400, false},
        {"too large", post("/mutate", big), 413, true},
        {"too large in chunks",
         fmt::format("POST /mutate HTTP/1.1\r\nContent-Type: "
                     "application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "{:x}\r\n{}\r\n0\r\n\r\n",
                     big.size(), big),
         413, true},
        {"large header", "GET /readyz HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", 431,
         true},
        {"not HTTP", "hello there, how are you\r\n\r\n", 400, true},
        {"two lengths", "POST /mutate HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
         400, true},
        {"folded line", "GET /readyz HTTP/1.1\r\nX: a\r\n Content-Length: 5\r\n\r\n", 400, true},
        {"unknown method", "GETT /readyz HTTP/1.1\r\n\r\n", 501, true},
        {"unknown coding", "POST /mutate HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501, true},
    };
    for (const auto& row : rows) {
        Client client(server_->port(kTls), true);
        client.send(row.request);
        const auto response = client.receive();
        EXPECT_EQ(response.status, row.status) << row.name;
        EXPECT_EQ(response.head.find("Connection: close") != std::string::npos, row.closes)
            << row.name;
        if (row.closes) continue;
        client.send(get("/readyz"));
        EXPECT_EQ(client.receive().status, 200) << row.name;
    }
}

TEST_F(HttpsServerRunning, AcceptsBodiesOfUpToSevenMebibytes) {
    start();
    constexpr std::size_t kLimit = 7 * 1024 * 1024;
    Client largest(server_->port(kTls), true);
    largest.send(post("/mutate", std::string(kLimit, ' ')));
    EXPECT_EQ(largest.receive().status, 400) << "read, and rejected because it is not JSON";
    largest.send(get("/readyz"));
    EXPECT_EQ(largest.receive().status, 200);
    Client larger(server_->port(kTls), true);
    larger.send(post("/mutate", std::string(kLimit + 1, ' ')));
    EXPECT_EQ(larger.receive().status, 413);
}

TEST_F(HttpsServerRunning, HandlesDeeplyNestedRequests) {
    start();
    const std::string open(1'000'000, '[');
    auto body = review();
    const std::string_view spec = "\"spec\":{";
    const auto at = body.find(spec);
    ASSERT_NE(at, std::string::npos);
    auto closed = body;
    closed.insert(at + spec.size(), "\"deep\":" + open + std::string(open.size(), ']') + ",");
    body.insert(at + spec.size(), "\"deep\":" + open);
    Client client(server_->port(kTls), true);
    struct {
        const char* name;
        const std::string& request;
        int status;
    } const rows[] = {
        {"brackets only", open, 400},
        {"never closed", body, 400},
        {"in a field that is ignored", closed, 200},
    };
    for (const auto& row : rows) {
        client.send(post("/mutate", row.request));
        EXPECT_EQ(client.receive().status, row.status) << row.name;
    }
    client.send(post("/mutate", review()));
    EXPECT_EQ(client.receive().status, 200);
}

TEST_F(HttpsServerRunning, LimitsTheMemoryOfLargeBodiesAndStillAnswersTypicalOnes) {
    start({.large_body = 10'000, .max_large_bodies = 30'000, .cost_of_byte = 1});
    const auto head = [](std::size_t length) {
        return fmt::format(
            "POST /mutate HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
            "Expect: 100-continue\r\n\r\n",
            length);
    };
    Client first(server_->port(kTls), true);
    first.send(head(20'000));
    ASSERT_EQ(first.receive().status, 100);
    first.send(std::string(19'000, ' '));
    // What was announced and has not arrived takes no memory.
    Client announcing(server_->port(kTls), true);
    announcing.send(head(30'000));
    EXPECT_EQ(announcing.receive().status, 100);
    Client second(server_->port(kTls), true);
    second.send(head(20'000));
    ASSERT_EQ(second.receive().status, 100);
    second.send(std::string(19'000, ' '));
    EXPECT_EQ(second.receive().status, 503);
    Client chunked(server_->port(kTls), true);
    chunked.send(
        "POST /mutate HTTP/1.1\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n4e20\r\n" +
        std::string(20'000, ' ') + "\r\n");
    EXPECT_EQ(chunked.receive().status, 503);
    Client usual(server_->port(kTls), true);
    usual.send(post("/mutate", review()));
    EXPECT_EQ(usual.receive().status, 200);
    first.send(std::string(1'000, ' '));
    EXPECT_EQ(first.receive().status, 400);
    Client third(server_->port(kTls), true);
    third.send(head(20'000));
    ASSERT_EQ(third.receive().status, 100);
    third.send(std::string(20'000, ' '));
    EXPECT_EQ(third.receive().status, 400) << "the first request has returned its memory";
}

TEST_F(HttpsServerRunning, ServesMetricsAndHealthOverHttp) {
    Client tls(start().port(kTls), true);
    tls.send(post("/mutate", review()));
    tls.receive();
    Client client(server_->port(kPlain), false);
    client.send(get("/metrics"));
    const auto metrics = client.receive();
    EXPECT_NE(metrics.body.find("node_oversell_requests_total{result=\"patched\"} 1\n"),
              std::string::npos);
    EXPECT_NE(metrics.head.find("version=0.0.4"), std::string::npos);
    client.send(get("/readyz"));
    EXPECT_EQ(client.receive().body, "ok");
    client.send(get("/mutate"));
    EXPECT_EQ(client.receive().status, 404);
}

TEST_F(HttpsServerRunning, IsReadyOnlyWithPolicyAndCertificate) {
    start();
    const auto readiness = [&] {
        Client client(server_->port(kPlain), false);
        client.send(get("/readyz"));
        return client.receive().status;
    };
    EXPECT_EQ(readiness(), 200);
    state_.policy.set(nullptr);
    EXPECT_EQ(readiness(), 503);
    state_.policy.set(std::make_shared<const Policy>(test::policy("")));
    state_.tls.set(nullptr);
    EXPECT_EQ(readiness(), 503);
    EXPECT_FALSE(Client(server_->port(kTls), true).connected());
    set_certificate("late");
    EXPECT_EQ(readiness(), 200);
    state_.shutting_down = true;
    EXPECT_EQ(readiness(), 503);
}

TEST_F(HttpsServerRunning, DisconnectsSlowClients) {
    start({.handshake_time = milliseconds(150),
           .request_time = milliseconds(150),
           .idle_time = milliseconds(150),
           .unproven_idle_time = milliseconds(150)});
    Client silent(server_->port(kTls), false);
    EXPECT_TRUE(silent.closed_within(seconds(5))) << "no handshake";
    Client idle(server_->port(kTls), true);
    ASSERT_TRUE(idle.connected());
    EXPECT_TRUE(idle.closed_within(seconds(5))) << "no request";
    Client half(server_->port(kTls), true);
    half.send("POST /mutate HTTP/1.1\r\n");
    EXPECT_TRUE(half.closed_within(seconds(5))) << "half a header";
    Client stalled(server_->port(kTls), true);
    stalled.send(post("/mutate", review()).substr(0, 3000));
    EXPECT_TRUE(stalled.closed_within(seconds(5))) << "half a body";
}

TEST_F(HttpsServerRunning, DoesNotExtendTheDeadlineOfAClientThatSendsSlowly) {
    start({.request_time = milliseconds(300)});
    Client slow(server_->port(kTls), true);
    slow.send("POST /mutate HTTP/1.1\r\n");
    const auto begin = std::chrono::steady_clock::now();
    bool closed = false;
    while (!closed && std::chrono::steady_clock::now() - begin < seconds(5))
        closed = !slow.send("x") || slow.closed_within(milliseconds(50));
    EXPECT_TRUE(closed);
}

TEST_F(HttpsServerRunning, RequiresTls1_2) {
    start();
    EXPECT_TRUE(Client(server_->port(kTls), {.version = test::TlsVersion::v1_3}).connected());
    EXPECT_TRUE(Client(server_->port(kTls), {.version = test::TlsVersion::v1_2}).connected());
    EXPECT_FALSE(Client(server_->port(kTls), {.version = test::TlsVersion::v1_1}).connected());
}

TEST_F(HttpsServerRunning, ClosesTheLongestIdleConnectionForANewOne) {
    start({.threads = 1, .connections = {.total = 4, .unproven = 4, .unproven_per_address = 10}});
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 6; ++i) {
        clients.push_back(std::make_unique<Client>(server_->port(kTls), true));
        ASSERT_TRUE(clients.back()->connected()) << i;
        clients.back()->send(get("/livez"));
        EXPECT_EQ(clients.back()->receive().status, 200) << i;
    }
    EXPECT_TRUE(clients.front()->closed_within(seconds(5)));
}

TEST_F(HttpsServerRunning, ReservesConnectionsForClientsThatHaveSentAReview) {
    start({.threads = 1, .connections = {.total = 4, .unproven = 2, .unproven_per_address = 2}});
    Client proven(server_->port(kTls), true);
    ASSERT_TRUE(proven.send(post("/mutate", review())));
    ASSERT_EQ(proven.receive().status, 200);
    std::vector<std::unique_ptr<Client>> hostile;
    for (int i = 0; i < 20; ++i)
        hostile.push_back(std::make_unique<Client>(server_->port(kTls), true));
    int connected = 0;
    for (const auto& client : hostile)
        connected += client->connected() ? 1 : 0;
    EXPECT_EQ(connected, 2) << "no more from one address";
    ASSERT_TRUE(proven.send(post("/mutate", review())));
    EXPECT_EQ(proven.receive().status, 200);
    hostile.clear();
    bool again = false;
    for (int i = 0; i < 100 && !again; ++i) {
        again = Client(server_->port(kTls), true).connected();
        if (!again) std::this_thread::sleep_for(milliseconds(20));
    }
    EXPECT_TRUE(again) << "closed connections give their slots back";
}

TEST_F(HttpsServerRunning, AnswersEveryReviewDuringAnAttackAndScrapes) {
    start({.threads = 1, .connections = {.total = 80, .unproven = 60, .unproven_per_address = 40}});
    // As in the program: on a server of its own.
    HttpsServer metrics({.threads = 1},
                        {{.address = "127.0.0.1",
                          .tls = false,
                          .make_handler = [this] { return make_metrics_handler(state_); }}},
                        state_.tls);
    Client good(server_->port(kTls), true);
    ASSERT_TRUE(good.send(post("/mutate", review())));
    ASSERT_EQ(good.receive().status, 200);
    std::vector<std::unique_ptr<Client>> hostile(60);
    for (int round = 0; round < 5; ++round) {
        // They connect again while the connections of the last round are still open.
        for (std::size_t i = 0; i < hostile.size(); ++i) {
            const bool silent = i % 2 == 0;
            auto next = std::make_unique<Client>(server_->port(kTls), !silent);
            if (silent) {
                next->send("\x16\x03\x01\x02");  // the begin of a TLS record
            } else if (i % 4 == 1) {
                next->send("POST /mutate HTTP/1.1\r\nX: ");
            } else {
                next->send(
                    "POST /mutate HTTP/1.1\r\nContent-Type: application/json\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n1\r\n \r\n");
            }
            hostile[i] = std::move(next);
            ASSERT_TRUE(good.send(post("/mutate", review())));
            ASSERT_EQ(good.receive().status, 200) << round << " " << i;
        }
        Client scraper(metrics.port(0), false);
        scraper.send(get("/metrics"));
        EXPECT_EQ(scraper.receive().status, 200);
    }
}

TEST_F(HttpsServerRunning, ChangesItsCertificateWithoutDroppingAConnection) {
    Client before(start().port(kTls), true);
    EXPECT_EQ(before.peer_name(), "first");
    set_certificate("second");
    Client after(server_->port(kTls), true);
    EXPECT_EQ(after.peer_name(), "second");
    before.send(get("/readyz"));
    EXPECT_EQ(before.receive().body, "ok");
}

TEST_F(HttpsServerRunning, ResumesTlsSessionsAcrossACertificateChange) {
    Client first(start().port(kTls), true);
    first.send(get("/livez"));
    first.receive();  // the session ticket comes with the first bytes
    EXPECT_FALSE(first.resumed());
    set_certificate("second");
    Client second(server_->port(kTls), {.session = first.session()});
    ASSERT_TRUE(second.connected());
    EXPECT_TRUE(second.resumed());
}

TEST_F(HttpsServerRunning, DrainsWithoutLosingARequest) {
    Client busy(start({.threads = 1}).port(kTls), true);
    Client idle(server_->port(kTls), true);
    Client asking(server_->port(kTls), true);
    for (auto* client : {&busy, &idle, &asking}) {
        client->send(get("/livez"));
        ASSERT_EQ(client->receive().status, 200);
    }
    server_->begin_shutdown();
    asking.send(get("/livez"));
    const auto last = asking.receive();
    EXPECT_EQ(last.status, 200);
    EXPECT_NE(last.head.find("Connection: close"), std::string::npos);
    EXPECT_TRUE(asking.closed_within(seconds(5)));
    Client late_client(server_->port(kTls), true);
    late_client.send(get("/livez"));
    EXPECT_EQ(late_client.receive().status, 200)
        << "new connections are served until the drain begins";

    const auto request = post("/mutate", review());
    busy.send(request.substr(0, 3000));
    // The connection counts as idle until the server has begun to read the request.
    for (int i = 0; i < 200; ++i) {
        Client probe(server_->port(kTls), true);
        probe.send(get("/livez"));
        if (probe.receive().status == 200 && i > 5) break;
    }
    std::atomic<bool> drained{false};
    std::thread draining([&] { drained = server_->drain(seconds(10)); });
    EXPECT_TRUE(idle.closed_within(seconds(5)));
    busy.send(request.substr(3000));
    const auto response = busy.receive();
    EXPECT_EQ(response.status, 200);
    EXPECT_NE(response.head.find("Connection: close"), std::string::npos);
    draining.join();
    EXPECT_TRUE(drained);
    EXPECT_FALSE(Client(server_->port(kTls), true).connected());
}

TEST_F(HttpsServerRunning, CanBeDestroyedWithOpenConnections) {
    Client idle(start().port(kTls), true);
    Client half(server_->port(kTls), true);
    half.send("POST /mutate HTTP/1.1\r\n");
    server_.reset();
    EXPECT_TRUE(idle.closed_within(seconds(5)));
}

TEST_F(HttpsServerRunning, SurvivesGarbageInsteadOfTls) {
    start();
    for (const auto* garbage :
         {"GET / HTTP/1.0\r\n\r\n", "\x16\x03\x01\xff\xff", "\x80\x80\x80\x80\x80\x80\x80\x80"}) {
        Client client(server_->port(kTls), false);
        client.send(garbage);
    }
    Client good(server_->port(kTls), true);
    good.send(get("/readyz"));
    EXPECT_EQ(good.receive().body, "ok");
}

TEST_F(HttpsServerRunning, AnswersFromSeveralThreadsWhileThePolicyChanges) {
    start({.threads = 2});
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            Client client(server_->port(kTls), true);
            for (int i = 0; i < 50; ++i) {
                client.send(post("/mutate", review()));
                if (client.receive().status == 200) ++good;
            }
        });
    }
    for (int i = 0; i < 20; ++i) {
        state_.policy.set(std::make_shared<const Policy>(
            test::policy(fmt::format("default: {{ratios: {{cpu: 1.{}}}}}", i))));
        set_certificate("next");
        Client client(server_->port(kPlain), false);
        client.send(get("/metrics"));
        EXPECT_EQ(client.receive().status, 200);
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(good, 200);
}

}  // namespace
}  // namespace airlock::webhook
