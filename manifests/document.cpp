#include "manifests/document.hpp"

#include "base/error.hpp"
#include "base/yaml.hpp"

#include <algorithm>
#include <optional>

namespace airlock::manifests {
namespace {

using base::Errc;
using base::Error;

struct Chunk {
    std::string_view text;
    std::size_t line = 1;
};

bool is_blank_or_comment(std::string_view line) {
    const auto first = line.find_first_not_of(" \t\r\n");
    return first == std::string_view::npos || line[first] == '#';
}

// A document marker is at the start of a line, followed by white space or the end of the line. No
// scalar may contain such a line (YAML 1.2, 9.1.2), so splitting there never splits a value.
bool is_marker(std::string_view line, std::string_view marker) {
    return line.starts_with(marker) &&
           (line.size() == marker.size() ||
            line.find_first_of(" \t\r\n", marker.size()) == marker.size());
}

std::vector<Chunk> split(std::string_view text, std::string_view file) {
    std::vector<Chunk> chunks;
    std::size_t begin = 0;
    std::size_t begin_line = 1;
    bool has_content = false;
    const auto finish = [&](std::size_t end, std::size_t next_begin, std::size_t next_line) {
        if (has_content)
            chunks.push_back({.text = text.substr(begin, end - begin), .line = begin_line});
        begin = next_begin;
        begin_line = next_line;
        has_content = false;
    };
    std::size_t number = 1;
    for (std::size_t at = 0; at < text.size(); ++number) {
        const auto next = std::min(text.find('\n', at), text.size() - 1) + 1;
        const auto line = text.substr(at, next - at);
        if (is_marker(line, "---")) {
            if (is_blank_or_comment(line.substr(3))) {
                finish(at, next, number + 1);
            } else {
                // Content on the marker's line: keep the marker, so that columns remain correct.
                finish(at, at, number);
                has_content = true;
            }
        } else if (is_marker(line, "...")) {
            if (!is_blank_or_comment(line.substr(3))) {
                throw Error(Errc::invalid, "{}:{}: text after the end of a document (...)", file,
                            number);
            }
            finish(at, next, number + 1);
        } else {
            has_content = has_content || !is_blank_or_comment(line);
        }
        at = next;
    }
    finish(text.size(), text.size(), number);
    return chunks;
}

std::string string_at(const base::YamlNode& map, std::string_view key, std::string_view file) {
    const auto* value = map.find(key);
    if (value == nullptr || value->is_null()) return {};
    if (!value->is_scalar()) {
        throw base::yaml_error(Errc::invalid, file, *value,
                               fmt::format("\"{}\" must be a string", key));
    }
    return value->value;
}

kubernetes::ObjectKey key_of(const base::YamlNode& root, std::string_view file) {
    if (!root.is_map()) {
        auto error =
            base::yaml_error(Errc::invalid, file, root, "this document is not a Kubernetes object");
        throw error.set_hint(
            "an object has apiVersion, kind and metadata; is this file a manifest?");
    }
    kubernetes::ObjectKey key;
    key.api_version = string_at(root, "apiVersion", file);
    key.kind = string_at(root, "kind", file);
    const auto* items = root.find("items");
    if (key.kind == "List" ||
        (key.kind.ends_with("List") && items != nullptr && items->is_list())) {
        auto error = base::yaml_error(Errc::unsupported, file, root,
                                      fmt::format("a {} is not supported", key.kind));
        throw error.set_hint("write each item as a separate document, separated by ---");
    }
    if (const auto* metadata = root.find("metadata"); metadata != nullptr && !metadata->is_null()) {
        if (!metadata->is_map()) {
            throw base::yaml_error(Errc::invalid, file, *metadata, "\"metadata\" must be a map");
        }
        key.name = string_at(*metadata, "name", file);
        key.namespace_name = string_at(*metadata, "namespace", file);
    }
    const auto require = [&](const std::string& value, std::string_view name) {
        if (!value.empty()) return;
        auto error =
            base::yaml_error(Errc::invalid, file, root, fmt::format("this object has no {}", name));
        throw error.set_hint(
            fmt::format("every document needs apiVersion, kind and metadata.name; add {}", name));
    };
    require(key.api_version, "apiVersion");
    require(key.kind, "kind");
    require(key.name, "metadata.name");
    return key;
}

}  // namespace

std::vector<Document> split_documents(std::string_view text, std::string_view file) {
    text = base::without_byte_order_mark(text);
    base::check_yaml_bytes(text, file);
    std::vector<Document> documents;
    for (const auto& chunk : split(text, file)) {
        auto tree = std::make_shared<const base::YamlTree>(
            base::YamlTree::parse(chunk.text, file, chunk.line));
        if (tree->root().is_null()) continue;
        auto key = key_of(tree->root(), file);
        documents.push_back({.file = std::string(file),
                             .line = chunk.line,
                             .text = std::string(chunk.text),
                             .key = std::move(key),
                             .tree = std::move(tree)});
    }
    return documents;
}

}  // namespace airlock::manifests
