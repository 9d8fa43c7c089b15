#include "webhook/certificate.hpp"

#include "base/error.hpp"
#include "base/openssl.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <ctime>

namespace airlock::webhook {

using base::Errc;
namespace openssl = base::openssl;

namespace {

std::chrono::sys_seconds end_of(const X509* certificate) {
    std::tm time{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) {
        openssl::throw_error(Errc::usage, "cannot read the expiry date of the certificate");
    }
    return std::chrono::sys_seconds(std::chrono::seconds(timegm(&time)));
}

// OpenSSL would prompt for the passphrase of an encrypted key; a container has no terminal.
int no_passphrase(char*, int, int, void*) {
    return 0;
}

}  // namespace

TlsContextFactory::TlsContextFactory() {
    if (RAND_bytes(ticket_keys_.data(), static_cast<int>(ticket_keys_.size())) != 1) {
        openssl::throw_error(Errc::internal, "cannot generate the TLS ticket keys");
    }
}

TlsContext TlsContextFactory::make(std::string_view certificate_pem, std::string_view key_pem,
                                   const ClientCa* client_ca) const {
    const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (!context) openssl::throw_error(Errc::internal, "cannot create a TLS context");
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                           SSL_OP_CIPHER_SERVER_PREFERENCE |
                                           SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    constexpr std::string_view kName = "node-oversell";
    SSL_CTX_set_session_id_context(context.get(),
                                   reinterpret_cast<const unsigned char*>(kName.data()),
                                   static_cast<unsigned>(kName.size()));
    SSL_CTX_set_num_tickets(context.get(), 1);
    auto keys = ticket_keys_;
    SSL_CTX_set_tlsext_ticket_keys(context.get(), keys.data(), static_cast<long>(keys.size()));
    if (client_ca != nullptr) client_ca->apply_to(*context);

    const auto chain = openssl::reader(certificate_pem);
    const openssl::Certificate leaf(
        PEM_read_bio_X509_AUX(chain.get(), nullptr, no_passphrase, nullptr));
    if (!leaf || SSL_CTX_use_certificate(context.get(), leaf.get()) != 1) {
        openssl::throw_error(Errc::usage, "cannot read the certificate");
    }
    for (;;) {
        openssl::Certificate next(PEM_read_bio_X509(chain.get(), nullptr, no_passphrase, nullptr));
        if (!next) break;
        if (SSL_CTX_add0_chain_cert(context.get(), next.get()) != 1) {
            openssl::throw_error(Errc::usage, "cannot use the certificate chain");
        }
        static_cast<void>(next.release());  // the context owns it now
    }
    ERR_clear_error();  // OpenSSL reports the end of the chain as an error

    const auto key_reader = openssl::reader(key_pem);
    const openssl::Key key(
        PEM_read_bio_PrivateKey(key_reader.get(), nullptr, no_passphrase, nullptr));
    if (!key || SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1 ||
        SSL_CTX_check_private_key(context.get()) != 1) {
        openssl::throw_error(Errc::usage,
                             "cannot read the private key, or it does not match the certificate");
    }
    return {.native = context, .expires = end_of(leaf.get())};
}

}  // namespace airlock::webhook
