// The journal of one state directory: append-only, one JSON record a line behind its checksum, on
// disk before the change that it announces (docs/state-format.md). A torn last line (a power loss
// during a write) is dropped; a damaged line elsewhere is an error.
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
    // Reads the file if it exists. Errc::integrity for a damaged line, Errc::unsupported for a
    // journal of a newer version. REQUIRES: the caller holds the directory's lock.
    explicit Journal(std::filesystem::path path);

    const std::vector<JournalRecord>& records() const { return records_; }
    // Returns when the record is on disk. When it throws, no part of the record remains.
    void append(Act act, base::Json fields);
    // Empties the journal, durably.
    void clear();

  private:
    void truncate();

    std::filesystem::path path_;
    std::vector<JournalRecord> records_;
    std::size_t size_ = 0;  // in bytes, of the complete records
    bool torn_ = false;     // a partial record may follow them
    base::UniqueFd fd_;
};

}  // namespace airlock::installer
