// Client against servers that are down, malformed or hostile. client_integration_test.cpp uses a
// real API server.
#include "kubernetes/client.hpp"

#include "tests/support/expect_error.hpp"
#include "tests/support/fake_api_server.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace airlock::kubernetes {
namespace {

using base::Errc;
using test::error_of;
using test::expect_error;
using testing::HasSubstr;
using testing::Not;

const ObjectKey kSecret{
    .api_version = "v1", .kind = "Secret", .namespace_name = "ns", .name = "one"};
const std::string kSecretPath = "/api/v1/namespaces/ns/secrets/one";

TEST(Client, ReportsAServerThatIsDownWithItsKubeconfig) {
    Kubeconfig config;
    {
        // Its port is free again when it has stopped.
        const test::FakeApiServer gone;
        config.server = gone.url();
    }
    config.description = "context admin of /etc/kubeconfig";
    Client client(config, {});
    expect_error([&] { client.server_version(); }, Errc::network,
                 "API server " + config.server + " (context admin of /etc/kubeconfig)",
                 "check that the server is running");
}

TEST(Client, ReportsStatusErrorsWithAHint) {
    struct Row {
        int status;
        std::string body;
        Errc code;
        std::string words;
        std::string hint;
    };
    const std::string status = R"({"kind": "Status", "message": "the reason"})";
    const std::vector<Row> rows{
        {401, status, Errc::denied, "cannot read Secret ns/one: the reason", "has expired"},
        {403, status, Errc::denied, "cannot read Secret ns/one: the reason", "permission denied"},
        {409, status, Errc::conflict, "cannot read Secret ns/one: the reason", ""},
        {410, status, Errc::remote, "cannot read Secret ns/one: the reason", ""},
        {422, status, Errc::remote, "cannot read Secret ns/one: the reason", ""},
        {403, "<html>blocked</html>", Errc::denied, "<html>blocked</html>", ""},
        {403, "", Errc::denied, "cannot read Secret ns/one: HTTP 403", ""},
        {418, R"({"message": 7})", Errc::remote, "cannot read Secret ns/one", ""},
        {500, R"({"message": "failed to create typed patch object: .spec"})", Errc::remote,
         "failed to create typed patch object", "does not match the schema"},
    };
    test::FakeApiServer server;
    auto client = server.client();
    for (const auto& row : rows) {
        SCOPED_TRACE(std::to_string(row.status) + " " + row.body);
        server.put(kSecretPath, row.body, row.status);
        expect_error([&] { client.get(kSecret); }, row.code, row.words, row.hint);
    }
    EXPECT_EQ(server.count("GET", kSecretPath), rows.size()) << "one of them was retried";
}

TEST(Client, TruncatesALongErrorMessage) {
    test::FakeApiServer server;
    auto client = server.client();
    for (const auto& body :
         {std::string(1U << 20U, 'x'), R"({"message": ")" + std::string(1U << 20U, 'x') + "\"}"}) {
        server.put(kSecretPath, body, 403);
        EXPECT_LT(error_of([&] { client.get(kSecret); }).value().message().size(), 3000U);
    }
}

TEST(Client, RejectsMalformedResponses) {
    const std::vector<std::string> bodies{
        "",
        "<html>hello</html>",
        "[]",
        "\"text\"",
        "7",
        "null",
        R"({"kind": "Sec)",
        std::string(5000, '['),
        "\xff\xfe",
    };
    test::FakeApiServer server;
    auto client = server.client();
    for (const auto& body : bodies) {
        SCOPED_TRACE(body.substr(0, 40));
        server.put(kSecretPath, body);
        expect_error([&] { client.get(kSecret); }, Errc::invalid, "Secret ns/one");
        server.put("/api/v1/namespaces/ns/secrets", body);
        expect_error([&] { client.list("v1", "Secret", "ns"); }, Errc::invalid, "");
        server.put("/version", body);
        expect_error([&] { client.server_version(); }, Errc::invalid, "version");
    }
}

TEST(Client, RejectsMalformedDiscovery) {
    struct Row {
        std::string path;
        std::string body;
    };
    const std::vector<Row> rows{
        {"/api", R"({"versions": [1]})"},
        {"/api", R"({"versions": {}})"},
        {"/apis", R"({"groups": [{"versions": [{}]}]})"},
        {"/apis", R"({"groups": ["x"]})"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.body);
        test::FakeApiServer server;
        server.put(row.path, row.body);
        auto client = server.client();
        expect_error([&] { client.discovery().group_versions(); }, Errc::invalid, row.path);
    }
    for (const auto* body :
         {R"({"resources": 7})", R"({"resources": [7]})", R"({"resources": [{"name": "x"}]})",
          R"({"resources": [{"name": "x", "kind": "X", "verbs": [1]}]})",
          R"({"resources": [{"name": "x", "kind": "X", "verbs": "get"}, {"name": 1}]})"}) {
        SCOPED_TRACE(body);
        test::FakeApiServer server;
        server.put("/apis/apps/v1", body);
        auto client = server.client();
        expect_error([&] { client.discovery().find_resource("apps/v1", "X"); }, Errc::invalid,
                     "apps/v1");
    }
}

TEST(Client, LimitsTheSizeOfResponses) {
    test::FakeApiServer server;
    auto client = server.client();
    server.put(kSecretPath, "{\"a\": \"" + std::string(65U << 20U, 'x') + "\"}");
    expect_error([&] { client.get(kSecret); }, Errc::invalid, "");
}

TEST(Client, LimitsTheNumberOfPages) {
    test::FakeApiServer server;
    auto client = server.client();
    server.put("/api/v1/nodes", R"({"metadata": {"continue": "again"}, "items": [{}]})");
    expect_error([&] { client.list("v1", "Node"); }, Errc::invalid,
                 "the list of nodes is too long");
}

TEST(Client, ListsObjects) {
    struct Row {
        std::string body;
        std::size_t size;
    };
    test::FakeApiServer server;
    auto client = server.client();
    for (const auto& row : std::vector<Row>{{R"({"items": null})", 0},
                                            {R"({})", 0},
                                            {R"({"items": []})", 0},
                                            {R"({"items": [{"metadata": {"name": "a"}}]})", 1}}) {
        server.put("/api/v1/nodes", row.body);
        EXPECT_EQ(client.list("v1", "Node").size(), row.size) << row.body;
    }
    server.put("/api/v1/nodes", R"({"items": [7]})");
    expect_error([&] { client.list("v1", "Node"); }, Errc::invalid, "list nodes");
}

TEST(Client, SendsTheCredentialsOfTheKubeconfig) {
    struct Row {
        Kubeconfig config;
        std::string header;
    };
    test::TempFolder folder;
    Kubeconfig token;
    token.token = "abc";
    Kubeconfig file;
    file.token = "abc";
    file.token_file = folder.write("token", " fresh \n");
    Kubeconfig password;
    password.username = "admin";
    password.password = "a:b";
    for (const auto& row : std::vector<Row>{{{}, ""},
                                            {token, "Bearer abc"},
                                            {file, "Bearer fresh"},
                                            {password, "Basic YWRtaW46YTpi"}}) {
        test::FakeApiServer server;
        server.put("/version", R"({"gitVersion": "v1.20.2"})");
        EXPECT_EQ(server.client(row.config).server_version(), "v1.20.2");
        EXPECT_EQ(server.requests().back().header("authorization"), row.header);
    }
}

TEST(Client, EscapesNamesInPaths) {
    test::FakeApiServer server;
    auto client = server.client();
    auto key = kSecret;
    key.name = "../../../nodes/x?y#z";
    EXPECT_FALSE(client.get(key).has_value());
    EXPECT_THAT(server.requests().back().target, Not(HasSubstr("nodes/x")));
    EXPECT_THAT(server.requests().back().target, HasSubstr("/api/v1/namespaces/ns/secrets/"));
}

TEST(Client, RetriesTransientErrors) {
    test::FakeApiServer server;
    auto client = server.client();
    server.put(kSecretPath, R"({"metadata": {"name": "one"}})");
    EXPECT_TRUE(client.discovery().find_resource("v1", "Secret").has_value());
    server.fail_next(503);
    EXPECT_EQ(client.get(kSecret).value().at("metadata").at("name"), "one");
    EXPECT_EQ(server.count("GET", kSecretPath), 2U);
}

}  // namespace
}  // namespace airlock::kubernetes
