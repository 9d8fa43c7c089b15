// How far a long stage is: one status line on a terminal, a plain line every few seconds elsewhere.
// Counting never mixes with logging: a log line moves the status line out of its way.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace airlock::base {

// Any thread may call add() and item_done(). The stage ends when the object does.
class Progress {
  public:
    // "pushing", 700 MB, 40 "blobs"; 0 bytes shows items alone.
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
