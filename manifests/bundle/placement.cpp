#include "manifests/bundle/placement.hpp"

#include "base/error.hpp"

namespace airlock::manifests {

std::string_view to_string(Placement placement) {
    switch (placement) {
        case Placement::automatic:
            return "auto";
        case Placement::control_plane:
            return "control-plane";
        case Placement::service:
            return "service";
    }
    return "auto";
}

Placement parse_placement(std::string_view word) {
    using enum Placement;
    for (const auto placement : {automatic, control_plane, service}) {
        if (word == to_string(placement)) return placement;
    }
    base::Error error(base::Errc::usage, "unknown placement \"{}\"", word);
    throw error.set_hint("valid placements: auto, control-plane, service");
}

}  // namespace airlock::manifests
