// Removing a tag from a Harbor: a fake that answers as Harbor 2.15.2 was seen to.
#include "images/harbor.hpp"

#include "base/base64.hpp"
#include "images/registry.hpp"
#include "tests/images/registry_fixture.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/http_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

namespace airlock::images::test {
namespace {

using airlock::test::expect_error;
using airlock::test::HttpServer;
using airlock::test::ServerReply;
using airlock::test::ServerRequest;
using base::Errc;
using testing::HasSubstr;

constexpr const char* kTagPath =
    "/api/v2.0/projects/team/repositories/a%252Fb/artifacts/v1/tags/v1";

class HarborTest : public RegistryTest {
  protected:
    // Its registry takes tokens only; its API takes Basic only.
    ServerReply answer(const ServerRequest& request) {
        const auto authorization = request.header("authorization");
        const auto path = request.path();
        if (path == "/api/v2.0/ping") return {.body = "Pong"};
        if (path == "/service/token") return {.body = R"({"token": "t", "access_token": ""})"};
        if (path.starts_with("/api/")) {
            if (authorization != "Basic " + base::base64_encode("robot$team+x:secret"))
                return {.status = 401, .body = R"({"errors": [{"code": "UNAUTHORIZED"}]})"};
            if (delete_status != 0) return {.status = delete_status};
            if (path != kTagPath || !tag_exists.exchange(false)) return {.status = 404};
            return {};
        }
        if (authorization != "Bearer t") {
            return {.status = 401,
                    .headers = {
                        {"Www-Authenticate", "Bearer realm=\"" + server_.url() +
                                                 "/service/token\",service=\"harbor-registry\""}}};
        }
        if (request.method == "DELETE") return {.status = 401};  // needs repository: delete
        if (!tag_exists) return {.status = 404};
        return {.headers = {{"Content-Type", std::string(media_type::kOciManifest)},
                            {"Docker-Content-Digest", "sha256:" + std::string(64, 'a')}}};
    }

    RegistryClient harbor() {
        return client(server_.address(),
                      plain(password(server_.address(), "robot$team+x", "secret")));
    }

    std::atomic<bool> tag_exists{true};
    std::atomic<int> delete_status{0};
    HttpServer server_{[this](const ServerRequest& request) { return answer(request); }};
};

TEST_F(HarborTest, ATagIsRemovedThroughItsApiWithThePassword) {
    auto registry = harbor();
    registry.delete_tag("team/a/b", "v1");
    EXPECT_FALSE(tag_exists);
    EXPECT_EQ(server_.count("DELETE", "/v2/"), 0U) << "would remove every tag of the digest";
    EXPECT_EQ(server_.count("PUT", ""), 0U) << "no tombstone";
    registry.delete_tag("team/a/b", "v1");
    EXPECT_EQ(server_.count("DELETE", kTagPath), 1U);
}

TEST_F(HarborTest, ARobotThatMayDeleteTagsAloneCanDelete) {
    auto registry = harbor();
    EXPECT_TRUE(registry.can_delete("team/a/b"));
    EXPECT_TRUE(tag_exists);
    delete_status = 403;
    EXPECT_FALSE(registry.can_delete("team/a/b"));
    EXPECT_EQ(server_.count("DELETE", "/v2/"), 0U);
}

TEST_F(HarborTest, SaysWhyATagStays) {
    auto registry = harbor();
    struct Row {
        int status;
        const char* reason;
        const char* hint;
    };
    for (const auto& [status, reason, hint] :
         {Row{401, "does not accept the credentials, or the project is gone", "project exists"},
          Row{403, "no permission to delete tags", "tag: delete"},
          Row{412, "the tag is immutable", "immutability rule"},
          Row{400, "refused to delete the tag", "nothing uses it"}}) {
        delete_status = status;
        expect_error([&] { registry.delete_tag("team/a/b", "v1"); }, Errc::unsupported, reason,
                     hint);
    }
    EXPECT_TRUE(tag_exists);
    EXPECT_EQ(server_.count("PUT", ""), 0U);
}

TEST_F(HarborTest, ATemporaryFailureIsTriedAgain) {
    auto registry = harbor();
    delete_status = 503;
    EXPECT_THROW(registry.delete_tag("team/a/b", "v1"), base::Error);
    EXPECT_EQ(server_.count("DELETE", kTagPath), 5U) << "attempts";
    delete_status = 0;
    registry.delete_tag("team/a/b", "v1");
    EXPECT_FALSE(tag_exists);
}

TEST(Harbor, IsRecognizedByItsPing) {
    const auto is_harbor = [](long status, const std::string& body) {
        base::HttpResponse answer;
        answer.status = status;
        answer.body = body;
        return harbor::is_harbor(answer);
    };
    EXPECT_TRUE(is_harbor(200, "Pong"));
    EXPECT_TRUE(is_harbor(200, "\"Pong\"\n"));
    EXPECT_FALSE(is_harbor(404, "Pong"));
    EXPECT_FALSE(is_harbor(200, ""));
    EXPECT_FALSE(is_harbor(200, "<html>Pong, a proxy's page</html>"));
}

}  // namespace
}  // namespace airlock::images::test
