#include "bundler/locked.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace airlock::bundler {
namespace {

using base::Errc;
using base::Error;
using base::Problem;
using manifests::Lock;
using manifests::LockedFile;
using manifests::LockedImage;

constexpr std::string_view kHint =
    "to keep an image unchanged, pin its digest (ref: NAME@sha256:…); to accept the changes, build without --locked and keep the new lock";

std::string name_of(const LockedImage& image) {
    return image.reference.text();
}
std::string name_of(const LockedFile& file) {
    return file.source;
}
const base::Digest& digest_of(const LockedImage& image) {
    return image.descriptor.digest;
}
const base::Digest& digest_of(const LockedFile& file) {
    return file.digest;
}

template <typename Entries>
const typename Entries::value_type* find(const Entries& entries, const std::string& name) {
    const auto at =
        std::ranges::find_if(entries, [&](const auto& entry) { return name_of(entry) == name; });
    return at == entries.end() ? nullptr : &*at;
}

template <typename Entries>
void compare(const Entries& wanted, const Entries& made, std::vector<Problem>& problems) {
    const auto add = [&](const auto& entry, std::string_view message) {
        problems.push_back(
            {.where = name_of(entry), .message = std::string(message), .hint = std::string(kHint)});
    };
    for (const auto& entry : made) {
        const auto* old = find(wanted, name_of(entry));
        if (old == nullptr) {
            add(entry, "is not in the lock");
        } else if (digest_of(*old) != digest_of(entry)) {
            add(entry, fmt::format("digest mismatch: expected {} from the lock, got {}",
                                   digest_of(*old).text(), digest_of(entry).text()));
        }
    }
    for (const auto& entry : wanted) {
        if (find(made, name_of(entry)) == nullptr)
            add(entry, "is in the lock, but not in this build; check --components");
    }
}

}  // namespace

void require_locked(const Lock& wanted, Lock& made) {
    std::vector<Problem> problems;
    compare(wanted.images, made.images, problems);
    compare(wanted.files, made.files, problems);
    const auto installer = [](const Lock& lock) {
        return lock.installer ? lock.installer->digest.text() : "none";
    };
    if (installer(wanted) != installer(made)) {
        problems.push_back(
            {.where = "the installer",
             .message = fmt::format("digest mismatch: expected {} from the lock, got {}",
                                    installer(wanted), installer(made)),
             .hint = "use the installer of the locked build: --installer FILE"});
    }
    base::throw_if_any(Errc::conflict, "the build does not match the lock:", problems);

    for (auto& image : made.images)
        image.source = find(wanted.images, name_of(image))->source;
    if (made.text() != wanted.text()) {
        throw Error(Errc::conflict,
                    "the lock lists the same content as the build, but is not identical")
            .set_hint(
                "it was edited by hand or written by another version: build without --locked");
    }
}

}  // namespace airlock::bundler
