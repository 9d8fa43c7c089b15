// Client against a real API server 1.20, the oldest supported version.
#include "kubernetes/client.hpp"
#include "kubernetes/readiness.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/integration.hpp"

#include <gtest/gtest.h>

namespace airlock::kubernetes {
namespace {

using base::Errc;
using test::error_of;
using test::expect_error;
using testing::HasSubstr;

std::string text_at(const Json& object, std::initializer_list<std::string_view> path) {
    const auto* value = base::find_path(object, path);
    return value == nullptr ? "" : value->get<std::string>();
}

std::string uid_of(const Json& object) {
    return text_at(object, {"metadata", "uid"});
}
std::string version_of(const Json& object) {
    return text_at(object, {"metadata", "resourceVersion"});
}

class KubeClientOnRealServer : public ::testing::Test {
  protected:
    Client client_{test::api_server().admin(), {}};
};

TEST_F(KubeClientOnRealServer, KnowsTheServerAndApiVersions) {
    EXPECT_THAT(client_.server_version(), HasSubstr("v1.20."));
    const auto versions = client_.discovery().group_versions();
    for (const auto* version :
         {"v1", "apps/v1", "policy/v1beta1", "admissionregistration.k8s.io/v1"})
        EXPECT_TRUE(versions.contains(version)) << version;
    EXPECT_FALSE(versions.contains("policy/v1"));
    EXPECT_FALSE(versions.contains("cert-manager.io/v1"));
}

TEST_F(KubeClientOnRealServer, DiscoversKinds) {
    const auto deployment = client_.discovery().find_resource("apps/v1", "Deployment");
    ASSERT_TRUE(deployment.has_value());
    EXPECT_EQ(deployment->plural, "deployments");
    EXPECT_TRUE(deployment->namespaced);
    EXPECT_TRUE(deployment->verbs.contains("patch"));
    EXPECT_FALSE(client_.discovery().find_resource("v1", "Node")->namespaced);
    EXPECT_FALSE(client_.discovery().find_resource("apps/v1", "Absent").has_value());
    EXPECT_FALSE(client_.discovery().find_resource("absent.example/v1", "Deployment").has_value());
}

TEST_F(KubeClientOnRealServer, FillsInTheNamespaceByTheKind) {
    const auto key = [](const std::string& kind, const std::string& name_space) {
        return ObjectKey{
            .api_version = "v1", .kind = kind, .namespace_name = name_space, .name = "x"};
    };
    EXPECT_EQ(client_.with_namespace(key("ConfigMap", "")).namespace_name, "default");
    EXPECT_EQ(client_.with_namespace(key("ConfigMap", "a")).namespace_name, "a");
    EXPECT_EQ(client_.with_namespace(key("Node", "a")).namespace_name, "");
    EXPECT_EQ(client_.with_namespace(key("Absent", "a"), true), key("Absent", "a"));
    expect_error([&] { client_.with_namespace(key("Absent", "a")); }, Errc::not_found,
                 "Absent a/x: the cluster does not serve kind Absent in v1",
                 "install its CRD first");
}

TEST_F(KubeClientOnRealServer, AppliesTheTextAndChangesNothingTheSecondTime) {
    const auto key = test::config_map("applied");
    EXPECT_FALSE(client_.get(key).has_value());
    const auto first = client_.apply(key, test::config_map_text("applied", "one"), "airlock");
    EXPECT_EQ(text_at(first, {"data", "key"}), "one");
    EXPECT_EQ(first.at("metadata").at("managedFields").at(0).at("manager"), "airlock");
    const auto again = client_.apply(key, test::config_map_text("applied", "one"), "airlock");
    EXPECT_EQ(version_of(again), version_of(first));
    const auto changed = client_.apply(key, test::config_map_text("applied", "two"), "airlock");
    EXPECT_NE(version_of(changed), version_of(first));
    EXPECT_EQ(client_.get(key).value().at("data").at("key"), "two");
}

TEST_F(KubeClientOnRealServer, ADryRunAnswersAndChangesNothing) {
    const auto key = test::config_map("dry");
    EXPECT_EQ(text_at(client_.apply(key, test::config_map_text("dry", "one"), "airlock", true),
                      {"data", "key"}),
              "one");
    EXPECT_FALSE(client_.get(key).has_value());
    client_.apply(key, test::config_map_text("dry", "one"), "airlock");
    client_.apply(key, test::config_map_text("dry", "two"), "airlock", true);
    EXPECT_EQ(client_.get(key).value().at("data").at("key"), "one");
}

TEST_F(KubeClientOnRealServer, TakesAFieldThatAnotherManagerHas) {
    const auto key = test::config_map("shared");
    client_.apply(key,
                  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\n"
                  "data: {key: theirs, other: theirs}\n",
                  "somebody");
    const auto ours = client_.apply(key, test::config_map_text("shared", "ours"), "airlock");
    EXPECT_EQ(text_at(ours, {"data", "key"}), "ours");
    EXPECT_EQ(text_at(ours, {"data", "other"}), "theirs");
    const auto& fields = ours.at("metadata").at("managedFields");
    const auto at =
        std::ranges::find(fields, "airlock", [](const Json& entry) { return entry.at("manager"); });
    ASSERT_NE(at, fields.end());
    EXPECT_TRUE(at->at("fieldsV1").at("f:data").contains("f:key"));
    EXPECT_FALSE(at->at("fieldsV1").at("f:data").contains("f:other"));
}

TEST_F(KubeClientOnRealServer, DeletesOnlyTheObjectWithTheUid) {
    const auto key = test::config_map("removed");
    const auto live = client_.apply(key, test::config_map_text("removed", "x"), "airlock");
    expect_error([&] { client_.remove(key, "00000000-0000-0000-0000-000000000000"); },
                 Errc::conflict, "cannot delete ConfigMap default/removed");
    EXPECT_TRUE(client_.get(key).has_value());
    EXPECT_TRUE(client_.remove(key, uid_of(live)));
    EXPECT_FALSE(client_.get(key).has_value());
    EXPECT_FALSE(client_.remove(key, uid_of(live)));
    EXPECT_FALSE(client_.remove(
        {.api_version = "absent.example/v1", .kind = "Absent", .namespace_name = {}, .name = "x"},
        {}));
}

TEST_F(KubeClientOnRealServer, CreatesReplacesAndPatches) {
    const auto key = test::config_map("written");
    Json object{{"apiVersion", "v1"},
                {"kind", "ConfigMap"},
                {"metadata", {{"name", "written"}}},
                {"data", {{"a", "1"}}}};
    const auto created = client_.create(key, object);
    expect_error([&] { client_.create(key, object); }, Errc::conflict,
                 "cannot create ConfigMap default/written");
    object["data"] = {{"b", "2"}};
    object["metadata"]["resourceVersion"] = version_of(created);
    const auto replaced = client_.replace(key, object);
    EXPECT_EQ(replaced.at("data"), Json({{"b", "2"}}));
    object["data"] = {{"c", "3"}};
    expect_error([&] { client_.replace(key, object); }, Errc::conflict,
                 "cannot replace ConfigMap default/written");
    object["metadata"].erase("resourceVersion");
    EXPECT_EQ(client_.replace(key, object).at("data"), Json({{"c", "3"}}));
    const auto patched = client_.merge_patch(key, {{"data", {{"c", nullptr}, {"d", "4"}}}});
    EXPECT_EQ(patched.at("data"), Json({{"d", "4"}}));
    expect_error(
        [&] {
            client_.merge_patch(key, {{"metadata", {{"resourceVersion", version_of(created)}}},
                                      {"data", {{"d", "5"}}}});
        },
        Errc::conflict, "cannot patch ConfigMap default/written");
}

TEST_F(KubeClientOnRealServer, ReportsTheObjectAndTheFieldOfAnError) {
    struct Row {
        std::string name;
        ObjectKey key;
        std::string text;
        Errc code;
        std::string words;
    };
    const ObjectKey deployment{
        .api_version = "apps/v1", .kind = "Deployment", .namespace_name = "default", .name = "bad"};
    auto elsewhere = test::config_map("x");
    elsewhere.namespace_name = "absent";
    const std::vector<Row> rows{
        {"a field that is required", deployment,
         "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: bad}\nspec: {replicas: 1}\n",
         Errc::remote, "spec.selector"},
        {"a key that is not allowed", test::config_map("bad"),
         "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\ndata: {\"a b\": x}\n",
         Errc::remote, "a valid config key"},
        {"another name in the text", test::config_map("bad"), test::config_map_text("other", "x"),
         Errc::remote, "does not match"},
        {"an unknown namespace", elsewhere,
         "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n", Errc::not_found,
         "namespaces \"absent\" not found"},
        {"not YAML", test::config_map("bad"), "{", Errc::remote, "yaml"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        expect_error([&] { client_.apply(row.key, row.text, "airlock"); }, row.code,
                     "cannot apply " + row.key.text());
        EXPECT_THAT(
            error_of([&] { client_.apply(row.key, row.text, "airlock", true); }).value().what(),
            HasSubstr(row.words));
    }
    expect_error([&] { client_.merge_patch(test::config_map("absent"), Json::object()); },
                 Errc::not_found, "ConfigMap default/absent");
}

TEST_F(KubeClientOnRealServer, ListsMoreThanOnePage) {
    constexpr int kMany = 510;
    for (int i = 0; i < kMany; ++i) {
        const auto name = "many-" + std::to_string(i);
        client_.create(
            test::config_map(name),
            {{"metadata", {{"name", name}, {"labels", {{"many", i % 2 == 0 ? "even" : "odd"}}}}}});
    }
    const auto all = client_.list("v1", "ConfigMap", "default", "labelSelector=many");
    ASSERT_EQ(all.size(), std::size_t{kMany});
    EXPECT_EQ(all.back().at("kind"), "ConfigMap");
    EXPECT_EQ(all.back().at("apiVersion"), "v1");
    EXPECT_EQ(client_.list("v1", "ConfigMap", "default", "labelSelector=many%3Deven").size(),
              std::size_t{kMany / 2});
    EXPECT_GE(client_.list("v1", "ConfigMap").size(), std::size_t{kMany});
    EXPECT_TRUE(client_.list("v1", "ConfigMap", "absent").empty());
    expect_error([&] { client_.list("v1", "Absent"); }, Errc::not_found,
                 "does not serve kind Absent");
}

TEST_F(KubeClientOnRealServer, ReportsMissingPermissions) {
    Client nobody(test::api_server().nobody(), {});
    EXPECT_THAT(nobody.server_version(), HasSubstr("v1."));
    const auto key = test::config_map("forbidden");
    const std::string user = "\"nobody\" cannot ";
    const std::string hint = "permission denied";
    expect_error([&] { nobody.get(key); }, Errc::denied, "cannot read ConfigMap default/forbidden",
                 hint);
    expect_error([&] { nobody.get(key); }, Errc::denied, user + "get resource \"configmaps\"");
    expect_error([&] { nobody.list("v1", "Node"); }, Errc::denied, user + "list", hint);
    expect_error([&] { nobody.apply(key, test::config_map_text("forbidden", "x"), "airlock"); },
                 Errc::denied, "cannot apply ConfigMap default/forbidden", hint);
    expect_error([&] { nobody.remove(key, {}); }, Errc::denied,
                 "cannot delete ConfigMap default/forbidden", hint);
    EXPECT_FALSE(nobody.allowed("patch", "", "nodes/status"));
    EXPECT_FALSE(nobody.allowed("create", "apps", "deployments", "default"));
    EXPECT_TRUE(client_.allowed("patch", "", "nodes/status"));
    EXPECT_TRUE(client_.allowed("create", "apps", "deployments", "default"));
    EXPECT_FALSE(client_.get(key).has_value());
}

TEST_F(KubeClientOnRealServer, ReadsATokenFileAtEachUse) {
    test::TempFolder folder;
    auto config = test::api_server().nobody();
    config.token.clear();
    config.token_file = folder.write("token", "an-old-token\n");
    Client client(config, {});
    const auto error = error_of([&] { client.server_version(); });
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->code(), Errc::denied);
    EXPECT_THAT(error->hint(), HasSubstr("expired"));
    EXPECT_THAT(error->what(), testing::Not(HasSubstr("an-old-token")));
    folder.write("token", "nobody-token\r\n");
    EXPECT_THAT(client.server_version(), HasSubstr("v1."));
}

TEST_F(KubeClientOnRealServer, TrustsOnlyTheCaOfTheKubeconfig) {
    auto config = test::api_server().admin();
    config.ca_pem = test::CertificateAuthority("another").pem();
    Client untrusting(config, {});
    expect_error([&] { untrusting.server_version(); }, Errc::denied, "not trusted");
    config.insecure_skip_tls_verify = true;
    EXPECT_THAT(Client(config, {}).server_version(), HasSubstr("v1."));
    config = test::api_server().admin();
    config.tls_server_name = "kubernetes";
    EXPECT_THAT(Client(config, {}).server_version(), HasSubstr("v1."));
    config.tls_server_name = "other.example";
    Client renamed(config, {});
    EXPECT_EQ(error_of([&] { renamed.server_version(); }).value().code(), Errc::denied);
}

TEST_F(KubeClientOnRealServer, ServesAKindOnceItsCrdIsEstablished) {
    const ObjectKey crd{.api_version = "apiextensions.k8s.io/v1",
                        .kind = "CustomResourceDefinition",
                        .namespace_name = {},
                        .name = "widgets.test.example"};
    const ObjectKey widget{.api_version = "test.example/v1",
                           .kind = "Widget",
                           .namespace_name = "default",
                           .name = "one"};
    const std::string text =
        "apiVersion: test.example/v1\nkind: Widget\nmetadata: {name: one}\nspec: {size: 3}\n";
    EXPECT_FALSE(client_.get(widget).has_value());
    expect_error([&] { client_.apply(widget, text, "airlock"); }, Errc::not_found,
                 "does not serve kind Widget in test.example/v1", "its CRD");
    client_.apply(crd, R"(apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.test.example}
spec:
  group: test.example
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
)",
                  "airlock");
    wait_until_ready(client_, {crd}, std::chrono::seconds(60), {});
    EXPECT_FALSE(client_.discovery().find_resource("test.example/v1", "Widget").has_value());
    // An established CRD is not served immediately: the API server responds with 404 for a moment.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    do {
        client_.discovery().forget();
    } while (!client_.discovery().find_resource("test.example/v1", "Widget") &&
             std::chrono::steady_clock::now() < deadline);
    EXPECT_EQ(client_.apply(widget, text, "airlock").at("spec").at("size"), 3);
    EXPECT_EQ(client_.list("test.example/v1", "Widget", "default").size(), 1U);
    expect_error(
        [&] {
            client_.apply(widget,
                          "apiVersion: test.example/v1\nkind: Widget\nmetadata: {name: one}\n"
                          "spec: {size: big}\n",
                          "airlock");
        },
        Errc::remote, "cannot apply Widget default/one");
}

TEST_F(KubeClientOnRealServer, ATimeoutReportsEventsOfTheObject) {
    const ObjectKey key{.api_version = "apps/v1",
                        .kind = "Deployment",
                        .namespace_name = "default",
                        .name = "waits"};
    const auto live = client_.apply(key, R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: waits}
spec:
  selector: {matchLabels: {app: waits}}
  template:
    metadata: {labels: {app: waits}}
    spec: {containers: [{name: main, image: "x"}]}
)",
                                    "airlock");
    for (const auto* type : {"Warning", "Normal"}) {
        const auto name = std::string("waits.") + (*type == 'W' ? "1" : "2");
        client_.create(
            {.api_version = "v1", .kind = "Event", .namespace_name = "default", .name = name},
            {{"metadata", {{"name", name}, {"namespace", "default"}}},
             {"involvedObject",
              {{"kind", "Deployment"},
               {"namespace", "default"},
               {"name", "waits"},
               {"uid", uid_of(live)}}},
             {"type", type},
             {"reason", "Failed"},
             {"message", std::string(type) + " message"}});
    }
    const auto error =
        error_of([&] { wait_until_ready(client_, {key}, std::chrono::seconds(0), {}); });
    ASSERT_TRUE(error.has_value());
    EXPECT_THAT(error->what(),
                HasSubstr("Deployment default/waits: waiting for its controller to observe it"));
    EXPECT_THAT(error->what(), HasSubstr("event on waits: Warning message"));
    EXPECT_THAT(error->what(), testing::Not(HasSubstr("Normal message")));
}

TEST_F(KubeClientOnRealServer, PatchesTheStatusSubresourceOfANode) {
    const ObjectKey key{
        .api_version = "v1", .kind = "Node", .namespace_name = {}, .name = "patched"};
    client_.create(key, {{"metadata", {{"name", "patched"}}}});
    client_.merge_patch(key, {{"status", {{"allocatable", {{"cpu", "4"}}}}}}, "status");
    EXPECT_EQ(client_.get(key).value().at("status").at("allocatable").at("cpu"), "4");
    const auto before = client_.get(key).value();
    const auto resynced = client_.merge_patch(key, Json::object(), "status");
    EXPECT_EQ(version_of(resynced), version_of(before));
    client_.remove(key, {});
}

}  // namespace
}  // namespace airlock::kubernetes
