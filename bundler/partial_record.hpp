// The progress of an interrupted build: FILE.partial.record. The first line identifies the plan;
// each further line says that the first N bytes of a blob were written. It is not trusted: a
// resumed build hashes those bytes again.
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
    // Continues the record at `path` if it belongs to the same plan; otherwise starts a new one.
    PartialRecord(std::filesystem::path path, const base::Digest& plan);

    bool resumed() const { return resumed_; }
    // Any thread may call these two. The number of bytes of the blob that were written.
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
