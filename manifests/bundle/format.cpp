#include "manifests/bundle/format.hpp"

namespace airlock::manifests::bundle_format {

std::string index_text(const Lock& lock, const images::Descriptor& kit) {
    using base::Json;
    Json json{{"schemaVersion", 2},
              {"mediaType", images::media_type::kOciIndex},
              {"manifests", Json::array()}};
    for (const auto& image : lock.images) {
        auto descriptor = image.descriptor;
        descriptor.annotations[std::string(kRefName)] = image.reference.text();
        descriptor.annotations[std::string(kContainerdName)] = image.reference.text();
        json["manifests"].push_back(descriptor.to_json());
    }
    auto artifact = kit.to_json();
    artifact["artifactType"] = kArtifactType;
    json["manifests"].push_back(std::move(artifact));
    return base::dump_json(json);
}

}  // namespace airlock::manifests::bundle_format
