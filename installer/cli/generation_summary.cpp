#include "installer/cli/generation_summary.hpp"

#include <fmt/ranges.h>

namespace airlock::installer {

base::Json summary_json(const Generation& generation) {
    return {{"generation", generation.number},     {"bundle", generation.bundle},
            {"version", generation.version},       {"time", generation.time},
            {"registry", generation.registry},     {"prefix", generation.prefix},
            {"components", generation.components}, {"issuer", generation.issuer}};
}

std::string summary_text(const Generation& generation) {
    return fmt::format("{}  {}  {} {}  [{}]  registry {}{}{}{}{}\n", generation.number,
                       generation.time, generation.bundle, generation.version,
                       fmt::join(generation.components, ", "), generation.registry,
                       generation.prefix.empty() ? "" : "/", generation.prefix,
                       generation.issuer.empty() ? "" : "  certificate ", generation.issuer);
}

}  // namespace airlock::installer
