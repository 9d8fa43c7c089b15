// The kit's dashboard and rules name no series that the webhook does not have, and leave out none
// that an operator was promised.
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

// "node_oversell_x": what a query asks for, without what a histogram adds.
std::set<std::string> series_asked(const std::string& text) {
    static const std::regex kSeries("(node_oversell_[a-z_]*[a-z])(?=[^a-z_])");
    std::set<std::string> all;
    for (const auto& name : words(text, kSeries))
        all.insert(std::regex_replace(name, std::regex("_bucket$"), ""));
    return all;
}

std::set<std::string> series_kept() {
    static const std::regex kType("# TYPE (\\S+)");
    return words(Metrics().text({}), kType);
}

YAML::Node rules_of(const YAML::Node& document) {
    return document["groups"][0]["rules"];
}

TEST(Monitoring, HasEverySeriesThatTheWebhookPromises) {
    EXPECT_THAT(
        series_kept(),
        IsSupersetOf({"node_oversell_requests_total", "node_oversell_request_duration_seconds",
                      "node_oversell_raw", "node_oversell_applied", "node_oversell_ratio",
                      "node_oversell_suppressed_writes_total",
                      "node_oversell_implausible_raw_total", "node_oversell_policy_info",
                      "node_oversell_policy_errors_total", "node_oversell_policy_good",
                      "node_oversell_certificate_expiry_timestamp_seconds"}));
}

TEST(Monitoring, AsksForNoSeriesThatIsNotThere) {
    const auto kept = series_kept();
    for (const auto* file : {"dashboard.yaml", "prometheus-rules.yaml"}) {
        const auto asked = series_asked(kit_file(file));
        EXPECT_GT(asked.size(), 5U) << file;
        for (const auto& name : asked)
            EXPECT_THAT(kept, Contains(name)) << file;
    }
}

TEST(Monitoring, ShowsEverySeriesButThatOfLoads) {
    const auto text = kit_file("dashboard.yaml") + kit_file("prometheus-rules.yaml");
    auto unseen = series_kept();
    for (const auto& name : series_asked(text))
        unseen.erase(name);
    EXPECT_THAT(unseen, ::testing::UnorderedElementsAre("node_oversell_policy_loads_total",
                                                        "node_oversell_certificate_errors_total"));
}

TEST(Monitoring, DashboardIsOneThatGrafanaCanImport) {
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

TEST(Monitoring, RulesSayWhatIsWrongAndAreTheSameWithTheOperator) {
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
                                     "NodeOversellPolicyRefused", "NodeOversellCertificateEnds",
                                     "NodeOversellFailsOpen"}));
}

}  // namespace
}  // namespace airlock::webhook
