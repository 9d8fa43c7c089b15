// The kit's dashboard and rules use only series that the webhook exports, and use all of them that
// operators need.
#include "base/file.hpp"
#include "base/json.hpp"
#include "webhook/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <regex>
#include <set>
#include <string>

namespace airlock::webhook {
namespace {

using ::testing::Contains;
using ::testing::IsSupersetOf;

std::string kit_file(const char* name) {
    return base::read_file(AIRLOCK_SOURCE_DIR "/manifests/node-oversell/" + std::string(name),
                           1 << 20);
}

std::set<std::string> words(const std::string& text, const std::regex& form) {
    std::set<std::string> found;
    for (auto at = std::sregex_iterator(text.begin(), text.end(), form);
         at != std::sregex_iterator(); ++at) {
        found.insert((*at)[1]);
    }
    return found;
}

// The series in the queries of `text`, without the suffixes of histograms.
std::set<std::string> series_queried(const std::string& text) {
    static const std::regex kSeries("(node_oversell_[a-z_]*[a-z])(?=[^a-z_])");
    std::set<std::string> all;
    for (const auto& name : words(text, kSeries))
        all.insert(std::regex_replace(name, std::regex("_bucket$"), ""));
    return all;
}

std::set<std::string> series_exported() {
    static const std::regex kType("# TYPE (\\S+)");
    return words(Metrics().text({}), kType);
}

YAML::Node rules_of(const YAML::Node& document) {
    return document["groups"][0]["rules"];
}

TEST(Monitoring, ExportsEveryDocumentedSeries) {
    EXPECT_THAT(
        series_exported(),
        IsSupersetOf({"node_oversell_requests_total", "node_oversell_request_duration_seconds",
                      "node_oversell_raw", "node_oversell_applied", "node_oversell_ratio",
                      "node_oversell_suppressed_writes_total", "node_oversell_skipped_total",
                      "node_oversell_policy_info", "node_oversell_policy_errors_total",
                      "node_oversell_policy_good",
                      "node_oversell_certificate_expiry_timestamp_seconds"}));
}

TEST(Monitoring, QueriesOnlyExportedSeries) {
    const auto exported = series_exported();
    for (const auto* file : {"dashboard.yaml", "prometheus-rules.yaml"}) {
        const auto queried = series_queried(kit_file(file));
        EXPECT_GT(queried.size(), 5U) << file;
        for (const auto& name : queried)
            EXPECT_THAT(exported, Contains(name)) << file;
    }
}

TEST(Monitoring, UsesEverySeriesExceptTwo) {
    const auto text = kit_file("dashboard.yaml") + kit_file("prometheus-rules.yaml");
    auto unused = series_exported();
    for (const auto& name : series_queried(text))
        unused.erase(name);
    EXPECT_THAT(unused, ::testing::UnorderedElementsAre("node_oversell_policy_loads_total",
                                                        "node_oversell_certificate_errors_total"));
}

TEST(Monitoring, DashboardCanBeImportedIntoGrafana) {
    const auto object = YAML::Load(kit_file("dashboard.yaml"));
    EXPECT_EQ(object["metadata"]["labels"]["grafana_dashboard"].as<std::string>(), "1");
    const auto board = base::parse_json(object["data"]["node-oversell.json"].as<std::string>(),
                                        "node-oversell.json");
    std::set<int> ids;
    for (const auto& panel : board.at("panels")) {
        EXPECT_TRUE(ids.insert(panel.at("id").get<int>()).second);
        EXPECT_EQ(panel.at("datasource").at("uid"), "$datasource");
        const auto& place = panel.at("gridPos");
        EXPECT_LE(place.at("x").get<int>() + place.at("w").get<int>(), 24) << panel.at("title");
        for (const auto& target : panel.at("targets"))
            EXPECT_FALSE(target.at("expr").get<std::string>().empty()) << panel.at("title");
    }
    EXPECT_GE(ids.size(), 10U);
    EXPECT_EQ(board.at("templating").at("list").at(0).at("name"), "datasource");
}

TEST(Monitoring, RulesAreDescribedAndTheSameWithTheOperator) {
    const auto object = YAML::Load(kit_file("prometheus-rules.yaml"));
    const auto plain = YAML::Load(object["data"]["node-oversell.rules.yaml"].as<std::string>());
    const auto documents = YAML::LoadAll(kit_file("prometheus-operator.yaml"));
    ASSERT_EQ(documents.size(), 2U);
    EXPECT_EQ(documents[1]["kind"].as<std::string>(), "PrometheusRule");
    EXPECT_EQ(YAML::Dump(documents[1]["spec"]), YAML::Dump(plain));
    std::set<std::string> names;
    for (const auto& rule : rules_of(plain)) {
        const auto name = rule["alert"].as<std::string>();
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_THAT(rule["expr"].as<std::string>(), ::testing::HasSubstr("_")) << name;
        EXPECT_THAT(rule["labels"]["severity"].as<std::string>(),
                    ::testing::AnyOf("warning", "critical"))
            << name;
        EXPECT_TRUE(rule["annotations"]["summary"] && rule["annotations"]["description"]) << name;
    }
    EXPECT_THAT(names, IsSupersetOf({"NodeOversellAbsent", "NodeOversellSelfCheck",
                                     "NodeOversellPolicyInvalid", "NodeOversellCertificateExpires",
                                     "NodeOversellFailsOpen"}));
}

}  // namespace
}  // namespace airlock::webhook
