#include "installer/transaction/ownership.hpp"

#include "tests/support/expect_error.hpp"
#include "tests/support/fake_api_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace airlock::installer {
namespace {

using base::Json;

Json object_with(const std::string& uid, const std::vector<std::string>& managers) {
    Json fields = Json::array();
    for (const auto& manager : managers)
        fields.push_back({{"manager", manager}});
    return {{"metadata", {{"uid", uid}, {"managedFields", fields}}}};
}

TEST(IsOurs, DependsOnTheFieldManagersOrTheRecordedUid) {
    struct Row {
        const char* name;
        Json live;
        const char* recorded;
        bool ours;
    };
    const Row rows[] = {
        {"field manager of the installer", object_with("1", {"airlock"}), "", true},
        {"one of its field managers among others",
         object_with("1", {"kubectl", "airlock-certificate"}), "", true},
        {"created by the installer, changed by a controller", object_with("1", {"cert-manager"}),
         "1", true},
        {"created again by another user", object_with("2", {"kubectl"}), "1", false},
        {"created again without managed fields", object_with("2", {}), "1", false},
        {"created by another user", object_with("1", {"kubectl"}), "", false},
        {"a bare object, interrupted before its uid was recorded", object_with("1", {}), "", true},
    };
    for (const auto& row : rows)
        EXPECT_EQ(is_ours(row.live, row.recorded), row.ours) << row.name;
}

// Objects by uid, as the API server knows them.
class Objects {
  public:
    Json& add(const std::string& kind, const std::string& uid, const std::string& manager,
              const std::vector<std::string>& owners = {}) {
        auto& [of_kind, object] = objects_[uid];
        of_kind = kind;
        object = object_with(uid, {manager});
        object["metadata"]["name"] = uid;
        for (const auto& owner : owners)
            object["metadata"]["ownerReferences"].push_back({{"uid", owner}});
        return object;
    }
    bool unmanaged(const std::string& uid, const std::vector<IgnoredObject>& ignored = {}) const {
        const auto& [kind, object] = objects_.at(uid);
        return is_unmanaged(kind, object, ignored, [&](const Json& reference, const auto&) {
            const auto owner = base::text_at(reference, {"uid"});
            if (owner == "unknown") return Owner{.state = Owner::State::unknown};
            const auto at = objects_.find(owner);
            if (at == objects_.end()) return Owner{.state = Owner::State::gone};
            return Owner{.state = Owner::State::found,
                         .kind = at->second.first,
                         .object = at->second.second};
        });
    }

  private:
    std::map<std::string, std::pair<std::string, Json>> objects_;
};

TEST(IsUnmanaged, FollowsTheTable) {
    Objects objects;
    objects.add("Deployment", "ours", "airlock");
    objects.add("Ingress", "theirs", "kubectl");
    objects.add("ConfigMap", "plain", "kubectl");
    objects.add("ConfigMap", "deleted", "kubectl")["metadata"]["deletionTimestamp"] = "now";
    objects.add("ConfigMap", "kube-root-ca.crt", "kube-controller-manager");
    objects.add("Secret", "issued", "cert-manager")["metadata"]["annotations"] = {
        {"cert-manager.io/certificate-name", "c"}};
    objects.add(
        "Secret", "issued-for-them", "cert-manager",
        {"theirs"})["metadata"]["annotations"] = {{"cert-manager.io/certificate-name", "c"}};
    objects.add("ReplicaSet", "set", "kube-controller-manager", {"ours"});
    objects.add("Pod", "pod", "kube-controller-manager", {"set"});
    // What ingress-shim does for another team.
    objects.add("Certificate", "certificate", "cert-manager", {"theirs"});
    objects.add("CertificateRequest", "request", "cert-manager", {"certificate"});
    objects.add("Pod", "orphan", "kube-controller-manager", {"removed"});
    objects.add("Thing", "of-unknown-kind", "operator", {"unknown"});
    objects.add("Thing", "shared", "operator", {"ours", "theirs"});
    objects.add("Thing", "of-ours-and-gone", "operator", {"ours", "removed"});
    objects.add("Thing", "circle", "operator", {"circle"});
    struct Row {
        const char* uid;
        bool unmanaged;
    };
    for (const auto& [uid, unmanaged] :
         {Row{"deleted", false}, Row{"kube-root-ca.crt", false}, Row{"ours", false},
          Row{"issued", false}, Row{"issued-for-them", true}, Row{"plain", true},
          Row{"theirs", true}, Row{"set", false}, Row{"pod", false}, Row{"certificate", true},
          Row{"request", true}, Row{"orphan", false}, Row{"of-unknown-kind", true},
          Row{"shared", true}, Row{"of-ours-and-gone", false}, Row{"circle", true}})
        EXPECT_EQ(objects.unmanaged(uid), unmanaged) << uid;
    EXPECT_FALSE(objects.unmanaged("plain", {IgnoredObject::parse("ConfigMap/pl*n")}));
    EXPECT_TRUE(objects.unmanaged("plain", {IgnoredObject::parse("Secret/plain")}));
}

// The API server's answers: a Pod of a ReplicaSet that another team's Deployment owns.
TEST(Ownership, FollowsOwnersThroughTheApi) {
    test::FakeApiServer server;
    const auto put = [&](const std::string& path, const std::string& uid,
                         const std::string& owner) {
        server.put(path,
                   R"({"metadata": {"name": "x", "namespace": "n", "uid": ")" + uid +
                       R"(", "managedFields": [{"manager": "kubectl"}], "ownerReferences": [)" +
                       owner + "]}}");
    };
    const std::string replica_set =
        R"({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "set", "uid": "2"})";
    const std::string deployment =
        R"({"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "3"})";
    const auto live = base::parse_json(
        R"({"metadata": {"name": "p", "namespace": "n", "uid": "1",
            "managedFields": [{"manager": "kube-controller-manager"}],
            "ownerReferences": [)" +
            replica_set + "]}}",
        "the pod");
    auto client = server.client();
    Ownership ownership(client);
    const kubernetes::ObjectKey pod{
        .api_version = "v1", .kind = "Pod", .namespace_name = "n", .name = "p"};
    EXPECT_FALSE(ownership.was_created_by_another(pod, live)) << "its owner is gone";
    put("/apis/apps/v1/namespaces/n/replicasets/set", "2", deployment);
    EXPECT_FALSE(ownership.was_created_by_another(pod, live)) << "its owner's owner is gone";
    put("/apis/apps/v1/namespaces/n/deployments/d", "3", "");
    EXPECT_TRUE(ownership.was_created_by_another(pod, live));
    put("/apis/apps/v1/namespaces/n/replicasets/set", "another", deployment);
    EXPECT_FALSE(ownership.was_created_by_another(pod, live)) << "another one of the same name";
    server.put("/apis/apps/v1/namespaces/n/replicasets/set", "{}", 403);
    EXPECT_TRUE(ownership.was_created_by_another(pod, live)) << "who owns it cannot be known";
}

TEST(DefaultObjects, HaveAReasonAndMatchByName) {
    for (const auto& object : default_objects()) {
        EXPECT_FALSE(object.reason.empty()) << object.name;
        EXPECT_LE(std::ranges::count(object.name, '*'), 1) << object.name;
    }
    const auto is_default = [](const char* kind, const char* name) {
        return is_default_object(kind, {{"metadata", {{"name", name}}}}, {});
    };
    EXPECT_TRUE(is_default("ConfigMap", "istio-ca-root-cert"));
    EXPECT_TRUE(is_default("Secret", "builder-dockercfg-x7d2k"));
    EXPECT_TRUE(is_default("Lease", "any"));
    EXPECT_FALSE(is_default("Secret", "istio-ca-root-cert"));
    EXPECT_FALSE(is_default("Secret", "my-builder-dockercfg-x"));
    EXPECT_FALSE(is_default("ServiceAccount", "default2"));
    EXPECT_TRUE(is_default_object(
        "Secret", {{"metadata", {{"name", "t"}}}, {"type", "kubernetes.io/service-account-token"}},
        {}));
}

TEST(IgnoredObject, IsAKindAndAName) {
    for (const auto* text : {"", "ConfigMap", "/x", "ConfigMap/", "a/b/c", "Config*/x", "A/*x*"})
        test::expect_error([&] { IgnoredObject::parse(text); }, base::Errc::usage,
                           "is not KIND/NAME", "--ignore-unmanaged ConfigMap/");
}

}  // namespace
}  // namespace airlock::installer
