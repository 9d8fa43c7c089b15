// One install, as it is remembered: what was asked for, and how everything was before it (the
// snapshot). Written before the first change; kept in the state folder and, after the commit, in
// the cluster.
#pragma once

#include "base/json.hpp"
#include "kubernetes/object_key.hpp"

#include <optional>
#include <string>
#include <vector>

namespace airlock::installer {

struct ObjectBefore {
    kubernetes::ObjectKey key;
    std::optional<base::Json> object = std::nullopt;  // as it was live; nothing: absent
    std::string created_uid{};  // of what was made in its place; empty: none, or not known yet
};

struct TagBefore {
    std::string repository;
    std::string tag;
    std::string digest;  // what it pointed to; empty: absent
    std::string media_type;
    std::string manifest;                 // the bytes it pointed to
    std::vector<std::string> moved_to{};  // digests that it was given in its place
};

struct NodeBefore {
    std::string name;
    base::Json allocatable;
};

struct Generation {
    int number = 0;
    std::string id;  // of this install alone: two hosts may give one number
    std::string bundle;
    std::string version;
    std::string index;
    std::string registry;  // host[:port]
    std::string prefix;
    bool plain_http = false;
    std::vector<std::string> components;
    std::string issuer;
    std::string fingerprint;
    std::string time;  // RFC 3339
    std::string state_annotation;
    bool resync = false;
    bool brings_node_webhook = false;   // a webhook that acts on nodes, absent before
    std::vector<ObjectBefore> objects;  // in the order of applying
    std::vector<TagBefore> tags;
    std::vector<NodeBefore> nodes;

    static Generation from_json(const base::Json& json, std::string_view what);
    base::Json to_json() const;
};

// The newest whose bundle has the nodes resynced; nullptr when none has.
const Generation* newest_that_resyncs(const std::vector<Generation>& generations);

}  // namespace airlock::installer
