#include "base/log.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/status_line.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <memory>

namespace airlock::base {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warn:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
        case LogLevel::off:
            return spdlog::level::off;
    }
    return spdlog::level::info;
}

LogFormat g_format = LogFormat::text;

spdlog::logger& logger() {
    static const auto instance = [] {
        auto made = spdlog::stderr_color_mt("airlock");
        made->set_pattern("%H:%M:%S %^%-5l%$ %v");
        return made;
    }();
    return *instance;
}

}  // namespace

LogLevel parse_log_level(std::string_view word) {
    if (word == "debug") return LogLevel::debug;
    if (word == "info") return LogLevel::info;
    if (word == "warn") return LogLevel::warn;
    if (word == "error") return LogLevel::error;
    if (word == "off") return LogLevel::off;
    throw Error(Errc::usage, "invalid log level \"{}\": must be debug, info, warn, error or off",
                word);
}

LogFormat parse_log_format(std::string_view word) {
    if (word == "text") return LogFormat::text;
    if (word == "json") return LogFormat::json;
    throw Error(Errc::usage, "invalid log format \"{}\": must be text or json", word);
}

void init_logging(LogLevel level, LogFormat format) {
    g_format = format;
    logger().set_level(to_spdlog(level));
    // In JSON the message is a quoted string already.
    if (format == LogFormat::json) {
        logger().set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":%v})");
    }
}

bool log_enabled(LogLevel level) {
    return logger().should_log(to_spdlog(level));
}

void log_line(LogLevel level, std::string_view line) {
    const StatusLinePause pause;
    if (g_format == LogFormat::json) {
        const auto quoted = dump_json(Json(line));
        logger().log(to_spdlog(level), spdlog::string_view_t(quoted));
    } else {
        const auto shown = printable(line);
        logger().log(to_spdlog(level), spdlog::string_view_t(shown.data(), shown.size()));
    }
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        // The C1 set is C2 80 to C2 9F in UTF-8.
        const bool c1 = byte == 0xC2 && i + 1 < text.size() &&
                        (static_cast<unsigned char>(text[i + 1]) & 0xE0U) == 0x80;
        if (c1) {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}",
                           static_cast<unsigned char>(text[++i]));
        } else if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
        } else {
            out += text[i];
        }
    }
    return out;
}

std::string redact(std::string_view url) {
    std::string out(url);
    if (const auto scheme = out.find("://"); scheme != std::string::npos) {
        // Before the query is cut: a password may hold an unescaped '?' or '#'.
        const auto authority_end = std::min(out.find('/', scheme + 3), out.size());
        const auto at = std::string_view(out).substr(0, authority_end).rfind('@');
        if (at != std::string_view::npos && at > scheme) out.erase(scheme + 3, at - scheme - 2);
    }
    out.resize(std::min(out.find_first_of("?#"), out.size()));
    return out;
}

}  // namespace airlock::base
