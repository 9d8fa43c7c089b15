// Which objects the installer manages: a rollback deletes those, and leaves unmanaged ones alone.
// Reads the cluster, never changes it.
#pragma once

#include "base/json.hpp"
#include "installer/transaction/default_objects.hpp"
#include "kubernetes/client.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::installer {

// Whether the installer created the live object: one of its field managers is on it, or it has the
// uid that was recorded. `created_uid` is empty when the installer was interrupted before it could
// record one.
bool is_ours(const base::Json& live, const std::string& created_uid);

// The owner that an ownerReference names.
struct Owner {
    enum class State {
        found,    // `object` is it
        gone,     // it does not exist, so the garbage collector removes what it owned
        unknown,  // its kind is not served, or it cannot be read
    };
    State state = State::unknown;
    std::string kind = {};
    base::Json object = {};
};
using FindOwner =
    std::function<Owner(const base::Json& reference, const std::string& namespace_name)>;

// Whether somebody else answers for the object: it, or the root of its owners, is neither ours nor
// what every namespace has. Follows the first row that applies:
//
//   the object                                        | unmanaged
//   --------------------------------------------------|----------------------------
//   is being deleted                                  | no
//   is one that every namespace has, or is ignored    | no
//   has a field manager of the installer              | no
//   was issued by cert-manager and has no owner       | no
//   has no owner                                      | yes
//   has an owner that is unknown                      | yes
//   has an owner that is unmanaged, by this table     | yes
//   has only owners that are managed or gone          | no
//   has more owners above it than kMaxOwners          | yes
bool is_unmanaged(std::string_view kind, const base::Json& object,
                  const std::vector<IgnoredObject>& ignored, const FindOwner& find_owner);
inline constexpr int kMaxOwners = 16;

class Ownership {
  public:
    explicit Ownership(kubernetes::Client& client, std::vector<IgnoredObject> ignored = {})
        : client_(client), ignored_(std::move(ignored)) {}

    // Whether another user created the live object, which was absent in the snapshot. False for
    // what Kubernetes or a controller creates.
    bool was_created_by_another(const kubernetes::ObjectKey& key, const base::Json& live);

    // Unmanaged objects in a namespace, as "ConfigMap settings": of every kind that can be listed
    // there.
    std::vector<std::string> unmanaged_objects_in(const std::string& name_space);

    // Unmanaged instances of a CRD, as "namespace/name".
    std::vector<std::string> unmanaged_instances_of(const base::Json& crd);

  private:
    bool is_unmanaged(std::string_view kind, const base::Json& object);
    Owner find_owner(const base::Json& reference, const std::string& namespace_name);

    kubernetes::Client& client_;
    std::vector<IgnoredObject> ignored_;
    std::map<std::string, Owner> owners_;  // by uid, for the duration of one question
};

}  // namespace airlock::installer
