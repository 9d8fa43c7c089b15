// The last line of a terminal, which shows how far a stage is until something else is written
// there. Log lines move it out of the way. Any thread may call.
#pragma once

#include <string_view>

namespace airlock::base {

// Whether stderr is a terminal.
bool stderr_is_terminal();

// Draws `text` over the line that is shown. REQUIRES: stderr is a terminal.
void show_status_line(std::string_view text);

// Clears the line; while one lives, none is drawn.
class StatusLinePause {
  public:
    StatusLinePause();
    ~StatusLinePause();
    StatusLinePause(const StatusLinePause&) = delete;
    StatusLinePause& operator=(const StatusLinePause&) = delete;
};

}  // namespace airlock::base
