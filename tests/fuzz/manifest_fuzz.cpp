// Arbitrary bytes as an image manifest: rejected, or kept byte for byte. The first byte selects the
// given media type.
#include "base/error.hpp"
#include "images/manifest.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace airlock;
namespace types = images::media_type;

void require(bool condition) {
    if (!condition) std::abort();
}

constexpr std::array<std::string_view, 6> kTypes{"",
                                                 types::kOciManifest,
                                                 types::kOciIndex,
                                                 types::kDockerManifest,
                                                 types::kDockerList,
                                                 "text/html; charset=utf-8"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string raw(reinterpret_cast<const char*>(data) + 1, size - 1);
    try {
        const auto manifest = images::Manifest::parse(raw, kTypes[*data % kTypes.size()], "f");
        require(manifest.raw == raw);
        require(manifest.descriptor.digest == base::sha256(raw));
        require(manifest.is_index() != manifest.config.has_value());
        require(manifest.is_index() ? manifest.layers.empty() : manifest.manifests.empty());
        for (const auto& child : manifest.children()) {
            const auto text = base::dump_json(child.to_json());
            const auto again = images::Descriptor::from_json(base::parse_json(text, "f"), "f");
            require(again.digest == child.digest && again.size == child.size);
        }
        // Its own type gives the same result: no other client interprets it differently.
        const auto& type = manifest.descriptor.media_type;
        require(images::Manifest::parse(raw, type, "f").is_index() == manifest.is_index());
    } catch (const base::Error& refused) {
        require(refused.code() == base::Errc::invalid || refused.code() == base::Errc::unsupported);
    }
    return 0;
}
