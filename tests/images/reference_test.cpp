#include "images/reference.hpp"

#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace airlock::images {
namespace {

using base::Errc;
using test::error_of;
using test::expect_error;

const std::string kSha256 =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Reference, DefaultsAreMadeExplicit) {
    struct Row {
        std::string text;
        std::string registry;
        std::string repository;
        std::string tag;
        std::string whole;
    };
    const std::vector<Row> rows{
        {"nginx", "docker.io", "library/nginx", "latest", "docker.io/library/nginx:latest"},
        {"nginx:1.25", "docker.io", "library/nginx", "1.25", "docker.io/library/nginx:1.25"},
        {"team/app", "docker.io", "team/app", "latest", "docker.io/team/app:latest"},
        {"docker.io/nginx", "docker.io", "library/nginx", "latest",
         "docker.io/library/nginx:latest"},
        {"index.docker.io/team/app", "docker.io", "team/app", "latest",
         "docker.io/team/app:latest"},
        {"quay.io/jetstack/x:v1.8.2", "quay.io", "jetstack/x", "v1.8.2",
         "quay.io/jetstack/x:v1.8.2"},
        {"registry.k8s.io/pause:3.9", "registry.k8s.io", "pause", "3.9",
         "registry.k8s.io/pause:3.9"},
        {"localhost/app", "localhost", "app", "latest", "localhost/app:latest"},
        {"localhost:5000/app:1", "localhost:5000", "app", "1", "localhost:5000/app:1"},
        {"host:5000/app", "host:5000", "app", "latest", "host:5000/app:latest"},
        {"Host/app", "Host", "app", "latest", "Host/app:latest"},
        {"[::1]:5000/app", "[::1]:5000", "app", "latest", "[::1]:5000/app:latest"},
        {"10.0.0.1/a/b/c/d:x", "10.0.0.1", "a/b/c/d", "x", "10.0.0.1/a/b/c/d:x"},
        {"a__b/c-d/e---f/g.h:T_a.g-1", "docker.io", "a__b/c-d/e---f/g.h", "T_a.g-1",
         "docker.io/a__b/c-d/e---f/g.h:T_a.g-1"},
        // No dot, colon or capital before the slash: not a host
        {"host/app", "docker.io", "host/app", "latest", "docker.io/host/app:latest"},
        // One word is a repository even when it looks like a host
        {"example.com", "docker.io", "library/example.com", "latest",
         "docker.io/library/example.com:latest"},
        {"localhost:5000", "docker.io", "library/localhost", "5000",
         "docker.io/library/localhost:5000"},
        {"x:" + std::string(128, 't'), "docker.io", "library/x", std::string(128, 't'),
         "docker.io/library/x:" + std::string(128, 't')},
    };
    for (const auto& row : rows) {
        const auto reference = Reference::parse(row.text);
        EXPECT_EQ(reference.registry(), row.registry) << row.text;
        EXPECT_EQ(reference.repository(), row.repository) << row.text;
        EXPECT_EQ(reference.tag(), row.tag) << row.text;
        EXPECT_FALSE(reference.digest()) << row.text;
        EXPECT_EQ(reference.identifier(), row.tag) << row.text;
        EXPECT_EQ(reference.text(), row.whole);
        EXPECT_EQ(Reference::parse(row.whole), reference) << row.whole;
    }
}

TEST(Reference, ADigestTakesPrecedenceOverATag) {
    const auto pinned = Reference::parse("quay.io/a/b@" + kSha256);
    EXPECT_FALSE(pinned.tag());
    EXPECT_EQ(pinned.identifier(), kSha256);
    EXPECT_EQ(pinned.text(), "quay.io/a/b@" + kSha256);

    const auto both = Reference::parse("host:5000/a:v1@" + kSha256);
    EXPECT_EQ(both.tag(), "v1");
    EXPECT_EQ(both.identifier(), kSha256);
    EXPECT_EQ(both.text(), "host:5000/a:v1@" + kSha256);
}

TEST(Reference, IsRelocatedAndPinned) {
    const auto from = Reference::parse("quay.io/jetstack/x:v1");
    EXPECT_EQ(from.name(), "quay.io/jetstack/x");
    EXPECT_EQ(from.at("r.site:5000", "mirror/jetstack/x").text(),
              "r.site:5000/mirror/jetstack/x:v1");
    EXPECT_EQ(from.with_digest(base::Digest::parse(kSha256)).text(),
              "quay.io/jetstack/x:v1@" + kSha256);
    EXPECT_EQ(from.text(), "quay.io/jetstack/x:v1");
}

TEST(Reference, RejectsInvalidReferencesAndQuotesTheText) {
    const std::vector<std::string> bad{
        "",
        ":",
        "/",
        "@",
        "nginx:",
        "nginx:a:b",
        "nginx:-a",
        "nginx:.a",
        "nginx:" + std::string(129, 't'),
        "nginx:a/b",
        "nginx:\xc3\xa4",
        "nginx@sha256:abc",
        "nginx@" + kSha256 + "x",
        "nginx@" + kSha256 + "@" + kSha256,
        "@" + kSha256,
        ":tag",
        "Nginx",
        "quay.io/",
        "quay.io//x",
        "quay.io/x/",
        "quay.io/X",
        "quay.io/.x",
        "quay.io/x.",
        "quay.io/-x",
        "quay.io/x-",
        "quay.io/a..b",
        "quay.io/a___b",
        "quay.io/a._b",
        "quay.io/../../etc/passwd",
        "quay.io/a%2fb",
        "quay.io/a b",
        "quay.io/a\nb",
        " nginx",
        "nginx ",
        "https://quay.io/a",
        "quay.io:/a",
        "quay.io:port/a",
        "quay.io:123456/a",
        "-quay.io/a",
        "quay..io/a",
        "user@quay.io/a",
        "[::1/a",
        "[]/a",
        "[::g]/a",
        "[::1]5000/a",
        std::string("quay.io/a\0b", 11),
        "quay.io/" + std::string(300, 'a'),
    };
    for (const auto& text : bad) {
        EXPECT_FALSE(Reference::try_parse(text).has_value()) << text;
        expect_error([&] { Reference::parse(text); }, Errc::invalid,
                     "is not a valid image reference: ");
    }
    expect_error([] { Reference::parse("quay.io/X"); }, Errc::invalid, "\"quay.io/X\"");
    const auto error = error_of([] { Reference::parse(std::string(1U << 20U, 'A')); });
    EXPECT_LT(std::string_view(error.value().what()).size(), 600U);
}

}  // namespace
}  // namespace airlock::images
