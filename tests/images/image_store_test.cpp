// Images in an OCI layout (directory and archive) and in `docker save` archives.
#include "images/image_store.hpp"

#include "base/json.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/tar_text.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/test_image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace airlock::images {
namespace {

using base::Errc;
using base::Json;
using test::app_image;
using test::expect_error;
using test::TarText;

constexpr std::string_view kRefName = "org.opencontainers.image.ref.name";
constexpr std::string_view kContainerdName = "io.containerd.image.name";

// Files by name, to be written as a directory or an archive.
using Files = std::map<std::string, std::string>;

class ImageStoreTest : public testing::Test {
  protected:
    std::shared_ptr<const FileSet> directory(const Files& files) const {
        for (const auto& [name, text] : files)
            folder_.write("layout/" + name, text);
        return open_directory(folder_ / "layout");
    }
    std::shared_ptr<const FileSet> archive(const Files& files) const {
        TarText tar;
        for (const auto& [name, text] : files)
            tar.add(name, text);
        return open_archive(folder_.write("images.tar", tar.closed()));
    }
    static std::string bytes(ImageStore& store, const Descriptor& descriptor) {
        return base::read_all(*store.blob(descriptor), 1U << 20U, "blob");
    }

    test::TempFolder folder_;
};

std::string blob_path(const base::Digest& digest) {
    return "blobs/sha256/" + std::string(digest.hex());
}

// A layout that grows image by image.
struct Layout {
    Files files{{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"}};
    Json index{{"schemaVersion", 2}, {"manifests", Json::array()}};

    Layout& add(const BuiltImage& built, std::map<std::string, std::string> annotations) {
        files[blob_path(built.manifest.descriptor.digest)] = built.manifest.raw;
        files[blob_path(built.config_descriptor.digest)] = built.config;
        files[blob_path(built.layer_descriptor.digest)] = built.layer;
        auto descriptor = built.manifest.descriptor;
        descriptor.annotations = std::move(annotations);
        index["manifests"].push_back(descriptor.to_json());
        return *this;
    }
    Files made() const {
        auto out = files;
        out["index.json"] = index.dump();
        return out;
    }
};

base::Digest found(ImageStore& store, std::string_view reference, const std::string& name = {}) {
    return store.find(Reference::parse(reference), name).descriptor.digest;
}

TEST_F(ImageStoreTest, ReadsALayoutFromADirectoryAndFromAnArchive) {
    const auto one = app_image("one");
    const auto files = Layout().add(one, {{std::string(kRefName), "v1"}}).made();
    for (const auto& set : {directory(files), archive(files)}) {
        const auto store = open_oci_layout(set);
        const auto manifest = store->find(Reference::parse("quay.io/x/app:v1"), {});
        EXPECT_EQ(manifest.raw, one.manifest.raw) << set->name();
        EXPECT_EQ(bytes(*store, manifest.layers.at(0)), one.layer) << set->name();
        EXPECT_EQ(bytes(*store, *manifest.config), one.config) << set->name();
    }
}

TEST_F(ImageStoreTest, FindsAnImageByTheNamesThatToolsUse) {
    const auto one = app_image("one");
    const auto two = app_image("two");
    const auto three = app_image("three");
    // skopeo: the tag. podman: the full reference. containerd and buildx: a separate annotation.
    const auto store = open_oci_layout(
        directory(Layout()
                      .add(one, {{std::string(kRefName), "v1"}})
                      .add(two, {{std::string(kRefName), "quay.io/x/app:v2"}})
                      .add(three, {{std::string(kContainerdName), "docker.io/library/three:1"},
                                   {std::string(kRefName), "1"}})
                      .made()));
    EXPECT_EQ(found(*store, "quay.io/x/app:v1"), one.manifest.descriptor.digest);
    EXPECT_EQ(found(*store, "quay.io/x/app:v2"), two.manifest.descriptor.digest);
    EXPECT_EQ(found(*store, "three:1"), three.manifest.descriptor.digest);
    EXPECT_EQ(found(*store, "other:9", "v1"), one.manifest.descriptor.digest);
    EXPECT_EQ(found(*store, "other:9", "quay.io/x/app:v2"), two.manifest.descriptor.digest);
    EXPECT_EQ(found(*store, "other@" + three.manifest.descriptor.digest.text()),
              three.manifest.descriptor.digest);
    // The same tag in another repository does not match.
    expect_error([&] { return found(*store, "quay.io/other:1"); }, Errc::not_found,
                 "has no image quay.io/other:1; available: v1, quay.io/x/app:v2, "
                 "docker.io/library/three:1",
                 "name: NAME");
}

TEST_F(ImageStoreTest, TheOnlyImageOfALayoutNeedsNoName) {
    const auto one = app_image("one");
    const auto store = open_oci_layout(directory(Layout().add(one, {}).made()));
    EXPECT_EQ(found(*store, "any:1"), one.manifest.descriptor.digest);
    expect_error([&] { return found(*store, "any@" + base::sha256("x").text()); }, Errc::not_found,
                 one.manifest.descriptor.digest.text());
}

TEST_F(ImageStoreTest, ImagesOfTheSameNameAreSelectedByDigest) {
    const auto one = app_image("one");
    const auto two = app_image("two");
    const std::map<std::string, std::string> same{{std::string(kRefName), "v1"}};
    const auto store = open_oci_layout(directory(Layout().add(one, same).add(two, same).made()));
    expect_error([&] { return found(*store, "a:v1"); }, Errc::invalid, "has 2 images named ",
                 "name: sha256:");
    EXPECT_EQ(found(*store, "a:v1", two.manifest.descriptor.digest.text()),
              two.manifest.descriptor.digest);
}

TEST_F(ImageStoreTest, RejectsAManifestThatDoesNotMatchTheIndex) {
    const auto one = app_image("one");
    auto files = Layout().add(one, {}).made();
    files[blob_path(one.manifest.descriptor.digest)][0] = ' ';
    expect_error([&] { return found(*open_oci_layout(directory(files)), "a"); }, Errc::integrity,
                 one.manifest.descriptor.digest.text());
    files[blob_path(one.manifest.descriptor.digest)] += "x";
    expect_error([&] { return found(*open_oci_layout(archive(files)), "a"); }, Errc::integrity,
                 "expected ");
}

TEST_F(ImageStoreTest, AnErrorNamesAMissingBlob) {
    const auto one = app_image("one");
    auto files = Layout().add(one, {}).made();
    files.erase(blob_path(one.layer_descriptor.digest));
    const auto store = open_oci_layout(archive(files));
    const auto manifest = store->find(Reference::parse("a"), {});
    expect_error([&] { return store->blob(manifest.layers.at(0)); }, Errc::not_found,
                 one.layer_descriptor.digest.text(), "whole");
}

TEST_F(ImageStoreTest, DoesNotFollowSymbolicLinks) {
    const auto one = app_image("one");
    const auto store = open_oci_layout(directory(Layout().add(one, {}).made()));
    const auto blob = folder_ / ("layout/" + blob_path(one.layer_descriptor.digest));
    const auto elsewhere = folder_.write("elsewhere", one.layer);
    std::filesystem::remove(blob);
    std::filesystem::create_symlink(elsewhere, blob);
    EXPECT_THROW(store->blob(one.layer_descriptor), base::Error);
}

TEST_F(ImageStoreTest, AHintNamesTheRightKeyForAnotherFormat) {
    expect_error(
        [&] {
            return open_oci_layout(archive({{"manifest.json", "[]"}}));
        },
        Errc::invalid, "is not an OCI layout: it has no oci-layout", "docker-archive");
    expect_error([&] { return open_directory(folder_ / "absent"); }, Errc::not_found,
                 "absent does not exist");
    expect_error([&] { return open_directory(folder_.write("file", "x")); }, Errc::not_found,
                 "is not a directory", "oci-archive");
    expect_error([&] { return open_archive(folder_.path()); }, Errc::invalid, "is a directory",
                 "oci-layout");
    expect_error(
        [&] {
            return open_oci_layout(directory({{"oci-layout", R"({"imageLayoutVersion":"2.0.0"})"},
                                              {"index.json", Layout().index.dump()}}));
        },
        Errc::unsupported, "2.0.0");
}

// The content of a `docker save` archive.
struct Saved {
    std::string layer = TarText().add("app", "hello").closed();
    std::string second = TarText().add("lib", "world").closed();
    Files files{};

    explicit Saved(std::vector<std::string> layers = {"one/layer.tar", "two/layer.tar"}) {
        const auto config =
            test::image_config({base::sha256(layer).text(), base::sha256(second).text()});
        files["config.json"] = config.dump();
        files["one/layer.tar"] = layer;
        files["two/layer.tar"] = second;
        list(Json::array({Json{{"Config", "config.json"},
                               {"RepoTags", Json::array({"app:1", "quay.io/x/app:2"})},
                               {"Layers", std::move(layers)}}}));
    }
    void list(const Json& images) { files["manifest.json"] = images.dump(); }
};

TEST_F(ImageStoreTest, ASavedImageKeepsItsLayersAsTheyAre) {
    const Saved saved;
    const auto store = open_docker_archive(archive(saved.files));
    const auto manifest = store->find(Reference::parse("app:1"), {});
    ASSERT_EQ(manifest.layers.size(), 2U);
    EXPECT_EQ(manifest.descriptor.media_type, media_type::kOciManifest);
    EXPECT_EQ(manifest.layers[0].media_type, "application/vnd.oci.image.layer.v1.tar");
    EXPECT_EQ(manifest.layers[0].digest, base::sha256(saved.layer));
    EXPECT_EQ(manifest.layers[0].size, saved.layer.size());
    EXPECT_EQ(bytes(*store, manifest.layers[1]), saved.second);
    EXPECT_EQ(bytes(*store, *manifest.config), saved.files.at("config.json"));
    EXPECT_EQ(found(*store, "quay.io/x/app:2"), manifest.descriptor.digest);
    EXPECT_EQ(found(*store, "other:3", "app:1"), manifest.descriptor.digest);
}

TEST_F(ImageStoreTest, AnErrorListsTheSavedImages) {
    const auto store = open_docker_archive(archive(Saved().files));
    expect_error([&] { return found(*store, "app:2"); }, Errc::not_found,
                 "has no image docker.io/library/app:2; available: app:1, quay.io/x/app:2",
                 "name: NAME");
}

TEST_F(ImageStoreTest, ACompressedLayerHasItsOwnDigest) {
    const auto built = app_image("zipped");
    Saved saved;
    saved.files["one/layer.tar"] = built.layer;
    const auto store = open_docker_archive(archive(saved.files));
    const auto manifest = store->find(Reference::parse("app:1"), {});
    EXPECT_EQ(manifest.layers[0].media_type, media_type::kOciLayerGzip);
    EXPECT_EQ(manifest.layers[0].digest, base::sha256(built.layer));
}

TEST_F(ImageStoreTest, ASavedLayerMayBeALinkToAnother) {
    Saved saved;
    const auto config = Json::parse(saved.files["config.json"]);
    TarText tar;
    auto twice = config;
    twice["rootfs"]["diff_ids"] =
        Json::array({base::sha256(saved.layer).text(), base::sha256(saved.layer).text()});
    tar.add("config.json", twice.dump())
        .add("one/layer.tar", saved.layer)
        .add("two/layer.tar", "", '2', "../one/layer.tar")
        .add("manifest.json", saved.files["manifest.json"]);
    const auto store = open_docker_archive(open_archive(folder_.write("linked.tar", tar.closed())));
    const auto manifest = store->find(Reference::parse("app:1"), {});
    EXPECT_EQ(bytes(*store, manifest.layers.at(1)), saved.layer);
}

TEST_F(ImageStoreTest, RejectsAPathOutsideASavedArchive) {
    for (const std::string path : {"/etc/passwd", "../../etc/passwd", "one/../../layer.tar"}) {
        expect_error(
            [&] {
                return found(*open_docker_archive(archive(Saved({path, path}).files)), "app:1");
            },
            Errc::invalid, path);
    }
}

TEST_F(ImageStoreTest, RejectsAnIncompleteSavedArchive) {
    Saved no_layer;
    no_layer.files.erase("two/layer.tar");
    expect_error([&] { return found(*open_docker_archive(archive(no_layer.files)), "app:1"); },
                 Errc::invalid, "lists two/layer.tar, which the archive does not contain");
    const Saved too_few({"one/layer.tar"});
    expect_error([&] { return found(*open_docker_archive(archive(too_few.files)), "app:1"); },
                 Errc::invalid, "has 2 layers, but manifest.json lists 1");
    expect_error(
        [&] {
            return open_docker_archive(archive({{"index.json", "{}"}}));
        },
        Errc::invalid, "no manifest.json", "oci-archive");
    expect_error(
        [&] {
            return open_docker_archive(archive({{"repositories", "{}"}}));
        },
        Errc::unsupported, "no manifest.json", "before 1.10");
}

TEST_F(ImageStoreTest, AnUnnamedSavedImageIsFoundIfItIsTheOnlyOne) {
    Saved saved;
    Json entry{{"Config", "config.json"},
               {"RepoTags", nullptr},
               {"Layers", {"one/layer.tar", "two/layer.tar"}}};
    saved.list(Json::array({entry}));
    EXPECT_NO_THROW(found(*open_docker_archive(archive(saved.files)), "any:1"));
    saved.list(Json::array({entry, entry}));
    expect_error([&] { return found(*open_docker_archive(archive(saved.files)), "any:1"); },
                 Errc::not_found, "an unnamed image");
}

TEST(NamesReference, AcceptsShortAndFullNames) {
    const auto wanted = Reference::parse("docker.io/library/app:1");
    EXPECT_TRUE(names_reference("app:1", wanted));
    EXPECT_TRUE(names_reference("docker.io/library/app:1", wanted));
    EXPECT_FALSE(names_reference("app:2", wanted));
    EXPECT_FALSE(names_reference("quay.io/library/app:1", wanted));
    EXPECT_FALSE(names_reference("1", wanted));
    EXPECT_FALSE(names_reference("", wanted));
}

}  // namespace
}  // namespace airlock::images
