// Certificates of our own, judged by openssl(1): another program, as the API server is.
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
using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kNames{"hook.ns.svc", "hook.ns.svc.cluster.local"};

class CertificateTest : public ::testing::Test {
  protected:
    explicit CertificateTest(const CertificateRequest& request = {.common_name = "ns CA",
                                                                  .dns_names = kNames})
        : made_(issue_certificate(request)) {
        folder_.write("ca.crt", made_.ca_pem);
        folder_.write("tls.crt", made_.certificate_pem);
        folder_.write("tls.key", made_.key_pem);
    }

    std::string text(const std::string& name) const {
        return run({"openssl", "x509", "-noout", "-text", "-in", folder_ / name});
    }

    test::TempFolder folder_;
    CertificateBundle made_;
};

TEST_F(CertificateTest, IsTrustedForItsNamesAlone) {
    const auto verify = [&](const std::string& name) {
        return run({"openssl", "verify", "-x509_strict", "-purpose", "sslserver",
                    "-verify_hostname", name, "-CAfile", folder_ / "ca.crt", folder_ / "tls.crt"});
    };
    for (const auto& name : kNames)
        EXPECT_THAT(verify(name), HasSubstr("OK")) << name;
    EXPECT_THROW(verify("other.ns.svc"), std::runtime_error);
}

TEST_F(CertificateTest, LeafAndAuthorityAreWhatTheyMayBe) {
    const auto leaf = text("tls.crt");
    EXPECT_THAT(leaf, HasSubstr("DNS:hook.ns.svc, DNS:hook.ns.svc.cluster.local\n"));
    EXPECT_THAT(leaf, HasSubstr("CA:FALSE"));
    EXPECT_THAT(leaf, HasSubstr("TLS Web Server Authentication"));
    EXPECT_THAT(leaf, HasSubstr("Issuer: CN = ns CA"));
    const auto ca = text("ca.crt");
    EXPECT_THAT(ca, HasSubstr("Subject: CN = ns CA"));
    EXPECT_THAT(ca, HasSubstr("CA:TRUE"));
    EXPECT_THAT(ca, HasSubstr("Certificate Sign"));
    for (const auto& one : {leaf, ca}) {
        EXPECT_THAT(one, HasSubstr("NIST CURVE: P-256"));
        EXPECT_THAT(one, HasSubstr("ecdsa-with-SHA256"));
        EXPECT_THAT(one, HasSubstr("Version: 3"));
    }
}

TEST_F(CertificateTest, ItsKeyIsPkcs8AndItsOwn) {
    EXPECT_THAT(made_.key_pem, HasSubstr("-----BEGIN PRIVATE KEY-----"));
    EXPECT_EQ(run({"openssl", "pkey", "-pubout", "-in", folder_ / "tls.key"}),
              run({"openssl", "x509", "-noout", "-pubkey", "-in", folder_ / "tls.crt"}));
    EXPECT_NE(run({"openssl", "x509", "-noout", "-pubkey", "-in", folder_ / "ca.crt"}),
              run({"openssl", "x509", "-noout", "-pubkey", "-in", folder_ / "tls.crt"}));
}

TEST_F(CertificateTest, EachIsAnother) {
    const auto other = issue_certificate({.common_name = "ns CA", .dns_names = kNames});
    EXPECT_NE(other.ca_pem, made_.ca_pem);
    EXPECT_NE(other.key_pem, made_.key_pem);
    const auto serial = [&](const std::string& name) {
        return run({"openssl", "x509", "-noout", "-serial", "-in", folder_ / name});
    };
    EXPECT_NE(serial("ca.crt"), serial("tls.crt"));
}

TEST_F(CertificateTest, LastsAsLongAsAsked) {
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

TEST_F(CertificateTest, IsUsableUntilItIsTimeToRenew) {
    EXPECT_TRUE(is_usable(made_, kNames, days(30)));
    EXPECT_TRUE(is_usable(made_, {"hook.ns.svc"}, days(824)));
    EXPECT_FALSE(is_usable(made_, kNames, days(826)));
    EXPECT_FALSE(is_usable(made_, {"hook.ns.svc", "other.ns.svc"}, days(30)));
    const auto short_ca = issue_certificate({.common_name = "x",
                                             .dns_names = kNames,
                                             .leaf_lifetime = days(40),
                                             .ca_lifetime = days(20)});
    EXPECT_FALSE(is_usable(short_ca, kNames, days(30)));
}

TEST_F(CertificateTest, PartsOfTwoAreNotUsable) {
    const auto other = issue_certificate({.common_name = "ns CA", .dns_names = kNames});
    struct Row {
        std::string name;
        CertificateBundle bundle;
    };
    const std::vector<Row> rows{
        {"another authority", {other.ca_pem, made_.certificate_pem, made_.key_pem}},
        {"another leaf", {made_.ca_pem, other.certificate_pem, made_.key_pem}},
        {"another key", {made_.ca_pem, made_.certificate_pem, other.key_pem}},
        {"the authority as the leaf", {made_.ca_pem, made_.ca_pem, made_.key_pem}},
        {"no authority", {"", made_.certificate_pem, made_.key_pem}},
        {"no leaf", {made_.ca_pem, "", made_.key_pem}},
        {"no key", {made_.ca_pem, made_.certificate_pem, ""}},
        {"nothing", {}},
        {"a cut leaf",
         {made_.ca_pem, made_.certificate_pem.substr(0, made_.certificate_pem.size() / 2),
          made_.key_pem}},
        {"other text", {"a", "b", "c"}},
    };
    for (const auto& row : rows)
        EXPECT_FALSE(is_usable(row.bundle, kNames, days(0))) << row.name;
}

TEST_F(CertificateTest, AKeyWithAPassphraseIsNotAskedFor) {
    const auto encrypted =
        run({"openssl", "pkcs8", "-topk8", "-passout", "pass:secret", "-in", folder_ / "tls.key"});
    ASSERT_THAT(encrypted, HasSubstr("ENCRYPTED PRIVATE KEY"));
    EXPECT_FALSE(is_usable({made_.ca_pem, made_.certificate_pem, encrypted}, kNames, days(0)));
}

TEST(Certificate, TakesDnsNamesAlone) {
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
            Errc::invalid, "is no DNS name");
    }
    EXPECT_TRUE(is_usable(issue_certificate({.common_name = "x", .dns_names = {"*.ns.svc"}}),
                          {"hook.ns.svc"}, days(30)));
    expect_error([] { issue_certificate({.common_name = "x", .dns_names = {}}); }, Errc::internal,
                 "without names");
}

TEST(Certificate, ALongNameOfItsAuthorityIsCut) {
    EXPECT_TRUE(is_usable(
        issue_certificate({.common_name = std::string(100, 'n') + " CA", .dns_names = kNames}),
        kNames, days(30)));
}

}  // namespace
}  // namespace airlock::installer
