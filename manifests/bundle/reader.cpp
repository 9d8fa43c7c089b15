#include "manifests/bundle/reader.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "base/signature.hpp"
#include "manifests/bundle/format.hpp"

#include <fcntl.h>

#include <algorithm>
#include <thread>

namespace airlock::manifests {
namespace {

using base::Errc;
using base::Error;
using images::Manifest;
namespace format = bundle_format;

constexpr std::size_t kMaxIndex = 16 * 1024 * 1024;
constexpr std::size_t kMaxSignature = 4096;
constexpr std::size_t kMaxLock = 64 * 1024 * 1024;
constexpr std::size_t kMaxFile = 16 * 1024 * 1024;
constexpr int kMaxDepth = 4;  // of indexes in indexes
constexpr std::string_view kCopyAgain =
    "copy the bundle again, and compare its sha256sum with that of the original";

[[noreturn]] void refuse(std::string message) {
    throw Error(Errc::refused, std::move(message));
}

}  // namespace

Bundle Bundle::open(const std::filesystem::path& path, const std::optional<std::string>& public_key,
                    std::string_view key_name) {
    Bundle bundle;
    bundle.path_ = path;
    try {
        bundle.fd_ = std::make_shared<base::UniqueFd>(base::open_file(path, O_RDONLY));
        bundle.file_size_ = base::file_size(bundle.fd_->get(), path.string());
        bundle.read(public_key, key_name);
    } catch (Error& error) {
        // An unusable key is not the bundle's fault.
        if (error.code() == Errc::usage) throw;
        error.set_code(Errc::refused);
        if (!std::string_view(error.what()).starts_with("cannot open"))
            error.add_context(path.string());
        if (error.hint().empty()) error.set_hint(std::string(kCopyAgain));
        throw;
    }
    return bundle;
}

// The entry at `offset`, whatever its name; its header is exactly as the bundler writes it.
Bundle::Place Bundle::entry_at(std::uint64_t offset) const {
    if (file_size_ < offset + base::kTarBlock)
        refuse("it is too short to be a bundle: empty or truncated");
    const auto entry = base::read_tar_header(
        base::pread_text(fd_->get(), base::kTarBlock, offset, path_.string()));
    if (!entry)
        refuse(offset == 0 ? "it is not a bundle: it is not a tar archive"
                           : fmt::format("the header at byte {} is corrupt", offset));
    if (offset == 0 && entry->path != format::kLayoutPath) {
        throw Error(Errc::refused,
                    "it is a tar archive, but not a bundle: its first entry is not {}",
                    format::kLayoutPath)
            .set_hint("specify a file that `airlock-bundler build` wrote");
    }
    Place place{.path = entry->path, .header = offset, .size = entry->size};
    if (place.size > file_size_ || place.end() > file_size_)
        refuse(fmt::format("{}: the file ends in the middle of this entry: it is truncated",
                           place.path));
    check_header(place);
    return place;
}

Bundle::Place Bundle::blob_at(std::uint64_t offset, const base::Digest& digest,
                              std::uint64_t size) {
    return {.path = format::blob_path(digest), .header = offset, .size = size};
}

void Bundle::check_header(const Place& place) const {
    const auto expected = base::tar_header(format::plain_entry(place.path, place.size));
    if (base::pread_text(fd_->get(), base::kTarBlock, place.header, path_.string()) != expected) {
        refuse(fmt::format("{}: the header at byte {} is corrupt", place.path, place.header));
    }
}

void Bundle::check_padding(const Place& place) const {
    const auto padding = base::pread_text(fd_->get(), base::tar_padding(place.size),
                                          place.data() + place.size, path_.string());
    if (padding.find_first_not_of('\0') != std::string::npos)
        refuse(fmt::format("{}: the padding after it is corrupt", place.path));
}

void Bundle::check_content(const Place& place, const base::Digest& digest,
                           const std::stop_token& stop) const {
    check_header(place);
    base::FileRange range(fd_->get(), place.data(), place.size, path_.string());
    base::VerifyingSource source(range, place.size, digest, place.path);
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(base::kCopyBuffer);
    try {
        while (source.read({buffer.get(), base::kCopyBuffer}) != 0) {
            if (stop.stop_requested()) throw Error(Errc::cancelled, "cancelled");
        }
    } catch (Error& error) {
        if (error.code() == Errc::integrity)
            error.set_code(Errc::refused)
                .add_context(path_.string())
                .set_hint(std::string(kCopyAgain));
        throw;
    }
    check_padding(place);
}

// Reads a small entry; checks its header and padding.
std::string Bundle::text_of(const Place& place, std::size_t limit) const {
    if (place.size > limit)
        refuse(fmt::format("{}: {} bytes exceed the limit of {} bytes", place.path, place.size,
                           limit));
    check_header(place);
    check_padding(place);
    return base::pread_text(fd_->get(), place.size, place.data(), path_.string());
}

void Bundle::read(const std::optional<std::string>& public_key, std::string_view key_name) {
    if (file_size_ == 0) refuse("the file is empty");
    head_.push_back(entry_at(0));
    if (text_of(head_.back(), kMaxSignature) != format::kLayoutText)
        refuse("its oci-layout is corrupt or of another version");
    head_.push_back(entry_at(head_.back().end()));
    if (head_.back().path != format::kIndexPath)
        refuse("it is not a bundle: its second entry is not index.json");
    const auto index_text = text_of(head_.back(), kMaxIndex);
    index_digest_ = base::sha256(index_text);

    auto next = entry_at(head_.back().end());
    if (next.path == format::kSignaturePath) {
        head_.push_back(next);
        read_signature(next, index_text, public_key, key_name);
        next = entry_at(next.end());
    } else if (public_key) {
        throw Error(Errc::refused, "it is not signed, but a key was given")
            .set_hint("build it with --key, or omit --key if you trust its source");
    }
    if (next.path == format::kInstallerPath) {
        head_.push_back(next);
        installer_ = next;
        next = entry_at(next.end());
    }
    const auto index = Manifest::parse(index_text, images::media_type::kOciIndex, "index.json");
    const auto kit =
        std::ranges::find_if(index.manifests, [&](const images::Descriptor& descriptor) {
            return next.path == format::blob_path(descriptor.digest);
        });
    if (kit == index.manifests.end() || kit->size != next.size) {
        refuse(
            "the kit is missing: it is an OCI archive that airlock-bundler did not write, or it is corrupt");
    }
    head_.push_back(next);
    check_content(next, kit->digest, {});
    const auto manifest =
        Manifest::parse(text_of(next, images::kMaxManifest), kit->media_type, next.path);
    if (manifest.artifact_type != format::kArtifactType || !manifest.config) {
        throw Error(Errc::refused, "the kit has type \"{}\"; this program supports {}",
                    manifest.artifact_type, format::kArtifactType)
            .set_hint("use the installer from the bundle: tar -xf BUNDLE airlock-installer");
    }
    read_kit(next, manifest);

    const images::Descriptor kit_only{
        .media_type = kit->media_type, .digest = kit->digest, .size = kit->size};
    if (format::index_text(lock_, kit_only) != index_text)
        refuse("index.json is corrupt: it does not match the lock");
    for (const auto& image : lock_.images) {
        base::with_context(image.reference.text(), [&] { read_manifests(image.descriptor, 0); });
    }
}

void Bundle::read_signature(const Place& place, const std::string& index,
                            const std::optional<std::string>& public_key,
                            std::string_view key_name) {
    signed_ = true;
    const auto signature = text_of(place, kMaxSignature);
    if (!public_key) return;
    bool good = false;
    try {
        good = base::verify_signature(index, signature, *public_key, key_name);
    } catch (Error& error) {
        error.set_code(Errc::refused);
        throw;
    }
    if (!good) {
        throw Error(Errc::refused,
                    "the signature does not match: index.json was not signed with the key {}",
                    key_name)
            .set_hint(
                "get the correct public key from whoever built the bundle, or the bundle from its original source");
    }
}

void Bundle::read_kit(const Place& kit, const Manifest& manifest) {
    const auto place = blob_at(kit.end(), manifest.config->digest, manifest.config->size);
    if (place.size > kMaxLock) refuse("the lock is too large");
    if (place.size > file_size_ || place.end() > file_size_)
        refuse("the file ends in the middle of the lock: it is truncated");
    check_content(place, manifest.config->digest, {});
    head_.push_back(place);
    lock_ = Lock::parse(text_of(place, kMaxLock), "the lock");

    auto offset = place.end();
    for (const auto& blob : lock_.blobs) {
        auto at = blob_at(offset, blob.digest, blob.size);
        if (blob.size > file_size_ || at.end() > file_size_) {
            refuse(fmt::format("it is truncated: the file has {} bytes, but {} starts at byte {}",
                               file_size_, at.path, offset));
        }
        offset = at.end();
        if (!offsets_.emplace(blob.digest, std::move(at)).second)
            refuse(fmt::format("the lock lists {} twice", blob.digest.text()));
    }
    end_ = offset;
    if (file_size_ != end_ + base::kTarEnd) {
        refuse(fmt::format(
            "the file has {} bytes instead of {}: {}", file_size_, end_ + base::kTarEnd,
            file_size_ < end_ + base::kTarEnd ? "it is truncated" : "data was appended to it"));
    }
    if (lock_.installer.has_value() != installer_.has_value() ||
        (installer_ && installer_->size != lock_.installer->size)) {
        refuse("the installer in the bundle does not match the lock");
    }
    for (const auto& file : lock_.files) {
        const auto& at = place_of(file.digest);
        base::with_context(file.source, [&] { check_content(at, file.digest, {}); });
        files_.emplace(file.source, text_of(at, kMaxFile));
    }
    const auto description = files_.find(std::string(format::kDescription));
    if (description == files_.end()) refuse("bundle.yaml is not among the kit's files");
    spec_ = parse_bundle_spec(description->second, format::kDescription);
}

void Bundle::read_manifests(const images::Descriptor& root, int depth) {
    if (manifests_.contains(root.digest)) return;
    if (depth > kMaxDepth) refuse("its image indexes are nested too deeply");
    const auto& place = place_of(root.digest);
    check_content(place, root.digest, {});
    auto manifest =
        Manifest::parse(text_of(place, images::kMaxManifest), root.media_type, place.path);
    const auto children = manifest.children();
    const bool index = manifest.is_index();
    manifests_.emplace(root.digest, std::move(manifest));
    for (const auto& child : children) {
        if (place_of(child.digest).size != child.size)
            refuse(fmt::format("the lock and {} disagree on the size of {}", root.digest.text(),
                               child.digest.text()));
        if (index) read_manifests(child, depth + 1);
    }
}

const Bundle::Place& Bundle::place_of(const base::Digest& digest) const {
    const auto at = offsets_.find(digest);
    if (at == offsets_.end()) refuse(fmt::format("{} is not in the bundle", digest.text()));
    return at->second;
}

bool Bundle::holds(const Component& component) const {
    const auto has_image = [&](const ImageSpec& wanted) {
        return std::ranges::any_of(lock_.images, [&](const LockedImage& image) {
            return image.reference.text() == wanted.ref.text() &&
                   std::ranges::find(image.components, component.name) != image.components.end();
        });
    };
    return std::ranges::all_of(component.images, has_image) &&
           std::ranges::all_of(component.manifests, [&](const ManifestSpec& manifest) {
               return files_.contains(manifest.source());
           });
}

const std::string& Bundle::file(const std::string& source) const {
    const auto at = files_.find(source);
    if (at == files_.end())
        throw Error(Errc::refused, "{}: {} is not in the bundle", path_.string(), source);
    return at->second;
}

const Manifest& Bundle::manifest(const base::Digest& digest) const {
    const auto at = manifests_.find(digest);
    if (at == manifests_.end())
        throw Error(Errc::internal, "{} is not a manifest in the bundle", digest.text());
    return at->second;
}

base::FileRange Bundle::blob(const base::Digest& digest) const {
    const auto& place = place_of(digest);
    return {fd_->get(), place.data(), place.size, path_.string()};
}

void Bundle::verify_blob(const base::Digest& digest, const std::stop_token& stop) const {
    check_content(place_of(digest), digest, stop);
}

void Bundle::verify_installer() const {
    if (installer_) check_content(*installer_, lock_.installer->digest, {});
}

void Bundle::verify_all(const std::stop_token& stop) const {
    for (const auto& place : head_)
        check_padding(place);
    verify_installer();
    const auto end = base::pread_text(fd_->get(), base::kTarEnd, end_, path_.string());
    if (end.find_first_not_of('\0') != std::string::npos)
        refuse(fmt::format("{}: the end of the file is corrupt", path_.string()));
    base::Progress progress("verifying", file_size_, lock_.blobs.size(), "blobs");
    // Largest first, so that no thread starts a long one at the end.
    auto order = lock_.blobs;
    std::ranges::stable_sort(order, std::greater<>(), &LockedBlob::size);
    base::for_each_parallel(order.size(), std::max(1U, std::thread::hardware_concurrency()), stop,
                            [&](std::size_t i, const std::stop_token& inner) {
                                verify_blob(order[i].digest, inner);
                                progress.add(order[i].size);
                                progress.item_done();
                            });
}

}  // namespace airlock::manifests
