#include "bundler/mirrors.hpp"

#include "base/error.hpp"

#include <gtest/gtest.h>

namespace airlock::bundler {
namespace {

std::string mirrored(const std::vector<std::string>& rules, std::string_view reference) {
    return Mirrors(rules).apply(images::Reference::parse(reference)).text();
}

TEST(Mirrors, ReplaceAHost) {
    EXPECT_EQ(mirrored({"quay.io=localhost:5001"}, "quay.io/jetstack/x:v1"),
              "localhost:5001/jetstack/x:v1");
}

TEST(Mirrors, ReplaceAPathAndKeepTheDigest) {
    const std::string digest = "sha256:" + std::string(64, 'a');
    EXPECT_EQ(mirrored({"quay.io/jetstack=m.corp/q"}, "quay.io/jetstack/x@" + digest),
              "m.corp/q/x@" + digest);
}

TEST(Mirrors, TakeTheLongestRule) {
    EXPECT_EQ(mirrored({"quay.io=a.corp", "quay.io/jetstack=b.corp"}, "quay.io/jetstack/x:v1"),
              "b.corp/x:v1");
}

TEST(Mirrors, MatchWholeParts) {
    EXPECT_EQ(mirrored({"quay.io/jet=b.corp"}, "quay.io/jetstack/x:v1"), "quay.io/jetstack/x:v1");
    EXPECT_EQ(mirrored({"quay=b.corp"}, "quay.io/x:v1"), "quay.io/x:v1");
}

TEST(Mirrors, KeepOtherHosts) {
    EXPECT_EQ(mirrored({"quay.io=a.corp"}, "nginx"), "docker.io/library/nginx:latest");
}

TEST(Mirrors, ReplaceTheBeginningOfAUrl) {
    const Mirrors mirrors({"https://github.com/=http://127.0.0.1:8000/gh/"});
    EXPECT_EQ(mirrors.apply_url("https://github.com/a/b.yaml"),
              "http://127.0.0.1:8000/gh/a/b.yaml");
    EXPECT_EQ(mirrors.apply_url("https://github.company/a"), "https://github.company/a");
}

TEST(Mirrors, RejectIncompleteRules) {
    for (const auto* rule : {"quay.io", "=x", "quay.io=", "="}) {
        EXPECT_THROW(Mirrors({rule}), base::Error) << rule;
    }
}

}  // namespace
}  // namespace airlock::bundler
