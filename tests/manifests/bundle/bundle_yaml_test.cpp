#include "manifests/bundle/bundle_yaml.hpp"

#include "tests/support/expect_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace airlock::manifests {
namespace {

using test::expect_error;

using base::Errc;

const std::string kHead =
    "apiVersion: airlock.dev/v1\nkind: Bundle\nmetadata: {name: kit, version: 1.0.0}\n";
const std::string kImages = kHead + "components: [{name: a, images: [{ref: nginx}]}]\n";

BundleSpec parse(const std::string& text) {
    return parse_bundle_spec(text, "bundle.yaml");
}

TEST(BundleSpec, MayBeImagesAlone) {
    const auto spec = parse(kImages);
    EXPECT_EQ(spec.name, "kit");
    EXPECT_EQ(spec.version, "1.0.0");
    ASSERT_EQ(spec.components.size(), 1U);
    const auto& component = spec.components[0];
    EXPECT_FALSE(component.optional);
    EXPECT_TRUE(component.manifests.empty());
    ASSERT_EQ(component.images.size(), 1U);
    EXPECT_EQ(component.images[0].ref.text(), "docker.io/library/nginx:latest");
    EXPECT_THAT(component.images[0].platforms, testing::ElementsAre("linux/amd64"));
    EXPECT_FALSE(component.images[0].build);
    EXPECT_EQ(component.images[0].line, 4U);
    EXPECT_FALSE(spec.certificate);
    EXPECT_FALSE(spec.nodes.resync);
}

TEST(BundleSpec, ReadsEveryKey) {
    const auto spec = parse(kHead + R"(components:
  - name: a
    optional: true
    images:
      - ref: x.io/a:1
        platforms: [linux/arm/v7]
        build:
          files: {/a: bin/a, /etc/b: ../b}
          entrypoint: [/a]
          cmd: [serve]
          env: [A=b, C=]
          user: "65532:65532"
          workdir: /
          labels: {l: m}
      - {ref: x.io/b:1, platforms: [linux/amd64, linux/arm64], from: {docker-archive: ../b.tar, name: "b:1"}}
    manifests:
      - {file: sub/a.yaml, api: policy/v1beta1, unlessApi: policy/v1}
      - {url: "https://x.io/a.yaml", sha256: )" +
                            std::string(64, 'b') + R"(, issuer: cert-manager, substitute: true}
certificate: {issuer: csr, secret: n/s, certificate: n/c, dnsNames: [s.n.svc], inject: [APIService/v1.x.io]}
values: {A: 1, B: "2.0"}
checks: [{service: n/s, port: 8443, path: /readyz, expect: ok}, {service: n/s}]
nodes: {resync: true, stateAnnotation: x/state}
)");
    const auto& component = spec.components.at(0);
    EXPECT_TRUE(component.optional);
    const auto& image = component.images.at(0);
    EXPECT_THAT(image.platforms, testing::ElementsAre("linux/arm/v7"));
    EXPECT_FALSE(image.from);
    ASSERT_TRUE(image.build);
    EXPECT_EQ(image.build->files,
              (std::map<std::string, std::string>{{"/a", "bin/a"}, {"/etc/b", "../b"}}));
    EXPECT_THAT(image.build->entrypoint, testing::ElementsAre("/a"));
    EXPECT_THAT(image.build->cmd, testing::ElementsAre("serve"));
    EXPECT_THAT(image.build->env, testing::ElementsAre("A=b", "C="));
    EXPECT_EQ(image.build->user, "65532:65532");
    EXPECT_EQ(image.build->workdir, "/");
    EXPECT_EQ(image.build->labels.at("l"), "m");
    const auto& saved = component.images.at(1);
    EXPECT_THAT(saved.platforms, testing::ElementsAre("linux/amd64", "linux/arm64"));
    ASSERT_TRUE(saved.from);
    EXPECT_EQ(saved.from->kind, FromSpec::Kind::docker_archive);
    EXPECT_EQ(saved.from->path, "../b.tar");
    EXPECT_EQ(saved.from->name, "b:1");
    const auto& file = component.manifests.at(0);
    EXPECT_EQ(file.source(), "sub/a.yaml");
    EXPECT_TRUE(file.substitute);
    EXPECT_EQ(file.api, "policy/v1beta1");
    EXPECT_EQ(file.unless_api, "policy/v1");
    const auto& url = component.manifests.at(1);
    EXPECT_EQ(url.source(), "https://x.io/a.yaml");
    EXPECT_TRUE(url.substitute);
    EXPECT_EQ(url.issuer, CertificateIssuer::cert_manager);
    ASSERT_TRUE(url.sha256);
    EXPECT_EQ(url.sha256->hex(), std::string(64, 'b'));
    ASSERT_TRUE(spec.certificate);
    EXPECT_EQ(spec.certificate->issuer, CertificateIssuer::csr);
    EXPECT_EQ(spec.certificate->secret.text(), "n/s");
    EXPECT_EQ(spec.certificate->certificate->text(), "n/c");
    EXPECT_THAT(spec.certificate->dns_names, testing::ElementsAre("s.n.svc"));
    EXPECT_EQ(spec.certificate->inject.at(0).text(), "APIService/v1.x.io");
    EXPECT_EQ(spec.values, (Values{{"A", "1"}, {"B", "2.0"}}));
    EXPECT_EQ(spec.checks.at(0).port, 8443);
    EXPECT_EQ(spec.checks.at(0).path, "/readyz");
    EXPECT_EQ(spec.checks.at(0).expect, "ok");
    EXPECT_EQ(spec.checks.at(1).port, 443);
    EXPECT_EQ(spec.checks.at(1).path, "/");
    EXPECT_TRUE(spec.nodes.resync);
    EXPECT_EQ(spec.nodes.state_annotation, "x/state");
}

TEST(BundleSpec, DoesNotSubstituteInFilesByUrlByDefault) {
    EXPECT_FALSE(parse(kHead + "components: [{name: a, manifests: [{url: 'https://x.io/a'}]}]\n")
                     .components.at(0)
                     .manifests.at(0)
                     .substitute);
}

struct Rejection {
    std::string name;
    std::string text;
    std::string says;
    std::string hint;
};
std::ostream& operator<<(std::ostream& out, const Rejection& row) {
    return out << row.name;
}

class BundleSpecRejects : public testing::TestWithParam<Rejection> {};

TEST_P(BundleSpecRejects, WithTheLocation) {
    const auto& row = GetParam();
    expect_error([&] { parse(row.text); }, Errc::invalid, row.says, row.hint);
}

std::string with_image(const std::string& image) {
    return kHead + "components: [{name: a, images: [" + image + "]}]\n";
}
std::string with_manifest(const std::string& manifest) {
    return kHead + "components: [{name: a, manifests: [" + manifest + "]}]\n";
}
std::string with_certificate(const std::string& keys) {
    return kImages + "certificate: {" + keys + "}\n";
}

INSTANTIATE_TEST_SUITE_P(
    Rows, BundleSpecRejects,
    testing::Values(
        Rejection{"OtherKind", "apiVersion: v1\nkind: Pod\n",
                  "bundle.yaml:1:1: the bundle: this is not a Bundle of airlock.dev/v1",
                  "kind: Bundle"},
        Rejection{"NotAMap", "- a\n", "bundle.yaml:1:1: the bundle: must be a map", ""},
        Rejection{"UnknownKey", kImages + "chekcs: []\n",
                  "bundle.yaml:5:1: the bundle: unknown key \"chekcs\"", "checks"},
        Rejection{"UnknownKeyOfAnImage", with_image("{ref: a, plattforms: []}"),
                  "an image: unknown key \"plattforms\"", "platforms"},
        Rejection{"NoMetadata", "apiVersion: airlock.dev/v1\nkind: Bundle\n",
                  "\"metadata\" is missing", ""},
        Rejection{"NameWithASlash",
                  "apiVersion: airlock.dev/v1\nkind: Bundle\nmetadata: {name: a/b, version: 1}\n",
                  "\"name\" must consist of a-z", ""},
        Rejection{"VersionWithASlash",
                  "apiVersion: airlock.dev/v1\nkind: Bundle\nmetadata: {name: a, version: ../1}\n",
                  "\"version\" must consist of a-z", ""},
        Rejection{"NoComponents", kHead, "\"components\" is missing", ""},
        Rejection{"ComponentsAreAMap", kHead + "components: {a: b}\n",
                  "bundle.yaml:4:13: the bundle: \"components\" must be a list", ""},
        Rejection{"EmptyComponent", kHead + "components: [{name: a}]\n",
                  "neither images nor manifests", ""},
        Rejection{
            "TwoOfAName",
            kHead +
                "components:\n- {name: a, images: [{ref: a}]}\n- {name: a, images: [{ref: b}]}\n",
            "bundle.yaml:6:3: a component: duplicate component name a", ""},
        Rejection{"OptionalIsText",
                  kHead + "components: [{name: a, optional: 'true', images: [{ref: a}]}]\n",
                  "must be true or false", ""},
        Rejection{
            "TheSameImageTwice",
            kHead + "components:\n- name: a\n  images:\n  - ref: nginx\n  - ref: "
                    "docker.io/library/nginx:latest\n",
            "bundle.yaml:8:5: an image: duplicate image docker.io/library/nginx:latest (first in line 7)",
            ""},
        Rejection{"NoReference", with_image("{ref: 'a b'}"), "is not a valid image reference", ""},
        Rejection{"RefIsAList", with_image("{ref: [a]}"), "\"ref\" must be a string", ""},
        Rejection{"NoPlatform", with_image("{ref: a, platforms: [amd64]}"),
                  "\"amd64\" is not a valid platform", "linux/amd64"},
        Rejection{"PlatformTwice", with_image("{ref: a, platforms: [linux/amd64, linux/amd64]}"),
                  "duplicate platform linux/amd64", ""},
        Rejection{"BuildOfNothing", with_image("{ref: a, build: {user: x}}"),
                  "\"files\" is missing", ""},
        Rejection{"ImagePathClimbs", with_image("{ref: a, build: {files: {/../a: b}}}"),
                  "is not a valid path in an image", ""},
        Rejection{"ImagePathIsRelative", with_image("{ref: a, build: {files: {a: b}}}"),
                  "is not a valid path in an image", ""},
        Rejection{"EnvWithoutName", with_image("{ref: a, build: {files: {/a: b}, env: [=x]}}"),
                  "NAME=value", ""},
        Rejection{
            "BuildForTwoPlatforms",
            with_image("{ref: a, platforms: [linux/amd64, linux/arm64], build: {files: {/a: b}}}"),
            "must have a single platform", "a separate ref"},
        Rejection{"BuildAndFrom",
                  with_image("{ref: a, build: {files: {/a: b}}, from: {oci-layout: x}}"),
                  "\"build\" and \"from\" are mutually exclusive", "one of the two"},
        Rejection{"FromNowhere", with_image("{ref: a, from: {name: x}}"),
                  "an image's from: the source is missing", "docker-archive: FILE"},
        Rejection{"FromTwoPlaces", with_image("{ref: a, from: {oci-layout: x, oci-archive: y}}"),
                  "more than one source", ""},
        Rejection{"FromAnUnknownKind", with_image("{ref: a, from: {docker-daemon: x}}"),
                  "unknown key \"docker-daemon\"", "oci-archive"},
        Rejection{"FileClimbs", with_manifest("{file: ../a.yaml}"),
                  "bundle.yaml:4:36: a manifest: the file \"../a.yaml\" is not below",
                  "without .."},
        Rejection{"FileClimbsInside", with_manifest("{file: a/../../b}"), "is not below", ""},
        Rejection{"FileIsAbsolute", with_manifest("{file: /etc/passwd}"), "is not below", ""},
        Rejection{"FileAndUrl", with_manifest("{file: a, url: 'https://x/y'}"),
                  "it must have either \"file\" or \"url\"", ""},
        Rejection{"NeitherFileNorUrl", with_manifest("{issuer: csr}"),
                  "it must have either \"file\" or \"url\"", ""},
        Rejection{"PlainHttp", with_manifest("{url: 'http://x/y'}"),
                  "\"http://x/y\" is not a valid https URL", ""},
        Rejection{"ShortDigest", with_manifest("{file: a, sha256: abc}"), "a manifest: ", ""},
        Rejection{"UnknownIssuer", with_manifest("{file: a, issuer: vault}"),
                  "unknown certificate issuer \"vault\"", "cert-manager"},
        Rejection{"ManifestForAuto", with_manifest("{file: a, issuer: auto}"), "must be installer",
                  ""},
        Rejection{"UnknownPlacement", with_manifest("{file: a, placement: edge}"),
                  "unknown placement \"edge\"", "control-plane"},
        Rejection{"PlacementForAuto", with_manifest("{file: a, placement: auto}"),
                  "must be control-plane or service", ""},
        Rejection{"PlacementWithoutAValue", with_manifest("{file: a, placement: service}"),
                  "the value PLACEMENT is not declared", "PLACEMENT: auto"},
        Rejection{"PlacementOfACheckWithoutAValue",
                  kImages + "checks: [{service: n/s, placement: service}]\n",
                  "the value PLACEMENT is not declared", ""},
        Rejection{"UnknownDefaultPlacement", kImages + "values: {PLACEMENT: edge}\n",
                  "unknown placement \"edge\"", "auto"},
        Rejection{"BadIpAddress",
                  with_certificate("secret: n/s, dnsNames: [a], ipAddresses: [localhost]"),
                  "\"localhost\" is not a valid IP address", ""},
        Rejection{"SecretWithoutNamespace", with_certificate("secret: s, dnsNames: [a]"),
                  "NAMESPACE/NAME", ""},
        Rejection{"NoDnsNames", with_certificate("secret: n/s"), "\"dnsNames\" is missing", ""},
        Rejection{"BadDnsName", with_certificate("secret: n/s, dnsNames: ['a b']"),
                  "\"a b\" is not a valid DNS name", ""},
        Rejection{"InjectIntoAPod", with_certificate("secret: n/s, dnsNames: [a], inject: [Pod/x]"),
                  "cannot inject a CA into \"Pod/x\"", "APIService"},
        Rejection{"ValueWithALineBreak", kImages + "values: {A: \"x\\ny\"}\n",
                  "bundle.yaml:5:13: the bundle: the value A has", ""},
        Rejection{"ValueIsAList", kImages + "values: {A: [x]}\n", "must be a string", ""},
        Rejection{"ValueOfABadName", kImages + "values: {A-B: x}\n", "\"A-B\"", ""},
        Rejection{"PortTooLarge", kImages + "checks: [{service: n/s, port: 65536}]\n", "1 to 65535",
                  ""},
        Rejection{"PathWithASpace", kImages + "checks: [{service: n/s, path: '/a b'}]\n",
                  "\"path\" must start with /", ""},
        Rejection{"DuplicateKey", kImages + "kind: Bundle\n", "duplicate key \"kind\"", ""}),
    [](const auto& row) { return row.param.name; });

TEST(SelectComponents, IncludesOptionalOnesByNameOnly) {
    const auto spec = parse(kHead +
                            "components:\n- {name: a, optional: true, images: [{ref: a}]}\n- "
                            "{name: b, images: [{ref: b}]}\n");
    const auto names = [](const std::vector<Component>& components) {
        std::vector<std::string> out;
        for (const auto& component : components)
            out.push_back(component.name);
        return out;
    };
    EXPECT_THAT(names(select_components(spec, {})), testing::ElementsAre("b"));
    EXPECT_THAT(names(select_components(spec, {"b", "a"})), testing::ElementsAre("a", "b"));
    expect_error([&] { select_components(spec, {"c"}); }, Errc::usage, "no component \"c\"",
                 "a, b");
}

TEST(IsWanted, DependsOnIssuerPlacementAndServedVersions) {
    ManifestSpec spec;
    EXPECT_TRUE(is_wanted(spec, {}));
    spec.issuer = CertificateIssuer::cert_manager;
    EXPECT_TRUE(is_wanted(spec, {.issuer = CertificateIssuer::cert_manager}));
    EXPECT_FALSE(is_wanted(spec, {}));
    spec.issuer.reset();
    spec.placement = Placement::control_plane;
    EXPECT_TRUE(is_wanted(spec, {.placement = Placement::control_plane}));
    EXPECT_FALSE(is_wanted(spec, {.placement = Placement::service}));
    spec.placement.reset();
    spec.api = "policy/v1beta1";
    spec.unless_api = "policy/v1";
    EXPECT_TRUE(is_wanted(spec, {.group_versions = {"v1", "policy/v1beta1"}}));
    EXPECT_FALSE(is_wanted(spec, {.group_versions = {"v1", "policy/v1beta1", "policy/v1"}}));
    EXPECT_FALSE(is_wanted(spec, {.group_versions = {"v1"}}));
}

}  // namespace
}  // namespace airlock::manifests
