#include "installer/plan/image_placement.hpp"

#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using base::Errc;
using test::expect_error;

manifests::LockedImage image(const std::string& reference, const std::string& content = "x") {
    return {.reference = images::Reference::parse(reference),
            .descriptor = {.media_type = "application/vnd.oci.image.manifest.v1+json",
                           .digest = base::sha256(content),
                           .size = 1},
            .components = {"main"},
            .source = {}};
}

TEST(ImagePlacement, KeepsThePathWithoutTheHost) {
    struct Row {
        std::string reference;
        std::string prefix;
        std::string repository;
        std::string tag;
    };
    const std::vector<Row> rows{
        {"quay.io/jetstack/x:v1", "", "jetstack/x", "v1"},
        {"quay.io/jetstack/x:v1", "mirror", "mirror/jetstack/x", "v1"},
        {"quay.io/jetstack/x:v1", "a/b", "a/b/jetstack/x", "v1"},
        {"nginx", "p", "p/library/nginx", "latest"},
        {"localhost:5000/x:1", "", "x", "1"},
        {"quay.io/a/x@sha256:" + std::string(64, 'a'), "p", "p/a/x", ""},
        {"quay.io/a/x:v1@sha256:" + std::string(64, 'a'), "p", "p/a/x", "v1"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.reference);
        const auto one = image(row.reference);
        const auto placements = place_images({one}, row.prefix);
        ASSERT_EQ(placements.size(), 1U);
        EXPECT_EQ(placements[0].repository, row.repository);
        EXPECT_EQ(placements[0].tag, row.tag);
        EXPECT_EQ(placements[0].digest, one.descriptor.digest);
        EXPECT_EQ(placements[0].original, one.reference.text());
    }
}

TEST(ImagePlacement, TwoImagesWithTheSameTargetAreAnError) {
    expect_error(
        [] {
            place_images({image("quay.io/a/x:v1", "one"), image("ghcr.io/a/x:v1", "two")}, "p");
        },
        Errc::usage, "quay.io/a/x:v1 and ghcr.io/a/x:v1 would both become p/a/x:v1", "another tag");
    expect_error(
        [] {
            place_images({image("nginx", "one"), image("quay.io/library/nginx:latest", "two")}, "");
        },
        Errc::usage, "would both become library/nginx:latest");
}

TEST(ImagePlacement, TheSameImageFromTwoHostsMayShareATarget) {
    EXPECT_EQ(place_images({image("quay.io/a/x:v1"), image("ghcr.io/a/x:v1")}, "").size(), 2U);
    const auto two_tags =
        place_images({image("quay.io/a/x:v1", "one"), image("quay.io/a/x:v2", "two")}, "");
    EXPECT_EQ(two_tags[0].repository, two_tags[1].repository);
}

TEST(ImagePlacement, AlwaysHasADigestInItsReference) {
    const auto tagged = place_images({image("quay.io/a/x:v1")}, "p").at(0);
    EXPECT_EQ(tagged.reference("registry:5000"), "registry:5000/p/a/x:v1@" + tagged.digest.text());
    const auto untagged =
        place_images({image("quay.io/a/x@sha256:" + std::string(64, 'a'))}, "").at(0);
    EXPECT_EQ(untagged.reference("registry:5000"), "registry:5000/a/x@" + untagged.digest.text());
}

}  // namespace
}  // namespace airlock::installer
