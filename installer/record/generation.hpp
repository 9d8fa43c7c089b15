// The record of one install: what was requested, and the state before it (the snapshot). Written
// before the first change; kept in the state directory and, after the commit, in the cluster
// (docs/state-format.md).
#pragma once

#include "base/json.hpp"
#include "kubernetes/object_key.hpp"

#include <optional>
#include <string>
#include <vector>

namespace airlock::installer {

// One write of an object: its content directly before and after it, so that what others wrote at
// other times is not taken for ours. Without status and what the server sets.
struct ObjectWrite {
    base::Json before;
    base::Json after;  // null: not known, the install was killed in between
};

struct ObjectBefore {
    kubernetes::ObjectKey key;
    std::optional<base::Json> object = std::nullopt;  // live; absent: it did not exist
    std::string created_uid{};  // of the object that this install created; empty: none or unknown
    // What this install did to an object that existed, in order; empty: not known.
    std::vector<ObjectWrite> changes = {};
    bool touched = true;  // false if this install was interrupted before it; not stored
};

struct TagBefore {
    std::string repository;
    std::string tag;
    std::string digest;  // of the manifest before; empty: the tag did not exist
    std::string media_type;
    std::string manifest;                 // its bytes
    std::vector<std::string> moved_to{};  // digests that this install gave it
};

struct NodeBefore {
    std::string name;
    base::Json allocatable;
};

struct Generation {
    int number = 0;
    std::string id;       // unique: two hosts may use the same number
    std::string cluster;  // see cluster_uid(); empty in records from before the field existed
    std::string bundle;
    std::string version;
    std::string index;
    std::string registry;  // host[:port]
    std::string prefix;
    bool plain_http = false;
    std::vector<std::string> components;
    std::string issuer;
    std::string placement;  // control-plane or service; empty if the bundle offers no choice
    std::string fingerprint;
    std::string time;  // RFC 3339
    std::string state_annotation;
    bool resync = false;
    bool brings_node_webhook = false;   // this install created a webhook that acts on nodes
    std::vector<ObjectBefore> objects;  // in the order of applying
    std::vector<TagBefore> tags;
    std::vector<NodeBefore> nodes;

    static Generation from_json(const base::Json& json, std::string_view what);
    base::Json to_json() const;
};

// The newest generation whose bundle asks for a resync of the nodes; nullptr when there is none.
const Generation* newest_with_resync(const std::vector<Generation>& generations);

}  // namespace airlock::installer
