// The certificate authorities of `serve --client-ca`: a client that presents a certificate must
// present a valid one, issued by one of them for TLS clients. A client may present none; the
// request handler decides what such a client may do.
//
// A resumed TLS session keeps its verified certificate, but only while that is valid and while the
// authorities are the same.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX
struct ssl_st;      // OpenSSL's SSL
struct x509_st;     // OpenSSL's X509

namespace airlock::webhook {

class ClientCa {
  public:
    // One certificate or several, PEM. Errc::usage when there is none, or one cannot be read.
    static ClientCa parse(std::string_view pem);

    void apply_to(ssl_ctx_st& context) const;

  private:
    std::vector<std::shared_ptr<x509_st>> certificates_;
};

// Whether the client of this connection has presented a certificate that was verified.
bool has_verified_client(const ssl_st& connection);

}  // namespace airlock::webhook
