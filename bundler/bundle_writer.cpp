#include "bundler/bundle_writer.hpp"

#include "base/archive.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "bundler/blob_sink.hpp"
#include "bundler/partial_record.hpp"
#include "manifests/bundle/format.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <vector>

namespace airlock::bundler {
namespace {

using base::Errc;
using base::Error;
namespace format = manifests::bundle_format;

class Writer {
  public:
    Writer(const BuildPlan& plan, const OutputFile& output, const WriteOptions& options)
        : plan_(plan),
          options_(options),
          path_(output.path()),
          partial_(output.partial()),
          record_(output.record(), base::sha256(plan.index)),
          fd_(base::open_file(partial_, O_RDWR | O_CREAT | (record_.resumed() ? 0 : O_TRUNC),
                              0644)) {}

    std::uint64_t write(const std::stop_token& stop);

  private:
    void text(std::string_view path, std::string_view content);
    void header(std::string_view path, std::uint64_t size);
    void fetch(const PlannedBlob& blob, std::uint64_t offset, base::Progress& progress,
               const std::stop_token& stop);
    void fetch_from(const PlannedBlob& blob, std::uint64_t offset, std::uint64_t start,
                    base::Progress& progress, const std::stop_token& stop);
    void resume(std::uint64_t offset, std::uint64_t written, base::VerifyingSink& sink,
                const std::stop_token& stop) const;
    void fetch_all(const std::stop_token& stop);
    void publish();

    struct Fetch {
        const PlannedBlob* blob = nullptr;
        std::uint64_t offset = 0;  // of its bytes in the file
    };

    const BuildPlan& plan_;
    const WriteOptions& options_;
    std::filesystem::path path_;
    std::filesystem::path partial_;
    PartialRecord record_;
    base::UniqueFd fd_;
    std::uint64_t position_ = 0;
    std::vector<Fetch> to_fetch_;
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

// Hashes the part of the blob that an earlier attempt or run wrote.
void Writer::resume(std::uint64_t offset, std::uint64_t written, base::VerifyingSink& sink,
                    const std::stop_token& stop) const {
    if (written == 0) return;
    base::FileRange range(fd_.get(), offset, written, partial_.string());
    std::vector<std::byte> buffer(base::kCopyBuffer);
    while (const auto count = range.read(buffer)) {
        if (stop.stop_requested()) throw Error(Errc::cancelled, "cancelled");
        sink.account(base::Bytes(buffer).first(count));
    }
}

void Writer::fetch_from(const PlannedBlob& blob, std::uint64_t offset, std::uint64_t start,
                        base::Progress& progress, const std::stop_token& stop) {
    const auto& descriptor = blob.descriptor;
    const BlobPlace place{.fd = fd_.get(), .offset = offset, .name = partial_.string()};
    BlobSink sink(place, start, descriptor.digest, progress, record_, stop);
    base::VerifyingSink verified(sink, descriptor.size, descriptor.digest,
                                 descriptor.digest.text());
    resume(offset, start, verified, stop);
    if (start < descriptor.size && !blob.origin->copy(descriptor, start, verified, stop))
        return fetch_from(blob, offset, 0, progress, stop);
    verified.finish();
    sink.finish();
}

void Writer::fetch(const PlannedBlob& blob, std::uint64_t offset, base::Progress& progress,
                   const std::stop_token& stop) {
    const auto& digest = blob.descriptor.digest;
    const auto name = fmt::format("{}@{}", blob.origin->place(), digest.short_hex());
    const auto first = std::min(record_.written(digest), blob.descriptor.size);
    progress.add(first);
    base::with_retries(options_.retry, name, stop, [&] {
        const auto start = std::min(record_.written(digest), blob.descriptor.size);
        try {
            try {
                fetch_from(blob, offset, start, progress, stop);
            } catch (const Error& error) {
                // The data of the earlier run does not match its record: after a power failure, or
                // because the file was modified.
                if (error.code() != Errc::integrity || start == 0) throw;
                fetch_from(blob, offset, 0, progress, stop);
            }
        } catch (Error& error) {
            if (error.code() == Errc::integrity) {
                record_.note(digest, 0);
                error.add_context(blob.origin->place())
                    .set_hint(
                        "the source sent content that does not match its digest: it is corrupt there, or a proxy modified it; try another --mirror, or push the image again");
            }
            throw;
        }
    });
}

void Writer::publish() {
    base::fsync_or_throw(fd_.get(), partial_.string());
    if (::rename(partial_.c_str(), path_.c_str()) != 0)
        base::throw_errno(errno, "cannot rename the finished bundle to " + path_.string());
    base::fsync_parent_directory(path_);
    record_.remove();
}

std::uint64_t Writer::write(const std::stop_token& stop) {
    const auto& signature = options_.signature;
    std::uint64_t total = base::kTarEnd;
    for (const auto* part : {&plan_.index, &plan_.kit_manifest, &plan_.lock_text, &plan_.installer})
        total += base::tar_footprint(part->size());
    total += base::tar_footprint(format::kLayoutText.size());
    if (signature) total += base::tar_footprint(signature->size());
    for (const auto& blob : plan_.blobs)
        total += base::tar_footprint(blob.descriptor.size);
    reserve(fd_.get(), total, partial_);
    if (record_.resumed()) base::log_info("resuming {}", partial_.string());

    text(format::kLayoutPath, format::kLayoutText);
    text(format::kIndexPath, plan_.index);
    if (signature) text(format::kSignaturePath, *signature);
    text(format::kInstallerPath, plan_.installer);
    text(format::blob_path(base::sha256(plan_.kit_manifest)), plan_.kit_manifest);
    text(format::blob_path(base::sha256(plan_.lock_text)), plan_.lock_text);
    for (const auto& blob : plan_.blobs) {
        const auto path = format::blob_path(blob.descriptor.digest);
        if (blob.bytes) {
            text(path, *blob.bytes);
        } else {
            to_fetch_.push_back({.blob = &blob, .offset = position_ + base::kTarBlock});
            header(path, blob.descriptor.size);
        }
    }
    base::pwrite_all(fd_.get(), base::as_bytes(std::string(base::kTarEnd, '\0')), position_,
                     partial_.string());
    try {
        fetch_all(stop);
    } catch (const Error&) {
        base::log_info("the fetched data is kept in {}; run the same command again to resume",
                       partial_.string());
        throw;
    }
    publish();
    return total;
}

void Writer::fetch_all(const std::stop_token& stop) {
    // Largest first, so that no thread starts a long one at the end.
    std::ranges::stable_sort(to_fetch_, std::greater<>(),
                             [](const Fetch& fetch) { return fetch.blob->descriptor.size; });
    std::uint64_t bytes = 0;
    for (const auto& wanted : to_fetch_)
        bytes += wanted.blob->descriptor.size;
    base::Progress progress("fetching", bytes, to_fetch_.size(), "blobs");
    base::for_each_parallel(to_fetch_.size(), options_.concurrency, stop,
                            [&](std::size_t i, const std::stop_token& inner) {
                                fetch(*to_fetch_[i].blob, to_fetch_[i].offset, progress, inner);
                                progress.item_done();
                            });
}

}  // namespace

std::uint64_t write_bundle(const BuildPlan& plan, const OutputFile& output,
                           const WriteOptions& options, const std::stop_token& stop) {
    return Writer(plan, output, options).write(stop);
}

}  // namespace airlock::bundler
