// docs/bundle-yaml.md: its examples are valid, and it documents every key that the parser accepts.
#include "base/file.hpp"
#include "base/yaml.hpp"
#include "manifests/bundle/bundle_yaml.hpp"
#include "tests/support/expect_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace airlock::manifests {
namespace {

using testing::HasSubstr;

std::string document() {
    return base::read_file(AIRLOCK_SOURCE_DIR "/docs/bundle-yaml.md", base::kMaxYamlSize);
}

// The content of each fenced block whose language is yaml.
std::vector<std::string> yaml_blocks(const std::string& text) {
    constexpr std::string_view kOpen = "\n```yaml\n";
    constexpr std::string_view kClose = "\n```\n";
    std::vector<std::string> blocks;
    for (auto at = text.find(kOpen); at != std::string::npos; at = text.find(kOpen, at)) {
        at += kOpen.size();
        blocks.push_back(text.substr(at, text.find(kClose, at) - at + 1));
    }
    return blocks;
}

// From a heading to the next one.
std::string section(const std::string& text, const std::string& heading) {
    const auto begin = text.find("\n" + heading + "\n");
    if (begin == std::string::npos) return {};
    return text.substr(begin, text.find("\n#", begin + 1) - begin);
}

TEST(BundleYamlDocs, ExamplesAreValid) {
    std::size_t bundles = 0;
    for (const auto& block : yaml_blocks(document())) {
        if (block.find("kind: Bundle") == std::string::npos) continue;
        ++bundles;
        EXPECT_NO_THROW(parse_bundle_spec(block, "docs/bundle-yaml.md")) << block;
    }
    EXPECT_GE(bundles, 3U);
}

struct Map {
    std::string heading;
    std::string yaml;  // valid, except for the key `unknown` in the map
    std::vector<std::string> some_keys;
};
std::ostream& operator<<(std::ostream& out, const Map& row) {
    return out << row.heading;
}

const std::string kHead =
    "apiVersion: airlock.dev/v1\nkind: Bundle\nmetadata: {name: kit, version: 1.0.0}\n";
const std::string kImages = kHead + "components: [{name: a, images: [{ref: nginx}]}]\n";

class BundleYamlDocs : public testing::TestWithParam<Map> {};

// The error for an unknown key lists all keys of that map.
TEST_P(BundleYamlDocs, NameEveryKey) {
    const auto& row = GetParam();
    const auto error = test::error_of([&] { return parse_bundle_spec(row.yaml, "bundle.yaml"); });
    ASSERT_TRUE(error.has_value());
    ASSERT_THAT(error->what(), HasSubstr("unknown key \"unknown\""));
    constexpr std::string_view kList = "valid keys: ";
    ASSERT_TRUE(error->hint().starts_with(kList)) << error->hint();
    auto rest = error->hint().substr(kList.size());
    for (const auto& key : row.some_keys)
        EXPECT_THAT(rest, HasSubstr(key));
    const auto text = section(document(), row.heading);
    while (!rest.empty()) {
        const auto end = std::min(rest.find(", "), rest.size());
        EXPECT_THAT(text, HasSubstr("\n| `" + rest.substr(0, end) + "` | ")) << row.heading;
        rest.erase(0, std::min(end + 2, rest.size()));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Maps, BundleYamlDocs,
    testing::Values(
        Map{"## Top-level keys", kImages + "unknown: 1\n", {"apiVersion", "components", "nodes"}},
        Map{"## metadata",
            "apiVersion: airlock.dev/v1\nkind: Bundle\n"
            "metadata: {name: kit, version: 1.0.0, unknown: 1}\n"
            "components: [{name: a, images: [{ref: nginx}]}]\n",
            {"name", "version"}},
        Map{"## components",
            kHead + "components: [{name: a, images: [{ref: nginx}], unknown: 1}]\n",
            {"optional", "manifests"}},
        Map{"## images",
            kHead + "components: [{name: a, images: [{ref: nginx, unknown: 1}]}]\n",
            {"ref", "platforms", "build", "from"}},
        Map{"### from",
            kHead + "components: [{name: a, images: [{ref: nginx, from: {oci-layout: x, unknown: "
                    "1}}]}]\n",
            {"oci-layout", "oci-archive", "docker-archive", "name"}},
        Map{"### build",
            kHead + "components: [{name: a, images: [{ref: nginx, build: {files: {/a: b}, "
                    "unknown: 1}}]}]\n",
            {"files", "entrypoint", "labels"}},
        Map{"## manifests",
            kHead + "components: [{name: a, manifests: [{file: a.yaml, unknown: 1}]}]\n",
            {"file", "url", "sha256", "issuer", "api", "unlessApi", "placement", "substitute"}},
        Map{"## certificate",
            kImages + "certificate: {secret: n/s, dnsNames: [a], unknown: 1}\n",
            {"issuer", "secret", "dnsNames", "ipAddresses", "inject"}},
        Map{"## checks",
            kImages + "checks: [{service: n/s, unknown: 1}]\n",
            {"service", "port", "path", "expect", "placement"}},
        Map{"## nodes", kImages + "nodes: {unknown: 1}\n", {"resync", "stateAnnotation"}}),
    [](const auto& row) {
        auto name = row.param.heading;
        std::erase_if(name, [](char c) { return c == '#' || c == ' ' || c == '-'; });
        return name;
    });

}  // namespace
}  // namespace airlock::manifests
