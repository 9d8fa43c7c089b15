// Times as Kubernetes writes them: RFC 3339, in UTC.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace airlock::kubernetes {

// "2026-11-21T00:52:59Z"; absent for any other format.
std::optional<std::chrono::sys_seconds> parse_time(std::string_view text);
std::string time_text(std::chrono::sys_seconds time);
// "2026-11-21T00:52:59.000001Z", the MicroTime of Leases.
std::string micro_time_text(std::chrono::sys_time<std::chrono::microseconds> time);

}  // namespace airlock::kubernetes
