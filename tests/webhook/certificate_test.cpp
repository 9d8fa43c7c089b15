#include "webhook/certificate.hpp"

#include "tests/support/expect_error.hpp"
#include "tests/webhook/support.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

namespace airlock::webhook {
namespace {

TEST(Certificate, LoadsAPairAndItsExpiryDate) {
    const TlsContextFactory factory;
    const auto pair = test::make_pair_for("a");
    const auto context = factory.make(pair.certificate, pair.key);
    ASSERT_TRUE(context.native);
    const auto left = context.expires - std::chrono::system_clock::now();
    EXPECT_GT(left, std::chrono::minutes(50));
    EXPECT_LT(left, std::chrono::minutes(61));
}

TEST(Certificate, RequiresTls1_2) {
    const TlsContextFactory factory;
    const auto pair = test::make_pair_for("a");
    const auto context = factory.make(pair.certificate, pair.key);
    EXPECT_EQ(SSL_CTX_get_min_proto_version(context.native.get()), TLS1_2_VERSION);
}

TEST(Certificate, RejectsAPairThatDoesNotMatch) {
    const TlsContextFactory factory;
    const auto pair = test::make_pair_for("a");
    const auto other = test::make_pair_for("b");
    EXPECT_THROW(factory.make(pair.certificate, other.key), base::Error);
    EXPECT_THROW(factory.make(pair.certificate, ""), base::Error);
    EXPECT_THROW(factory.make("", pair.key), base::Error);
    EXPECT_THROW(factory.make(pair.certificate.substr(0, 100), pair.key), base::Error);
    const auto error = ::airlock::test::error_of(
        [&] { return factory.make(pair.certificate, pair.key.substr(0, 120)); });
    ASSERT_TRUE(error);
    EXPECT_EQ(std::string(error->what()).find(pair.key.substr(40, 20)), std::string::npos)
        << "the message quotes the key";
}

}  // namespace
}  // namespace airlock::webhook
