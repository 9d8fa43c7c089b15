// The journal of one state directory: append-only, one JSON record a line behind its checksum, on
// the disk before the act that it announces (docs/state-format.md). A torn last line (a power cut
// in the middle of a write) is dropped; one in the middle is an error.
#pragma once

#include "base/file.hpp"
#include "base/json.hpp"
#include "installer/record/act.hpp"

#include <cstddef>
#include <filesystem>
#include <vector>

namespace airlock::installer {

struct JournalRecord {
    Act act;
    base::Json fields = base::Json::object();

    bool operator==(const JournalRecord&) const = default;
};

class Journal {
  public:
    // Reads what is there. Errc::integrity for a damaged line, Errc::unsupported for a journal of a
    // newer version. REQUIRES: the caller holds the directory's lock.
    explicit Journal(std::filesystem::path path);

    const std::vector<JournalRecord>& records() const { return records_; }
    // Returns when it is on the disk. One that fails leaves no part of the record.
    void append(Act act, base::Json fields);
    // Begins a new one, durably.
    void clear();

  private:
    void cut();

    std::filesystem::path path_;
    std::vector<JournalRecord> records_;
    std::size_t size_ = 0;  // in bytes, of the whole records
    bool torn_ = false;     // there may be a part of one behind them
    base::UniqueFd fd_;
};

}  // namespace airlock::installer
