// Log lines on stderr: what happened, on which object, no full stop. Results go to stdout, never
// here. Secrets never reach a log: pass URLs through redact(), and never pass a credential.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace airlock::base {

enum class LogLevel { debug, info, warn, error, off };
enum class LogFormat { text, json };

// "debug", "info", ...; Errc::usage for another word.
LogLevel parse_log_level(std::string_view word);
LogFormat parse_log_format(std::string_view word);

// Before the first line; the default is info and text. Any thread may log afterwards.
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

// With control characters as \xNN, newlines and tabs aside: what a server says cannot
// steer the operator's terminal. Text lines are shown so.
std::string printable(std::string_view text);

// The URL without user, password, query and fragment: those carry tokens.
std::string redact(std::string_view url);

}  // namespace airlock::base
