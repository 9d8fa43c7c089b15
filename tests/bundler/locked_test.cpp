#include "bundler/locked.hpp"

#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

namespace airlock::bundler {
namespace {

using airlock::test::expect_error;
using base::Errc;
using manifests::Lock;

manifests::LockedImage image(const std::string& name, const std::string& content) {
    return {.reference = images::Reference::parse(name),
            .descriptor = {.media_type = std::string(images::media_type::kOciManifest),
                           .digest = base::sha256(content),
                           .size = content.size()},
            .components = {"main"},
            .source = "quay.io/" + name};
}

Lock lock() {
    Lock out;
    out.name = "kit";
    out.version = "1";
    out.images = {image("a:1", "a"), image("b:1", "b")};
    out.files = {{.source = "bundle.yaml", .digest = base::sha256("x"), .size = 1}};
    out.installer = manifests::LockedBlob{.digest = base::sha256("i"), .size = 1};
    return out;
}

TEST(RequireLocked, AcceptsTheSameContent) {
    auto made = lock();
    require_locked(lock(), made);
    EXPECT_EQ(made.text(), lock().text());
}

TEST(RequireLocked, KeepsTheProvenanceOfTheLock) {
    auto made = lock();
    made.images[0].source = "mirror.corp/a";
    require_locked(lock(), made);
    EXPECT_EQ(made.text(), lock().text());
}

TEST(RequireLocked, ListsAllDifferences) {
    auto made = lock();
    made.images[0] = image("a:1", "new");
    made.images[1] = image("c:1", "c");
    made.files[0].digest = base::sha256("y");
    for (const auto& says :
         {"docker.io/library/a:1: digest mismatch: expected " + base::sha256("a").text() +
              " from the lock, got " + base::sha256("new").text(),
          std::string("docker.io/library/c:1: is not in the lock"),
          std::string("docker.io/library/b:1: is in the lock, but not in this build"),
          std::string("bundle.yaml: digest mismatch: expected ")})
        expect_error([&] { require_locked(lock(), made); }, Errc::conflict, says);
}

TEST(RequireLocked, RejectsALockThatWasEditedByHand) {
    auto made = lock();
    made.blobs.push_back({.digest = base::sha256("z"), .size = 1});
    expect_error([&] { require_locked(lock(), made); }, Errc::conflict, "is not identical",
                 "by hand");
}

}  // namespace
}  // namespace airlock::bundler
