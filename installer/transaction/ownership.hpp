// Whose an object is: what an undo may delete, and what belongs to somebody else. Reads the
// cluster, never changes it.
#pragma once

#include "base/json.hpp"
#include "kubernetes/client.hpp"

#include <string>
#include <vector>

namespace airlock::installer {

// Whether we made the live object. `created_uid` is the one that was recorded when it was made;
// empty when the installer was cut off before it could. Besides, one of our field managers is
// proof.
bool is_ours(const base::Json& live, const std::string& created_uid);

// Whether somebody else made the live object, which was absent when it was looked for.
bool came_since(const kubernetes::ObjectKey& key, const base::Json& live);

// What a namespace holds of somebody else's, as "ConfigMap theirs": of every kind that can be
// listed there, without what Kubernetes puts into each namespace and what belongs to another
// object.
std::vector<std::string> strangers_in(kubernetes::Client& client, const std::string& name_space);

// Objects of a CustomResourceDefinition that we did not make and no other object owns, as
// "namespace/name".
std::vector<std::string> strangers_of(kubernetes::Client& client, const base::Json& definition);

}  // namespace airlock::installer
