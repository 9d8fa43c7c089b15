// The server's TLS identity: a certificate chain and its key, made into an OpenSSL context.
// Connections keep the context they began with, so a new certificate never drops one. Session
// tickets outlive a certificate: the API server resumes with whatever it holds.
//
// The key's bytes never reach a log or an error message.
#pragma once

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
    // Draws the ticket keys of this process.
    TlsContextFactory();

    // PEM texts. TLS 1.2 and up. Errc::usage when one is unreadable or the key is not the
    // certificate's, as with a pair that is half written.
    TlsContext make(std::string_view certificate_pem, std::string_view key_pem) const;

  private:
    std::array<unsigned char, 80> ticket_keys_{};
};

}  // namespace airlock::webhook
