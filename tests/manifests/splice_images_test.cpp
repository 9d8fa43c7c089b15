#include "manifests/splice_images.hpp"

#include "base/file.hpp"
#include "base/yaml.hpp"
#include "tests/support/expect_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace airlock::manifests {
namespace {

using test::expect_error;

using base::Errc;

Document pod_with(std::string_view image) {
    return split_documents(fmt::format("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: "
                                       "{{containers: [{{image: {}}}]}} # é\n",
                                       image),
                           "pod.yaml")
        .at(0);
}

const std::string kNginx = "docker.io/library/nginx:latest";

TEST(SpliceImages, ChangesTheReferencesAndNothingElse) {
    const auto document = pod_with("\"nginx\"");
    const auto fields = find_image_fields(document, {});
    EXPECT_EQ(
        splice_images(document, fields,
                      {{kNginx, "reg.local:5000/kit/nginx:latest@sha256:" + std::string(64, '0')}}),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{image: "
        "\"reg.local:5000/kit/nginx:latest@sha256:" +
            std::string(64, '0') + "\"}]} # é\n");
}

TEST(SpliceImages, IsReversible) {
    const auto text = base::read_file(AIRLOCK_SOURCE_DIR "/tests/data/manifests/controller.yaml",
                                      base::kMaxYamlSize);
    for (const auto& document : split_documents(text, "controller.yaml")) {
        const auto fields = find_image_fields(document, {});
        std::map<std::string, std::string> there;
        std::map<std::string, std::string> back;
        for (const auto& field : fields) {
            const auto to = "reg.local:5000/" + field.reference.repository() + ":x" +
                            std::to_string(there.size());
            if (!there.emplace(field.reference.text(), to).second) continue;
            back.emplace(to, document.text.substr(field.offset, field.length));
        }
        const auto moved =
            split_documents(splice_images(document, fields, there), "controller.yaml").at(0);
        const auto again = find_image_fields(moved, {});
        ASSERT_EQ(again.size(), fields.size());
        EXPECT_EQ(splice_images(moved, again, back), document.text);
    }
}

TEST(SpliceImages, NamesTheFieldOfAMissingImage) {
    const auto document = pod_with("nginx");
    expect_error([&] { splice_images(document, find_image_fields(document, {}), {}); },
                 Errc::not_found,
                 "pod.yaml:4: Pod p: spec.containers[0].image: the image "
                 "docker.io/library/nginx:latest is not in the bundle",
                 "bundle.yaml");
}

TEST(SpliceImages, RejectsAReplacementThatYamlReadsDifferently) {
    const auto document = pod_with("nginx");
    for (const auto* bad :
         {"[::1]:5000/nginx:1", "a b", "", "x: y", "reg/nginx:1 #", "reg/nginx:"}) {
        expect_error(
            [&] {
                splice_images(document, find_image_fields(document, {}), {{kNginx, bad}});
            },
            Errc::unsupported, "cannot be written", "host name");
    }
}

TEST(SpliceImages, RejectsFieldsOfAnotherDocument) {
    const auto fields = find_image_fields(pod_with("nginx"), {});
    const std::map<std::string, std::string> replacement = {{kNginx, "r.io/nginx:1"}};
    expect_error([&] { splice_images(pod_with("redis"), fields, replacement); }, Errc::internal,
                 "not at the recorded offset");
    expect_error(
        [&] {
            splice_images({.file = "x", .line = 1, .text = "", .key = {}, .tree = {}}, fields,
                          replacement);
        },
        Errc::internal, "not at the recorded offset");
    const auto document = pod_with("nginx");
    expect_error(
        [&] {
            splice_images(document, {fields[0], fields[0]}, replacement);
        },
        Errc::internal, "not at the recorded offset");
}

}  // namespace
}  // namespace airlock::manifests
