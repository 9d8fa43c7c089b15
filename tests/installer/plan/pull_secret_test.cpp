#include "installer/plan/pull_secret.hpp"

#include "base/base64.hpp"
#include "base/json.hpp"
#include "tests/support/fake_api_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using base::Json;
using testing::ElementsAre;
using testing::IsEmpty;

std::string pod(const std::string& name_space, const std::string& account) {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: " + name_space +
           "}\nspec: {serviceAccountName: " + account + "}\n---\n";
}

class PullSecretTest : public ::testing::Test {
  protected:
    std::vector<PlannedObject> plan(const std::string& text) {
        images::Credentials credentials;
        credentials.username = "robot";
        credentials.password = "s3cret";
        return plan_pull_secrets(client_, manifests::split_documents(text, "it"), "registry:5000",
                                 credentials);
    }
    static std::vector<std::string> names(const std::vector<PlannedObject>& objects) {
        std::vector<std::string> out;
        for (const auto& object : objects)
            out.push_back(object.key.text());
        return out;
    }
    Json pull_secrets_of_runner() {
        const auto objects = plan(pod("ns", "runner"));
        return base::parse_json(objects.at(1).text, "the service account").at("imagePullSecrets");
    }

    test::FakeApiServer server_;
    kubernetes::Client client_ = server_.client();
};

TEST_F(PullSecretTest, IsOnePerNamespaceAndReferencedByEachServiceAccount) {
    const auto objects = plan(pod("a", "one") + pod("a", "two") + pod("b", "one"));
    EXPECT_THAT(names(objects), ElementsAre("Secret a/airlock-registry", "ServiceAccount a/one",
                                            "ServiceAccount a/two", "Secret b/airlock-registry",
                                            "ServiceAccount b/one"));
    for (const auto& object : objects)
        EXPECT_EQ(object.field_manager, "airlock-pull-secret") << object.key.text();
}

TEST_F(PullSecretTest, HoldsTheCredentialsAsADockerConfig) {
    const auto secret = base::parse_json(plan(pod("ns", "runner")).at(0).text, "the Secret");
    EXPECT_EQ(secret.at("type"), "kubernetes.io/dockerconfigjson");
    const auto config = base::parse_json(
        base::base64_decode(secret.at("data").at(".dockerconfigjson").get<std::string>(), "it"),
        "the config");
    EXPECT_EQ(
        config,
        Json({{"auths", {{"registry:5000", {{"auth", base::base64_encode("robot:s3cret")}}}}}}));
}

TEST_F(PullSecretTest, IsAddedToThePullSecretsOfTheServiceAccount) {
    const std::string path = "/api/v1/namespaces/ns/serviceaccounts/runner";
    const Json ours{{"name", "airlock-registry"}};
    const Json theirs{{"name", "theirs"}};
    EXPECT_EQ(pull_secrets_of_runner(), Json::array({ours}));
    server_.put(path, R"({"imagePullSecrets": [{"name": "theirs"}]})");
    EXPECT_EQ(pull_secrets_of_runner(), Json::array({theirs, ours}));
    server_.put(path,
                R"({"imagePullSecrets": [{"name": "airlock-registry"}, {"name": "theirs"}]})");
    EXPECT_EQ(pull_secrets_of_runner(), Json::array({ours, theirs}));
    server_.put(path, R"({"imagePullSecrets": "malformed"})");
    EXPECT_EQ(pull_secrets_of_runner(), Json::array({ours}));
}

TEST_F(PullSecretTest, IsNotCreatedWithoutWorkloads) {
    EXPECT_THAT(plan("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: ns}\n"),
                IsEmpty());
}

TEST_F(PullSecretTest, IsPlannedWithoutAnyChange) {
    plan(pod("ns", "runner"));
    for (const auto& sent : server_.requests())
        EXPECT_EQ(sent.method, "GET") << sent.target;
}

}  // namespace
}  // namespace airlock::installer
