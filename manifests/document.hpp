// Splits a manifest file into its YAML documents. Each keeps its exact text, including comments and
// quotes: the API server receives that text, never a re-serialized one. Nothing here accesses a
// cluster.
#pragma once

#include "base/yaml.hpp"
#include "kubernetes/object_key.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::manifests {

struct Document {
    std::string file;      // as given, for messages
    std::size_t line = 1;  // in the file, from 1, where `text` begins
    std::string text;      // without the preceding `---` line
    kubernetes::ObjectKey key;
    // Of `text` as it was read: the positions of its nodes are in that text.
    std::shared_ptr<const base::YamlTree> tree;
};

// Every non-empty document of `text`, in order. Errc::invalid for anything that YamlTree rejects
// and for a document without apiVersion, kind or metadata.name; Errc::unsupported for a list of
// objects and for YAML directives. Errors name file and line.
std::vector<Document> split_documents(std::string_view text, std::string_view file);

}  // namespace airlock::manifests
