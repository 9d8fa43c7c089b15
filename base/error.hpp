// The one exception type of the project, and Problem for findings that are collected instead of
// thrown. An Error says what failed (message), on which object (context, outermost first) and what
// the operator can do (hint). Callers test code() alone, never text.
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
    usage,        // the command line, or a file that the operator wrote, says something impossible
    invalid,      // bytes from outside do not have the form they must have
    not_found,    // asked for and absent
    denied,       // credentials refused, or not enough permission
    conflict,     // somebody else changed it, or it is in use
    integrity,    // a size or a digest differs
    refused,      // a whole input is unusable: cut, changed, not signed as asked, another format
    unsupported,  // valid, but not something this version can do
    io,           // files and disks
    network,      // no connection, or it broke
    unavailable,  // the other side says: not now (429, 502, 503, 504)
    timeout,      // waited long enough
    remote,       // the other side refused with an answer of its own
    cancelled,    // the operator or a signal asked to stop
    internal,     // a bug of ours
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
    // How long the other side asked us to wait before the next try (Retry-After).
    std::optional<std::chrono::seconds> retry_after() const { return retry_after_; }

    // True when the same request may well succeed a little later.
    bool transient() const {
        return code_ == Errc::network || code_ == Errc::unavailable || code_ == Errc::timeout;
    }

    // Added once a task (image, object, file), not once a frame; the newest stands in front.
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

// The text of errno, as "No space left on device".
std::string errno_text(int error_number);

// Throws Errc::io (or not_found, denied) with the text of errno and the object it is about.
[[noreturn]] void throw_errno(int error_number, std::string what_failed);

// Runs `task`; an Error that leaves it gets `context` in front.
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

// One finding among several: what, where, and what to do.
struct Problem {
    std::string where;
    std::string message;
    std::string hint;
};

// Throws one Error that lists them all; returns when there are none.
void throw_if_any(Errc code, std::string_view summary, const std::vector<Problem>& problems);

}  // namespace airlock::base
