#include "installer/plan/bundled_kinds.hpp"

#include "tests/support/fake_api_server.hpp"

#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

class BundledKindsTest : public ::testing::Test {
  protected:
    void add(const std::string& text) {
        for (const auto& document : manifests::split_documents(text, "it"))
            kinds_.add(document);
    }
    static std::string crd(const std::string& kind, const std::string& scope) {
        return "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
               "metadata: {name: x}\nspec: {group: example.org, scope: " +
               scope + ", names: {kind: " + kind + "}}\n";
    }
    std::string place(const std::string& api_version, const std::string& kind,
                      const std::string& name_space) {
        return kinds_
            .place(client_, {.api_version = api_version,
                             .kind = kind,
                             .namespace_name = name_space,
                             .name = "it"})
            .text();
    }

    test::FakeApiServer server_;
    kubernetes::Client client_ = server_.client();
    BundledKinds kinds_;
};

TEST_F(BundledKindsTest, NamespacedKindsGetTheDefaultNamespace) {
    add(crd("Near", "Namespaced"));
    EXPECT_EQ(place("example.org/v1", "Near", ""), "Near default/it");
    EXPECT_EQ(place("example.org/v1beta1", "Near", "ns"), "Near ns/it");
}

TEST_F(BundledKindsTest, ClusterScopedKindsLoseTheirNamespace) {
    add(crd("Far", "Cluster"));
    EXPECT_EQ(place("example.org/v1", "Far", "ns"), "Far it");
    EXPECT_EQ(place("example.org/v1", "Far", ""), "Far it");
}

TEST_F(BundledKindsTest, OtherKindsDependOnDiscovery) {
    EXPECT_EQ(place("v1", "ConfigMap", ""), "ConfigMap default/it");
    EXPECT_EQ(place("v1", "Node", "ns"), "Node it");
    EXPECT_EQ(place("example.org/v1", "Unknown", "ns"), "Unknown ns/it");
    EXPECT_EQ(place("example.org/v1", "Unknown", ""), "Unknown it");
}

TEST_F(BundledKindsTest, AreIdentifiedByGroupAndKind) {
    add(crd("Near", "Namespaced"));
    EXPECT_EQ(place("example.com/v1", "Near", ""), "Near it");
}

TEST_F(BundledKindsTest, OnlyCrdsDefineKinds) {
    add("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
        "spec: {group: example.org, scope: Namespaced, names: {kind: Near}}\n");
    EXPECT_EQ(place("example.org/v1", "Near", ""), "Near it");
}

}  // namespace
}  // namespace airlock::installer
