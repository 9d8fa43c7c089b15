// The server's TLS identity: a certificate chain and its private key, as an OpenSSL context.
// A connection keeps the context it started with, so a new certificate never drops one. Session
// tickets stay valid when the certificate changes, so the API server can resume its sessions.
//
// The private key never appears in a log or an error message.
#pragma once

#include "webhook/client_ca.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <string_view>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace airlock::webhook {

struct TlsContext {
    std::shared_ptr<ssl_ctx_st> native;
    std::chrono::sys_seconds expires;  // of the first certificate
};

class TlsContextFactory {
  public:
    // Generates the ticket keys of this process.
    TlsContextFactory();

    // Both are PEM. TLS 1.2 and later. Errc::usage when one of them cannot be read, or when they do
    // not match, as while the two files are being replaced.
    TlsContext make(std::string_view certificate_pem, std::string_view key_pem,
                    const ClientCa* client_ca = nullptr) const;

  private:
    std::array<unsigned char, 80> ticket_keys_{};
};

}  // namespace airlock::webhook
