#include "base/openssl.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <climits>

namespace airlock::base::openssl {

void throw_error(Errc code, std::string_view what_failed) {
    std::string reasons;
    while (const auto number = ERR_get_error()) {
        std::array<char, 256> buffer{};
        ERR_error_string_n(number, buffer.data(), buffer.size());
        reasons += reasons.empty() ? ": " : "; ";
        reasons += buffer.data();
    }
    throw Error(code, "{}{}", what_failed, reasons);
}

Bio reader(std::string_view text) {
    if (text.size() > INT_MAX)
        throw Error(Errc::invalid, "{} bytes are too large for a key or certificate", text.size());
    Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (!bio) throw_error(Errc::internal, "cannot create a memory buffer");
    return bio;
}

std::string contents(BIO* bio) {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

Key new_p256_key() {
    Key key(EVP_EC_gen("P-256"));
    if (!key) throw_error(Errc::internal, "cannot generate a P-256 key");
    return key;
}

std::string private_key_pem(EVP_PKEY* key) {
    const Bio bio(BIO_new(BIO_s_mem()));
    if (!bio ||
        PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        throw_error(Errc::internal, "cannot write a private key");
    }
    return contents(bio.get());
}

}  // namespace airlock::base::openssl
