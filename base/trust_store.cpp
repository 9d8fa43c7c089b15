#include "base/trust_store.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/openssl.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <cstdlib>

namespace airlock::base {
namespace {

constexpr std::size_t kMaxFile = 8 * 1024 * 1024;

// Debian, Fedora, openSUSE, Alpine and the BSDs, in this order.
constexpr std::array kHostFiles{"/etc/ssl/certs/ca-certificates.crt",
                                "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                "/etc/ssl/cert.pem"};

std::string host_authorities() {
    if (const char* named = std::getenv("SSL_CERT_FILE"); named != nullptr && *named != '\0') {
        return with_context("the environment variable SSL_CERT_FILE",
                            [&] { return read_file(named, kMaxFile); });
    }
    for (const auto* path : kHostFiles) {
        if (auto text = read_file_if_present(path, kMaxFile)) return *std::move(text);
    }
    return {};
}

}  // namespace

void TrustStore::Free::operator()(x509_store_st* store) const noexcept {
    X509_STORE_free(store);
}

TrustStore::TrustStore() : store_(X509_STORE_new()) {
    if (!store_) openssl::throw_error(Errc::internal, "cannot create a certificate store");
}

void TrustStore::add(std::string_view pem, std::string_view name, bool required) {
    const auto bio = openssl::reader(pem);
    int count = 0;
    for (;;) {
        const openssl::Certificate certificate(
            PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr));
        if (!certificate) break;
        if (X509_STORE_add_cert(store_.get(), certificate.get()) != 1) {
            openssl::throw_error(Errc::invalid, fmt::format("{}: cannot use a certificate", name));
        }
        ++count;
    }
    // The end of the text is reported as an error too. Errors in the host's file are ignored.
    const auto reason = ERR_peek_last_error();
    const bool ended = reason == 0 || (ERR_GET_LIB(reason) == ERR_LIB_PEM &&
                                       ERR_GET_REASON(reason) == PEM_R_NO_START_LINE);
    if (required && !ended) {
        openssl::throw_error(Errc::invalid,
                             fmt::format("{}: certificate {} is malformed", name, count + 1));
    }
    ERR_clear_error();
    if (required && count == 0) {
        throw Error(Errc::invalid, "{} contains no certificate", name)
            .set_hint("it must be PEM text with -----BEGIN CERTIFICATE-----");
    }
}

std::shared_ptr<const TrustStore> TrustStore::with_host(std::string_view extra,
                                                        std::string_view name) {
    std::shared_ptr<TrustStore> store(new TrustStore);
    store->add(host_authorities(), "the host's certificate authorities", false);
    if (!name.empty()) store->add(extra, name, true);
    return store;
}

std::shared_ptr<const TrustStore> TrustStore::only(std::string_view pem, std::string_view name) {
    std::shared_ptr<TrustStore> store(new TrustStore);
    store->add(pem, name, true);
    return store;
}

}  // namespace airlock::base
