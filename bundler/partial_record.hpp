// How far an interrupted build came: FILE.partial.record, one line a fact. The first line names the
// plan; each other one says that the first N bytes of a blob were written. Only a hint: whoever
// goes on hashes those bytes again.
#pragma once

#include "base/digest.hpp"
#include "base/file.hpp"

#include <filesystem>
#include <map>
#include <mutex>
#include <string>

namespace airlock::bundler {

class PartialRecord {
  public:
    // Goes on with the record at `path` when it is of the same plan; else begins a new one.
    PartialRecord(std::filesystem::path path, const base::Digest& plan);

    bool resumed() const { return resumed_; }
    // Any thread may call these two. Bytes of the blob that were written; 0 when none.
    std::uint64_t written(const base::Digest& blob) const;
    void note(const base::Digest& blob, std::uint64_t bytes);
    void remove();

  private:
    std::filesystem::path path_;
    std::map<std::string, std::uint64_t, std::less<>> written_;
    bool resumed_ = false;
    base::UniqueFd fd_;
    mutable std::mutex mutex_;
};

}  // namespace airlock::bundler
