#include "base/base64.hpp"

#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace airlock::base {
namespace {

using test::expect_error;

TEST(Base64, EncodesAndDecodes) {
    std::string all;
    for (int i = 0; i < 256; ++i)
        all += static_cast<char>(i);
    for (std::size_t size = 0; size <= all.size(); ++size) {
        const auto text = all.substr(0, size);
        EXPECT_EQ(base64_decode(base64_encode(text), "text"), text) << size;
    }
    EXPECT_EQ(base64_encode("operator:secret"), "b3BlcmF0b3I6c2VjcmV0");
    EXPECT_EQ(base64_decode("b3Bl\ncmF0\r\n b3I6c2VjcmV0\t\n", "text"), "operator:secret");
}

TEST(Base64, RejectsOtherCharactersAndNamesTheText) {
    for (const std::string bad :
         {"A", "AB", "ABC", "A===", "====", "AB=C", "=ABC", "AB==ABCD", "ABC-", "ABCD----",
          "AAA=----", "A_BC", "AB,D", "AB\xc3\xa4", "ABC\x01"}) {
        expect_error([&] { base64_decode(bad, "the signature"); }, Errc::invalid,
                     "the signature is not valid base64");
    }
}

}  // namespace
}  // namespace airlock::base
