#include "base/status_line.hpp"

#include <unistd.h>

#include <mutex>
#include <string>

namespace airlock::base {
namespace {

constexpr std::string_view kClearToEnd = "\x1b[K";

// Guards the last line of stderr, for both status line and log lines.
std::recursive_mutex g_screen;
bool g_line_shown = false;

void write_stderr(std::string_view text) {
    while (!text.empty()) {
        const auto count = ::write(STDERR_FILENO, text.data(), text.size());
        if (count <= 0) return;  // a closed terminal is not an error
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

}  // namespace

bool stderr_is_terminal() {
    static const bool terminal = ::isatty(STDERR_FILENO) == 1;
    return terminal;
}

void show_status_line(std::string_view text) {
    const std::lock_guard screen(g_screen);
    write_stderr("\r" + std::string(text) + std::string(kClearToEnd));
    g_line_shown = true;
}

StatusLinePause::StatusLinePause() {
    g_screen.lock();
    if (g_line_shown) write_stderr("\r" + std::string(kClearToEnd));
    g_line_shown = false;
}

StatusLinePause::~StatusLinePause() {
    g_screen.unlock();
}

}  // namespace airlock::base
