// Builds from a real registry, with faults of the network and the registry.
#include "base/error.hpp"
#include "tests/bundler/kit_folder.hpp"
#include "tests/support/docker_registry.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/fault_proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>

namespace airlock::bundler {
namespace {

using airlock::test::expect_error;
using airlock::test::Fault;
using airlock::test::FaultProxy;
using airlock::test::ServerReply;
using base::Errc;
using test::KitFolder;
using test::noise;
using test::small_image;

constexpr std::size_t kLarge = 9'000'000;  // more than two notes of the record

class RegistryBuildTest : public testing::Test {
  protected:
    RegistryBuildTest() {
        auto client = test::plain_client(registry_.address());
        test::push(client, "x/one", "1", one_);
        test::push(client, "x/two", "1", two_);
        kit_.describe(
            "  - {name: main, images: [{ref: 'quay.io/x/one:1'}, {ref: 'quay.io/x/two:1'}]}\n");
    }
    // Uses a proxy with `faults` for the rest of the test; its address is part of the provenance.
    FaultProxy& through(std::vector<Fault> faults) {
        proxy_.emplace(registry_.address(), std::move(faults));
        return *proxy_;
    }
    std::uint64_t build(const std::string& name, std::size_t concurrency = 2) const {
        return kit_.build(name, concurrency,
                          test::plain_sources(proxy_ ? proxy_->address() : registry_.address()));
    }
    bool is_there(const std::string& name) const {
        return std::filesystem::exists(kit_.path(name));
    }
    std::size_t downloads(const base::Digest& digest) const {
        return proxy_->server().count("GET", "/blobs/" + digest.text());
    }
    static std::string blob(const base::Digest& digest) { return "/blobs/" + digest.text(); }

    airlock::test::DockerRegistry registry_;
    std::optional<FaultProxy> proxy_;
    KitFolder kit_;
    std::string large_ = noise(kLarge, 1);
    std::string shared_ = noise(300'000, 2);
    base::Digest large_digest_ = base::sha256(large_);
    test::SmallImage one_ = small_image({large_, shared_});
    test::SmallImage two_ = small_image({noise(500'000, 3), shared_});
};

TEST_F(RegistryBuildTest, IsReproducibleWhateverTheConcurrency) {
    build("one.tar", 1);
    build("eight.tar", 8);
    kit_.open("one.tar").verify_all({});
    EXPECT_EQ(kit_.read("one.tar"), kit_.read("eight.tar"));
}

TEST_F(RegistryBuildTest, FetchesEachBlobOnce) {
    through({});
    build("kit.tar");
    for (const auto* image : {&one_, &two_}) {
        for (const auto& layer : image->manifest.layers)
            EXPECT_EQ(downloads(layer.digest), 1U) << layer.digest.text();
    }
}

TEST_F(RegistryBuildTest, ABrokenConnectionResumesWithinTheBlob) {
    auto& proxy = through({{.method = "GET",
                            .in_target = blob(large_digest_),
                            .times = 1,
                            .change = [](ServerReply& reply) { reply.cut_after = 5'000'000; }}});
    build("kit.tar");
    EXPECT_TRUE(proxy.all_happened());
    std::vector<std::string> ranges;
    for (const auto& request : proxy.server().requests()) {
        if (request.method == "GET" &&
            request.target.find(large_digest_.hex()) != std::string::npos)
            ranges.push_back(request.header("range"));
    }
    ASSERT_EQ(ranges.size(), 2U);
    EXPECT_EQ(ranges[0], "");
    EXPECT_THAT(ranges[1], testing::MatchesRegex("bytes=[1-9][0-9]*-"));
    kit_.open("kit.tar").verify_all({});
}

TEST_F(RegistryBuildTest, AnUnavailableRegistryFailsTheBuildAndTheNextOneResumes) {
    auto& proxy = through({{.method = "GET",
                            .in_target = blob(large_digest_),
                            .times = 1,
                            .change = [](ServerReply& reply) { reply.cut_after = 5'000'000; }},
                           {.in_target = blob(large_digest_),
                            .times = 2,
                            .instead = ServerReply{.no_answer = true}}});
    expect_error([&] { build("kit.tar", 1); }, Errc::network, large_digest_.text());
    EXPECT_TRUE(proxy.all_happened());
    EXPECT_FALSE(is_there("kit.tar"));
    EXPECT_TRUE(is_there("kit.tar.partial"));
    EXPECT_FALSE(is_there("kit.tar.partial.lock"));
    build("kit.tar", 1);
    kit_.open("kit.tar").verify_all({});
    EXPECT_FALSE(is_there("kit.tar.partial"));
    EXPECT_FALSE(is_there("kit.tar.partial.record"));
    EXPECT_NE(proxy.server().requests().back().method, "") << "the last build asked nothing";
}

TEST_F(RegistryBuildTest, FetchedBlobsAreNotFetchedAgain) {
    // The largest blob is fetched first; the next one fails.
    const auto& second = two_.manifest.layers.at(0).digest;
    through({{.in_target = blob(second), .times = 3, .instead = ServerReply{.status = 503}}});
    expect_error([&] { build("kit.tar", 1); }, Errc::unavailable, second.text());
    build("kit.tar", 1);
    EXPECT_EQ(downloads(large_digest_), 1U);
    EXPECT_EQ(downloads(second), 4U);
    kit_.open("kit.tar").verify_all({});
}

TEST_F(RegistryBuildTest, ModifiedBlobsAreFetchedAgain) {
    const auto& second = two_.manifest.layers.at(0).digest;
    through({{.in_target = blob(second), .times = 3, .instead = ServerReply{.status = 503}}});
    EXPECT_THROW(build("kit.tar", 1), base::Error);
    auto partial = kit_.read("kit.tar.partial");
    partial[partial.size() / 2] = static_cast<char>(partial[partial.size() / 2] ^ 1);
    kit_.write("kit.tar.partial", partial);
    build("kit.tar", 1);
    EXPECT_EQ(downloads(large_digest_), 2U);
    kit_.open("kit.tar").verify_all({});
}

TEST_F(RegistryBuildTest, RejectsADigestMismatch) {
    through({{.method = "GET",
              .in_target = blob(large_digest_),
              .times = 1,
              .change = [](ServerReply& reply) { reply.body[4'000'000] = '!'; }}});
    expect_error([&] { build("kit.tar"); }, Errc::integrity, large_digest_.text(),
                 "does not match its digest");
    EXPECT_FALSE(is_there("kit.tar"));
    build("kit.tar");
    kit_.open("kit.tar").verify_all({});
}

TEST_F(RegistryBuildTest, AnOversizedBlobDoesNotOverwriteTheNextOne) {
    auto& proxy = through({{.method = "GET",
                            .in_target = blob(base::sha256(shared_)),
                            .times = 1,
                            .change = [](ServerReply& reply) {
                                reply.body += "more";
                                for (auto& [name, value] : reply.headers) {
                                    if (name == "content-length" || name == "Content-Length")
                                        value = std::to_string(reply.body.size());
                                }
                            }}});
    expect_error([&] { build("kit.tar"); }, Errc::integrity, base::sha256(shared_).text());
    EXPECT_TRUE(proxy.all_happened());
    build("kit.tar");
    kit_.open("kit.tar").verify_all({});
}

TEST_F(RegistryBuildTest, AServerWithoutRangesSendsTheWholeBlobAgain) {
    const auto without = [](ServerReply& reply) {
        std::erase_if(reply.headers, [](const auto& header) {
            return header.first == "Accept-Ranges" || header.first == "accept-ranges";
        });
    };
    through({{.method = "GET",
              .in_target = blob(large_digest_),
              .times = 1,
              .change = [](ServerReply& reply) { reply.cut_after = 5'000'000; }},
             {.method = "HEAD", .in_target = blob(large_digest_), .times = 1, .change = without}});
    build("kit.tar");
    EXPECT_TRUE(proxy_->all_happened());
    EXPECT_EQ(proxy_->server().requests().back().header("range"), "");
    kit_.open("kit.tar").verify_all({});
}

TEST_F(RegistryBuildTest, AnErrorNamesAMissingImage) {
    kit_.describe("  - {name: main, images: [{ref: 'quay.io/x/absent:7'}]}\n");
    expect_error([&] { build("kit.tar"); }, Errc::not_found, "quay.io/x/absent:7: ");
}

TEST_F(RegistryBuildTest, ALockedBuildRejectsAMovedTag) {
    BuildOptions options;
    options.locked = kit_.plan({}, test::plain_sources(registry_.address())).lock;
    auto client = test::plain_client(registry_.address());
    test::push(client, "x/one", "1", two_);
    expect_error([&] { kit_.plan(options, test::plain_sources(registry_.address())); },
                 Errc::conflict,
                 "expected " + one_.manifest.descriptor.digest.text() + " from the lock, got " +
                     two_.manifest.descriptor.digest.text());
}

TEST_F(RegistryBuildTest, AnIndexOfSelectedPlatformsIsPackedAndLocked) {
    const auto arm = small_image({"arm"}, "linux/arm64");
    const auto other = small_image({"other"}, "linux/s390x");
    auto client = test::plain_client(registry_.address());
    test::push(client, "x/multi", "1",
               test::index_of({two_, arm, other}, {"linux/amd64", "linux/arm64", "linux/s390x"}),
               {two_, arm, other});
    kit_.describe(
        "  - {name: main, images: [{ref: 'quay.io/x/multi:1', platforms: [linux/amd64, "
        "linux/arm64]}]}\n");
    build("kit.tar");
    const auto bundle = kit_.open("kit.tar");
    bundle.verify_all({});
    EXPECT_EQ(bundle.manifest(bundle.lock().images.at(0).descriptor.digest).manifests.size(), 2U);
    BuildOptions options;
    options.locked = bundle.lock();
    EXPECT_NO_THROW(kit_.plan(options, test::plain_sources(registry_.address())));
}

TEST_F(RegistryBuildTest, AStopRequestCancelsItAndKeepsFetchedData) {
    std::stop_source stop;
    through({{.method = "GET",
              .in_target = blob(large_digest_),
              .times = 1,
              .change = [&stop](ServerReply&) { stop.request_stop(); }}});
    const auto sources = test::plain_sources(proxy_->address());
    expect_error([&] { kit_.build("kit.tar", 1, sources, stop.get_token()); }, Errc::cancelled,
                 "cancelled");
    EXPECT_TRUE(is_there("kit.tar.partial"));
    EXPECT_FALSE(is_there("kit.tar"));
}

}  // namespace
}  // namespace airlock::bundler
