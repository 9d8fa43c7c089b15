#include "bundler/bundle_writer.hpp"

#include "base/archive.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "base/retry.hpp"
#include "bundler/partial_record.hpp"
#include "manifests/bundle_format.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace airlock::bundler {
namespace {

using base::Errc;
using base::Error;
namespace format = manifests::bundle_format;

constexpr std::uint64_t kNoteEvery = 16 * 1024 * 1024;

class Writer {
  public:
    Writer(const BuildPlan& plan, std::filesystem::path path)
        : plan_(plan),
          path_(std::move(path)),
          partial_(path_.string() + ".partial"),
          lock_(path_.string() + ".partial.lock",
                "wait for the other build, or write to another file"),
          record_(path_.string() + ".partial.record", base::sha256(plan.index)),
          fd_(base::open_file(partial_, O_RDWR | O_CREAT | (record_.resumed() ? 0 : O_TRUNC),
                              0644)) {}

    std::uint64_t write(const std::optional<std::string>& signature, std::size_t concurrency,
                        const std::stop_token& stop);

  private:
    void text(std::string_view path, std::string_view content);
    void header(std::string_view path, std::uint64_t size);
    void reserve(std::uint64_t size) const;
    void fetch(const PlannedBlob& blob, std::uint64_t offset, base::Progress& progress,
               const std::stop_token& stop);
    void fetch_from(const PlannedBlob& blob, std::uint64_t offset, std::uint64_t start,
                    base::Progress& progress);
    void take_up(std::uint64_t offset, std::uint64_t written, base::VerifyingSink& sink) const;
    void publish();

    const BuildPlan& plan_;
    std::filesystem::path path_;
    std::filesystem::path partial_;
    base::FileLock lock_;
    PartialRecord record_;
    base::UniqueFd fd_;
    std::uint64_t position_ = 0;
};

// Counts, and notes in the record how far a large blob is.
class NotingSink final : public base::Sink {
  public:
    NotingSink(base::Sink& to, base::Progress& progress, PartialRecord& record,
               const base::Digest& digest, std::uint64_t start)
        : to_(to),
          progress_(progress),
          record_(record),
          digest_(digest),
          written_(start),
          noted_(start) {}

    void write(base::Bytes bytes) override {
        to_.write(bytes);
        progress_.add(bytes.size());
        written_ += bytes.size();
        if (written_ - noted_ < kNoteEvery) return;
        record_.note(digest_, written_);
        noted_ = written_;
    }

  private:
    base::Sink& to_;
    base::Progress& progress_;
    PartialRecord& record_;
    const base::Digest& digest_;
    std::uint64_t written_;
    std::uint64_t noted_;
};

void Writer::header(std::string_view path, std::uint64_t size) {
    base::pwrite_all(fd_.get(), base::as_bytes(base::tar_header(format::plain_entry(path, size))),
                     position_, partial_.string());
    const std::string padding(base::tar_padding(size), '\0');
    base::pwrite_all(fd_.get(), base::as_bytes(padding), position_ + base::kTarBlock + size,
                     partial_.string());
    position_ += base::tar_footprint(size);
}

void Writer::text(std::string_view path, std::string_view content) {
    base::pwrite_all(fd_.get(), base::as_bytes(content), position_ + base::kTarBlock,
                     partial_.string());
    header(path, content.size());
}

void Writer::reserve(std::uint64_t size) const {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0)
        base::throw_errno(errno, "cannot make " + partial_.string() + " large enough");
    // Not every file system can reserve; one that can says now, and not in an hour, that it is
    // full.
    if (::fallocate(fd_.get(), 0, 0, static_cast<off_t>(size)) != 0 &&
        (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)) {
        base::throw_errno(errno, fmt::format("cannot reserve the {} that the bundle needs for {}",
                                             base::human_size(size), partial_.string()));
    }
}

// What an earlier try or run wrote of the blob, hashed again.
void Writer::take_up(std::uint64_t offset, std::uint64_t written, base::VerifyingSink& sink) const {
    if (written == 0) return;
    base::FileRange range(fd_.get(), offset, written, partial_.string());
    std::vector<std::byte> buffer(base::kCopyBuffer);
    while (const auto count = range.read(buffer))
        sink.account(base::Bytes(buffer).first(count));
}

void Writer::fetch_from(const PlannedBlob& blob, std::uint64_t offset, std::uint64_t start,
                        base::Progress& progress) {
    const auto& descriptor = blob.descriptor;
    base::FileSink file(fd_.get(), offset + start, partial_.string());
    NotingSink noting(file, progress, record_, descriptor.digest, start);
    base::VerifyingSink verified(noting, descriptor.size, descriptor.digest,
                                 descriptor.digest.text());
    take_up(offset, start, verified);
    if (start < descriptor.size &&
        !blob.registry->get_blob(blob.repository, descriptor, start, verified)) {
        return fetch_from(blob, offset, 0, progress);
    }
    verified.finish();
    record_.note(descriptor.digest, descriptor.size);
}

void Writer::fetch(const PlannedBlob& blob, std::uint64_t offset, base::Progress& progress,
                   const std::stop_token& stop) {
    const auto name = fmt::format("{}@{}", blob.repository, blob.descriptor.digest.short_hex());
    base::with_retries({}, name, stop, [&] {
        const auto start = std::min(record_.written(blob.descriptor.digest), blob.descriptor.size);
        try {
            fetch_from(blob, offset, start, progress);
        } catch (const Error& error) {
            // The bytes of the earlier run are not what its record says: a power cut, or a meddled
            // file.
            if (error.code() != Errc::integrity || start == 0) throw;
            fetch_from(blob, offset, 0, progress);
        }
    });
}

void Writer::publish() {
    base::fsync_or_throw(fd_.get(), partial_.string());
    if (::rename(partial_.c_str(), path_.c_str()) != 0)
        base::throw_errno(errno, "cannot give the bundle its name " + path_.string());
    base::fsync_folder_of(path_);
    record_.remove();
    std::filesystem::remove(path_.string() + ".partial.lock");
}

std::uint64_t Writer::write(const std::optional<std::string>& signature, std::size_t concurrency,
                            const std::stop_token& stop) {
    std::uint64_t total = base::kTarEnd;
    for (const auto* part : {&plan_.index, &plan_.kit_manifest, &plan_.lock_text, &plan_.installer})
        total += base::tar_footprint(part->size());
    total += base::tar_footprint(format::kLayoutText.size());
    if (signature) total += base::tar_footprint(signature->size());
    std::uint64_t remote = 0;
    for (const auto& blob : plan_.blobs) {
        total += base::tar_footprint(blob.descriptor.size);
        if (!blob.bytes) remote += blob.descriptor.size;
    }
    reserve(total);
    if (record_.resumed()) base::log_info("going on with {}", partial_.string());

    text(format::kLayoutPath, format::kLayoutText);
    text(format::kIndexPath, plan_.index);
    if (signature) text(format::kSignaturePath, *signature);
    text(format::kInstallerPath, plan_.installer);
    text(format::blob_path(base::sha256(plan_.kit_manifest)), plan_.kit_manifest);
    text(format::blob_path(base::sha256(plan_.lock_text)), plan_.lock_text);
    std::vector<std::pair<const PlannedBlob*, std::uint64_t>> to_fetch;
    for (const auto& blob : plan_.blobs) {
        const auto path = format::blob_path(blob.descriptor.digest);
        if (blob.bytes) {
            text(path, *blob.bytes);
        } else {
            to_fetch.emplace_back(&blob, position_ + base::kTarBlock);
            header(path, blob.descriptor.size);
        }
    }
    base::pwrite_all(fd_.get(), base::as_bytes(std::string(base::kTarEnd, '\0')), position_,
                     partial_.string());

    // Largest first, so that the last thread is not left with a long one.
    std::ranges::stable_sort(to_fetch, [](const auto& a, const auto& b) {
        return a.first->descriptor.size > b.first->descriptor.size;
    });
    {
        base::Progress progress("fetching", remote, to_fetch.size(), "blobs");
        base::for_each_parallel(to_fetch.size(), concurrency, stop,
                                [&](std::size_t i, const std::stop_token& inner) {
                                    fetch(*to_fetch[i].first, to_fetch[i].second, progress, inner);
                                    progress.item_done();
                                });
    }
    publish();
    return total;
}

}  // namespace

std::uint64_t write_bundle(const BuildPlan& plan, const std::optional<std::string>& signature,
                           const std::filesystem::path& path, std::size_t concurrency,
                           const std::stop_token& stop) {
    return Writer(plan, path).write(signature, concurrency, stop);
}

}  // namespace airlock::bundler
