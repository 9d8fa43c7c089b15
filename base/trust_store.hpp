// The certificate authorities that a TLS client trusts: the host's, and those that the operator
// adds. Parsed once and shared by all connections: parsing the host's 140 takes longer than a
// handshake.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct x509_store_st;  // OpenSSL's X509_STORE

namespace airlock::base {

class TrustStore {
  public:
    // The host's authorities (from SSL_CERT_FILE or the standard locations; having none is not an
    // error) and the PEM certificates in `extra`; errors refer to it by `name`.
    static std::shared_ptr<const TrustStore> with_host(std::string_view extra = {},
                                                       std::string_view name = {});
    // Only the certificates in `pem`.
    static std::shared_ptr<const TrustStore> only(std::string_view pem, std::string_view name);

    x509_store_st* get() const { return store_.get(); }

  private:
    TrustStore();
    void add(std::string_view pem, std::string_view name, bool required);

    struct Free {
        void operator()(x509_store_st* store) const noexcept;
    };
    std::unique_ptr<x509_store_st, Free> store_;
};

}  // namespace airlock::base
