// The bytes of one blob on their way to their place in the bundle: written, counted, and noted in
// the record, now and then and when they end early. What is noted is on its way to the disk
// already, so that the last fsync has little left to wait for.
#pragma once

#include "base/bytes.hpp"
#include "base/progress.hpp"
#include "bundler/partial_record.hpp"

#include <memory>
#include <stop_token>
#include <string>

namespace airlock::bundler {

// Where a blob's bytes begin in the open file.
struct BlobPlace {
    int fd = -1;
    std::uint64_t offset = 0;
    std::string name;  // of the file, for messages
};

class BlobSink final : public base::Sink {
  public:
    // `start` bytes are there already. The arguments outlive it.
    BlobSink(const BlobPlace& place, std::uint64_t start, const base::Digest& digest,
             base::Progress& progress, PartialRecord& record, const std::stop_token& stop);
    ~BlobSink() override;
    BlobSink(const BlobSink&) = delete;
    BlobSink& operator=(const BlobSink&) = delete;

    // Errc::cancelled when `stop` is requested: one blob that fails ends the others here.
    void write(base::Bytes bytes) override;
    // All that came is in the file and in the record. Without it, as much of it as possible.
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
