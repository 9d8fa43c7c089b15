#include "manifests/bundle/image_yaml.hpp"

#include "base/error.hpp"
#include "base/yaml_fields.hpp"
#include "manifests/bundle/relative_path.hpp"
#include "manifests/bundle/yaml_location.hpp"

#include <algorithm>
#include <utility>

namespace airlock::manifests {
namespace {

bool is_platform(std::string_view text) {
    const auto slashes = std::ranges::count(text, '/');
    return (slashes == 1 || slashes == 2) && text.front() != '/' && text.back() != '/' &&
           text.find("//") == std::string_view::npos && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '.' ||
                      c == '-' || c == '_';
           });
}

FromSpec parse_from(const base::YamlTree& tree, const base::YamlNode& node) {
    using enum FromSpec::Kind;
    base::YamlFields fields(tree, node, "an image's from");
    FromSpec spec;
    for (const auto kind : {oci_layout, oci_archive, docker_archive}) {
        auto path = fields.string(to_string(kind));
        if (path.empty()) continue;
        if (!spec.path.empty()) fields.refuse("it has more than one source");
        spec.kind = kind;
        spec.path = std::move(path);
    }
    spec.name = fields.string("name");
    fields.finish();
    if (spec.path.empty()) {
        fields.refuse("the source is missing",
                      "add one of oci-layout: DIRECTORY, oci-archive: FILE, docker-archive: FILE");
    }
    return spec;
}

BuildSpec parse_build(const base::YamlTree& tree, const base::YamlNode& node) {
    base::YamlFields fields(tree, node, "an image's build");
    BuildSpec spec{.files = fields.string_map("files"),
                   .entrypoint = fields.strings("entrypoint"),
                   .cmd = fields.strings("cmd"),
                   .env = fields.strings("env"),
                   .user = fields.string("user"),
                   .workdir = fields.string("workdir"),
                   .labels = fields.string_map("labels")};
    if (spec.files.empty())
        fields.refuse("\"files\" is missing", "add files: {/path/in/image: path/on/host}");
    for (const auto& [target, source] : spec.files) {
        if (!target.starts_with('/') ||
            !is_plain_relative_path(std::string_view(target).substr(1))) {
            fields.refuse(fmt::format("\"{}\" is not a valid path in an image", target),
                          "it must be absolute, without . and .. components");
        }
        if (source.empty()) fields.refuse(fmt::format("{} has no file on the host", target));
    }
    for (const auto& variable : spec.env) {
        if (variable.find('=') == std::string::npos || variable.starts_with('=')) {
            fields.refuse("environment variables must have the form NAME=value");
        }
    }
    if (!spec.workdir.empty() && !spec.workdir.starts_with('/'))
        fields.refuse("\"workdir\" must be an absolute path");
    fields.finish();
    return spec;
}

}  // namespace

std::string_view to_string(FromSpec::Kind kind) {
    switch (kind) {
        case FromSpec::Kind::oci_layout:
            return "oci-layout";
        case FromSpec::Kind::oci_archive:
            return "oci-archive";
        case FromSpec::Kind::docker_archive:
            return "docker-archive";
    }
    return "oci-layout";
}

ImageSpec parse_image_spec(const base::YamlTree& tree, const base::YamlNode& node) {
    base::YamlFields fields(tree, node, "an image");
    const auto text = fields.required_string("ref");
    ImageSpec spec{.ref = at_node(fields, node, [&] { return images::Reference::parse(text); }),
                   .build = std::nullopt,
                   .from = std::nullopt,
                   .line = node.line};
    if (auto platforms = fields.strings("platforms"); !platforms.empty())
        spec.platforms = std::move(platforms);
    for (const auto& platform : spec.platforms) {
        if (!is_platform(platform)) {
            fields.refuse(fmt::format("\"{}\" is not a valid platform", platform),
                          "use os/architecture[/variant], such as linux/amd64");
        }
        if (std::ranges::count(spec.platforms, platform) > 1) {
            fields.refuse(fmt::format("duplicate platform {}", platform));
        }
    }
    if (const auto* build = fields.find("build")) spec.build = parse_build(tree, *build);
    if (const auto* from = fields.find("from")) spec.from = parse_from(tree, *from);
    if (spec.build && spec.from)
        fields.refuse("\"build\" and \"from\" are mutually exclusive", "keep one of the two");
    if (spec.build && spec.platforms.size() > 1) {
        fields.refuse("an image that is built from files must have a single platform",
                      "use a separate ref for each platform");
    }
    fields.finish();
    return spec;
}

}  // namespace airlock::manifests
