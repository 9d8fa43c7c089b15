#include "installer/plan/choose_placement.hpp"

#include "tests/support/expect_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using base::Json;
using testing::HasSubstr;
using testing::IsEmpty;

Json node(const std::string& name, const std::vector<std::string>& addresses,
          const std::string& system = "linux") {
    Json list = Json::array({{{"type", "Hostname"}, {"address", name}}});
    for (const auto& address : addresses)
        list.push_back({{"type", "InternalIP"}, {"address", address}});
    return {{"metadata", {{"name", name}}},
            {"status", {{"addresses", list}, {"nodeInfo", {{"operatingSystem", system}}}}}};
}

Json endpoints(const std::vector<std::string>& ready, const std::vector<std::string>& others = {}) {
    const auto list = [](const std::vector<std::string>& addresses) {
        Json out = Json::array();
        for (const auto& address : addresses)
            out.push_back({{"ip", address}});
        return out;
    };
    Json subset{{"addresses", list(ready)}};
    if (!others.empty()) subset["notReadyAddresses"] = list(others);
    return {{"subsets", Json::array({subset})}};
}

TEST(FindPlacementProblem, FollowsTheTable) {
    const std::vector<Json> nodes{node("cp-1", {"10.0.0.1", "fd00::1"}), node("cp-2", {"10.0.0.2"}),
                                  node("cp-w", {"10.0.0.9"}, "windows")};
    struct Row {
        const char* name;
        Json endpoints;
        const char* problem;  // nullptr for none
    };
    const std::vector<Row> rows{
        {"no endpoints", Json(), "no API server is listed"},
        {"none listed", endpoints({}), "no API server is listed"},
        {"no subsets", {{"subsets", nullptr}}, "no API server is listed"},
        {"one elsewhere", endpoints({"10.0.0.1", "10.0.0.3"}), "10.0.0.3 is not on"},
        {"one elsewhere, not ready", endpoints({"10.0.0.1"}, {"10.0.0.3"}), "10.0.0.3 is not on"},
        {"all elsewhere", endpoints({"172.16.0.1"}), "172.16.0.1 is not on"},
        {"on Windows", endpoints({"10.0.0.9"}), "node cp-w, which does not run Linux"},
        {"on one node of several", endpoints({"10.0.0.1"}), nullptr},
        {"on each", endpoints({"10.0.0.1", "10.0.0.2"}), nullptr},
        {"IPv6", endpoints({"fd00::1"}), nullptr},
    };
    for (const auto& row : rows) {
        const auto problem = find_placement_problem(row.endpoints, nodes);
        if (row.problem == nullptr)
            EXPECT_THAT(problem, IsEmpty()) << row.name;
        else
            EXPECT_THAT(problem, HasSubstr(row.problem)) << row.name;
    }
    EXPECT_THAT(find_placement_problem(endpoints({"10.0.0.1"}), {}), HasSubstr("10.0.0.1"));
}

}  // namespace
}  // namespace airlock::installer
