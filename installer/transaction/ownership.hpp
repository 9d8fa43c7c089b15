// Which objects the installer manages: a rollback deletes those, and leaves unmanaged ones alone.
// Reads the cluster, never changes it.
#pragma once

#include "base/json.hpp"
#include "kubernetes/client.hpp"

#include <string>
#include <vector>

namespace airlock::installer {

// Whether the installer created the live object: one of its field managers is on it, or it has the
// uid that was recorded. `created_uid` is empty when the installer was interrupted before it could
// record one.
bool is_ours(const base::Json& live, const std::string& created_uid);

// Whether another user created the live object, which was absent in the snapshot. False for what
// Kubernetes or a controller creates.
bool was_created_by_another(const kubernetes::ObjectKey& key, const base::Json& live);

// Unmanaged objects in a namespace, as "ConfigMap settings": of every kind that can be listed
// there, without what Kubernetes creates in each namespace and what another object owns.
std::vector<std::string> unmanaged_objects_in(kubernetes::Client& client,
                                              const std::string& name_space);

// Unmanaged instances of a CRD that no other object owns, as "namespace/name".
std::vector<std::string> unmanaged_instances_of(kubernetes::Client& client, const base::Json& crd);

}  // namespace airlock::installer
