// Plans for a small bundle: which objects would be applied, with which text, in which order.
#include "installer/plan/install_plan.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "bundler/build_plan.hpp"
#include "bundler/bundle_writer.hpp"
#include "bundler/output_file.hpp"
#include "installer/plan/certificate.hpp"
#include "manifests/bundle/report.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/fake_api_server.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Json;
using test::expect_error;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kDescription = R"(apiVersion: airlock.dev/v1
kind: Bundle
metadata: {name: kit, version: 1.0.0}
values: {REPLICAS: "2"}
certificate:
  issuer: auto
  secret: ns/cert
  certificate: ns/serving
  dnsNames: [hook.ns.svc]
  inject: [MutatingWebhookConfiguration/hook]
components:
  - name: main
    images:
      - ref: airlock.dev/team/hook:1
        build: {files: {/app: app}, entrypoint: [/app]}
    manifests:
      - file: main.yaml
      - {file: new.yaml, api: policy/v1}
      - {file: old.yaml, api: apps/v1, unlessApi: policy/v1}
      - {file: issued.yaml, issuer: cert-manager}
  - name: extra
    optional: true
    images:
      - ref: example.org/team/extra:1
        build: {files: {/extra: app}, entrypoint: [/extra]}
    manifests:
      - file: extra.yaml
)";

constexpr std::string_view kMain =
    R"(apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: hook}
---
# The comment stays.
apiVersion: apps/v1
kind: Deployment
metadata: {name: hook, namespace: ns}
spec:
  replicas: ${REPLICAS}
  template:
    spec:
      serviceAccountName: runner
      containers:
      - {name: main, image: "airlock.dev/team/hook:1"}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner, namespace: ns}
---
apiVersion: v1
kind: Namespace
metadata: {name: ns, namespace: ignored}
)";

std::string config_map_document(const std::string& name) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", namespace: ns}\n";
}

class InstallPlanTest : public ::testing::Test {
  protected:
    InstallPlanTest() {
        put("bundle.yaml", kDescription);
        put("main.yaml", kMain);
        put("new.yaml", config_map_document("new"));
        put("old.yaml", config_map_document("old"));
        put("issued.yaml",
            "apiVersion: cert-manager.io/v1\nkind: Issuer\nmetadata: {name: i, namespace: ns}\n");
        put("extra.yaml",
            "apiVersion: batch/v1\nkind: Job\nmetadata: {name: extra}\n"
            "spec: {template: {spec: {containers: [{name: a, image: "
            "\"example.org/team/extra:1\"}]}}}\n");
        put("app", "a program");
    }

    void put(const std::string& name, std::string_view text) const { folder_.write(name, text); }

    manifests::Bundle bundle() const {
        bundler::BuildOptions options;
        options.description = folder_ / "bundle.yaml";
        options.components = {"extra"};
        options.installer = folder_ / "app";
        bundler::Sources sources({}, {});
        bundler::write_bundle(bundler::make_build_plan(options, sources, {}),
                              bundler::OutputFile(folder_ / "kit.tar"), {}, {});
        return manifests::Bundle::open(folder_ / "kit.tar", std::nullopt);
    }
    InstallPlan plan(const PlanRequest& request) {
        auto client = server_.client();
        return make_install_plan(client, bundle(), request);
    }

    static PlanRequest request() {
        PlanRequest out;
        out.registry = "registry:5000";
        out.prefix = "mirror";
        return out;
    }
    static std::vector<std::string> names(const InstallPlan& plan) {
        std::vector<std::string> out;
        for (const auto& component : plan.components) {
            for (const auto& object : component.objects)
                out.push_back(object.key.text());
        }
        return out;
    }
    static const PlannedObject& object(const InstallPlan& plan, const std::string& name) {
        for (const auto& component : plan.components) {
            for (const auto& object : component.objects) {
                if (object.key.text() == name) return object;
            }
        }
        throw std::runtime_error("no " + name);
    }

    test::TempFolder folder_;
    test::FakeApiServer server_;
};

TEST_F(InstallPlanTest, AppliesWebhookConfigurationsLast) {
    const auto result = plan(request());
    EXPECT_THAT(
        names(result),
        ElementsAre("Namespace ns", "ServiceAccount ns/runner", "ConfigMap ns/old",
                    "Secret ns/cert", "Deployment ns/hook", "MutatingWebhookConfiguration hook"));
    EXPECT_EQ(result.keys().size(), 6U);
    EXPECT_EQ(object(result, "Namespace ns").field_manager, "airlock");
}

TEST_F(InstallPlanTest, ReplacesImagesByDigestsInThePrivateRegistry) {
    const auto result = plan(request());
    ASSERT_EQ(result.placements.size(), 1U);
    const auto& target = result.placements[0];
    EXPECT_EQ(target.repository, "mirror/team/hook");
    const auto& text = object(result, "Deployment ns/hook").text;
    EXPECT_THAT(text, HasSubstr("{name: main, image: \"registry:5000/mirror/team/hook:1@" +
                                target.digest.text() + "\"}"));
    EXPECT_THAT(text, HasSubstr("# The comment stays."));
    EXPECT_THAT(text, Not(HasSubstr("airlock.dev")));
}

TEST_F(InstallPlanTest, SubstitutesValues) {
    EXPECT_THAT(object(plan(request()), "Deployment ns/hook").text, HasSubstr("replicas: 2\n"));
    auto other = request();
    other.values = {{"REPLICAS", "5"}};
    EXPECT_THAT(object(plan(other), "Deployment ns/hook").text, HasSubstr("replicas: 5\n"));
    other.values = {{"ABSENT", "5"}};
    expect_error([&] { plan(other); }, Errc::usage, "ABSENT");
    other.values = {{"REPLICAS", "5\nevil: true"}};
    expect_error([&] { plan(other); }, Errc::usage, "REPLICAS");
}

TEST_F(InstallPlanTest, HasTheRequestedComponents) {
    auto both = request();
    both.components = {"extra"};
    const auto result = plan(both);
    EXPECT_EQ(result.components.size(), 2U);
    EXPECT_EQ(result.placements.size(), 2U);
    // Without a namespace in the manifest, that of the kubeconfig.
    EXPECT_THAT(names(result), testing::Contains("Job default/extra"));
    both.components = {"absent"};
    expect_error([&] { plan(both); }, Errc::usage, "absent");
}

TEST_F(InstallPlanTest, AComponentThatTheBundleLacksIsAnError) {
    bundler::BuildOptions without;
    without.description = folder_ / "bundle.yaml";
    without.installer = folder_ / "app";
    bundler::Sources sources({}, {});
    bundler::write_bundle(bundler::make_build_plan(without, sources, {}),
                          bundler::OutputFile(folder_ / "small.tar"), {}, {});
    const auto small = manifests::Bundle::open(folder_ / "small.tar", std::nullopt);
    auto both = request();
    both.components = {"extra"};
    auto client = server_.client();
    expect_error([&] { make_install_plan(client, small, both); }, Errc::usage,
                 "was built without the component extra", "--components extra");
    EXPECT_TRUE(small.holds(small.spec().components.at(0)));
    EXPECT_FALSE(small.holds(small.spec().components.at(1)));
    EXPECT_THAT(manifests::describe_bundle_text(small),
                HasSubstr("extra  (optional)  (not in this bundle)"));
}

TEST_F(InstallPlanTest, AnImageOfAnOmittedComponentIsAnError) {
    put("new.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: ns}\n"
        "spec: {containers: [{name: a, image: \"example.org/team/extra:1\"}]}\n");
    put("old.yaml", folder_.read("new.yaml"));
    expect_error([&] { plan(request()); }, Errc::not_found, "old.yaml:4");
}

TEST_F(InstallPlanTest, TwoImagesWithTheSameTargetAreAnError) {
    auto description = std::string(kDescription);
    description.replace(description.find("example.org/team/extra:1"), 24,
                        "example.org/team/hook:1");
    put("bundle.yaml", description);
    put("extra.yaml", config_map_document("extra"));
    auto both = request();
    both.components = {"extra"};
    expect_error([&] { plan(both); }, Errc::usage, "would both become mirror/team/hook:1");
    EXPECT_EQ(plan(request()).placements.size(), 1U);
}

TEST_F(InstallPlanTest, DependsOnTheServedApiVersions) {
    server_.put("/apis", R"({"groups": [{"versions": [{"groupVersion": "policy/v1"},
                                                      {"groupVersion": "apps/v1"}]}]})");
    const auto result = names(plan(request()));
    EXPECT_THAT(result, testing::Contains("ConfigMap ns/new"));
    EXPECT_THAT(result, Not(testing::Contains("ConfigMap ns/old")));
}

TEST_F(InstallPlanTest, DependsOnThePlacement) {
    auto description = std::string(kDescription);
    description.replace(description.find("values: {"), 9, "values: {PLACEMENT: auto, ");
    description.replace(description.find("- file: main.yaml"), 17,
                        "- file: main.yaml\n      - {file: host.yaml, placement: control-plane}\n"
                        "      - {file: service.yaml, placement: service}");
    put("bundle.yaml", description);
    put("host.yaml", config_map_document("on-${PLACEMENT}"));
    put("service.yaml", config_map_document("on-${PLACEMENT}"));
    const auto* no_nodes = R"({"metadata": {}, "items": []})";
    server_.put("/api/v1/nodes", no_nodes);
    EXPECT_THAT(names(plan(request())), testing::Contains("ConfigMap ns/on-service"))
        << "no endpoints are known";

    server_.put("/api/v1/namespaces/default/endpoints/kubernetes",
                R"({"subsets": [{"addresses": [{"ip": "10.0.0.1"}]}]})");
    server_.put("/api/v1/nodes", R"({"metadata": {}, "items": [
        {"metadata": {"name": "cp"},
         "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
                    "nodeInfo": {"operatingSystem": "linux"}}}]})");
    const auto automatic = plan(request());
    EXPECT_EQ(automatic.placement, manifests::Placement::control_plane);
    EXPECT_THAT(names(automatic), testing::Contains("ConfigMap ns/on-control-plane"));
    EXPECT_THAT(names(automatic), Not(testing::Contains("ConfigMap ns/on-service")));

    auto chosen = request();
    chosen.values = {{"PLACEMENT", "service"}};
    EXPECT_THAT(names(plan(chosen)), testing::Contains("ConfigMap ns/on-service"));
    chosen.values = {{"PLACEMENT", "elsewhere"}};
    expect_error([&] { plan(chosen); }, Errc::usage, "unknown placement \"elsewhere\"");
    chosen.values = {{"PLACEMENT", "control-plane"}};
    EXPECT_EQ(plan(chosen).fingerprint, automatic.fingerprint);
    auto upgrade = request();
    upgrade.installed_placement = manifests::Placement::service;
    EXPECT_EQ(plan(upgrade).placement, manifests::Placement::service) << "auto keeps it";
    upgrade.values = chosen.values;
    expect_error([&] { plan(upgrade); }, Errc::unsupported,
                 "PLACEMENT=control-plane: the installed version has the placement service",
                 "uninstall it first");
    server_.put("/api/v1/nodes", no_nodes);
    expect_error([&] { plan(chosen); }, Errc::unsupported,
                 "PLACEMENT=control-plane: API server 10.0.0.1 is not on a control-plane node",
                 "--set PLACEMENT=service");
}

TEST_F(InstallPlanTest, LeavesTheCertificateToCertManagerIfInstalled) {
    server_.put("/apis", R"({"groups": [{"versions": [{"groupVersion": "cert-manager.io/v1"}]}]})");
    const auto result = plan(request());
    EXPECT_EQ(result.issuer, manifests::CertificateIssuer::cert_manager);
    EXPECT_EQ(result.ca_pem, "");
    EXPECT_THAT(names(result), testing::Contains("Issuer ns/i"));
    EXPECT_THAT(names(result), Not(testing::Contains("Secret ns/cert")));
}

TEST_F(InstallPlanTest, IssuesTheCertificateOnceAndReusesIt) {
    auto result = plan(request());
    EXPECT_EQ(result.issuer, manifests::CertificateIssuer::installer);
    issue_planned_certificate(result, bundle().spec());
    const auto secret = base::parse_json(object(result, "Secret ns/cert").text, "the Secret");
    EXPECT_EQ(secret.at("type"), "kubernetes.io/tls");
    const auto field = [&](const std::string& name) {
        return base::base64_decode(secret.at("data").at(name).get<std::string>(), name);
    };
    EXPECT_EQ(field("ca.crt"), result.ca_pem);
    EXPECT_TRUE(is_usable({.ca_pem = field("ca.crt"),
                           .certificate_pem = field("tls.crt"),
                           .key_pem = field("tls.key")},
                          {"hook.ns.svc"}, {}, std::chrono::days(300)));

    server_.put("/api/v1/namespaces/ns/secrets/cert", secret.dump());
    const auto again = plan(request());
    EXPECT_EQ(again.ca_pem, result.ca_pem);
    EXPECT_EQ(object(again, "Secret ns/cert").text, object(result, "Secret ns/cert").text);
    EXPECT_EQ(again.fingerprint, result.fingerprint);
}

TEST_F(InstallPlanTest, CreatesNoKeyPairWhilePlanning) {
    const auto result = plan(request());
    EXPECT_TRUE(result.issues_certificate);
    EXPECT_EQ(result.ca_pem, "");
    const auto secret = base::parse_json(object(result, "Secret ns/cert").text, "the Secret");
    EXPECT_EQ(secret.at("data"), Json({{"ca.crt", ""}, {"tls.crt", ""}, {"tls.key", ""}}));
}

TEST_F(InstallPlanTest, ReplacesAnUnusableCertificate) {
    const auto other = issue_certificate({.common_name = "x", .dns_names = {"other.ns.svc"}});
    const Json live{{"data",
                     {{"ca.crt", base::base64_encode(other.ca_pem)},
                      {"tls.crt", base::base64_encode(other.certificate_pem)},
                      {"tls.key", base::base64_encode(other.key_pem)}}}};
    for (const auto& text :
         {live.dump(), std::string("{}"), std::string(R"({"data": {"tls.crt": 7}})"),
          std::string(R"({"data": {"tls.crt": "YQ=="}})")}) {
        server_.put("/api/v1/namespaces/ns/secrets/cert", text);
        auto result = plan(request());
        EXPECT_TRUE(result.issues_certificate);
        issue_planned_certificate(result, bundle().spec());
        EXPECT_NE(result.ca_pem, other.ca_pem);
        EXPECT_THAT(result.ca_pem, HasSubstr("BEGIN CERTIFICATE"));
    }
}

TEST_F(InstallPlanTest, AddsThePullSecretToServiceAccountsOfWorkloads) {
    auto with = request();
    with.components = {"extra"};
    with.pull_credentials = images::Credentials{};
    with.pull_credentials->username = "robot";
    with.pull_credentials->password = "s3cret";
    const auto result = plan(with);
    EXPECT_THAT(names(result),
                ElementsAre("Namespace ns", "ServiceAccount ns/runner", "ConfigMap ns/old",
                            "Secret ns/airlock-registry", "ServiceAccount ns/runner",
                            "Secret ns/cert", "Deployment ns/hook",
                            "MutatingWebhookConfiguration hook", "Secret default/airlock-registry",
                            "ServiceAccount default/default", "Job default/extra"));
    const auto secret = base::parse_json(object(result, "Secret ns/airlock-registry").text, "it");
    EXPECT_EQ(
        base::base64_decode(secret.at("data").at(".dockerconfigjson").get<std::string>(), ""),
        R"({"auths":{"registry:5000":{"auth":")" + base::base64_encode("robot:s3cret") + "\"}}}");
    EXPECT_EQ(object(result, "Secret ns/airlock-registry").field_manager, "airlock-pull-secret");
    const auto& account = object(result, "ServiceAccount default/default");
    EXPECT_EQ(account.field_manager, "airlock-pull-secret");
    EXPECT_THAT(account.text, HasSubstr(R"("imagePullSecrets":[{"name":"airlock-registry"}])"));
    EXPECT_EQ(result.keys().size(), 10U) << "a service account that is applied twice is one object";
    EXPECT_EQ(result.fingerprint.find("s3cret"), std::string::npos);
}

TEST_F(InstallPlanTest, KeepsExistingPullSecretsOfAServiceAccount) {
    server_.put("/api/v1/namespaces/ns/serviceaccounts/runner",
                R"({"imagePullSecrets": [{"name": "theirs"}]})");
    auto with = request();
    with.pull_credentials = images::Credentials{};
    const auto result = plan(with);
    const auto& objects = result.components.at(0).objects;
    const auto ours = std::ranges::find_if(objects, [](const PlannedObject& object) {
        return object.key.kind == "ServiceAccount" && object.field_manager == "airlock-pull-secret";
    });
    ASSERT_NE(ours, objects.end());
    EXPECT_THAT(ours->text,
                HasSubstr(R"("imagePullSecrets":[{"name":"theirs"},{"name":"airlock-registry"}])"));
}

// The cluster does not know these kinds before their crds are applied.
TEST_F(InstallPlanTest, PlacesObjectsOfBundledKinds) {
    const auto crd = [](const std::string& kind, const std::string& scope) {
        return "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
               "metadata: {name: " +
               kind + "s.example.org}\nspec: {group: example.org, scope: " + scope +
               ", names: {kind: " + kind + "}}\n---\napiVersion: example.org/v1\nkind: " + kind +
               "\nmetadata: {name: it}\n";
    };
    put("new.yaml", "");
    put("old.yaml", crd("Near", "Namespaced") + "---\n" + crd("Far", "Cluster"));
    const auto result = names(plan(request()));
    EXPECT_THAT(result, testing::Contains("Near default/it"));
    EXPECT_THAT(result, testing::Contains("Far it"));
}

TEST_F(InstallPlanTest, ItsFingerprintCoversTheWholeRequest) {
    const auto first = plan(request()).fingerprint;
    EXPECT_EQ(plan(request()).fingerprint, first);
    auto other = request();
    other.registry = "registry:5001";
    EXPECT_NE(plan(other).fingerprint, first);
    other = request();
    other.prefix = "else";
    EXPECT_NE(plan(other).fingerprint, first);
    other = request();
    other.values = {{"REPLICAS", "3"}};
    EXPECT_NE(plan(other).fingerprint, first);
    other = request();
    other.components = {"extra"};
    EXPECT_NE(plan(other).fingerprint, first);
    put("app", "another program");
    EXPECT_NE(plan(request()).fingerprint, first);
}

TEST_F(InstallPlanTest, ChangesNothing) {
    auto with = request();
    with.components = {"extra"};
    plan(with);
    for (const auto& sent : server_.requests())
        EXPECT_EQ(sent.method, "GET") << sent.target;
}

TEST_F(InstallPlanTest, RejectsIssuerCsr) {
    auto description = std::string(kDescription);
    description.replace(description.find("issuer: auto"), 12, "issuer: csr");
    put("bundle.yaml", description);
    expect_error([&] { plan(request()); }, Errc::unsupported, "csr", "installer or cert-manager");
}

}  // namespace
}  // namespace airlock::installer
