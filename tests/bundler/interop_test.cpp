// Other tools read a bundle, and the bundler reads their archives.
#include "base/error.hpp"
#include "tests/bundler/kit_folder.hpp"
#include "tests/bundler/program.hpp"
#include "tests/support/docker_registry.hpp"
#include "tests/support/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace airlock::bundler {
namespace {

using airlock::test::run;
using test::KitFolder;
using testing::HasSubstr;

// For tools that Debian does not package; `make deps` installs all others.
bool installed(const std::string& program) {
    for (const auto* directory : {"/usr/bin/", "/usr/sbin/", "/usr/local/bin/"}) {
        if (std::filesystem::exists(directory + program)) return true;
    }
    return false;
}

class InteropTest : public testing::Test {
  protected:
    InteropTest() {
        kit_.add("v1", one_);
        kit_.add("multi", multi_, {one_, arm_});
        kit_.describe(
            "  - name: main\n    images:\n"
            "      - {ref: 'quay.io/x/app:v1', from: {oci-layout: layout}}\n"
            "      - {ref: 'nginx:multi', platforms: [linux/amd64, linux/arm64], from: "
            "{oci-layout: layout}}\n");
    }
    void build(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> words{"build",   "bundle.yaml", "-o",
                                       "kit.tar", "--installer", "installer"};
        words.insert(words.end(), more.begin(), more.end());
        const auto ended = test::run_program(words, kit_.path(""));
        ASSERT_EQ(ended.code, 0) << ended.err;
    }
    std::string path(std::string_view name) const { return kit_.path(name).string(); }
    std::string inside(const std::string& reference) const {
        return "oci-archive:" + path("kit.tar") + ":" + reference;
    }

    KitFolder kit_;
    test::SmallImage one_ = test::small_image(airlock::test::app_image("one"));
    test::SmallImage arm_ = test::small_image(airlock::test::app_image("arm", "linux/arm64"));
    images::Manifest multi_ = test::index_of({one_, arm_}, {"linux/amd64", "linux/arm64"});
};

TEST_F(InteropTest, SkopeoInspectsEachImageByItsReference) {
    build();
    EXPECT_EQ(run({"skopeo", "inspect", "--raw", inside("quay.io/x/app:v1")}), one_.manifest.raw);
    EXPECT_EQ(run({"skopeo", "inspect", "--raw", inside("docker.io/library/nginx:multi")}),
              multi_.raw);
}

TEST_F(InteropTest, SkopeoCopiesEachImageIntoARegistry) {
    build();
    const airlock::test::DockerRegistry registry;
    const auto to = [&](const std::string& name) {
        return "docker://" + registry.address() + "/" + name;
    };
    run({"skopeo", "copy", "--dest-tls-verify=false", inside("quay.io/x/app:v1"), to("x/app:v1")});
    run({"skopeo", "copy", "--all", "--dest-tls-verify=false",
         inside("docker.io/library/nginx:multi"), to("nginx:multi")});
    auto client = test::plain_client(registry.address());
    EXPECT_EQ(client.get_manifest("x/app", "v1").raw, one_.manifest.raw);
    EXPECT_EQ(client.get_manifest("nginx", "multi").raw, multi_.raw);
}

TEST_F(InteropTest, ContainerdImportsIt) {
    build();
    const auto socket = path("containerd.sock");
    const auto config =
        kit_.write("containerd.toml", "version = 2\nroot = \"" + path("ctr-root") +
                                          "\"\nstate = \"" + path("ctr-state") +
                                          "\"\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n"
                                          "[grpc]\n  address = \"" +
                                          socket + "\"\n");
    airlock::test::Daemon daemon({"containerd", "-c", config.string()},
                                 kit_.path("containerd.log"));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (daemon.runs() && !std::filesystem::exists(socket) &&
           std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_TRUE(std::filesystem::exists(socket)) << daemon.log();
    run({"ctr", "-a", socket, "images", "import", "--all-platforms", "--no-unpack",
         path("kit.tar")});
    const auto names = run({"ctr", "-a", socket, "images", "ls"});
    EXPECT_THAT(names, HasSubstr("quay.io/x/app:v1"));
    EXPECT_THAT(names, HasSubstr(one_.manifest.descriptor.digest.text()));
    EXPECT_THAT(names, HasSubstr("docker.io/library/nginx:multi"));
    EXPECT_THAT(names, HasSubstr(multi_.descriptor.digest.text()));
}

TEST_F(InteropTest, OpensslVerifiesTheSignatureOfTheIndex) {
    ASSERT_EQ(test::run_program({"keygen", "mine"}, kit_.path("")).code, 0);
    build({"--key", "mine.key"});
    const auto script = "set -e; cd " + path("") +
                        "; tar -xOf kit.tar index.json > index.json; "
                        "tar -xOf kit.tar index.json.sig | base64 -d > index.sig; "
                        "openssl dgst -sha256 -verify mine.pub -signature index.sig index.json";
    EXPECT_THAT(run({"bash", "-c", script}), HasSubstr("Verified OK"));
    EXPECT_EQ(test::run_program({"verify", "kit.tar", "--key", "mine.pub"}, kit_.path("")).code, 0);
    ASSERT_EQ(test::run_program({"keygen", "other"}, kit_.path("")).code, 0);
    EXPECT_EQ(test::run_program({"verify", "kit.tar", "--key", "other.pub"}, kit_.path("")).code,
              3);
}

TEST_F(InteropTest, CosignVerifiesTheSignatureOfTheIndex) {
    if (!installed("cosign")) GTEST_SKIP() << "cosign is not installed";
    ASSERT_EQ(test::run_program({"keygen", "mine"}, kit_.path("")).code, 0);
    build({"--key", "mine.key"});
    run({"tar", "-C", path(""), "-xf", path("kit.tar"), "index.json", "index.json.sig"});
    const auto verify = [&] {
        run({"cosign", "verify-blob", "--key", path("mine.pub"), "--signature",
             path("index.json.sig"), "--insecure-ignore-tlog", path("index.json")});
    };
    EXPECT_NO_THROW(verify());
    kit_.write("index.json", kit_.read("index.json") + " ");
    EXPECT_ANY_THROW(verify());
}

TEST_F(InteropTest, TarExtractsTheInstaller) {
    build();
    run({"tar", "-C", path("layout"), "-xf", path("kit.tar"), "airlock-installer"});
    EXPECT_EQ(kit_.read("layout/airlock-installer"), kit_.read("installer"));
    const auto mode = std::filesystem::status(kit_.path("layout/airlock-installer")).permissions();
    EXPECT_EQ(static_cast<unsigned>(mode) & 0777U, 0755U);
}

TEST_F(InteropTest, OrasListsItsTags) {
    if (!installed("oras")) GTEST_SKIP() << "oras is not installed";
    build();
    EXPECT_THAT(run({"oras", "repo", "tags", "--oci-layout", path("kit.tar")}),
                HasSubstr("quay.io/x/app:v1"));
}

TEST_F(InteropTest, UmociListsItsImages) {
    build();
    std::filesystem::create_directory(kit_.path("unpacked"));
    run({"tar", "-C", path("unpacked"), "-xf", path("kit.tar")});
    EXPECT_THAT(run({"umoci", "ls", "--layout", path("unpacked")}), HasSubstr("quay.io/x/app:v1"));
}

// An archive written by skopeo is packed with the same content.
class SkopeoArchive : public InteropTest, public testing::WithParamInterface<std::string> {};

TEST_P(SkopeoArchive, IsPacked) {
    const auto& kind = GetParam();
    const auto name = kind == "docker-archive" ? "app:v1" : "v1";
    run({"skopeo", "copy", "oci:" + path("layout") + ":v1",
         kind + ":" + path("theirs") + ":" + name});
    kit_.describe("  - {name: main, images: [{ref: 'app:v1', from: {" +
                  (kind == "oci" ? "oci-layout" : kind) + ": theirs}}]}\n");
    build();
    const auto bundle = kit_.open("kit.tar");
    bundle.verify_all({});
    const auto& image = bundle.manifest(bundle.lock().images.at(0).descriptor.digest);
    // The digest of the uncompressed layer does not depend on the compression.
    const auto config = base::Json::parse(one_.blobs.at(one_.manifest.config->digest));
    auto packed = bundle.blob(image.config->digest);
    EXPECT_EQ(base::Json::parse(base::read_all(packed, 1U << 20U, "config")).at("rootfs"),
              config.at("rootfs"));
    if (kind == "docker-archive") {
        EXPECT_EQ(image.layers.at(0).digest.text(),
                  config.at("rootfs").at("diff_ids").at(0).get<std::string>());
    } else {
        EXPECT_EQ(image.raw, one_.manifest.raw);
    }
    // skopeo reads the result.
    EXPECT_EQ(run({"skopeo", "inspect", "--raw", inside("docker.io/library/app:v1")}), image.raw);
}

INSTANTIATE_TEST_SUITE_P(Kinds, SkopeoArchive,
                         testing::Values("oci", "oci-archive", "docker-archive"),
                         [](const auto& row) {
                             auto name = row.param;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace airlock::bundler
