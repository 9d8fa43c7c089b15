#include "installer/plan/serving_certificate.hpp"

#include "base/base64.hpp"
#include "base/json.hpp"
#include "tests/support/fake_api_server.hpp"

#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using base::Json;

const std::string kPath = "/api/v1/namespaces/ns/secrets/cert";

manifests::CertificateSpec spec() {
    manifests::CertificateSpec out;
    out.secret.namespace_name = "ns";
    out.secret.name = "cert";
    out.dns_names = {"hook.ns.svc"};
    return out;
}

class ServingCertificateTest : public ::testing::Test {
  protected:
    void store(const CertificateBundle& certificate) {
        server_.put(kPath, certificate_secret(spec(), certificate).text);
    }
    std::optional<CertificateBundle> usable() { return usable_certificate(client_, spec()); }

    test::FakeApiServer server_;
    kubernetes::Client client_ = server_.client();
};

TEST_F(ServingCertificateTest, IsReusedWhileItIsValid) {
    const auto issued = issue_serving_certificate(spec());
    store(issued);
    const auto found = usable();
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->ca_pem, issued.ca_pem);
    EXPECT_EQ(found->certificate_pem, issued.certificate_pem);
    EXPECT_EQ(found->key_pem, issued.key_pem);
}

TEST_F(ServingCertificateTest, IsNotReusedWhenItIsUnusable) {
    EXPECT_FALSE(usable().has_value()) << "no Secret";
    store(issue_certificate({.common_name = "x", .dns_names = {"other.ns.svc"}}));
    EXPECT_FALSE(usable().has_value()) << "another name";
    store(issue_certificate({.common_name = "x",
                             .dns_names = {"hook.ns.svc"},
                             .leaf_lifetime = std::chrono::days(29)}));
    EXPECT_FALSE(usable().has_value()) << "to be renewed";
    store({});
    EXPECT_FALSE(usable().has_value()) << "empty";
    server_.put(kPath, R"({"type": "Opaque"})");
    EXPECT_FALSE(usable().has_value()) << "no data";
}

TEST_F(ServingCertificateTest, IsIssuedForTheNamesOfTheSpec) {
    EXPECT_TRUE(
        is_usable(issue_serving_certificate(spec()), spec().dns_names, {}, std::chrono::days(300)));
}

TEST_F(ServingCertificateTest, IsStoredInATlsSecret) {
    const auto issued = issue_serving_certificate(spec());
    const auto object = certificate_secret(spec(), issued);
    EXPECT_EQ(object.key.text(), "Secret ns/cert");
    const auto secret = base::parse_json(object.text, "the Secret");
    EXPECT_EQ(secret.at("type"), "kubernetes.io/tls");
    EXPECT_EQ(secret.at("data"), Json({{"ca.crt", base::base64_encode(issued.ca_pem)},
                                       {"tls.crt", base::base64_encode(issued.certificate_pem)},
                                       {"tls.key", base::base64_encode(issued.key_pem)}}));
}

}  // namespace
}  // namespace airlock::installer
