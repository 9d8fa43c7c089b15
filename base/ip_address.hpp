// IP addresses as text.
#pragma once

#include <string>

namespace airlock::base {

// Whether `text` is an IPv4 address in dotted decimal or an IPv6 address, without brackets or zone.
bool is_ip_address(const std::string& text);

}  // namespace airlock::base
