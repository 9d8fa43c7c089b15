// Progress of a long-running stage: a status line on a terminal, otherwise a log line every few
// seconds. Log lines do not garble the status line.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace airlock::base {

// Any thread may call add() and item_done(). The stage ends when the object is destroyed.
class Progress {
  public:
    // "pushing", 700 MB, 40 "blobs"; with 0 bytes only items are shown.
    Progress(std::string_view verb, std::uint64_t total_bytes, std::uint64_t total_items,
             std::string_view item_noun);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void add(std::uint64_t bytes);
    void item_done();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace airlock::base
