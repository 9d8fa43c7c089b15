#include "base/signature.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace airlock::base {
namespace {

using test::expect_error;
using test::run;

class SignatureTest : public ::testing::Test {
  protected:
    SigningKey key_ = generate_signing_key();
};

TEST_F(SignatureTest, MatchesItsTextAndItsKeyOnly) {
    const auto signature = sign("the index", key_.private_pem, "k");
    EXPECT_TRUE(verify_signature("the index", signature, key_.public_pem, "p"));
    EXPECT_TRUE(verify_signature("the index", signature + "\n", key_.public_pem, "p"));
    EXPECT_FALSE(verify_signature("the indey", signature, key_.public_pem, "p"));
    EXPECT_FALSE(verify_signature("", signature, key_.public_pem, "p"));
    EXPECT_FALSE(verify_signature("the index", signature, generate_signing_key().public_pem, "p"));
    EXPECT_TRUE(verify_signature("", sign("", key_.private_pem, "k"), key_.public_pem, "p"));
}

TEST_F(SignatureTest, AMalformedSignatureDoesNotMatch) {
    for (const std::string bad : {"", "x", "AAAA", "not base64 at all!", "MAYCAQECAQE="})
        EXPECT_FALSE(verify_signature("the index", bad, key_.public_pem, "p")) << bad;
    const auto good = base64_decode(sign("the index", key_.private_pem, "k"), "s");
    for (std::size_t i = 0; i < good.size(); ++i) {
        auto bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 4);
        EXPECT_FALSE(verify_signature("the index", base64_encode(bad), key_.public_pem, "p")) << i;
        EXPECT_FALSE(
            verify_signature("the index", base64_encode(good.substr(0, i)), key_.public_pem, "p"));
    }
}

TEST_F(SignatureTest, AnErrorNamesAnInvalidKey) {
    const auto other_curve = run({"openssl", "ecparam", "-name", "secp384r1", "-genkey", "-noout"});
    const auto rsa = run({"openssl", "genrsa", "2048"});
    const auto encrypted = run(
        {"openssl", "pkcs8", "-topk8", "-passout", "pass:x", "-v2", "aes256"}, key_.private_pem);
    for (const std::string& bad : {std::string(), std::string("no key"), key_.public_pem,
                                   key_.private_pem.substr(0, 100), other_curve, rsa, encrypted}) {
        expect_error([&] { sign("x", bad, "release.key"); }, Errc::invalid,
                     "release.key is not a P-256 key");
    }
    for (const std::string& bad : {std::string(), std::string("no key"), key_.private_pem, rsa}) {
        expect_error([&] { verify_signature("x", "AAAA", bad, "release.pub"); }, Errc::invalid,
                     "release.pub is not a P-256 key");
    }
}

TEST_F(SignatureTest, IsInteroperableWithOpenssl) {
    const test::TempFolder folder;
    folder.write("text", "the index");
    folder.write("key", key_.private_pem);
    folder.write("pub", key_.public_pem);
    folder.write("signature", base64_decode(sign("the index", key_.private_pem, "k"), "signature"));
    EXPECT_THAT(run({"openssl", "dgst", "-sha256", "-verify", folder / "pub", "-signature",
                     folder / "signature", folder / "text"}),
                testing::HasSubstr("Verified OK"));
    run({"openssl", "dgst", "-sha256", "-sign", folder / "key", "-out", folder / "theirs",
         folder / "text"});
    EXPECT_TRUE(
        verify_signature("the index", base64_encode(folder.read("theirs")), key_.public_pem, "p"));
}

}  // namespace
}  // namespace airlock::base
