#include "manifests/bundle/report.hpp"

#include "base/counted.hpp"
#include "base/human_size.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

namespace airlock::manifests {
namespace {

// The download size of an image: its manifests, configs and layers, each counted once.
std::uint64_t image_size(const Bundle& bundle, const images::Descriptor& root,
                         std::set<base::Digest>& seen) {
    if (!seen.insert(root.digest).second) return 0;
    auto total = root.size;
    const auto& manifest = bundle.manifest(root.digest);
    for (const auto& child : manifest.children()) {
        if (manifest.is_index()) {
            total += image_size(bundle, child, seen);
        } else if (seen.insert(child.digest).second) {
            total += child.size;
        }
    }
    return total;
}

std::uint64_t image_size(const Bundle& bundle, const LockedImage& image) {
    std::set<base::Digest> seen;
    return image_size(bundle, image.descriptor, seen);
}

}  // namespace

base::Json describe_bundle(const Bundle& bundle) {
    const auto& lock = bundle.lock();
    base::Json json{{"name", lock.name},
                    {"version", lock.version},
                    {"index", bundle.index_digest().text()},
                    {"size", bundle.file_size()},
                    {"signed", bundle.is_signed()},
                    {"blobs", lock.blobs.size()}};
    json["components"] = base::Json::array();
    for (const auto& component : bundle.spec().components) {
        json["components"].push_back({{"name", component.name},
                                      {"optional", component.optional},
                                      {"packed", bundle.holds(component)}});
    }
    json["images"] = base::Json::array();
    for (const auto& image : lock.images) {
        json["images"].push_back({{"reference", image.reference.text()},
                                  {"digest", image.descriptor.digest.text()},
                                  {"size", image_size(bundle, image)},
                                  {"components", image.components},
                                  {"source", image.source}});
    }
    json["files"] = base::Json::array();
    for (const auto& file : lock.files) {
        json["files"].push_back(
            {{"source", file.source}, {"digest", file.digest.text()}, {"size", file.size}});
    }
    return json;
}

std::string describe_bundle_text(const Bundle& bundle) {
    const auto& lock = bundle.lock();
    auto text =
        fmt::format("{} {}  {}, {}, {}\nindex  {}\n", lock.name, lock.version,
                    base::human_size(bundle.file_size()), base::counted(lock.blobs.size(), "blob"),
                    bundle.is_signed() ? "signed" : "not signed", bundle.index_digest().text());
    text += "components\n";
    for (const auto& component : bundle.spec().components) {
        text += fmt::format("  {}{}{}\n", component.name, component.optional ? "  (optional)" : "",
                            bundle.holds(component) ? "" : "  (not in this bundle)");
    }
    text += "images\n";
    for (const auto& image : lock.images) {
        text += fmt::format(
            "  {}  {}  {}  [{}]\n", image.reference.text(), image.descriptor.digest.short_hex(),
            base::human_size(image_size(bundle, image)), fmt::join(image.components, ", "));
    }
    text += "files\n";
    for (const auto& file : lock.files)
        text += fmt::format("  {}  {}\n", file.source, base::human_size(file.size));
    return text;
}

base::Json describe_verified(const Bundle& bundle, bool with_signature) {
    return {{"file", bundle.path().string()},
            {"index", bundle.index_digest().text()},
            {"verified", true},
            {"signatureChecked", with_signature}};
}

std::string describe_verified_text(const Bundle& bundle, bool with_signature) {
    return fmt::format("{}: all digests verified{}\n", bundle.path().string(),
                       with_signature ? ", signature verified" : "");
}

}  // namespace airlock::manifests
