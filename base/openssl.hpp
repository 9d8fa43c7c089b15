// Shared by all code that calls OpenSSL: owning handles and error reporting. Included by .cpp files
// only; the layering test lists which.
#pragma once

#include "base/error.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

namespace airlock::base::openssl {

template <auto Free>
struct Deleter {
    template <typename T>
    void operator()(T* handle) const noexcept {
        Free(handle);
    }
};

using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using MdContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;

// Throws with all of OpenSSL's error queue, and clears it: the first entry alone is often not the
// cause.
[[noreturn]] void throw_error(Errc code, std::string_view what_failed);

// A BIO that reads `text`, which must outlive it.
Bio reader(std::string_view text);
// The content of a memory BIO.
std::string contents(BIO* bio);
// Generates a P-256 key.
Key new_p256_key();
std::string private_key_pem(EVP_PKEY* key);

}  // namespace airlock::base::openssl
