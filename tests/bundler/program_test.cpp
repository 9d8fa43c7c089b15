// The program as a process: killed, interrupted, without disk space, run concurrently. tmpfs
// requires root.
#include "tests/bundler/program.hpp"

#include "tests/bundler/kit_folder.hpp"
#include "tests/support/docker_registry.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>
#include <random>
#include <thread>

namespace airlock::bundler {
namespace {

using airlock::test::FaultProxy;
using airlock::test::ServerReply;
using test::Ended;
using test::KitFolder;
using test::noise;
using test::Program;
using testing::HasSubstr;

constexpr std::size_t kLayer = 12'000'000;
constexpr std::size_t kLayers = 6;

class ProgramTest : public testing::Test {
  protected:
    ProgramTest() {
        std::vector<std::string> layers;
        for (unsigned i = 0; i < kLayers; ++i)
            layers.push_back(noise(kLayer + i, i));
        image_ = test::small_image(layers);
        auto client = test::plain_client(registry_.address());
        test::push(client, "x/app", "1", *image_);
        kit_.describe("  - {name: main, images: [{ref: 'quay.io/x/app:1'}]}\n");
    }
    std::vector<std::string> build(const std::string& file) const {
        const auto host = proxy_ ? proxy_->address() : registry_.address();
        return {"build",    "bundle.yaml",     "-o",          file,       "--plain-http", host,
                "--mirror", "quay.io=" + host, "--installer", "installer"};
    }
    Ended run(const std::vector<std::string>& arguments) const {
        return test::run_program(arguments, kit_.path(""));
    }
    // The number of lines in the record: the plan, and a note every few megabytes.
    std::ptrdiff_t notes(const std::string& file) const {
        const auto text =
            base::read_file_if_present(kit_.path(file + ".partial.record"), 1U << 20U).value_or("");
        return std::ranges::count(text, '\n');
    }
    // Waits until the record has `lines`, or the program has exited.
    void watch(Program& program, const std::string& file, std::ptrdiff_t lines) const {
        while (program.runs() && notes(file) < lines)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    bool is_there(const std::string& name) const {
        return std::filesystem::exists(kit_.path(name));
    }

    airlock::test::DockerRegistry registry_;
    std::optional<FaultProxy> proxy_;
    std::optional<test::SmallImage> image_;
    KitFolder kit_;
};

TEST_F(ProgramTest, ResumesAfterKillAtAnyMoment) {
    const auto good = run(build("good.tar"));
    ASSERT_EQ(good.code, 0) << good.err;
    std::random_device seed;
    const auto value = seed();
    SCOPED_TRACE(value);
    std::minstd_rand random(value);
    // 1 is before the first byte, about 18 after the last one.
    for (int round = 0; round < 2; ++round) {
        int kills = 0;
        for (std::ptrdiff_t lines = 1; kills < 4; ++kills) {
            lines += std::uniform_int_distribution<std::ptrdiff_t>(0, 5)(random);
            Program program(build("kit.tar"), kit_.path(""));
            watch(program, "kit.tar", lines);
            if (!program.runs()) break;
            program.signal(SIGKILL);
            EXPECT_EQ(program.wait(), 128 + SIGKILL);
            EXPECT_FALSE(is_there("kit.tar"));
        }
        const auto last = run(build("kit.tar"));
        ASSERT_EQ(last.code, 0) << last.err;
        if (kills > 0) {
            EXPECT_THAT(last.err, HasSubstr("resuming kit.tar.partial"));
        }
        ASSERT_TRUE(kit_.read("kit.tar") == kit_.read("good.tar")) << "round " << round;
        EXPECT_FALSE(is_there("kit.tar.partial"));
        std::filesystem::remove(kit_.path("kit.tar"));
    }
    // 206: a range of a blob.
    EXPECT_THAT(registry_.log(), HasSubstr("\" 206 "));
}

TEST_F(ProgramTest, AnInterruptExitsWith130AndTheNextBuildResumes) {
    for (const int number : {SIGINT, SIGTERM}) {
        const auto before = notes("kit.tar");
        Program program(build("kit.tar"), kit_.path(""));
        watch(program, "kit.tar", before + 2);
        ASSERT_TRUE(program.runs()) << program.err();
        program.signal(number);
        EXPECT_EQ(program.wait(), 130) << program.err();
        EXPECT_THAT(program.err(), HasSubstr("the fetched data is kept in kit.tar.partial"));
        EXPECT_FALSE(is_there("kit.tar"));
        EXPECT_FALSE(is_there("kit.tar.partial.lock"));
    }
    EXPECT_EQ(run(build("kit.tar")).code, 0);
    EXPECT_EQ(run({"verify", "kit.tar"}).code, 0);
}

TEST_F(ProgramTest, RejectsAConcurrentBuildOfTheSameFile) {
    // The first one hangs in its download until it is killed.
    proxy_.emplace(
        registry_.address(),
        std::vector<airlock::test::Fault>{{.in_target = image_->manifest.layers.at(0).digest.text(),
                                           .times = 1,
                                           .instead = ServerReply{.silent = true}}});
    Program first(build("kit.tar"), kit_.path(""));
    watch(first, "kit.tar", 2);
    const auto second = run(build("kit.tar"));
    EXPECT_EQ(second.code, 1);
    EXPECT_THAT(second.err, HasSubstr("kit.tar: another build is writing it"));
    EXPECT_THAT(second.err, HasSubstr("hint: wait for that build"));
    EXPECT_TRUE(first.runs());
    first.signal(SIGKILL);
    first.wait();
    EXPECT_EQ(run(build("kit.tar")).code, 0);
}

// A small file system, mounted during the test.
class SmallDisk {
  public:
    SmallDisk(std::filesystem::path directory, const std::string& options)
        : directory_(std::move(directory)) {
        std::filesystem::create_directory(directory_);
        mounted_ = ::mount("none", directory_.c_str(), "tmpfs", 0, options.c_str()) == 0;
    }
    ~SmallDisk() {
        if (mounted_) ::umount2(directory_.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    bool mounted() const { return mounted_; }
    void change(unsigned long flags, const std::string& options) const {
        ASSERT_EQ(::mount("none", directory_.c_str(), "tmpfs", MS_REMOUNT | flags, options.c_str()),
                  0);
    }

  private:
    std::filesystem::path directory_;
    bool mounted_ = false;
};

TEST_F(ProgramTest, ReportsMissingDiskSpaceAndKeepsFetchedData) {
    const SmallDisk disk(kit_.path("small"), "size=30m");
    if (!disk.mounted()) GTEST_SKIP() << "no tmpfs can be mounted here (not root?)";
    const auto full = run(build("small/kit.tar"));
    EXPECT_EQ(full.code, 1);
    EXPECT_THAT(full.err, HasSubstr("small/kit.tar.partial: No space left on device: the bundle "
                                    "needs "));
    EXPECT_THAT(full.err, HasSubstr(" bytes) more, but only "));
    EXPECT_THAT(full.err, HasSubstr(" are available"));
    EXPECT_THAT(full.err, HasSubstr("hint: free some space"));
    EXPECT_FALSE(is_there("small/kit.tar"));
    // With enough space: fetch a part, kill the build, and resume it.
    disk.change(0, "size=100m");
    {
        Program program(build("small/kit.tar"), kit_.path(""));
        watch(program, "small/kit.tar", 4);
        ASSERT_TRUE(program.runs()) << program.err();
        program.signal(SIGKILL);
        program.wait();
    }
    EXPECT_TRUE(is_there("small/kit.tar.partial"));
    const auto last = run(build("small/kit.tar"));
    EXPECT_EQ(last.code, 0) << last.err;
    EXPECT_THAT(last.err, HasSubstr("resuming small/kit.tar.partial"));
    EXPECT_EQ(run({"verify", "small/kit.tar"}).code, 0);
}

TEST_F(ProgramTest, ChecksTheOutputDirectoryBeforeContactingTheRegistry) {
    const SmallDisk disk(kit_.path("readonly"), "size=1m");
    if (!disk.mounted()) GTEST_SKIP() << "no tmpfs can be mounted here (not root?)";
    disk.change(MS_RDONLY, "size=1m");
    proxy_.emplace(registry_.address(), std::vector<airlock::test::Fault>{});
    const auto refused = run(build("readonly/kit.tar"));
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("readonly/kit.tar"));
    EXPECT_THAT(refused.err, HasSubstr("Read-only file system"));
    const auto absent = run(build("absent/kit.tar"));
    EXPECT_EQ(absent.code, 1);
    EXPECT_THAT(absent.err, HasSubstr("the directory absent does not exist"));
    EXPECT_EQ(run(build("readonly")).code, 2);
    EXPECT_TRUE(proxy_->server().requests().empty());
}

TEST_F(ProgramTest, ADirectoryMeansItsBundleYaml) {
    auto words = build("kit.tar");
    words[1] = ".";
    const auto made = run(words);
    ASSERT_EQ(made.code, 0) << made.err;
    const auto checked = run({"verify", "kit.tar", "--format", "json"});
    EXPECT_EQ(checked.code, 0) << checked.err;
    EXPECT_EQ(base::Json::parse(checked.out).at("verified"), true);
}

TEST_F(ProgramTest, WritesAndEnforcesTheLock) {
    auto with = [&](std::vector<std::string> more) {
        auto words = build("kit.tar");
        words.insert(words.end(), more.begin(), more.end());
        return run(words);
    };
    EXPECT_EQ(with({"--locked"}).code, 2);
    EXPECT_EQ(with({"--lock", "absent/kit.lock"}).code, 1);
    EXPECT_FALSE(is_there("kit.tar"));
    const auto made = with({"--lock", "kit.lock"});
    ASSERT_EQ(made.code, 0) << made.err;
    const auto first = kit_.read("kit.tar");
    ASSERT_EQ(with({"--lock", "kit.lock", "--locked"}).code, 0);
    EXPECT_TRUE(kit_.read("kit.tar") == first);
    auto client = test::plain_client(registry_.address());
    test::push(client, "x/app", "1", test::small_image({"another"}));
    const auto moved = with({"--lock", "kit.lock", "--locked"});
    EXPECT_EQ(moved.code, 1);
    EXPECT_THAT(moved.err, HasSubstr("expected " + image_->manifest.descriptor.digest.text() +
                                     " from the lock, got sha256:"));
    EXPECT_TRUE(kit_.read("kit.tar") == first) << "the good bundle is gone";
}

}  // namespace
}  // namespace airlock::bundler
