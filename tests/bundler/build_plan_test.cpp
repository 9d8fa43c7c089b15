// From bundle.yaml to the plan, with images in a layout, so that no registry is required.
#include "bundler/build_plan.hpp"

#include "base/error.hpp"
#include "tests/bundler/kit_folder.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/process.hpp"
#include "tests/support/tar_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace airlock::bundler {
namespace {

using airlock::test::expect_error;
using base::Errc;
using test::KitFolder;
using test::small_image;

std::vector<std::string> references(const manifests::Lock& lock) {
    std::vector<std::string> out;
    for (const auto& image : lock.images)
        out.push_back(image.reference.text());
    return out;
}

bool holds(const BuildPlan& plan, const base::Digest& digest) {
    return std::ranges::find(plan.lock.blobs, digest, &manifests::LockedBlob::digest) !=
           plan.lock.blobs.end();
}

class BuildPlanTest : public testing::Test {
  protected:
    // A bundle.yaml with one image from the layout, and further keys for it.
    void describe_one(const std::string& ref, const std::string& keys = {}) const {
        kit_.describe("  - name: main\n    images: [{ref: '" + ref +
                      "', from: {oci-layout: layout}" + (keys.empty() ? "" : ", ") + keys + "}]\n");
    }
    void add_multi() { kit_.add("multi", multi_, {amd_, arm_, other_}); }

    KitFolder kit_;
    test::SmallImage amd_ = small_image({"a layer", "shared"});
    test::SmallImage arm_ = small_image({"an arm layer", "shared"}, "linux/arm64");
    test::SmallImage other_ = small_image({"one more"}, "linux/s390x");
    images::Manifest multi_ =
        test::index_of({amd_, arm_, other_}, {"linux/amd64", "linux/arm64/v8", "linux/s390x"});
};

TEST_F(BuildPlanTest, ABundleMayConsistOfImagesOnly) {
    kit_.add("v1", amd_);
    describe_one("quay.io/x/app:v1");
    kit_.build("kit.tar");
    const auto bundle = kit_.open("kit.tar");
    bundle.verify_all({});
    ASSERT_EQ(bundle.lock().images.size(), 1U);
    EXPECT_EQ(bundle.lock().images[0].descriptor.digest, amd_.manifest.descriptor.digest);
    EXPECT_EQ(bundle.lock().images[0].source,
              "oci-layout layout@" + amd_.manifest.descriptor.digest.text());
    EXPECT_TRUE(bundle.spec().components[0].manifests.empty());
}

TEST_F(BuildPlanTest, IncludesImagesOfOptionalComponentsOnlyOnRequest) {
    kit_.add("a", amd_);
    kit_.add("b", small_image({"b"}));
    kit_.describe(
        "  - {name: base, images: [{ref: 'x.io/i:a', from: {oci-layout: layout}}]}\n"
        "  - {name: more, optional: true, images: [{ref: 'x.io/i:b', from: {oci-layout: "
        "layout}}]}\n");
    EXPECT_THAT(references(kit_.plan().lock), testing::ElementsAre("x.io/i:a"));
    BuildOptions both;
    both.components = {"more"};
    EXPECT_THAT(references(kit_.plan(both).lock), testing::ElementsAre("x.io/i:a", "x.io/i:b"));
    both.components = {"moer"};
    expect_error([&] { return kit_.plan(both); }, Errc::usage, "no component \"moer\"", "more");
}

TEST_F(BuildPlanTest, ASharedBlobIsPackedOnce) {
    kit_.add("a", amd_);
    kit_.add("b", small_image({"b", "shared"}));
    kit_.describe(
        "  - {name: main, images: [{ref: 'x.io/i:a', from: {oci-layout: layout}}, {ref: "
        "'x.io/i:b', from: {oci-layout: layout}}]}\n");
    const auto plan = kit_.plan();
    const auto shared = base::sha256("shared");
    EXPECT_EQ(std::ranges::count(plan.lock.blobs, shared, &manifests::LockedBlob::digest), 1);
}

TEST_F(BuildPlanTest, ASinglePlatformSelectsTheImageFromTheIndex) {
    add_multi();
    describe_one("x.io/i:multi", "platforms: [linux/arm64]");
    const auto plan = kit_.plan();
    EXPECT_EQ(plan.lock.images[0].descriptor.digest, arm_.manifest.descriptor.digest);
    EXPECT_FALSE(holds(plan, multi_.descriptor.digest));
    EXPECT_FALSE(holds(plan, amd_.manifest.descriptor.digest));
}

TEST_F(BuildPlanTest, SeveralPlatformsGiveAnIndexOfExactlyThese) {
    add_multi();
    describe_one("x.io/i:multi", "platforms: [linux/arm64, linux/amd64]");
    const auto plan = kit_.plan();
    const auto& root = plan.lock.images[0].descriptor;
    EXPECT_NE(root.digest, multi_.descriptor.digest);
    EXPECT_EQ(root.media_type, images::media_type::kOciIndex);
    EXPECT_TRUE(holds(plan, amd_.manifest.descriptor.digest));
    EXPECT_TRUE(holds(plan, arm_.manifest.descriptor.digest));
    EXPECT_FALSE(holds(plan, other_.manifest.descriptor.digest));
    // The order of the platforms does not matter.
    describe_one("x.io/i:multi", "platforms: [linux/amd64, linux/arm64]");
    EXPECT_EQ(kit_.plan().lock.images[0].descriptor.digest, root.digest);
    kit_.build("kit.tar");
    EXPECT_EQ(kit_.open("kit.tar").manifest(root.digest).manifests.size(), 2U);
}

TEST_F(BuildPlanTest, AllPlatformsKeepTheIndexUnchanged) {
    add_multi();
    describe_one("x.io/i:multi", "platforms: [linux/amd64, linux/arm64, linux/s390x]");
    EXPECT_EQ(kit_.plan().lock.images[0].descriptor.digest, multi_.descriptor.digest);
}

TEST_F(BuildPlanTest, AnErrorListsTheAvailablePlatforms) {
    add_multi();
    describe_one("x.io/i:multi", "platforms: [linux/amd64, linux/ppc64le]");
    expect_error([&] { return kit_.plan(); }, Errc::not_found,
                 "x.io/i:multi is not available for linux/ppc64le; available platforms: "
                 "linux/amd64, linux/arm64/v8, linux/s390x",
                 "platforms");
}

TEST_F(BuildPlanTest, ASingleImageHasThePlatformOfItsConfig) {
    kit_.add("arm", arm_);
    describe_one("x.io/i:arm");
    expect_error([&] { return kit_.plan(); }, Errc::not_found,
                 "x.io/i:arm is not available for linux/amd64; available platforms: linux/arm64");
    describe_one("x.io/i:arm", "platforms: [linux/arm64]");
    EXPECT_EQ(kit_.plan().lock.images[0].descriptor.digest, arm_.manifest.descriptor.digest);
}

TEST_F(BuildPlanTest, ThePlatformOfTheCommandLineOverridesBundleYaml) {
    add_multi();
    describe_one("x.io/i:multi", "platforms: [linux/amd64, linux/arm64]");
    BuildOptions options;
    options.platform = images::Platform::parse("linux/s390x");
    EXPECT_EQ(kit_.plan(options).lock.images[0].descriptor.digest,
              other_.manifest.descriptor.digest);
}

TEST_F(BuildPlanTest, UnwrapsAnIndexWithinAnIndex) {
    auto outer = multi_.descriptor;
    const base::Json json{{"schemaVersion", 2},
                          {"mediaType", images::media_type::kOciIndex},
                          {"manifests", base::Json::array({outer.to_json()})}};
    add_multi();
    kit_.add("wrapped",
             images::Manifest::parse(json.dump(), images::media_type::kOciIndex, "wrapped"), {});
    describe_one("x.io/i:wrapped", "platforms: [linux/arm64]");
    EXPECT_EQ(kit_.plan().lock.images[0].descriptor.digest, arm_.manifest.descriptor.digest);
}

TEST_F(BuildPlanTest, AnOciArchiveGivesTheSameImageAsItsLayout) {
    kit_.add("v1", amd_);
    describe_one("x.io/i:v1");
    const auto from_folder = kit_.plan().lock.images[0].descriptor.digest;
    airlock::test::run(
        {"tar", "-C", kit_.path("layout").string(), "-cf", kit_.path("layout.tar").string(), "."});
    kit_.describe(
        "  - {name: main, images: [{ref: 'x.io/i:9', from: {oci-archive: layout.tar, "
        "name: v1}}]}\n");
    EXPECT_EQ(kit_.plan().lock.images[0].descriptor.digest, from_folder);
    kit_.build("kit.tar");
    kit_.open("kit.tar").verify_all({});
}

TEST_F(BuildPlanTest, ASavedImageIsPackedWithItsLayersUncompressed) {
    const auto layer = airlock::test::TarText().add("app", "hello").closed();
    const auto config = airlock::test::image_config({base::sha256(layer).text()});
    const base::Json list = base::Json::array(
        {{{"Config", "c.json"}, {"RepoTags", {"app:1"}}, {"Layers", {"l/layer.tar"}}}});
    const auto save = [&](const std::string& bytes) {
        kit_.write("save.tar", airlock::test::TarText()
                                   .add("c.json", config.dump())
                                   .add("l/layer.tar", bytes)
                                   .add("manifest.json", list.dump())
                                   .closed());
    };
    kit_.describe("  - {name: main, images: [{ref: 'app:1', from: {docker-archive: save.tar}}]}\n");
    save(layer);
    kit_.build("kit.tar");
    const auto bundle = kit_.open("kit.tar");
    bundle.verify_all({});
    const auto& manifest = bundle.manifest(bundle.lock().images.at(0).descriptor.digest);
    EXPECT_EQ(manifest.layers.at(0).media_type, "application/vnd.oci.image.layer.v1.tar");
    auto packed = bundle.blob(manifest.layers.at(0).digest);
    EXPECT_EQ(base::read_all(packed, 1U << 20U, "layer"), layer);
    // A layer that does not match the config is detected while it is copied.
    auto other = layer;
    other[700] = '!';
    save(other);
    expect_error([&] { return kit_.build("bad.tar"); }, Errc::integrity, base::sha256(layer).text(),
                 "does not match its digest");
    EXPECT_FALSE(std::filesystem::exists(kit_.path("bad.tar")));
}

TEST_F(BuildPlanTest, AnErrorNamesTheImage) {
    kit_.add("v1", amd_);
    describe_one("x.io/i:v2");
    expect_error([&] { return kit_.plan(); }, Errc::not_found, "x.io/i:v2: ", "name: NAME");
}

class ManifestByUrl : public BuildPlanTest {
  protected:
    ManifestByUrl() {
        kit_.add("v1", amd_);
        server_.emplace([](const airlock::test::ServerRequest& request) {
            airlock::test::ServerReply reply;
            reply.body = "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n";
            if (request.path() != "/y.yaml") reply.status = 404;
            return reply;
        });
    }
    void describe(const std::string& keys) const {
        kit_.describe("  - name: main\n    manifests: [{url: 'https://x.io/" + keys + "}]\n");
    }
    BuildPlan plan() const {
        const SourceOptions sources{.trust = {},
                                    .credentials = {},
                                    .plain_http = {server_->address()},
                                    .mirrors = {"https://x.io=" + server_->url()}};
        return kit_.plan({}, sources);
    }

    std::optional<airlock::test::HttpServer> server_;
};

TEST_F(ManifestByUrl, IsPackedAndItsDigestIsInTheLock) {
    const auto digest = base::sha256("apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n");
    describe("y.yaml', sha256: " + std::string(digest.hex()));
    EXPECT_EQ(plan().lock.files.at(1).digest, digest);
    EXPECT_EQ(plan().lock.files.at(1).source, "https://x.io/y.yaml");
}

TEST_F(ManifestByUrl, WithADigestMismatchIsRejectedWithBothDigests) {
    const std::string wrong(64, 'b');
    describe("y.yaml', sha256: " + wrong);
    expect_error([&] { return plan(); }, Errc::integrity,
                 "expected sha256:" + wrong + " (bundle.yaml:6), got sha256:", "update sha256");
}

TEST_F(ManifestByUrl, IsNamedWhenItIsMissing) {
    describe("absent.yaml'");
    expect_error([&] { return plan(); }, Errc::not_found, "/absent.yaml returned 404");
}

class LockedBuild : public BuildPlanTest {
  protected:
    LockedBuild() {
        kit_.add("v1", amd_);
        describe_one("x.io/i:v1");
        options_.locked = kit_.plan().lock;
    }
    BuildOptions options_;
};

TEST_F(LockedBuild, IsIdenticalWhileNothingChanges) {
    EXPECT_EQ(kit_.plan(options_).index, kit_.plan().index);
}

TEST_F(LockedBuild, IsRejectedForAMovedTagWithBothDigests) {
    const auto now = small_image({"another"});
    kit_.forget_images();
    kit_.add("v1", now);
    expect_error([&] { return kit_.plan(options_); }, Errc::conflict,
                 "x.io/i:v1: digest mismatch: expected " + amd_.manifest.descriptor.digest.text() +
                     " from the lock, got " + now.manifest.descriptor.digest.text(),
                 "without --locked");
}

TEST_F(LockedBuild, IsRejectedForAnotherInstaller) {
    kit_.write("installer", "a newer one");
    expect_error([&] { return kit_.plan(options_); }, Errc::conflict,
                 "the installer: digest mismatch: expected ", "--installer");
}

TEST_F(LockedBuild, KeepsTheSelectedPlatforms) {
    add_multi();
    describe_one("x.io/i:multi", "platforms: [linux/amd64, linux/arm64]");
    options_.locked = kit_.plan().lock;
    EXPECT_EQ(kit_.plan(options_).index, kit_.plan().index);
    options_.platform = images::Platform::parse("linux/s390x");
    EXPECT_THROW(kit_.plan(options_), base::Error);
}

}  // namespace
}  // namespace airlock::bundler
