#include "installer/transaction/ownership.hpp"

#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using base::Json;

Json object_with(const std::string& uid, const std::vector<std::string>& managers) {
    Json fields = Json::array();
    for (const auto& manager : managers)
        fields.push_back({{"manager", manager}});
    return {{"metadata", {{"uid", uid}, {"managedFields", fields}}}};
}

TEST(IsOurs, depends_on_the_field_managers_or_the_recorded_uid) {
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

TEST(WasCreatedByAnother, is_false_for_objects_of_controllers_and_of_the_installer) {
    const kubernetes::ObjectKey map{
        .api_version = "v1", .kind = "ConfigMap", .namespace_name = "n", .name = "m"};
    const kubernetes::ObjectKey account{
        .api_version = "v1", .kind = "ServiceAccount", .namespace_name = "n", .name = "default"};
    EXPECT_TRUE(was_created_by_another(map, object_with("1", {"kubectl"})));
    EXPECT_FALSE(was_created_by_another(
        map, object_with("1", {"kubectl", "airlock"})));  // an interrupted run
    EXPECT_FALSE(was_created_by_another(map, object_with("1", {})));
    auto owned = object_with("1", {"controller"});
    owned["metadata"]["ownerReferences"] = Json::array({{{"uid", "2"}}});
    EXPECT_FALSE(was_created_by_another(map, owned));
    auto default_account = object_with("1", {"controller"});
    default_account["metadata"]["name"] = "default";
    EXPECT_FALSE(was_created_by_another(account, default_account));
}

}  // namespace
}  // namespace airlock::installer
