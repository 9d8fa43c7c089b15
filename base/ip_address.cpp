#include "base/ip_address.hpp"

#include <arpa/inet.h>

#include <array>

namespace airlock::base {

bool is_ip_address(const std::string& text) {
    if (text.find('\0') != std::string::npos) return false;
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
           inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

}  // namespace airlock::base
