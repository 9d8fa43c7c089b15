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
    "to keep an image as it was, name it by its digest (ref: NAME@sha256:…); to take what is there "
    "now, build without --locked and keep the lock that it writes";

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
    const auto add = [&](const auto& entry, std::string message) {
        problems.push_back(
            {.where = name_of(entry), .message = std::move(message), .hint = std::string(kHint)});
    };
    for (const auto& entry : made) {
        const auto* old = find(wanted, name_of(entry));
        if (old == nullptr) {
            add(entry, "is not in the lock");
        } else if (digest_of(*old) != digest_of(entry)) {
            add(entry, fmt::format("the lock says {}, it is now {}", digest_of(*old).text(),
                                   digest_of(entry).text()));
        }
    }
    for (const auto& entry : wanted) {
        if (find(made, name_of(entry)) == nullptr)
            add(entry, "is in the lock and not in this build (--components?)");
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
        problems.push_back({.where = "the installer",
                            .message = fmt::format("the lock says {}, it is now {}",
                                                   installer(wanted), installer(made)),
                            .hint = "name the one that the lock was made with: --installer FILE"});
    }
    base::throw_if_any(Errc::conflict, "the build is not what the lock says:", problems);

    for (auto& image : made.images)
        image.source = find(wanted.images, name_of(image))->source;
    if (made.text() != wanted.text()) {
        throw Error(Errc::conflict, "the lock names what the build has, and differs all the same")
            .set_hint("it was changed by hand, or another version made it: build without --locked");
    }
}

}  // namespace airlock::bundler
