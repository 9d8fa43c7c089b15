// Where the service of a kit runs, if its manifests offer a choice: `placement` in bundle.yaml, and
// the value PLACEMENT that operators set.
#pragma once

#include <string>
#include <string_view>

namespace airlock::manifests {

enum class Placement {
    automatic,      // "auto": control_plane where every API server runs on a node, else service
    control_plane,  // "control-plane": next to each API server, which calls it on 127.0.0.1
    service,        // "service": anywhere in the cluster, behind a Service
};
inline const std::string kPlacementValue = "PLACEMENT";

std::string_view to_string(Placement placement);
Placement parse_placement(std::string_view word);  // Errc::usage if unknown

}  // namespace airlock::manifests
