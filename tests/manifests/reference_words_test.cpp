#include "manifests/reference_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace airlock::manifests {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

struct Row {
    std::string name;
    std::string text;
    std::vector<std::string> words;  // as written
};
std::ostream& operator<<(std::ostream& out, const Row& row) {
    return out << row.name;
}

class ReferenceWords : public testing::TestWithParam<Row> {};

TEST_P(ReferenceWords, AreFound) {
    const auto& row = GetParam();
    std::vector<std::string> words;
    const std::set<std::string> known = {"docker.io/library/nginx:1.25",
                                         "docker.io/library/redis:latest", "ghcr.io/acme/chart:2"};
    for (const auto& word : find_reference_words(row.text, known))
        words.push_back(row.text.substr(word.begin, word.length));
    EXPECT_EQ(words, row.words) << row.text;
}

INSTANTIATE_TEST_SUITE_P(
    Found, ReferenceWords,
    testing::Values(
        Row{"Alone", "quay.io/jetstack/x:v1", {"quay.io/jetstack/x:v1"}},
        Row{"Argument",
            "--acme-http01-solver-image=quay.io/jetstack/x:v1.8.2",
            {"quay.io/jetstack/x:v1.8.2"}},
        Row{"ByDigest", "a=quay.io/x@" + kDigest, {"quay.io/x@" + kDigest}},
        Row{"ByTagAndDigest", "quay.io/x:v1@" + kDigest + ",", {"quay.io/x:v1@" + kDigest}},
        Row{"Port", "registry:5000/a/b:1", {"registry:5000/a/b:1"}},
        Row{"Localhost", "localhost/a:1", {"localhost/a:1"}},
        Row{"Address", "10.0.0.1/a:1 127.0.0.1:5000/b:2", {"10.0.0.1/a:1", "127.0.0.1:5000/b:2"}},
        Row{"Json",
            R"({"image":"quay.io/a/b:1","x":["quay.io/c:2"]})",
            {"quay.io/a/b:1", "quay.io/c:2"}},
        Row{"JsonInJson",
            R"("{\"image\":\"quay.io/a:1\"}\nquay.io/b:2\n")",
            {"quay.io/a:1", "quay.io/b:2"}},
        Row{"JsonEscapes", R"(a\u003dquay.io/a:1\tquay.io/b:2)", {"quay.io/a:1", "quay.io/b:2"}},
        Row{"Yaml", "image: quay.io/a:1\nother: 'quay.io/b:2'\n", {"quay.io/a:1", "quay.io/b:2"}},
        Row{"NoSpaceAfterTheKey", "image:quay.io/a:1", {"quay.io/a:1"}},
        Row{"DockerScheme", "docker://quay.io/a:1", {"quay.io/a:1"}},
        Row{"OtherSchemeWhenKnown", "oci://ghcr.io/acme/chart:2", {"ghcr.io/acme/chart:2"}},
        Row{"EndOfASentence", "It runs quay.io/a:1.", {"quay.io/a:1"}},
        Row{"CommaSeparated", "quay.io/a:1,quay.io/b:2", {"quay.io/a:1", "quay.io/b:2"}},
        Row{"KnownShortNameWithTag", "run nginx:1.25 now", {"nginx:1.25"}},
        Row{"KnownShortNameAfterImage", "containers:\n- image: redis\n", {"redis"}},
        Row{"KnownWithHostAlone", "docker.io/library/redis", {"docker.io/library/redis"}}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    NotFound, ReferenceWords,
    testing::Values(Row{"Url", "https://quay.io/a/b:1 http://example.com:80/x:y", {}},
                    Row{"OtherScheme", "oci://ghcr.io/acme/other:2 spiffe://a.io/b:1", {}},
                    Row{"GroupVersion", "admission.k8s.io/v1 networking.k8s.io/v1:Ingress", {}},
                    Row{"LabelKey", "app.kubernetes.io/name: x app.kubernetes.io/name=x", {}},
                    Row{"Taint", "node-role.kubernetes.io/master:NoSchedule", {}},
                    Row{"FilePath", "/etc/x.io/y:ro ./a.io/b:1 ../a.io/b:1 conf.d/x:1", {}},
                    Row{"BindMount", "/var/run/docker.sock:/var/run/docker.sock:ro", {}},
                    Row{"Mail", "ops@example.com/x:1 git@github.com:org/repo", {}},
                    Row{"Time", "2022-01-01T00:00:00Z 10:30:00", {}},
                    Row{"HostAndPort", "example.com:8080 example.com:8080/healthz", {}},
                    Row{"ShortNameUnknown", "busybox:1.36 image: busybox", {}},
                    Row{"KnownNameAsALabel", "redis nginx app=nginx", {}},
                    Row{"KeyThatEndsInImage", "myimage: redis", {}},
                    Row{"Template",
                        "quay.io/a:${TAG} quay.io/a:v${TAG} ${HOST}.io/a:1 quay.io/a:{{ .Tag }} "
                        "$(R)quay.io/a:1",
                        {}},
                    Row{"Glob", "quay.io/a:v* *.quay.io/a:1", {}},
                    Row{"Backslash", R"(\quay.io/a:1 \u00quay.io/a:1)", {}},
                    Row{"CutDigest", "quay.io/a@sha256:abcd", {}},
                    Row{"UpperCaseRepository", "quay.io/A:1", {}},
                    Row{"RbacName",
                        "cert-manager-controller-approve:cert-manager-io system:auth-delegator",
                        {}}),
    [](const auto& row) { return row.param.name; });

TEST(ReferenceWordsOfALongText, AreFoundInLinearTime) {
    // Each colon starts a candidate, and each candidate looks at the preceding white space: without
    // bounds both would take quadratic time.
    std::string colons;
    while (colons.size() < 4'000'000)
        colons += "a.io/b:";
    EXPECT_TRUE(find_reference_words(colons, {}).empty());
    EXPECT_TRUE(find_reference_words(std::string(4'000'000, ' ') + "redis",
                                     {"docker.io/library/redis:latest"})
                    .empty());
}

}  // namespace
}  // namespace airlock::manifests
