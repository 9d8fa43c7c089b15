// The progress line at the bottom of a terminal. Log lines replace it. Any thread may call.
#pragma once

#include <string_view>

namespace airlock::base {

// Whether stderr is a terminal.
bool stderr_is_terminal();

// Replaces the status line. REQUIRES: stderr is a terminal.
void show_status_line(std::string_view text);

// Clears the status line; none is drawn during its lifetime.
class StatusLinePause {
  public:
    StatusLinePause();
    ~StatusLinePause();
    StatusLinePause(const StatusLinePause&) = delete;
    StatusLinePause& operator=(const StatusLinePause&) = delete;
};

}  // namespace airlock::base
