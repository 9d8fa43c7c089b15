#include "installer/plan/certificate.hpp"

#include "base/ip_address.hpp"
#include "base/openssl.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;
namespace openssl = base::openssl;

struct ExtensionFree {
    void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
};

void require(bool good, std::string_view what) {
    if (!good)
        openssl::throw_error(Errc::internal, fmt::format("cannot issue a certificate: {}", what));
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, ExtensionFree> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

void set_name(X509_NAME* name, const std::string& common_name) {
    // A common name has at most 64 characters (X.520); clients check the SANs.
    const auto text = common_name.substr(0, 64);
    require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                       reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()), -1, 0) == 1,
            "its name");
}

openssl::Certificate start(EVP_PKEY* key, std::chrono::days lifetime) {
    openssl::Certificate certificate(X509_new());
    require(certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1,
            "X.509 version 3");
    std::array<unsigned char, 16> serial{};
    require(RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1,
            "a random serial number");
    serial[0] &= 0x7fU;  // positive, RFC 5280, 4.1.2.2
    const std::unique_ptr<BIGNUM, openssl::Deleter<BN_free>> number(
        BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
    require(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) !=
                          nullptr,
            "its serial number");
    // One hour in the past, because clocks of nodes and of this host differ.
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), std::chrono::seconds(lifetime).count());
    require(X509_set_pubkey(certificate.get(), key) == 1, "its key");
    return certificate;
}

void sign(X509* certificate, EVP_PKEY* key) {
    require(X509_sign(certificate, key, EVP_sha256()) > 0, "its signature");
}

std::string pem(X509* certificate) {
    const openssl::Bio bio(BIO_new(BIO_s_mem()));
    require(bio && PEM_write_bio_X509(bio.get(), certificate) == 1, "its PEM text");
    return openssl::contents(bio.get());
}

// By default OpenSSL prompts on the terminal for the passphrase of an encrypted key.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

// Only letters, digits, hyphens and dots: OpenSSL could parse other characters as more extensions.
bool is_dns_name(std::string_view name) {
    if (name.starts_with("*.")) name.remove_prefix(2);
    return !name.empty() && name.size() <= 253 &&
           name.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") ==
               std::string_view::npos;
}

openssl::Certificate parse(const std::string& text) {
    const auto bio = openssl::reader(text);
    openssl::Certificate certificate(
        PEM_read_bio_X509(bio.get(), nullptr, &no_passphrase, nullptr));
    ERR_clear_error();
    return certificate;
}

}  // namespace

CertificateBundle issue_certificate(const CertificateRequest& request) {
    if (request.dns_names.empty())
        throw Error(Errc::internal, "a certificate needs at least one DNS name");
    for (const auto& name : request.dns_names) {
        if (!is_dns_name(name)) {
            throw Error(Errc::invalid, "\"{}\" is not a valid DNS name", name)
                .set_hint("correct certificate.dnsNames in bundle.yaml");
        }
    }
    for (const auto& address : request.ip_addresses) {
        if (!base::is_ip_address(address)) {
            throw Error(Errc::invalid, "\"{}\" is not a valid IP address", address)
                .set_hint("correct certificate.ipAddresses in bundle.yaml");
        }
    }
    const auto ca_key = openssl::new_p256_key();
    const auto ca = start(ca_key.get(), request.ca_lifetime);
    set_name(X509_get_subject_name(ca.get()), request.common_name);
    require(X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get())) == 1, "its issuer");
    add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash");
    sign(ca.get(), ca_key.get());

    const auto key = openssl::new_p256_key();
    const auto leaf = start(key.get(), request.leaf_lifetime);
    set_name(X509_get_subject_name(leaf.get()), request.dns_names.front());
    require(X509_set_issuer_name(leaf.get(), X509_get_subject_name(ca.get())) == 1, "its issuer");
    std::string names;
    for (const auto& name : request.dns_names)
        names += (names.empty() ? "DNS:" : ",DNS:") + name;
    for (const auto& address : request.ip_addresses)
        names += ",IP:" + address;
    add_extension(leaf.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(leaf.get(), ca.get(), NID_key_usage, "critical,digitalSignature");
    add_extension(leaf.get(), ca.get(), NID_ext_key_usage, "serverAuth");
    add_extension(leaf.get(), ca.get(), NID_subject_alt_name, names);
    add_extension(leaf.get(), ca.get(), NID_subject_key_identifier, "hash");
    add_extension(leaf.get(), ca.get(), NID_authority_key_identifier, "keyid");
    sign(leaf.get(), ca_key.get());
    return {.ca_pem = pem(ca.get()),
            .certificate_pem = pem(leaf.get()),
            .key_pem = openssl::private_key_pem(key.get())};
}

bool is_usable(const CertificateBundle& bundle, const std::vector<std::string>& dns_names,
               const std::vector<std::string>& ip_addresses, std::chrono::days remaining) {
    const auto ca = parse(bundle.ca_pem);
    const auto leaf = parse(bundle.certificate_pem);
    const auto bio = openssl::reader(bundle.key_pem);
    const openssl::Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr));
    ERR_clear_error();
    if (!ca || !leaf || !key) return false;
    bool good = X509_verify(leaf.get(), X509_get0_pubkey(ca.get())) == 1 &&
                X509_check_private_key(leaf.get(), key.get()) == 1;
    for (const auto& name : dns_names)
        good = good && X509_check_host(leaf.get(), name.c_str(), name.size(), 0, nullptr) == 1;
    for (const auto& address : ip_addresses)
        good = good && X509_check_ip_asc(leaf.get(), address.c_str(), 0) == 1;
    for (auto* certificate : {ca.get(), leaf.get()}) {
        auto until = time(nullptr) + std::chrono::seconds(remaining).count();
        good = good && X509_cmp_time(X509_get0_notAfter(certificate), &until) > 0;
    }
    ERR_clear_error();
    return good;
}

}  // namespace airlock::installer
