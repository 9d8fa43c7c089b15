#include "manifests/image_fields.hpp"

#include "base/error.hpp"
#include "base/yaml.hpp"
#include "manifests/reference_words.hpp"
#include "manifests/scalar_source.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace airlock::manifests {
namespace {

using base::Errc;
using images::Reference;

// Appends to a path for the lifetime of a scope.
class PathStep {
  public:
    PathStep(std::string& path, std::string_view key) : path_(path), size_(path.size()) {
        const bool simple = std::ranges::all_of(key, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '-' || c == '_';
        });
        if (!simple || key.empty()) {
            path_ += fmt::format("[\"{}\"]", key);
        } else {
            if (!path_.empty()) path_ += '.';
            path_ += key;
        }
    }
    PathStep(std::string& path, std::size_t index) : path_(path), size_(path.size()) {
        path_ += fmt::format("[{}]", index);
    }
    ~PathStep() { path_.resize(size_); }
    PathStep(const PathStep&) = delete;
    PathStep& operator=(const PathStep&) = delete;

  private:
    std::string& path_;
    std::size_t size_;
};

// The meaning of a node, which decides whether its `image` field is an image reference.
enum class Role { other, containers, container, volumes, volume, image_volume };

Role role_below(Role role, std::string_view key) {
    if (key == "<<") return role;  // a merge key: its content belongs to the map itself
    if (key == "containers" || key == "initContainers" || key == "ephemeralContainers")
        return Role::containers;
    if (key == "volumes") return Role::volumes;
    if (role == Role::volume && key == "image") return Role::image_volume;
    return Role::other;
}

Role role_of_item(Role role) {
    if (role == Role::containers) return Role::container;
    if (role == Role::volumes) return Role::volume;
    // A merge of several maps, <<: [*a, *b].
    return role == Role::container || role == Role::volume ? role : Role::other;
}

class Finder {
  public:
    Finder(const Document& document, const std::set<std::string>& known)
        : document_(document), known_(known) {}

    std::vector<ImageField> run() {
        const auto& tree = *document_.tree;
        if (document_.key.kind == "CustomResourceDefinition" &&
            document_.key.group() == "apiextensions.k8s.io") {
            walk_crd(tree.root());
        } else {
            walk(tree.root(), Role::other);
        }
        std::vector<ImageField> fields;
        fields.reserve(found_.size());
        for (auto& [offset, field] : found_)
            fields.push_back(std::move(field));
        return fields;
    }

  private:
    void walk(const base::YamlNode& node, Role role) {
        if (node.is_scalar()) {
            for (const auto& hit : find_reference_words(node.value, known_))
                add(node, hit);
        } else if (node.is_list()) {
            for (std::size_t i = 0; i < node.items.size(); ++i) {
                const PathStep step(path_, i);
                walk(*node.items[i], role_of_item(role));
            }
        }
        for (const auto& [key, value] : node.entries) {
            const PathStep step(path_, key->value);
            const bool image = (role == Role::container && key->value == "image") ||
                               (role == Role::image_volume && key->value == "reference");
            if (image && value->is_scalar()) {
                whole(*value);
            } else {
                walk(*value, role_below(role, key->value));
            }
        }
    }

    void whole(const base::YamlNode& node) {
        if (node.value.empty()) return;
        auto reference = Reference::try_parse(node.value);
        if (!reference) {
            auto error = base::yaml_error(
                Errc::invalid, document_.file, node,
                fmt::format("{}: {} is \"{}\", which is not a valid image reference",
                            document_.key.text(), path_, node.value.substr(0, 300)));
            throw error.set_hint("write it as host/path:tag, and render templates before bundling");
        }
        add(node, {.begin = 0, .length = node.value.size(), .reference = *std::move(reference)});
    }

    // Schema descriptions may mention images without using them; defaults end up in objects.
    void walk_crd(const base::YamlNode& root) {
        const auto* spec = root.find("spec");
        if (spec == nullptr) return;
        const PathStep step(path_, "spec");
        walk_validation(*spec, "validation");
        const auto* versions = spec->find("versions");
        if (versions == nullptr) return;
        const PathStep below(path_, "versions");
        for (std::size_t i = 0; i < versions->items.size(); ++i) {
            const PathStep item(path_, i);
            walk_validation(*versions->items[i], "schema");
        }
    }

    void walk_validation(const base::YamlNode& node, std::string_view key) {
        const auto* holder = node.find(key);
        const auto* root = holder == nullptr ? nullptr : holder->find("openAPIV3Schema");
        if (root == nullptr) return;
        const PathStep step(path_, key);
        const PathStep below(path_, "openAPIV3Schema");
        walk_schema(*root);
    }

    void walk_schema(const base::YamlNode& node) {
        for (const auto& [key, value] : node.entries) {
            const std::string_view word = key->value;
            const PathStep step(path_, word);
            if (word == "default") {
                walk(*value, Role::other);
            } else if (word == "properties" || word == "patternProperties") {
                for (const auto& [name, property] : value->entries) {
                    const PathStep below(path_, name->value);
                    walk_schema(*property);
                }
            } else if (word == "<<" || word == "items" || word == "additionalProperties" ||
                       word == "not") {
                walk_schema(*value);
            } else if (word == "allOf" || word == "anyOf" || word == "oneOf") {
                for (std::size_t i = 0; i < value->items.size(); ++i) {
                    const PathStep below(path_, i);
                    walk_schema(*value->items[i]);
                }
            }
        }
    }

    void add(const base::YamlNode& node, const ReferenceWord& hit) {
        const std::string_view text = document_.text;
        const auto word = std::string_view(node.value).substr(hit.begin, hit.length);
        const auto offset = offset_of(node, hit);
        if (!offset || text.substr(*offset, hit.length) != word) {
            auto error = base::yaml_error(
                Errc::unsupported, document_.file, node,
                fmt::format(
                    "{}: {} contains the image reference {} with an escape or a line break in it",
                    document_.key.text(), path_, word));
            throw error.set_hint("write the reference on one line without escapes");
        }
        const auto breaks = std::ranges::count(text.substr(0, *offset), '\n');
        found_.try_emplace(*offset,
                           ImageField{.file = document_.file,
                                      .line = document_.line + static_cast<std::size_t>(breaks),
                                      .path = path_,
                                      .offset = *offset,
                                      .length = hit.length,
                                      .reference = hit.reference});
    }

    std::optional<std::size_t> offset_of(const base::YamlNode& node, const ReferenceWord& hit) {
        if (&node != mapped_) {
            map_ = scalar_source(document_.text, node);
            mapped_ = &node;
        }
        if (!map_) return std::nullopt;
        const auto first = (*map_)[hit.begin];
        for (std::size_t i = 0; i < hit.length; ++i) {
            if ((*map_)[hit.begin + i] == kNoSource || (*map_)[hit.begin + i] != first + i)
                return std::nullopt;
        }
        return first;
    }

    const Document& document_;
    const std::set<std::string>& known_;
    std::string path_;
    std::map<std::size_t, ImageField> found_;
    // The node of map_, kept because the text of a ConfigMap may name a hundred images.
    const base::YamlNode* mapped_ = nullptr;
    std::optional<std::vector<std::size_t>> map_;
};

}  // namespace

std::vector<ImageField> find_image_fields(const Document& document,
                                          const std::set<std::string>& known) {
    return Finder(document, known).run();
}

}  // namespace airlock::manifests
