// Reads a bundle in place (docs/bundle-format.md). A Bundle is only created by open(), which
// verifies the index, its signature if a key is given, the kit's manifest, the lock and every image
// manifest; layers are read and verified on request. Nothing is ever written, and paths in the
// archive are never used as file names. Any thread may read.
#pragma once

#include "base/archive.hpp"
#include "base/file.hpp"
#include "images/manifest.hpp"
#include "manifests/bundle/bundle_yaml.hpp"
#include "manifests/bundle/lock.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace airlock::manifests {

class Bundle {
  public:
    // Errc::refused, naming the file, the entry and the problem, for anything that is not a valid
    // bundle, including a missing file, and with `public_key` (PEM) for a bundle that is not signed
    // with that key.
    static Bundle open(const std::filesystem::path& path,
                       const std::optional<std::string>& public_key,
                       std::string_view key_name = {});

    const std::filesystem::path& path() const { return path_; }
    const Lock& lock() const { return lock_; }
    const BundleSpec& spec() const { return spec_; }
    const base::Digest& index_digest() const { return index_digest_; }  // identifies the bundle
    bool is_signed() const { return signed_; }
    std::uint64_t file_size() const { return file_size_; }

    // Whether the bundle contains the component: optional ones may have been left out of the build.
    bool holds(const Component& component) const;
    // The verified text of a manifest file of the kit, by LockedFile::source.
    const std::string& file(const std::string& source) const;
    // The manifest or index with this digest; all were verified by open().
    const images::Manifest& manifest(const base::Digest& digest) const;
    bool has_blob(const base::Digest& digest) const { return offsets_.contains(digest); }
    // The content of a blob in the archive, not verified: for sending after verify_blob(). The
    // bundle must outlive it.
    base::FileRange blob(const base::Digest& digest) const;
    // Verifies the blob, its header and its padding; Errc::refused, naming it, if a byte differs.
    void verify_blob(const base::Digest& digest, const std::stop_token& stop = {}) const;
    void verify_installer() const;
    // Verifies every byte of the file, several blobs in parallel.
    void verify_all(const std::stop_token& stop) const;

  private:
    struct Place {
        std::string path;          // in the archive
        std::uint64_t header = 0;  // offset of the tar header
        std::uint64_t size = 0;

        std::uint64_t data() const { return header + base::kTarBlock; }
        std::uint64_t end() const { return header + base::tar_footprint(size); }
    };

    Bundle() = default;
    void read(const std::optional<std::string>& public_key, std::string_view key_name);
    void read_signature(const Place& place, const std::string& index,
                        const std::optional<std::string>& public_key, std::string_view key_name);
    void read_kit(const Place& kit, const images::Manifest& manifest);
    void read_manifests(const images::Descriptor& root, int depth);
    Place entry_at(std::uint64_t offset) const;
    static Place blob_at(std::uint64_t offset, const base::Digest& digest, std::uint64_t size);
    const Place& place_of(const base::Digest& digest) const;
    std::string text_of(const Place& place, std::size_t limit) const;
    void check_header(const Place& place) const;
    void check_padding(const Place& place) const;
    void check_content(const Place& place, const base::Digest& digest,
                       const std::stop_token& stop) const;

    std::filesystem::path path_;
    std::shared_ptr<const base::UniqueFd> fd_;
    std::uint64_t file_size_ = 0;
    base::Digest index_digest_ = base::sha256("");
    bool signed_ = false;
    Lock lock_;
    BundleSpec spec_;
    std::map<std::string, std::string> files_;
    std::map<base::Digest, images::Manifest> manifests_;
    std::map<base::Digest, Place> offsets_;
    std::optional<Place> installer_;
    std::vector<Place> head_;  // the entries before the lock's blobs
    std::uint64_t end_ = 0;    // where the closing zero blocks begin
};

}  // namespace airlock::manifests
