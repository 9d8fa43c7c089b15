// Writes and reads a small bundle, and checks that corruption is detected.
#include "base/error.hpp"
#include "base/signature.hpp"
#include "bundler/build_plan.hpp"
#include "bundler/bundle_writer.hpp"
#include "manifests/bundle/reader.hpp"
#include "manifests/bundle/report.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <random>

namespace airlock::bundler {
namespace {

using base::Errc;
using base::Error;
using manifests::Bundle;

constexpr std::string_view kDescription = R"(apiVersion: airlock.dev/v1
kind: Bundle
metadata: {name: small, version: 1.2.3}
components:
  - name: main
    images:
      - ref: airlock.dev/small:1.2.3
        build: {files: {/app: app}, entrypoint: [/app]}
    manifests:
      - file: pod.yaml
)";
constexpr std::string_view kPod = R"(apiVersion: v1
kind: Pod
metadata: {name: small}
spec: {containers: [{name: app, image: "airlock.dev/small:1.2.3"}]}
)";

class BundleTest : public ::testing::Test {
  protected:
    BundleTest() {
        write("bundle.yaml", kDescription);
        write("pod.yaml", kPod);
        write("app", std::string(3000, 'x'));
        write("installer", "not really the installer");
    }

    void write(const std::string& name, std::string_view text) const { folder_.write(name, text); }
    std::string read(const std::string& name) const { return folder_.read(name); }
    std::filesystem::path path(const std::string& name) const { return folder_ / name; }

    BuildPlan plan() const {
        BuildOptions options;
        options.description = path("bundle.yaml");
        options.installer = path("installer");
        Sources sources({}, {});
        return make_build_plan(options, sources, {});
    }
    void build(const std::string& name,
               const std::optional<std::string>& signature = std::nullopt) const {
        write_bundle(plan(), OutputFile(path(name)), {.signature = signature}, {});
    }

    airlock::test::TempFolder folder_;
};

// The error from reading the whole file, if any.
std::optional<Error> refusal(const std::filesystem::path& path,
                             const std::optional<std::string>& key = std::nullopt) {
    try {
        Bundle::open(path, key, "the key").verify_all({});
        return std::nullopt;
    } catch (const Error& error) {
        return error;
    }
}

TEST_F(BundleTest, ContainsWhatWasPacked) {
    build("kit.tar");
    const auto bundle = Bundle::open(path("kit.tar"), std::nullopt);
    EXPECT_EQ(bundle.spec().name, "small");
    EXPECT_EQ(bundle.lock().version, "1.2.3");
    EXPECT_EQ(bundle.file("pod.yaml"), kPod);
    ASSERT_EQ(bundle.lock().images.size(), 1U);
    EXPECT_EQ(bundle.lock().images[0].reference.text(), "airlock.dev/small:1.2.3");
    EXPECT_EQ(bundle.manifest(bundle.lock().images[0].descriptor.digest).layers.size(), 1U);
    EXPECT_FALSE(bundle.is_signed());
    EXPECT_FALSE(refusal(path("kit.tar")).has_value());
    EXPECT_EQ(manifests::describe_bundle(bundle).at("images").at(0).at("reference"),
              "airlock.dev/small:1.2.3");
}

TEST_F(BundleTest, IsReproducible) {
    build("a.tar");
    build("b.tar");
    EXPECT_EQ(read("a.tar"), read("b.tar"));
}

TEST_F(BundleTest, LeavesNoTemporaryFiles) {
    build("kit.tar");
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
        EXPECT_EQ(entry.path().string().find(".partial"), std::string::npos) << entry.path();
    }
}

TEST_F(BundleTest, DetectsAnyFlippedByte) {
    build("kit.tar");
    const auto good = read("kit.tar");
    std::minstd_rand random(1);
    // Every byte of the first entries, then one in seven on average, to take only a few seconds.
    for (std::size_t i = 0; i < good.size(); i += i < 3000 ? 1 : 1 + random() % 13) {
        auto bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 0x10);
        write("bad.tar", bad);
        const auto error = refusal(path("bad.tar"));
        ASSERT_TRUE(error.has_value()) << "byte " << i << " of " << good.size();
        ASSERT_EQ(error->code(), Errc::refused) << "byte " << i << ": " << error->what();
    }
}

TEST_F(BundleTest, DetectsTruncationOnOpening) {
    build("kit.tar");
    const auto good = read("kit.tar");
    for (std::size_t size = 0; size < good.size(); size += 97) {
        write("bad.tar", good.substr(0, size));
        EXPECT_THROW(Bundle::open(path("bad.tar"), std::nullopt), Error) << size;
    }
    write("bad.tar", good + "x");
    EXPECT_THROW(Bundle::open(path("bad.tar"), std::nullopt), Error);
}

TEST_F(BundleTest, RejectsOtherFilesWithAHint) {
    write("text", "hello, this is a text and no bundle at all");
    write("zeros", std::string(4096, '\0'));
    write("empty", "");
    for (const auto* name : {"text", "zeros", "empty", "absent"}) {
        const auto error = refusal(path(name));
        ASSERT_TRUE(error.has_value()) << name;
        EXPECT_EQ(error->code(), Errc::refused) << name << ": " << error->what();
        EXPECT_NE(std::string_view(error->what()).find(name), std::string_view::npos)
            << error->what();
        EXPECT_FALSE(error->hint().empty()) << name;
    }
}

TEST_F(BundleTest, RequiresTheRightKeyForASignedBundle) {
    const auto key = base::generate_signing_key();
    const auto other = base::generate_signing_key();
    build("signed.tar", base::sign(plan().index, key.private_pem, "the key"));
    build("plain.tar");
    EXPECT_FALSE(refusal(path("signed.tar"), key.public_pem).has_value());
    EXPECT_EQ(refusal(path("signed.tar"), other.public_pem).value().code(), Errc::refused);
    EXPECT_EQ(refusal(path("plain.tar"), key.public_pem).value().code(), Errc::refused);
    EXPECT_FALSE(refusal(path("signed.tar")).has_value());
}

TEST_F(BundleTest, AMissingImageFailsTheBuildWithItsLocation) {
    write("pod.yaml",
          "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers: [{name: a, image: "
          "quay.io/other/x:v1}]\n");
    try {
        plan();
        FAIL() << "the build went on";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::invalid);
        for (const auto* part : {"pod.yaml:5", "quay.io/other/x:v1", "spec.containers[0].image"}) {
            EXPECT_NE(std::string_view(error.what()).find(part), std::string_view::npos)
                << error.what();
        }
    }
}

TEST_F(BundleTest, ResumesAnInterruptedBuild) {
    build("good.tar");
    write("kit.tar.partial.record", base::sha256(plan().index).text() + "\n");
    write("kit.tar.partial", read("good.tar").substr(0, 2000));
    build("kit.tar");
    EXPECT_EQ(read("kit.tar"), read("good.tar"));
}

}  // namespace
}  // namespace airlock::bundler
