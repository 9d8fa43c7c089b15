// Log lines on stderr: what happened, on which object, without a full stop. Results go to stdout
// instead. Secrets never reach a log: pass URLs through redact(), and never pass a credential.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace airlock::base {

enum class LogLevel { debug, info, warn, error, off };
enum class LogFormat { text, json };

// "debug", "info", ...; Errc::usage for anything else.
LogLevel parse_log_level(std::string_view word);
LogFormat parse_log_format(std::string_view word);

// Call before the first line; the default is info and text. Any thread may log afterwards.
void init_logging(LogLevel level, LogFormat format);
bool log_enabled(LogLevel level);
void log_line(LogLevel level, std::string_view line);

template <typename... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
    if (log_enabled(LogLevel::debug))
        log_line(LogLevel::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
    if (log_enabled(LogLevel::info))
        log_line(LogLevel::info, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void log_warn(fmt::format_string<Args...> format, Args&&... args) {
    if (log_enabled(LogLevel::warn))
        log_line(LogLevel::warn, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
    log_line(LogLevel::error, fmt::format(format, std::forward<Args>(args)...));
}

// Shows control characters other than newlines and tabs as \xNN, so that text from a server cannot
// control the operator's terminal. Applied to all lines in text format.
std::string printable(std::string_view text);

// The URL without user, password, query and fragment, which may hold credentials.
std::string redact(std::string_view url);

}  // namespace airlock::base
