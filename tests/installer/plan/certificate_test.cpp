// Issued certificates, checked by openssl(1): an independent implementation, as in the API server.
#include "installer/plan/certificate.hpp"

#include "tests/support/expect_error.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using base::Errc;
using std::chrono::days;
using test::expect_error;
using test::run;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kNames{"hook.ns.svc", "hook.ns.svc.cluster.local"};

class CertificateTest : public ::testing::Test {
  protected:
    explicit CertificateTest(const CertificateRequest& request = {.common_name = "ns CA",
                                                                  .dns_names = kNames})
        : issued_(issue_certificate(request)) {
        folder_.write("ca.crt", issued_.ca_pem);
        folder_.write("tls.crt", issued_.certificate_pem);
        folder_.write("tls.key", issued_.key_pem);
    }

    std::string text(const std::string& name) const {
        return run({"openssl", "x509", "-noout", "-text", "-in", folder_ / name});
    }

    test::TempFolder folder_;
    CertificateBundle issued_;
};

TEST_F(CertificateTest, IsTrustedOnlyForItsNames) {
    const auto verify = [&](const std::string& name) {
        return run({"openssl", "verify", "-x509_strict", "-purpose", "sslserver",
                    "-verify_hostname", name, "-CAfile", folder_ / "ca.crt", folder_ / "tls.crt"});
    };
    for (const auto& name : kNames)
        EXPECT_THAT(verify(name), HasSubstr("OK")) << name;
    EXPECT_THROW(verify("other.ns.svc"), std::runtime_error);
}

TEST_F(CertificateTest, LeafAndCaHaveTheirExtensions) {
    const auto leaf = text("tls.crt");
    EXPECT_THAT(leaf, HasSubstr("DNS:hook.ns.svc, DNS:hook.ns.svc.cluster.local\n"));
    EXPECT_THAT(leaf, HasSubstr("CA:FALSE"));
    EXPECT_THAT(leaf, HasSubstr("TLS Web Server Authentication"));
    EXPECT_THAT(leaf, ContainsRegex("Issuer: CN ?= ?ns CA"));
    const auto ca = text("ca.crt");
    EXPECT_THAT(ca, ContainsRegex("Subject: CN ?= ?ns CA"));
    EXPECT_THAT(ca, HasSubstr("CA:TRUE"));
    EXPECT_THAT(ca, HasSubstr("Certificate Sign"));
    for (const auto& one : {leaf, ca}) {
        EXPECT_THAT(one, HasSubstr("NIST CURVE: P-256"));
        EXPECT_THAT(one, HasSubstr("ecdsa-with-SHA256"));
        EXPECT_THAT(one, HasSubstr("Version: 3"));
    }
}

TEST_F(CertificateTest, TheKeyIsPkcs8AndNotThatOfTheCa) {
    EXPECT_THAT(issued_.key_pem, HasSubstr("-----BEGIN PRIVATE KEY-----"));
    EXPECT_EQ(run({"openssl", "pkey", "-pubout", "-in", folder_ / "tls.key"}),
              run({"openssl", "x509", "-noout", "-pubkey", "-in", folder_ / "tls.crt"}));
    EXPECT_NE(run({"openssl", "x509", "-noout", "-pubkey", "-in", folder_ / "ca.crt"}),
              run({"openssl", "x509", "-noout", "-pubkey", "-in", folder_ / "tls.crt"}));
}

TEST_F(CertificateTest, EachIsDifferent) {
    const auto other = issue_certificate({.common_name = "ns CA", .dns_names = kNames});
    EXPECT_NE(other.ca_pem, issued_.ca_pem);
    EXPECT_NE(other.key_pem, issued_.key_pem);
    const auto serial = [&](const std::string& name) {
        return run({"openssl", "x509", "-noout", "-serial", "-in", folder_ / name});
    };
    EXPECT_NE(serial("ca.crt"), serial("tls.crt"));
}

TEST_F(CertificateTest, IsValidForTheRequestedLifetime) {
    const auto lasts = [&](const std::string& name, days age) {
        const auto seconds = std::to_string(std::chrono::seconds(age).count());
        return run({"sh", "-c",
                    "openssl x509 -noout -checkend " + seconds + " -in " +
                        (folder_ / name).string() + " || true"});
    };
    EXPECT_THAT(lasts("tls.crt", days(824)), HasSubstr("will not expire"));
    EXPECT_THAT(lasts("tls.crt", days(826)), HasSubstr("will expire"));
    EXPECT_THAT(lasts("ca.crt", days(3649)), HasSubstr("will not expire"));
    EXPECT_THAT(lasts("ca.crt", days(3651)), HasSubstr("will expire"));
}

TEST_F(CertificateTest, IsUsableUntilItMustBeRenewed) {
    EXPECT_TRUE(is_usable(issued_, kNames, {}, days(30)));
    EXPECT_TRUE(is_usable(issued_, {"hook.ns.svc"}, {}, days(824)));
    EXPECT_FALSE(is_usable(issued_, kNames, {}, days(826)));
    EXPECT_FALSE(is_usable(issued_, {"hook.ns.svc", "other.ns.svc"}, {}, days(30)));
    const auto short_ca = issue_certificate({.common_name = "x",
                                             .dns_names = kNames,
                                             .leaf_lifetime = days(40),
                                             .ca_lifetime = days(20)});
    EXPECT_FALSE(is_usable(short_ca, kNames, {}, days(30)));
}

TEST(Certificate, CoversIpAddresses) {
    const auto issued = issue_certificate(
        {.common_name = "x", .dns_names = kNames, .ip_addresses = {"127.0.0.1", "fd00::1"}});
    EXPECT_TRUE(is_usable(issued, kNames, {"127.0.0.1", "fd00::1"}, days(30)));
    EXPECT_FALSE(is_usable(issued, kNames, {"127.0.0.2"}, days(30)));
    const auto without = issue_certificate({.common_name = "x", .dns_names = kNames});
    EXPECT_FALSE(is_usable(without, kNames, {"127.0.0.1"}, days(30)));
    expect_error(
        [] {
            issue_certificate({.common_name = "x",
                               .dns_names = kNames,
                               .ip_addresses = {"127.0.0.1,DNS:other.ns.svc"}});
        },
        Errc::invalid, "is not a valid IP address");
}

TEST_F(CertificateTest, MixedPartsAreNotUsable) {
    const auto other = issue_certificate({.common_name = "ns CA", .dns_names = kNames});
    struct Row {
        std::string name;
        CertificateBundle bundle;
    };
    const std::vector<Row> rows{
        {"another CA", {other.ca_pem, issued_.certificate_pem, issued_.key_pem}},
        {"another leaf", {issued_.ca_pem, other.certificate_pem, issued_.key_pem}},
        {"another key", {issued_.ca_pem, issued_.certificate_pem, other.key_pem}},
        {"the CA as the leaf", {issued_.ca_pem, issued_.ca_pem, issued_.key_pem}},
        {"no CA", {"", issued_.certificate_pem, issued_.key_pem}},
        {"no leaf", {issued_.ca_pem, "", issued_.key_pem}},
        {"no key", {issued_.ca_pem, issued_.certificate_pem, ""}},
        {"nothing", {}},
        {"a truncated leaf",
         {issued_.ca_pem, issued_.certificate_pem.substr(0, issued_.certificate_pem.size() / 2),
          issued_.key_pem}},
        {"other text", {"a", "b", "c"}},
    };
    for (const auto& row : rows)
        EXPECT_FALSE(is_usable(row.bundle, kNames, {}, days(0))) << row.name;
}

TEST_F(CertificateTest, DoesNotPromptForAPassphrase) {
    const auto encrypted =
        run({"openssl", "pkcs8", "-topk8", "-passout", "pass:secret", "-in", folder_ / "tls.key"});
    ASSERT_THAT(encrypted, HasSubstr("ENCRYPTED PRIVATE KEY"));
    EXPECT_FALSE(
        is_usable({issued_.ca_pem, issued_.certificate_pem, encrypted}, kNames, {}, days(0)));
}

TEST(Certificate, AcceptsOnlyDnsNames) {
    const std::vector<std::string> bad{
        "",
        "a,IP:10.0.0.1",
        "a, DNS:b",
        "a\nDNS:b",
        "email:copy",
        "a b",
        "@section",
        "ü.example",
        std::string("a\0b", 3),
        std::string(254, 'a'),
    };
    for (const auto& name : bad) {
        SCOPED_TRACE(name);
        expect_error(
            [&] {
                issue_certificate({.common_name = "x", .dns_names = {"good", name}});
            },
            Errc::invalid, "is not a valid DNS name");
    }
    EXPECT_TRUE(is_usable(issue_certificate({.common_name = "x", .dns_names = {"*.ns.svc"}}),
                          {"hook.ns.svc"}, {}, days(30)));
    expect_error([] { issue_certificate({.common_name = "x", .dns_names = {}}); }, Errc::internal,
                 "at least one DNS name");
}

TEST(Certificate, ALongCommonNameIsTruncated) {
    EXPECT_TRUE(is_usable(
        issue_certificate({.common_name = std::string(100, 'n') + " CA", .dns_names = kNames}),
        kNames, {}, days(30)));
}

}  // namespace
}  // namespace airlock::installer
