#include "bundler/blob_sink.hpp"

#include "base/error.hpp"
#include "base/file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <utility>

namespace airlock::bundler {
namespace {

constexpr std::uint64_t kNoteEvery = 4 * 1024 * 1024;

}  // namespace

BlobSink::BlobSink(const BlobPlace& place, std::uint64_t start, const base::Digest& digest,
                   base::Progress& progress, PartialRecord& record, const std::stop_token& stop)
    : place_(place),
      digest_(digest),
      progress_(progress),
      record_(record),
      stop_(stop),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(base::kCopyBuffer)),
      written_(start),
      noted_(start) {}

BlobSink::~BlobSink() {
    try {
        finish();
    } catch (const base::Error&) {  // the record is only an optimization
    }
}

void BlobSink::write(base::Bytes bytes) {
    if (stop_.stop_requested()) throw base::Error(base::Errc::cancelled, "cancelled");
    progress_.add(bytes.size());
    while (!bytes.empty()) {
        const auto part = bytes.first(std::min(bytes.size(), base::kCopyBuffer - gathered_));
        std::ranges::copy(part, buffer_.get() + gathered_);
        gathered_ += part.size();
        bytes = bytes.subspan(part.size());
        if (gathered_ == base::kCopyBuffer) flush();
    }
    if (written_ - noted_ >= kNoteEvery) note();
}

void BlobSink::finish() {
    flush();
    note();
}

void BlobSink::flush() {
    const base::Bytes gathered{buffer_.get(), std::exchange(gathered_, 0)};
    base::pwrite_all(place_.fd, gathered, place_.offset + written_, place_.name);
    written_ += gathered.size();
}

void BlobSink::note() {
    if (written_ == noted_) return;
    // Only starts the write-back. If it fails, the final fsync does all of the work.
    static_cast<void>(::sync_file_range(place_.fd, static_cast<off_t>(place_.offset + noted_),
                                        static_cast<off_t>(written_ - noted_),
                                        SYNC_FILE_RANGE_WRITE));
    record_.note(digest_, written_);
    noted_ = written_;
}

}  // namespace airlock::bundler
