#include "base/signature.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "base/openssl.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace airlock::base {
namespace {

void require_p256(const EVP_PKEY* key, std::string_view name) {
    char group[32] = {};
    const bool named =
        key != nullptr && EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1;
    if (named && std::string_view(group) == "prime256v1") return;
    ERR_clear_error();
    throw Error(Errc::invalid, "{} is not a P-256 key in PEM", name);
}

// Never prompts for a passphrase: that would hang a build without a terminal.
int no_passphrase(char*, int, int, void*) noexcept {
    return 0;
}

}  // namespace

SigningKey generate_signing_key() {
    const auto key = openssl::new_p256_key();
    const openssl::Bio bio(BIO_new(BIO_s_mem()));
    if (!bio || PEM_write_bio_PUBKEY(bio.get(), key.get()) != 1) {
        openssl::throw_error(Errc::internal, "cannot write a public key");
    }
    return {.private_pem = openssl::private_key_pem(key.get()),
            .public_pem = openssl::contents(bio.get())};
}

std::string sign(std::string_view text, std::string_view private_pem, std::string_view key_name) {
    const auto bio = openssl::reader(private_pem);
    const openssl::Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr));
    require_p256(key.get(), key_name);
    const openssl::MdContext context(EVP_MD_CTX_new());
    std::size_t size = 0;
    const auto* data = reinterpret_cast<const unsigned char*>(text.data());
    if (!context ||
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, data, text.size()) != 1) {
        openssl::throw_error(Errc::internal, "cannot sign");
    }
    std::string raw(size, '\0');
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(raw.data()), &size, data,
                       text.size()) != 1) {
        openssl::throw_error(Errc::internal, "cannot sign");
    }
    raw.resize(size);
    return base64_encode(raw);
}

bool verify_signature(std::string_view text, std::string_view signature,
                      std::string_view public_pem, std::string_view key_name) {
    const auto bio = openssl::reader(public_pem);
    const openssl::Key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, &no_passphrase, nullptr));
    require_p256(key.get(), key_name);
    std::string raw;
    try {
        raw = base64_decode(signature, "the signature");
    } catch (const Error&) {
        return false;
    }
    const openssl::MdContext context(EVP_MD_CTX_new());
    if (!context ||
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1) {
        openssl::throw_error(Errc::internal, "cannot verify a signature");
    }
    const bool good =
        EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(raw.data()),
                         raw.size(), reinterpret_cast<const unsigned char*>(text.data()),
                         text.size()) == 1;
    ERR_clear_error();
    return good;
}

}  // namespace airlock::base
