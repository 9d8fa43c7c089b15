#include "base/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace airlock::base {

std::string_view to_string(Errc code) {
    switch (code) {
        case Errc::usage:
            return "usage";
        case Errc::invalid:
            return "invalid";
        case Errc::not_found:
            return "not_found";
        case Errc::denied:
            return "denied";
        case Errc::conflict:
            return "conflict";
        case Errc::integrity:
            return "integrity";
        case Errc::refused:
            return "refused";
        case Errc::unsupported:
            return "unsupported";
        case Errc::io:
            return "io";
        case Errc::network:
            return "network";
        case Errc::unavailable:
            return "unavailable";
        case Errc::timeout:
            return "timeout";
        case Errc::remote:
            return "remote";
        case Errc::cancelled:
            return "cancelled";
        case Errc::internal:
            return "internal";
    }
    return "internal";
}

void Error::compose() {
    text_.clear();
    for (const auto& line : context_) {
        text_ += line;
        text_ += ": ";
    }
    text_ += message_;
    // Parts of a message come from outside, and it goes to terminals: no NUL byte truncates it, and
    // no escape sequence moves the cursor.
    std::ranges::replace_if(
        text_,
        [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return (byte < ' ' && c != '\n' && c != '\t') || byte == 0x7f;
        },
        '?');
}

Error& Error::add_context(std::string context) {
    context_.insert(context_.begin(), std::move(context));
    compose();
    return *this;
}

Error& Error::set_hint(std::string hint) {
    hint_ = std::move(hint);
    return *this;
}

Error& Error::set_code(Errc code) {
    code_ = code;
    return *this;
}

Error& Error::set_retry_after(std::chrono::seconds delay) {
    retry_after_ = delay;
    return *this;
}

std::string errno_text(int error_number) {
    std::array<char, 256> buffer{};
    return strerror_r(error_number, buffer.data(), buffer.size());
}

void throw_errno(int error_number, std::string what_failed) {
    Errc code = Errc::io;
    std::string hint;
    switch (error_number) {
        case ENOENT:
        case ENOTDIR:  // a file in place of a parent directory: HOME=/dev/null
            code = Errc::not_found;
            hint = "check the path: it does not exist";
            break;
        case EACCES:
        case EPERM:
            code = Errc::denied;
            hint = "check its owner and mode, or run the command as a user with permission";
            break;
        case EISDIR:
            hint = "specify a file, not a directory";
            break;
        case ENOSPC:
        case EDQUOT:
            hint = "free some space on that file system, then run the same command again";
            break;
        case EROFS:
            hint = "the file system is read-only; choose a writable location";
            break;
        default:
            break;
    }
    Error error(code, fmt::format("{}: {}", what_failed, errno_text(error_number)));
    if (!hint.empty()) error.set_hint(std::move(hint));
    throw error;
}

void throw_if_any(Errc code, std::string_view summary, const std::vector<Problem>& problems) {
    if (problems.empty()) return;
    std::string text(summary);
    std::string hint;
    for (const auto& problem : problems) {
        text += fmt::format("\n  {}: {}", problem.where, problem.message);
        if (hint.empty()) hint = problem.hint;
    }
    Error error(code, std::move(text));
    if (!hint.empty()) error.set_hint(std::move(hint));
    throw error;
}

}  // namespace airlock::base
