// The client with a real registry without TLS or password.
#include "images/registry.hpp"

#include "tests/images/registry_fixture.hpp"
#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace airlock::images::test {
namespace {

using airlock::test::DockerRegistry;
using airlock::test::error_of;
using airlock::test::expect_error;
using base::Errc;

class PlainRegistryTest : public RegistryTest {
  protected:
    DockerRegistry server_;
    RegistryClient registry_ = client(server_.address(), plain());
};

TEST_F(PlainRegistryTest, ReturnsWhatWasPushed) {
    registry_.ping();
    push_image(registry_, "team/app", "v1");
    expect_image(registry_, "team/app", "v1");
    expect_image(registry_, "team/app", image_.manifest.descriptor.digest.text());
    const auto head = registry_.head_manifest("team/app", "v1");
    ASSERT_TRUE(head.has_value());
    EXPECT_EQ(head->digest, image_.manifest.descriptor.digest);
    EXPECT_EQ(head->media_type, image_.manifest.descriptor.media_type);
    EXPECT_EQ(head->size, image_.manifest.raw.size());
}

TEST_F(PlainRegistryTest, IsNotUsedWithoutTlsUnlessRequested) {
    auto options = plain();
    options.plain_http = false;
    options.hints.no_tls = "ask for plain HTTP";
    auto careful = client(server_.address(), options);
    base::StringSource bytes(image_.config);
    const std::string words = "does not speak TLS";
    const std::string hint = "ask for plain HTTP";
    expect_error([&] { careful.ping(); }, Errc::remote, words, hint);
    expect_error([&] { careful.get_manifest("team/app", "v1"); }, Errc::remote, words, hint);
    expect_error([&] { careful.push_blob("team/app", image_.config_descriptor, bytes); },
                 Errc::remote, words, hint);
    EXPECT_EQ(server_.log().find("/v2/team/app"), std::string::npos);
}

TEST_F(PlainRegistryTest, AnErrorNamesWhatIsMissing) {
    EXPECT_FALSE(registry_.head_manifest("team/app", "v1").has_value());
    EXPECT_FALSE(registry_.has_blob("team/app", image_.config_descriptor.digest));
    expect_error([&] { registry_.get_manifest("team/app", "v1"); }, Errc::not_found,
                 server_.address() + "/team/app: cannot pull v1");
    expect_error([&] { registry_.get_blob_text("team/app", image_.config_descriptor, 1U << 20U); },
                 Errc::not_found, image_.config_descriptor.digest.text());
    push_text(registry_, "team/app", image_.config);
    EXPECT_TRUE(registry_.has_blob("team/app", image_.config_descriptor.digest));
    EXPECT_FALSE(registry_.has_blob("team/other", image_.config_descriptor.digest));
}

TEST_F(PlainRegistryTest, ReportsTheRegistrysErrorForAManifestWithoutItsBlobs) {
    expect_error(
        [&] {
            registry_.put_manifest("team/app", "v1", image_.manifest.raw,
                                   image_.manifest.descriptor.media_type);
        },
        Errc::remote, "MANIFEST_BLOB_UNKNOWN");
}

TEST_F(PlainRegistryTest, RejectsADigestMismatchInBothDirections) {
    const std::string other(image_.layer.size(), 'x');
    base::StringSource source(other);
    expect_error([&] { registry_.push_blob("team/app", image_.layer_descriptor, source); },
                 Errc::remote, image_.layer_descriptor.digest.text());
    EXPECT_FALSE(registry_.has_blob("team/app", image_.layer_descriptor.digest));

    push_image(registry_, "team/app", "v1");
    auto larger = image_.config_descriptor;
    larger.size += 1;
    expect_error([&] { registry_.get_blob_text("team/app", larger, 1U << 20U); }, Errc::integrity,
                 larger.digest.text());
    expect_error([&] { registry_.get_blob_text("team/app", image_.layer_descriptor, 100); },
                 Errc::invalid, "larger than 100 bytes");
}

TEST_F(PlainRegistryTest, ABlobIsReadFromAnOffset) {
    push_text(registry_, "team/app", image_.layer);
    base::StringSink rest(image_.layer.size(), "layer");
    EXPECT_TRUE(registry_.get_blob("team/app", image_.layer_descriptor, 1'000'000, rest));
    EXPECT_EQ(rest.text(), image_.layer.substr(1'000'000));
}

TEST_F(PlainRegistryTest, ProgressCountsEveryByteOnce) {
    base::StringSource source(image_.layer);
    std::uint64_t told = 0;
    registry_.push_blob("team/app", image_.layer_descriptor, source,
                        [&](std::uint64_t bytes) { told += bytes; });
    EXPECT_EQ(told, image_.layer.size());
    base::StringSource nothing("");
    registry_.push_blob("team/app", describe(""), nothing);
    EXPECT_EQ(registry_.get_blob_text("team/app", describe(""), 10), "");
}

TEST_F(PlainRegistryTest, ABlobIsMountedFromAnotherRepository) {
    push_image(registry_, "team/app", "v1");
    const auto& layer = image_.layer_descriptor.digest;
    EXPECT_EQ(registry_.mount_blob("other/copy", layer, "team/app"), MountResult::mounted);
    EXPECT_TRUE(registry_.has_blob("other/copy", layer));
    EXPECT_EQ(registry_.mount_blob("other/copy", base::sha256("nobody has it"), "team/app"),
              MountResult::upload_needed);
    EXPECT_EQ(registry_.mount_blob("other/copy", image_.config_descriptor.digest, "no/such"),
              MountResult::upload_needed);
    EXPECT_FALSE(registry_.has_blob("other/copy", image_.config_descriptor.digest));
}

TEST_F(PlainRegistryTest, RemovingATagKeepsOtherTagsOfItsDigest) {
    push_image(registry_, "team/app", "v1");
    for (const auto* tag : {"latest", "stable"})
        registry_.put_manifest("team/app", tag, image_.manifest.raw,
                               image_.manifest.descriptor.media_type);
    EXPECT_TRUE(registry_.can_delete("team/app"));
    registry_.delete_tag("team/app", "v1");
    EXPECT_FALSE(registry_.head_manifest("team/app", "v1").has_value());
    expect_image(registry_, "team/app", "latest");
    expect_image(registry_, "team/app", "stable");
    expect_image(registry_, "team/app", image_.manifest.descriptor.digest.text());
    registry_.delete_tag("team/app", "v1");  // already absent
    registry_.delete_tag("team/app", "stable");
    expect_image(registry_, "team/app", "latest");
    // A removed tag can be pushed again.
    registry_.put_manifest("team/app", "v1", image_.manifest.raw,
                           image_.manifest.descriptor.media_type);
    registry_.delete_tag("team/app", "v1");
    EXPECT_FALSE(registry_.head_manifest("team/app", "v1").has_value());
}

TEST_F(PlainRegistryTest, DeletingADigestTwiceIsNotAnError) {
    push_image(registry_, "team/app", "v1");
    registry_.delete_manifest("team/app", image_.manifest.descriptor.digest);
    EXPECT_FALSE(registry_.head_manifest("team/app", "v1").has_value());
    registry_.delete_manifest("team/app", image_.manifest.descriptor.digest);
}

TEST_F(PlainRegistryTest, AStopRequestCancelsAPush) {
    std::stop_source stop;
    RegistryClient stopped(server_.address(), plain(), stop.get_token());
    base::StringSource source(image_.layer);
    expect_error(
        [&] {
            stopped.push_blob("team/app", image_.layer_descriptor, source,
                              [&](std::uint64_t) { stop.request_stop(); });
        },
        Errc::cancelled, "cancelled");
    EXPECT_FALSE(registry_.has_blob("team/app", image_.layer_descriptor.digest));
}

TEST_F(RegistryTest, ChecksBeforehandWhetherDeletionIsSupported) {
    const DockerRegistry server({.deletes = false});
    auto registry = client(server.address(), plain());
    push_image(registry, "team/app", "v1");
    EXPECT_FALSE(registry.can_delete("team/app"));
    expect_error([&] { registry.delete_manifest("team/app", image_.manifest.descriptor.digest); },
                 Errc::unsupported, "this registry does not support deletion",
                 "storage.delete.enabled");
    // The tag is not changed before that is known.
    expect_error([&] { registry.delete_tag("team/app", "v1"); }, Errc::unsupported,
                 "this registry does not support deletion", "storage.delete.enabled");
    expect_image(registry, "team/app", "v1");
}

}  // namespace
}  // namespace airlock::images::test
