// A file of manifests cut into its YAML documents. Each keeps its exact text, comments and quotes
// included: that text, and nothing made of it, is what the API server gets. Nothing here ever asks
// a cluster.
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
    std::size_t line = 1;  // of the file, from 1, where `text` begins
    std::string text;      // without the `---` line before it
    kubernetes::ObjectKey key;
    // Of `text` as it was read: the positions of its nodes are in that text.
    std::shared_ptr<const base::YamlTree> tree;
};

// Every document of `text` that holds anything, in order. Errc::invalid for what YamlTree refuses
// and for a document without apiVersion, kind or metadata.name; Errc::unsupported, with a hint, for
// a list of objects and for YAML directives. Each names file and line.
std::vector<Document> split_documents(std::string_view text, std::string_view file);

}  // namespace airlock::manifests
