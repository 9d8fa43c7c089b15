#include "installer/plan/image_placement.hpp"

#include "base/error.hpp"

#include <map>

namespace airlock::installer {

using base::Errc;
using base::Error;

std::string ImagePlacement::reference(const std::string& registry) const {
    return registry + "/" + repository + (tag.empty() ? "" : ":" + tag) + "@" + digest.text();
}

std::vector<ImagePlacement> place_images(const std::vector<manifests::LockedImage>& images,
                                         const std::string& prefix) {
    std::vector<ImagePlacement> out;
    std::map<std::string, const manifests::LockedImage*> taken;
    for (const auto& image : images) {
        ImagePlacement placement{.original = image.reference.text(),
                                 .repository = prefix.empty()
                                                   ? image.reference.repository()
                                                   : prefix + "/" + image.reference.repository(),
                                 .tag = image.reference.tag().value_or(""),
                                 .digest = image.descriptor.digest};
        if (!placement.tag.empty()) {
            const auto [at, fresh] =
                taken.emplace(placement.repository + ":" + placement.tag, &image);
            if (!fresh && at->second->descriptor.digest != image.descriptor.digest) {
                throw Error(Errc::usage, "{} and {} would both become {}",
                            at->second->reference.text(), image.reference.text(), at->first)
                    .set_hint(
                        "give one of them another tag in bundle.yaml, or install the components "
                        "with different prefixes");
            }
        }
        out.push_back(std::move(placement));
    }
    return out;
}

}  // namespace airlock::installer
