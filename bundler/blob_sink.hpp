// Writes the content of one blob to its offset in the bundle, reports progress, and notes in the
// record how far it came: every few megabytes and when it ends early. Noted data is already being
// written back to disk, so that the final fsync has little left to wait for.
#pragma once

#include "base/bytes.hpp"
#include "base/progress.hpp"
#include "bundler/partial_record.hpp"

#include <memory>
#include <stop_token>
#include <string>

namespace airlock::bundler {

// Where a blob's content begins in the open file.
struct BlobPlace {
    int fd = -1;
    std::uint64_t offset = 0;
    std::string name;  // of the file, for messages
};

class BlobSink final : public base::Sink {
  public:
    // `start` bytes are already written. The arguments must outlive it.
    BlobSink(const BlobPlace& place, std::uint64_t start, const base::Digest& digest,
             base::Progress& progress, PartialRecord& record, const std::stop_token& stop);
    ~BlobSink() override;
    BlobSink(const BlobSink&) = delete;
    BlobSink& operator=(const BlobSink&) = delete;

    // Errc::cancelled when `stop` is requested: this is how one failing blob ends the others.
    void write(base::Bytes bytes) override;
    // Writes and notes everything that was received; the destructor does so as far as possible.
    void finish();

  private:
    void flush();
    void note();

    const BlobPlace& place_;
    const base::Digest& digest_;
    base::Progress& progress_;
    PartialRecord& record_;
    const std::stop_token& stop_;
    std::unique_ptr<std::byte[]> buffer_;
    std::size_t gathered_ = 0;
    std::uint64_t written_;
    std::uint64_t noted_;
};

}  // namespace airlock::bundler
