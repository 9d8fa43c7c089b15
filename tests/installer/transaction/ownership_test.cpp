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

TEST(IsOurs, goes_by_our_field_managers_or_the_uid_that_was_recorded) {
    struct Row {
        const char* name;
        Json live;
        const char* recorded;
        bool ours;
    };
    const Row rows[] = {
        {"our manager", object_with("1", {"airlock"}), "", true},
        {"another of our managers among others",
         object_with("1", {"kubectl", "airlock-certificate"}), "", true},
        {"a controller touched what we made", object_with("1", {"cert-manager"}), "1", true},
        {"somebody made it again", object_with("2", {"kubectl"}), "1", false},
        {"made again with no field at all", object_with("2", {}), "1", false},
        {"somebody else's", object_with("1", {"kubectl"}), "", false},
        {"a bare object, cut off before its uid was known", object_with("1", {}), "", true},
    };
    for (const auto& row : rows)
        EXPECT_EQ(is_ours(row.live, row.recorded), row.ours) << row.name;
}

TEST(CameSince, is_what_somebody_else_made_and_no_controller) {
    const kubernetes::ObjectKey map{
        .api_version = "v1", .kind = "ConfigMap", .namespace_name = "n", .name = "m"};
    const kubernetes::ObjectKey account{
        .api_version = "v1", .kind = "ServiceAccount", .namespace_name = "n", .name = "default"};
    EXPECT_TRUE(came_since(map, object_with("1", {"kubectl"})));
    EXPECT_FALSE(came_since(map, object_with("1", {"kubectl", "airlock"})));  // a run cut off
    EXPECT_FALSE(came_since(map, object_with("1", {})));
    auto owned = object_with("1", {"controller"});
    owned["metadata"]["ownerReferences"] = Json::array({{{"uid", "2"}}});
    EXPECT_FALSE(came_since(map, owned));
    auto everywhere = object_with("1", {"controller"});
    everywhere["metadata"]["name"] = "default";
    EXPECT_FALSE(came_since(account, everywhere));
}

}  // namespace
}  // namespace airlock::installer
