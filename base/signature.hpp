// Signatures: ECDSA on P-256 with SHA-256, as base64 of DER, compatible with `openssl dgst -sha256
// -verify` (after base64 -d) and `cosign verify-blob --key`. Keys are PEM: PKCS#8 and
// SubjectPublicKeyInfo.
#pragma once

#include <string>
#include <string_view>

namespace airlock::base {

struct SigningKey {
    std::string private_pem;
    std::string public_pem;
};

SigningKey generate_signing_key();

// Errc::invalid, naming `key_name`, unless the key is a P-256 private key.
std::string sign(std::string_view text, std::string_view private_pem, std::string_view key_name);

// True only if the holder of the key signed exactly this text; false for a malformed signature.
// Errc::invalid, naming `key_name`, when the key is unusable.
bool verify_signature(std::string_view text, std::string_view signature,
                      std::string_view public_pem, std::string_view key_name);

}  // namespace airlock::base
