#include "base/http.hpp"

#include "base/log.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/http_server.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <thread>
#include <vector>

namespace airlock::base {
namespace {

using test::error_of;
using test::expect_error;
using test::HttpServer;
using test::ServerReply;
using test::ServerRequest;

ServerReply redirect_to(const std::string& url, int status = 307) {
    return {.status = status, .headers = {{"Location", url}}, .body = "<a href>over there</a>"};
}

class HttpTest : public ::testing::Test {
  protected:
    HttpTest() {
        // Connections to the loopback address must not go through a proxy.
        ::setenv("NO_PROXY", "*", 1);
        ::setenv("no_proxy", "*", 1);
    }

    HttpClient client_{{.stall_timeout = std::chrono::seconds(1)}};
};

TEST_F(HttpTest, ReturnsAnyResponse) {
    for (const int status : {200, 202, 204, 301, 400, 401, 404, 418, 500, 503}) {
        HttpServer server([&](const ServerRequest&) {
            return ServerReply{.status = status, .headers = {{"X-Some-Name", " its value  "}}};
        });
        const auto response = client_.send({.url = server.url() + "/x", .follow_redirects = false});
        EXPECT_EQ(response.status, status);
        EXPECT_EQ(response.ok(), status < 300);
        ASSERT_NE(response.header("x-some-name"), nullptr);
        EXPECT_EQ(*response.header("x-some-name"), "its value");
        EXPECT_EQ(response.header("x-other"), nullptr);
    }
}

TEST_F(HttpTest, SendsMethodHeadersAndBodyAsTheyAre) {
    HttpServer server([](const ServerRequest& request) {
        return ServerReply{.body = request.method + " " + request.target + " " +
                                   request.header("x-a") + " " + request.body};
    });
    const std::string bytes = std::string("a\0b", 3);
    for (const std::string method : {"POST", "PUT", "PATCH", "DELETE"}) {
        const auto response = client_.send({.method = method,
                                            .url = server.url() + "/p?q=%20",
                                            .headers = {"X-A: 1"},
                                            .body = bytes});
        EXPECT_EQ(response.body, method + " /p?q=%20 1 " + bytes);
    }
    EXPECT_EQ(client_.send({.method = "POST", .url = server.url() + "/"}).body, "POST /  ");
    EXPECT_EQ(client_.send({.method = "DELETE", .url = server.url() + "/"}).body, "DELETE /  ");
    EXPECT_EQ(client_.send({.method = "HEAD", .url = server.url() + "/"}).body, "");
    EXPECT_EQ(server.requests().at(0).header("expect"), "");
}

TEST_F(HttpTest, ABodyIsPulledFromItsSourceAndPushedIntoItsSink) {
    HttpServer server([](const ServerRequest& request) {
        return ServerReply{.status = request.target == "/bad" ? 500 : 200, .body = request.body};
    });
    const std::string content(3'000'000, 'x');
    StringSource source(content);
    source.rewind(17);  // send() starts at 0, whatever the position of the source
    StringSink sink(content.size(), "it");
    client_.send({.method = "PUT",
                  .url = server.url() + "/good",
                  .body_source = &source,
                  .body_sink = &sink});
    EXPECT_EQ(sink.text(), content);

    StringSink untouched(content.size(), "it");
    const auto refused = client_.send({.method = "PUT",
                                       .url = server.url() + "/bad",
                                       .body_source = &source,
                                       .body_sink = &untouched});
    EXPECT_EQ(untouched.text(), "") << "the text of an error went where the blob goes";
    EXPECT_EQ(refused.body.size(), 64U * 1024U) << "the text of an error is bounded";
}

TEST_F(HttpTest, RethrowsExceptionsOfSourceAndSink) {
    struct Failing final : RewindableSource {
        std::size_t read(std::span<std::byte>) override { throw Error(Errc::integrity, "cut"); }
        std::uint64_t size() const override { return 100; }
        void rewind(std::uint64_t) override {}
    } failing;
    HttpServer server([](const ServerRequest&) { return ServerReply{.body = "12345"}; });
    expect_error(
        [&] {
            client_.send({.method = "PUT", .url = server.url() + "/", .body_source = &failing});
        },
        Errc::integrity, "cut");
    StringSink small(4, "the blob");
    expect_error([&] { client_.send({.url = server.url() + "/", .body_sink = &small}); },
                 Errc::invalid, "the blob is larger than 4 bytes");
    EXPECT_EQ(client_.send({.url = server.url() + "/"}).body, "12345");
}

TEST_F(HttpTest, RejectsAResponseAboveTheLimit) {
    HttpServer server([](const ServerRequest&) { return ServerReply{.body = "12345"}; });
    EXPECT_EQ(client_.send({.url = server.url() + "/", .body_limit = 5}).body, "12345");
    expect_error([&] { client_.send({.url = server.url() + "/x?secret", .body_limit = 4}); },
                 Errc::invalid, "/x is larger than 4 bytes");
}

TEST_F(HttpTest, ASinkForARangeReceivesNothingElse) {
    HttpServer server([](const ServerRequest& request) {
        return ServerReply{.status = request.target == "/range" ? 206 : 200,
                           .body = std::string(1'000'000, 'x')};
    });
    StringSink sink(2'000'000, "it");
    const auto whole =
        client_.send({.url = server.url() + "/whole", .body_sink = &sink, .body_sink_status = 206});
    EXPECT_EQ(whole.status, 200);
    EXPECT_EQ(whole.body, "");
    EXPECT_EQ(sink.text(), "");
    client_.send({.url = server.url() + "/range", .body_sink = &sink, .body_sink_status = 206});
    EXPECT_EQ(sink.text().size(), 1'000'000U);
}

TEST_F(HttpTest, RejectsTooManyHeaders) {
    HttpServer server([](const ServerRequest&) {
        ServerReply reply;
        for (int i = 0; i < 1000; ++i)
            reply.headers.emplace_back("X-" + std::to_string(i), "v");
        return reply;
    });
    expect_error([&] { client_.send({.url = server.url() + "/"}); }, Errc::invalid,
                 "too many headers");
}

TEST_F(HttpTest, TheLastHeaderOfANameWinsAndChallengesAreJoined) {
    HttpServer server([](const ServerRequest&) {
        return ServerReply{.status = 401,
                           .headers = {{"WWW-Authenticate", "Basic realm=\"a\""},
                                       {"X-Other", "first"},
                                       {"WWW-Authenticate", "Bearer realm=\"b\""},
                                       {"X-Other", "last"}}};
    });
    const auto response = client_.send({.url = server.url() + "/"});
    EXPECT_EQ(*response.header("www-authenticate"), "Basic realm=\"a\", Bearer realm=\"b\"");
    EXPECT_EQ(*response.header("x-other"), "last");
}

TEST_F(HttpTest, FollowsARedirectAndKeepsOnlyTheLastResponse) {
    HttpServer server([](const ServerRequest& request) {
        if (request.target == "/b") return ServerReply{.body = "arrived"};
        auto reply = redirect_to("/b");
        reply.headers.emplace_back("Docker-Content-Digest", "of the redirect");
        return reply;
    });
    StringSink sink(100, "it");
    const auto response = client_.send({.url = server.url() + "/a", .body_sink = &sink});
    EXPECT_EQ(sink.text(), "arrived");
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(response.url, server.url() + "/b");
    EXPECT_EQ(response.header("docker-content-digest"), nullptr);
    EXPECT_EQ(client_.send({.url = server.url() + "/a", .follow_redirects = false}).status, 307);
    EXPECT_EQ(client_.send({.method = "PUT", .url = server.url() + "/a"}).status, 307)
        << "what changes something is not sent to another place";
}

TEST_F(HttpTest, ThePasswordIsSentToItsOwnHostOnly) {
    HttpServer storage([](const ServerRequest&) { return ServerReply{.body = "blob"}; });
    HttpServer server([&](const ServerRequest& request) {
        if (request.target == "/inside") return ServerReply{.body = "blob"};
        return redirect_to(request.target == "/away" ? storage.url() + "/x" : "/inside");
    });
    EXPECT_EQ(client_.send({.url = server.url() + "/away", .authorization = "Basic c2VjcmV0"}).body,
              "blob");
    ASSERT_EQ(storage.requests().size(), 1U);
    EXPECT_EQ(storage.requests()[0].header("authorization"), "");
    client_.send({.url = server.url() + "/stay", .authorization = "Basic c2VjcmV0"});
    EXPECT_EQ(server.requests().back().header("authorization"), "Basic c2VjcmV0");
    client_.send({.url = server.url() + "/inside"});
    EXPECT_EQ(server.requests().back().header("authorization"), "")
        << "the connection remembers a password";
}

TEST_F(HttpTest, LimitsRedirects) {
    HttpServer server([](const ServerRequest&) { return redirect_to("/again"); });
    expect_error([&] { client_.send({.url = server.url() + "/a"}); }, Errc::network, "redirect");
    EXPECT_EQ(server.requests().size(), 6U);
    for (const std::string place : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/"}) {
        HttpServer elsewhere([&](const ServerRequest&) { return redirect_to(place); });
        StringSink sink(1 << 20, "it");
        EXPECT_TRUE(error_of([&] {
                        client_.send({.url = elsewhere.url() + "/", .body_sink = &sink});
                    }).has_value())
            << place;
        EXPECT_EQ(sink.text(), "");
    }
}

TEST_F(HttpTest, AnUnreachableHostIsANetworkErrorWithAHint) {
    std::string address;
    {
        const HttpServer gone([](const ServerRequest&) { return ServerReply{}; });
        address = gone.url();
    }
    expect_error([&] { client_.send({.url = address + "/v2/?secret"}); }, Errc::network,
                 "GET " + address + "/v2/: ", "check that the server is running");
    // Labels have at most 63 characters: no resolver sends a query.
    const std::string name(64, 'x');
    expect_error([&] { client_.send({.url = "http://" + name + "/"}); }, Errc::network, name,
                 "/etc/hosts");
    expect_error([&] { client_.send({.url = "ftp://127.0.0.1/"}); }, Errc::invalid, "ftp");
}

TEST_F(HttpTest, ATruncatedBodyIsANetworkError) {
    const std::string content(100'000, 'x');
    for (const std::size_t cut : {0U, 1U, 99'999U}) {
        HttpServer server(
            [&](const ServerRequest&) { return ServerReply{.body = content, .cut_after = cut}; });
        StringSink sink(content.size(), "it");
        const auto error =
            error_of([&] { client_.send({.url = server.url() + "/", .body_sink = &sink}); });
        ASSERT_TRUE(error.has_value()) << cut;
        EXPECT_EQ(error->code(), Errc::network) << error->what();
        EXPECT_TRUE(error->transient());
    }
    HttpServer mute([](const ServerRequest&) { return ServerReply{.no_answer = true}; });
    expect_error([&] { client_.send({.url = mute.url() + "/"}); }, Errc::network, mute.url());
}

TEST_F(HttpTest, AStallIsATimeout) {
    HttpServer server([](const ServerRequest&) {
        return ServerReply{.body = std::string(1000, 'x'), .stall_after = 0};
    });
    expect_error([&] { client_.send({.url = server.url() + "/"}); }, Errc::timeout, server.url());
    HttpClient patient({});
    expect_error(
        [&] { patient.send({.url = server.url() + "/", .timeout = std::chrono::seconds(1)}); },
        Errc::timeout, server.url());
}

TEST_F(HttpTest, AStopRequestCancelsARunningRequest) {
    std::latch asked(1);
    HttpServer server([&](const ServerRequest&) {
        asked.count_down();
        return ServerReply{.body = "12345", .stall_after = 1};
    });
    HttpClient patient({});
    std::stop_source stop;
    const std::jthread stopper([&] {
        asked.wait();
        stop.request_stop();
    });
    expect_error([&] { patient.send({.url = server.url() + "/"}, stop.get_token()); },
                 Errc::cancelled, "cancelled");
    expect_error([&] { patient.send({.url = server.url() + "/"}, stop.get_token()); },
                 Errc::cancelled, "cancelled");
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(HttpTest, SeesARejectionBeforeTheBodyIsRead) {
    HttpServer server(
        [](const ServerRequest&) { return ServerReply{}; },
        [](const ServerRequest&) {
            return std::optional(ServerReply{
                .status = 413, .headers = {{"Connection", "close"}}, .body = "too large"});
        });
    const std::string small(1000, 'x');
    StringSource source(small);
    const auto response =
        client_.send({.method = "PUT", .url = server.url() + "/", .body_source = &source});
    EXPECT_EQ(response.status, 413);
    EXPECT_EQ(response.body, "too large");
}

TEST(StatusError, FollowsTheStatus) {
    struct Row {
        long status;
        Errc code;
    };
    const std::vector<Row> rows{
        {400, Errc::remote},      {401, Errc::denied},      {403, Errc::denied},
        {404, Errc::not_found},   {405, Errc::remote},      {408, Errc::unavailable},
        {409, Errc::conflict},    {413, Errc::remote},      {429, Errc::unavailable},
        {500, Errc::unavailable}, {501, Errc::remote},      {502, Errc::unavailable},
        {503, Errc::unavailable}, {504, Errc::unavailable},
    };
    for (const auto& row : rows) {
        const auto error =
            status_error({.status = row.status, .headers = {}, .body = {}, .url = {}}, "x");
        EXPECT_EQ(to_string(error.code()), to_string(row.code)) << row.status;
        EXPECT_FALSE(error.retry_after().has_value());
    }
}

TEST(StatusError, TakesRetryAfterInSeconds) {
    const auto after = [](const std::string& value) {
        return status_error(
                   {.status = 429, .headers = {{"retry-after", value}}, .body = {}, .url = {}}, "x")
            .retry_after();
    };
    EXPECT_EQ(after("0"), std::chrono::seconds(0));
    EXPECT_EQ(after("17"), std::chrono::seconds(17));
    for (const auto* odd : {"", "soon", "-1", "99999999999999999999"})
        EXPECT_EQ(after(odd), std::nullopt) << odd;
}

}  // namespace
}  // namespace airlock::base
