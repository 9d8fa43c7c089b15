// A real registry behind a proxy that simulates faults: push and pull succeed after retries, or
// fail with an Error that names the object. Corrupt content is never stored.
#include "images/registry.hpp"
#include "tests/images/registry_fixture.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/fault_proxy.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace airlock::images::test {
namespace {

using airlock::test::DockerRegistry;
using airlock::test::error_of;
using airlock::test::expect_error;
using airlock::test::Fault;
using airlock::test::FaultProxy;
using airlock::test::HttpServer;
using airlock::test::ServerReply;
using airlock::test::ServerRequest;
using base::Errc;

struct NamedFault {
    std::string name;
    Fault fault;
};

Fault answered(std::string method, std::string target, int status, int times = 1) {
    return {.method = std::move(method),
            .in_target = std::move(target),
            .times = times,
            .instead = ServerReply{.status = status, .body = "not now"}};
}

Fault changed(std::string method, std::string target, std::function<void(ServerReply&)> change,
              int times = 1) {
    return {.method = std::move(method),
            .in_target = std::move(target),
            .times = times,
            .change = std::move(change)};
}

Fault reset(std::string method, std::string target, bool early, int times = 1) {
    return {.method = std::move(method),
            .in_target = std::move(target),
            .times = times,
            .instead = ServerReply{.no_answer = true},
            .early = early};
}

void no_answer(ServerReply& reply) {
    reply.no_answer = true;
}
void cut_in_half(ServerReply& reply) {
    reply.cut_after = reply.body.size() / 2;
}
void say_nothing_more(ServerReply& reply) {
    reply.stall_after = 0;
}
void flip_a_byte(ServerReply& reply) {
    if (!reply.body.empty()) reply.body.back() = static_cast<char>(reply.body.back() ^ 1);
}
void fewer_bytes(ServerReply& reply) {
    reply.body.pop_back();
    std::erase_if(reply.headers,
                  [](const auto& header) { return header.first == "Content-Length"; });
}

class FaultTest : public RegistryTest {
  protected:
    DockerRegistry server_;
    RegistryClient direct_ = client(server_.address(), plain());
};

TEST_F(FaultTest, APushIsRetried) {
    const std::vector<NamedFault> rows{
        {"POST reset", reset("POST", "/blobs/uploads/", false)},
        {"POST 503", answered("POST", "/blobs/uploads/", 503)},
        {"POST 500 four times", answered("POST", "/blobs/uploads/", 500, 4)},
        {"POST 429", answered("POST", "/blobs/uploads/", 429)},
        {"POST taken, answer lost", changed("POST", "/blobs/uploads/", no_answer)},
        {"PUT reset while sending", reset("PUT", "/blobs/uploads/", true)},
        {"PUT 502", answered("PUT", "/blobs/uploads/", 502)},
        {"PUT 504 before the body was read",
         {.method = "PUT",
          .in_target = "/blobs/uploads/",
          .times = 1,
          .instead = ServerReply{.status = 504},
          .early = true,
          .change = {}}},
        {"PUT taken, answer lost", changed("PUT", "/blobs/uploads/", no_answer)},
        {"the upload is forgotten", answered("PUT", "/blobs/uploads/", 404)},
        {"manifest 503", answered("PUT", "/manifests/", 503)},
        {"manifest reset", reset("PUT", "/manifests/", false)},
        {"manifest taken, answer lost", changed("PUT", "/manifests/", no_answer)},
    };
    int number = 0;
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const FaultProxy proxy(server_.address(), {row.fault});
        auto registry = client(proxy.address(), plain());
        const auto repository = "push/r" + std::to_string(++number);
        push_image(registry, repository, "v1");
        EXPECT_TRUE(proxy.all_happened());
        expect_image(direct_, repository, "v1");
    }
}

TEST_F(FaultTest, APullIsRetried) {
    push_image(direct_, "team/app", "v1");
    const std::vector<NamedFault> rows{
        {"manifest 503", answered("GET", "/manifests/", 503)},
        {"manifest 429 four times", answered("GET", "/manifests/", 429, 4)},
        {"manifest reset", reset("GET", "/manifests/", false)},
        {"manifest cut", changed("GET", "/manifests/", cut_in_half)},
        {"blob 500", answered("GET", "/blobs/", 500)},
        {"blob reset", reset("GET", "/blobs/", false)},
        {"blob cut twice", changed("GET", "/blobs/", cut_in_half, 2)},
        {"HEAD reset", reset("HEAD", "/", false)},
        {"HEAD 502", answered("HEAD", "/", 502)},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const FaultProxy proxy(server_.address(), {row.fault});
        auto registry = client(proxy.address(), plain());
        EXPECT_TRUE(registry.has_blob("team/app", image_.layer_descriptor.digest));
        expect_image(registry, "team/app", "v1");
        EXPECT_TRUE(proxy.all_happened());
    }
}

// Takes seconds: libcurl detects stalls by the average speed of the last five.
class StallTest : public FaultTest {
  protected:
    static RegistryOptions impatient() {
        auto options = plain();
        options.stall_timeout = std::chrono::seconds(1);
        return options;
    }
};

TEST_F(StallTest, OfAPullIsRetried) {
    push_image(direct_, "team/app", "v1");
    const FaultProxy proxy(server_.address(), {changed("GET", "/manifests/", say_nothing_more),
                                               changed("GET", "/blobs/", say_nothing_more)});
    auto registry = client(proxy.address(), impatient());
    expect_image(registry, "team/app", "v1");
    EXPECT_TRUE(proxy.all_happened());
}

TEST_F(StallTest, OfAPushIsRetried) {
    const ServerReply silence{.silent = true};
    const FaultProxy proxy(
        server_.address(),
        {{.method = "PUT", .in_target = "/blobs/uploads/", .instead = silence, .early = true},
         {.method = "PUT", .in_target = "/manifests/", .instead = silence}});
    auto registry = client(proxy.address(), impatient());
    push_image(registry, "team/app", "v1");
    EXPECT_TRUE(proxy.all_happened());
    expect_image(direct_, "team/app", "v1");
}

TEST_F(FaultTest, APermanentFaultIsAnErrorThatNamesTheObject) {
    push_image(direct_, "team/app", "v1");
    const std::string layer(image_.layer_descriptor.digest.short_hex());
    const std::vector<NamedFault> rows{
        {"503", answered("", "/v2/team", 503, 1000)},
        {"reset", reset("", "/v2/team", false, 1000)},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const FaultProxy proxy(server_.address(), {row.fault});
        auto registry = client(proxy.address(), plain());
        const auto named = [&](auto task, const std::string& object) {
            const auto error = error_of(task);
            ASSERT_TRUE(error.has_value());
            EXPECT_TRUE(error->transient()) << error->what();
            EXPECT_THAT(error->what(), testing::HasSubstr("team/app"));
            EXPECT_THAT(error->what(), testing::HasSubstr(object));
        };
        base::StringSource source(image_.layer);
        named([&] { registry.get_manifest("team/app", "v1"); }, "v1");
        named([&] { registry.head_manifest("team/app", "v1"); }, "v1");
        named([&] { registry.get_blob_text("team/app", image_.layer_descriptor, 1U << 24U); },
              layer);
        named([&] { registry.has_blob("team/app", image_.layer_descriptor.digest); }, layer);
        named([&] { registry.push_blob("team/app", image_.layer_descriptor, source); }, layer);
        named([&] { registry.put_manifest("team/app", "v9", image_.manifest.raw, "x/y"); }, "v9");
        named([&] { registry.mount_blob("team/app", image_.layer_descriptor.digest, "o/p"); },
              layer);
        named([&] { registry.delete_manifest("team/app", image_.manifest.descriptor.digest); },
              std::string(image_.manifest.descriptor.digest.short_hex()));
        named([&] { registry.can_delete("team/app"); }, "");
        EXPECT_EQ(proxy.server().count("GET", "/manifests/v1"), 5U) << "not exactly five attempts";
    }
    expect_image(direct_, "team/app", "v1");
}

TEST_F(FaultTest, HonorsRetryAfter) {
    push_image(direct_, "team/app", "v1");
    auto later = answered("GET", "/manifests/", 429);
    later.instead->headers = {{"Retry-After", "1"}};
    const FaultProxy proxy(server_.address(), {later});
    auto registry = client(proxy.address(), plain());
    const auto before = std::chrono::steady_clock::now();
    registry.get_manifest("team/app", "v1");
    EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::seconds(1));
}

TEST_F(FaultTest, ADigestMismatchIsNotRetried) {
    push_image(direct_, "team/app", "v1");
    const auto& digest = image_.manifest.descriptor.digest.text();
    for (const auto& change : {&flip_a_byte, &fewer_bytes}) {
        const FaultProxy proxy(server_.address(), {changed("GET", "/", change, 1000)});
        auto registry = client(proxy.address(), plain());
        const auto manifest = error_of([&] { registry.get_manifest("team/app", digest); });
        ASSERT_TRUE(manifest.has_value());
        EXPECT_FALSE(manifest->transient());
        EXPECT_THAT(manifest->what(), testing::HasSubstr(digest));
        expect_error(
            [&] { registry.get_blob_text("team/app", image_.layer_descriptor, 1U << 24U); },
            Errc::integrity, image_.layer_descriptor.digest.text());
        EXPECT_EQ(proxy.server().requests().size(), 2U);
    }
}

TEST_F(FaultTest, RejectsAManifestWithAnotherDigest) {
    push_image(direct_, "team/app", "v1");
    const auto other = [](ServerReply& reply) {
        reply.body += "\n";
        std::erase_if(reply.headers,
                      [](const auto& header) { return header.first == "Content-Length"; });
    };
    const FaultProxy proxy(server_.address(), {changed("GET", "/manifests/", other, 1000)});
    auto registry = client(proxy.address(), plain());
    expect_error(
        [&] { registry.get_manifest("team/app", image_.manifest.descriptor.digest.text()); },
        Errc::integrity, "digest mismatch: the registry sent content");
    // With sha512 too, which the real registry does not support.
    const auto sha512 = [&](const std::string& text) {
        base::Hasher hasher("sha512");
        hasher.update(base::as_bytes(text));
        return hasher.finish().text();
    };
    HttpServer stub([&](const ServerRequest&) {
        return ServerReply{.headers = {{"Content-Type", image_.manifest.descriptor.media_type}},
                           .body = image_.manifest.raw};
    });
    auto second = client(stub.address(), plain());
    EXPECT_EQ(second.get_manifest("a", sha512(image_.manifest.raw)).raw, image_.manifest.raw);
    expect_error([&] { second.get_manifest("a", sha512("other")); }, Errc::integrity,
                 "digest mismatch: the registry sent content");
}

TEST_F(FaultTest, RejectsAHeadResponseWithAnotherDigest) {
    push_image(direct_, "team/app", "v1");
    const auto lie = [](ServerReply& reply) {
        for (auto& [name, value] : reply.headers)
            if (name == "Docker-Content-Digest") value = base::sha256("another").text();
    };
    const auto garble = [](ServerReply& reply) {
        for (auto& [name, value] : reply.headers)
            if (name == "Docker-Content-Digest") value = "sha256:x";
    };
    const auto silence = [](ServerReply& reply) {
        std::erase_if(reply.headers,
                      [](const auto& header) { return header.first == "Docker-Content-Digest"; });
    };
    const auto& digest = image_.manifest.descriptor.digest;
    const FaultProxy proxy(
        server_.address(),
        {changed("HEAD", "/", lie), changed("HEAD", "/", garble), changed("HEAD", "/", silence)});
    auto registry = client(proxy.address(), plain());
    expect_error([&] { registry.head_manifest("team/app", digest.text()); }, Errc::integrity,
                 "team/app");
    expect_error([&] { registry.head_manifest("team/app", "v1"); }, Errc::invalid, "team/app v1");
    // The header is optional: falls back to the body.
    EXPECT_EQ(registry.head_manifest("team/app", "v1")->digest, digest);
}

TEST_F(FaultTest, AnIgnoredRangeWritesNothing) {
    push_image(direct_, "team/app", "v1");
    const auto from_the_front = [this](ServerReply& reply) {
        reply.status = 200;
        reply.body = image_.layer;
        std::erase_if(reply.headers, [](const auto& header) {
            return header.first == "Content-Length" || header.first == "Content-Range";
        });
    };
    const auto no_ranges = [](ServerReply& reply) {
        std::erase_if(reply.headers,
                      [](const auto& header) { return header.first == "Accept-Ranges"; });
    };
    for (const auto& fault :
         {changed("GET", "/blobs/", from_the_front), changed("HEAD", "/blobs/", no_ranges)}) {
        const FaultProxy proxy(server_.address(), {fault});
        auto registry = client(proxy.address(), plain());
        base::StringSink rest(image_.layer.size(), "layer");
        EXPECT_FALSE(registry.get_blob("team/app", image_.layer_descriptor, 1000, rest));
        EXPECT_EQ(rest.text(), "");
        EXPECT_TRUE(proxy.all_happened());
    }
}

TEST_F(FaultTest, ABlobIsResumedWhereTheConnectionBroke) {
    push_text(direct_, "team/app", image_.layer);
    const FaultProxy proxy(server_.address(), {changed("GET", "/blobs/", cut_in_half)});
    auto registry = client(proxy.address(), plain());
    base::StringSink kept(image_.layer.size(), "layer");
    base::VerifyingSink sink(kept, image_.layer.size(), image_.layer_descriptor.digest, "layer");
    EXPECT_TRUE(error_of([&] { registry.get_blob("team/app", image_.layer_descriptor, 0, sink); })
                    .value()
                    .transient());
    // How much arrived before the reset varies, but it is correct.
    EXPECT_TRUE(registry.get_blob("team/app", image_.layer_descriptor, sink.seen(), sink));
    sink.finish();
    EXPECT_EQ(kept.text(), image_.layer);
}

TEST_F(FaultTest, ATokenThatExpiresDuringAPushIsReplaced) {
    HttpServer tokens([](const ServerRequest&) { return ServerReply{.body = R"({"token":"t"})"}; });
    Fault expired{.method = "PUT",
                  .in_target = "/blobs/uploads/",
                  .times = 1,
                  .instead = ServerReply{
                      .status = 401,
                      .headers = {{"WWW-Authenticate", "Bearer realm=\"" + tokens.url() +
                                                           "/token\",error=\"invalid_token\""}}}};
    const FaultProxy proxy(server_.address(), {expired});
    auto registry = client(proxy.address(), plain());
    push_image(registry, "team/app", "v1");
    EXPECT_EQ(tokens.requests().size(), 1U);
    expect_image(direct_, "team/app", "v1");
}

TEST_F(FaultTest, ABodySizeLimitOfAProxyIsExplained) {
    Fault too_large{.method = "PUT",
                    .in_target = "/blobs/uploads/",
                    .times = 1000,
                    .instead = ServerReply{.status = 413, .body = "<html>\r\n413\r\n</html>"}};
    const FaultProxy proxy(server_.address(), {too_large});
    auto registry = client(proxy.address(), plain());
    base::StringSource source(image_.layer);
    const auto push = [&] { registry.push_blob("team/app", image_.layer_descriptor, source); };
    expect_error(push, Errc::remote, image_.layer_descriptor.digest.text(),
                 "client_max_body_size 0");
    EXPECT_THAT(error_of(push).value().what(), testing::Not(testing::HasSubstr("\n")));
    EXPECT_FALSE(direct_.has_blob("team/app", image_.layer_descriptor.digest));
}

TEST_F(FaultTest, ThePasswordIsNotSentWithARedirectedUpload) {
    HttpServer storage([](const ServerRequest&) { return ServerReply{.status = 201}; });
    const auto elsewhere = [&](ServerReply& reply) {
        for (auto& [name, value] : reply.headers)
            if (name == "Location") value = storage.url() + "/bucket?signature=x";
    };
    Fault ask{.method = "POST",
              .in_target = "/blobs/uploads/",
              .times = 1,
              .instead = ServerReply{.status = 401,
                                     .headers = {{"WWW-Authenticate", "Basic realm=\"x\""}}}};
    const FaultProxy proxy(server_.address(), {ask, changed("POST", "/blobs/uploads/", elsewhere)});
    auto registry = client(proxy.address(), plain(password(proxy.address(), "u", "secret")));
    push_text(registry, "team/app", image_.config);
    ASSERT_EQ(storage.requests().size(), 1U);
    EXPECT_EQ(storage.requests()[0].header("authorization"), "");
    EXPECT_THAT(storage.requests()[0].target, testing::HasSubstr("/bucket?signature=x&digest="));
    EXPECT_EQ(proxy.server().requests().back().header("authorization"), "Basic dTpzZWNyZXQ=");
}

TEST_F(FaultTest, ReportsAHostThatIsNotARegistry) {
    HttpServer web([](const ServerRequest& request) {
        return request.target == "/v2/" ? ServerReply{.status = 404, .body = "<html>"}
                                        : ServerReply{.body = "<html>\x1b[2J\nwelcome"};
    });
    auto registry = client(web.address(), plain());
    expect_error([&] { registry.ping(); }, Errc::remote, "is not a container registry",
                 "HOST[:PORT][/PREFIX]");
    expect_error([&] { registry.get_manifest("team/app", "v1"); }, Errc::invalid, "team/app v1");
    base::StringSource source("x");
    expect_error([&] { registry.push_blob("team/app", describe("x"), source); }, Errc::remote,
                 base::sha256("x").text());
}

}  // namespace
}  // namespace airlock::images::test
