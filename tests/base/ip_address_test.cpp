#include "base/ip_address.hpp"

#include <gtest/gtest.h>

namespace airlock::base {
namespace {

TEST(IsIpAddress, AcceptsBothFamilies) {
    for (const auto* text : {"127.0.0.1", "0.0.0.0", "::1", "fd00::a:1", "::ffff:10.0.0.1"})
        EXPECT_TRUE(is_ip_address(text)) << text;
}

TEST(IsIpAddress, RejectsEverythingElse) {
    for (const auto* text : {"", "localhost", "127.1", "256.0.0.1", "127.0.0.1:80", "[::1]",
                             "fe80::1%eth0", "10.0.0.0/8", " 127.0.0.1"})
        EXPECT_FALSE(is_ip_address(text)) << text;
    EXPECT_FALSE(is_ip_address(std::string("127.0.0.1\0x", 11)));
}

}  // namespace
}  // namespace airlock::base
