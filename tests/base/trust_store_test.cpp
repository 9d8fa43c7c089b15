#include "base/trust_store.hpp"

#include "tests/support/certificates.hpp"
#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace airlock::base {
namespace {

using test::expect_error;

TEST(TrustStore, LoadsEveryCertificateOfAText) {
    const test::CertificateAuthority one("one");
    const test::CertificateAuthority two("two");
    EXPECT_NE(TrustStore::only(one.pem() + two.pem(), "ca.crt")->get(), nullptr);
    EXPECT_NE(TrustStore::only("# comment\n" + one.key_pem() + one.pem() + one.pem(), "x")->get(),
              nullptr);
}

TEST(TrustStore, RejectsATextWithoutACertificateByName) {
    const test::CertificateAuthority authority;
    for (const auto& bad : {std::string(), std::string("no certificate"), authority.key_pem()}) {
        expect_error([&] { TrustStore::only(bad, "site-ca.crt"); }, Errc::invalid,
                     "site-ca.crt contains no certificate", "-----BEGIN CERTIFICATE-----");
        expect_error([&] { TrustStore::with_host(bad, "site-ca.crt"); }, Errc::invalid,
                     "site-ca.crt contains no certificate");
    }
}

TEST(TrustStore, RejectsAMalformedCertificate) {
    const test::CertificateAuthority authority;
    auto damaged = authority.pem();
    damaged[damaged.size() / 2] = '!';
    expect_error([&] { TrustStore::only(damaged, "site-ca.crt"); }, Errc::invalid, "site-ca.crt");
    expect_error([&] { TrustStore::only(authority.pem() + damaged, "site-ca.crt"); }, Errc::invalid,
                 "site-ca.crt");
    const auto cut = authority.pem().substr(0, authority.pem().size() - 30);
    expect_error([&] { TrustStore::only(authority.pem() + cut, "site-ca.crt"); }, Errc::invalid,
                 "site-ca.crt");
}

TEST(TrustStore, AHostWithoutAuthoritiesIsNotAnError) {
    const test::TempFolder folder;
    ::setenv("SSL_CERT_FILE", folder.write("none", "").c_str(), 1);
    EXPECT_NE(TrustStore::with_host()->get(), nullptr);
    ::setenv("SSL_CERT_FILE", (folder / "absent").c_str(), 1);
    expect_error([] { TrustStore::with_host(); }, Errc::not_found, "absent");
    ::unsetenv("SSL_CERT_FILE");
}

}  // namespace
}  // namespace airlock::base
