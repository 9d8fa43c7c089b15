// An entry of `images` in bundle.yaml: the reference, the platforms, and where the image comes
// from. Reads text only: whether the files and images exist is for the bundler to find out.
#pragma once

#include "base/yaml.hpp"
#include "images/reference.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::manifests {

// An image built from files, without a container engine.
struct BuildSpec {
    // Absolute path in the image -> path on the host, relative to the directory of bundle.yaml.
    std::map<std::string, std::string> files;
    std::vector<std::string> entrypoint;
    std::vector<std::string> cmd;
    std::vector<std::string> env;  // NAME=value
    std::string user;              // "65532:65532"
    std::string workdir;
    std::map<std::string, std::string> labels;
};

// An image in local files.
struct FromSpec {
    enum class Kind { oci_layout, oci_archive, docker_archive };
    Kind kind = Kind::oci_layout;
    std::string path;  // of the directory or archive, relative to the directory of bundle.yaml
    std::string name;  // the image's name there; if empty, the one in `ref`
};
std::string_view to_string(FromSpec::Kind kind);  // the key in bundle.yaml: "oci-layout"

// With neither `build` nor `from` it is fetched from the registry in `ref`.
struct ImageSpec {
    images::Reference ref;
    // os/architecture[/variant]; at least one, and exactly one with `build`.
    std::vector<std::string> platforms = {"linux/amd64"};
    std::optional<BuildSpec> build;
    std::optional<FromSpec> from;
    std::size_t line = 0;  // in bundle.yaml
};

// Errc::invalid, with file:line:column, for an unknown key or an invalid value.
ImageSpec parse_image_spec(const base::YamlTree& tree, const base::YamlNode& node);

}  // namespace airlock::manifests
