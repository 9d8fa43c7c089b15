// The only exception type of the project, and Problem for findings that are collected instead of
// thrown. An Error says what failed (message), on which object (context, outermost first) and what
// the operator can do (hint). Callers test code(), never the text.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace airlock::base {

enum class Errc {
    usage,        // an invalid command line, or an invalid file written by the operator
    invalid,      // malformed data from outside
    not_found,    // requested, but does not exist
    denied,       // authentication failed, or permission denied
    conflict,     // changed by someone else, or in use
    integrity,    // size or digest mismatch
    refused,      // an input rejected as a whole: truncated, modified, not signed as required
    unsupported,  // valid, but not supported by this version
    io,           // files and disks
    network,      // no connection, or connection lost
    unavailable,  // the server cannot answer now (429, 502, 503, 504)
    timeout,      // no answer in time
    remote,       // the server rejected the request
    cancelled,    // by the operator or a signal
    internal,     // a bug
};

std::string_view to_string(Errc code);

class Error : public std::exception {
  public:
    Error(Errc code, std::string message) : code_(code), message_(std::move(message)) { compose(); }

    template <typename First, typename... Rest>
    Error(Errc code, fmt::format_string<First, Rest...> format, First&& first, Rest&&... rest)
        : Error(code,
                fmt::format(format, std::forward<First>(first), std::forward<Rest>(rest)...)) {}

    Errc code() const { return code_; }
    const std::string& message() const { return message_; }
    const std::vector<std::string>& context() const { return context_; }
    const std::string& hint() const { return hint_; }
    // How long the server asked to wait before the next attempt (Retry-After).
    std::optional<std::chrono::seconds> retry_after() const { return retry_after_; }

    // True when the same request may succeed later.
    bool transient() const {
        return code_ == Errc::network || code_ == Errc::unavailable || code_ == Errc::timeout;
    }

    // Added once per task (image, object, file), not once per stack frame; the latest comes first.
    Error& add_context(std::string context);
    Error& set_hint(std::string hint);
    Error& set_code(Errc code);
    Error& set_retry_after(std::chrono::seconds delay);

    // "context: context: message", without the hint.
    const char* what() const noexcept override { return text_.c_str(); }

  private:
    void compose();

    Errc code_;
    std::string message_;
    std::vector<std::string> context_;
    std::string hint_;
    std::optional<std::chrono::seconds> retry_after_;
    std::string text_;
};

// The text of errno, such as "No space left on device".
std::string errno_text(int error_number);

// Throws Errc::io (or not_found, denied) with the text of errno and the object it is about.
[[noreturn]] void throw_errno(int error_number, std::string what_failed);

// Runs `task` and adds `context` to an Error that it throws.
template <typename Task>
decltype(auto) with_context(std::string_view context, Task&& task) {
    try {
        return std::forward<Task>(task)();
    } catch (Error& error) {
        error.add_context(std::string(context));
        throw;
    }
}

// Runs `task`; an Error without a hint that leaves it gets `hint`.
template <typename Task>
decltype(auto) with_hint(std::string_view hint, Task&& task) {
    try {
        return std::forward<Task>(task)();
    } catch (Error& error) {
        if (error.hint().empty()) error.set_hint(std::string(hint));
        throw;
    }
}

// One finding among several: where, what, and the hint.
struct Problem {
    std::string where;
    std::string message;
    std::string hint;
};

// Throws one Error that lists all of them; returns when there are none.
void throw_if_any(Errc code, std::string_view summary, const std::vector<Problem>& problems);

}  // namespace airlock::base
