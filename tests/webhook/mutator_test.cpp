#include "webhook/mutator.hpp"

#include "base/error.hpp"
#include "tests/webhook/support.hpp"

#include <gmock/gmock.h>

namespace airlock::webhook {
namespace {

using base::Json;

constexpr std::string_view kPolicy = "default: {ratios: {cpu: \"2\", memory: \"1.5\"}}";

const Json& allocatable(const test::Answered& answered) {
    return answered.object.at("status").at("allocatable");
}

std::string state_of(const test::Answered& answered) {
    return answered.object.at("metadata").at("annotations").value("node-oversell/state", "absent");
}

TEST(Mutator, RaisesAllocatableInRealHeartbeats) {
    const auto policy = test::policy(kPolicy);
    struct Row {
        const char* file;
        const char* memory;
    };
    const Row rows[] = {{"admission-review-node-status.json", "36872526Ki"},
                        {"admission-review-node-status-50-images.json", "36872526Ki"},
                        {"admission-review-node-status-1.34.json", "36872544Ki"}};
    for (const auto& row : rows) {
        const auto review = Json::parse(test::fixture(row.file));
        const auto answered = test::answer(review, &policy);
        EXPECT_EQ(answered.mutation.outcome, Outcome::patched) << row.file;
        EXPECT_EQ(answered.response.at("uid"), review.at("request").at("uid")) << row.file;
        EXPECT_EQ(allocatable(answered).at("cpu"), "4") << row.file;
        EXPECT_EQ(allocatable(answered).at("memory"), row.memory) << row.file;
        // Everything else is unchanged, above all capacity.
        auto expected = review.at("request").at("object");
        expected["status"]["allocatable"]["cpu"] = "4";
        expected["status"]["allocatable"]["memory"] = row.memory;
        expected["metadata"]["annotations"]["node-oversell/state"] = state_of(answered);
        EXPECT_EQ(answered.object, expected) << row.file;
        EXPECT_TRUE(NodeState::parse(state_of(answered))->find("cpu") != nullptr) << row.file;
    }
}

TEST(Mutator, CreatesTheAnnotationsOfANodeWithoutAny) {
    const auto policy = test::policy(kPolicy);
    test::NodeValues node;
    node.annotations.reset();
    const auto answered = test::answer(test::review_json(node, node), &policy);
    EXPECT_EQ(answered.mutation.outcome, Outcome::patched);
    EXPECT_EQ(allocatable(answered).at("cpu"), "4");
}

TEST(Mutator, AnswersVersionV1beta1) {
    const auto policy = test::policy(kPolicy);
    auto review = test::review_json({}, {});
    review["apiVersion"] = "admission.k8s.io/v1beta1";
    const auto answered = test::answer(review, &policy);
    EXPECT_EQ(Json::parse(answered.mutation.answer).at("apiVersion"), "admission.k8s.io/v1beta1");
    EXPECT_EQ(answered.response.at("uid"), "u-1");
}

// A node as it is stored after the first answer.
test::NodeValues oversold(const Policy& policy) {
    test::NodeValues node;
    const auto answered = test::answer(test::review_json(node, node), &policy);
    node.allocatable = allocatable(answered).get<std::map<std::string, std::string>>();
    (*node.annotations)["node-oversell/state"] = state_of(answered);
    return node;
}

TEST(Mutator, NeverMultipliesAValueTwice) {
    const auto policy = test::policy(kPolicy);
    auto stored = oversold(policy);
    for (int i = 0; i < 5; ++i) {
        auto now = stored;
        now.ready = i % 2 == 0 ? "False" : "True";  // another client that writes conditions
        const auto answered = test::answer(test::review_json(now, stored), &policy);
        EXPECT_EQ(answered.mutation.outcome, Outcome::unchanged);
        EXPECT_EQ(allocatable(answered).at("cpu"), "4");
        stored = now;
    }
}

TEST(Mutator, UsesTheStoredRecordAndNotThatOfTheRequest) {
    const auto policy = test::policy(kPolicy);
    const auto stored = oversold(policy);
    auto now = stored;
    (*now.annotations)["node-oversell/state"] =
        R"({"v":1,"generation":"g","resources":{"cpu":{"raw":"1","applied":["4"],"ratio":"2","source":"default"}}})";
    const auto answered = test::answer(test::review_json(now, stored), &policy);
    EXPECT_EQ(allocatable(answered).at("cpu"), "4");
    EXPECT_EQ(state_of(answered), stored.annotations->at("node-oversell/state"));
}

TEST(Mutator, RestoresRealValuesAndEmptiesTheRecord) {
    const auto policy = test::policy(kPolicy);
    const auto stored = oversold(policy);
    auto now = stored;
    now.labels["node-oversell/disable"] = "true";
    const auto answered = test::answer(test::review_json(now, stored), &policy);
    EXPECT_EQ(answered.mutation.outcome, Outcome::restored);
    EXPECT_EQ(allocatable(answered).at("cpu"), "2");
    EXPECT_EQ(allocatable(answered).at("memory"), "24581684Ki");
    EXPECT_EQ(state_of(answered), "");
    const auto killed = test::policy("killSwitch: true");
    EXPECT_EQ(test::answer(test::review_json(stored, stored), &killed).mutation.outcome,
              Outcome::restored);
    const auto one = test::policy("default: {ratios: {cpu: 1, memory: 1}}");
    EXPECT_EQ(allocatable(test::answer(test::review_json(stored, stored), &one)).at("cpu"), "2");
}

TEST(Mutator, RaisesListedExtendedResourcesPodsAndStorage) {
    const auto policy = test::policy(
        "resources: [pods, ephemeral-storage, example.com/gpu]\n"
        "maxRatio: {pods: 2, ephemeral-storage: 2, example.com/gpu: 2}\n"
        "default: {ratios: {pods: 1.5, ephemeral-storage: 1.1, example.com/gpu: 2}}");
    test::NodeValues node;
    node.allocatable = {{"cpu", "2"},
                        {"pods", "110"},
                        {"ephemeral-storage", "95551679124"},
                        {"example.com/gpu", "3"},
                        {"example.com/nic", "1"}};
    node.capacity = node.allocatable;
    const auto raised = allocatable(test::answer(test::review_json(node, node), &policy));
    EXPECT_EQ(raised, (base::Json{{"cpu", "2"},
                                  {"pods", "165"},
                                  {"ephemeral-storage", "105106847036"},
                                  {"example.com/gpu", "6"},
                                  {"example.com/nic", "1"}}));
}

// What the kubelet of an oversold node sends: its real values, and a later heartbeat.
test::NodeValues report_of(test::NodeValues stored) {
    stored.allocatable = test::NodeValues{}.allocatable;
    stored.heartbeat = "2026-11-21T00:53:07Z";
    return stored;
}

TEST(Mutator, HoldsTheValuesOfANodeThatLeavesTheCanary) {
    const auto stored = oversold(test::policy(kPolicy));
    const auto none = test::policy("mode: {canary: 0%}\ndefault: {ratios: {cpu: 3, memory: 2}}");
    const auto answered = test::answer(test::review_json(report_of(stored), stored), &none);
    EXPECT_EQ(allocatable(answered), Json(stored.allocatable));
    EXPECT_EQ(answered.mutation.outcome, Outcome::suppressed);
    const auto outside = test::answer(test::review_json({}, {}), &none);
    EXPECT_EQ(outside.mutation.outcome, Outcome::unchanged);
    const auto all = test::policy("mode: {canary: 100%}\n" + std::string(kPolicy));
    EXPECT_EQ(allocatable(test::answer(test::review_json({}, {}), &all)).at("cpu"), "4");
}

TEST(Mutator, ReportsAndChangesNothingInObserveMode) {
    const auto policy = test::policy("mode: observe\n" + std::string(kPolicy));
    const auto answered = test::answer(test::review_json({}, {}), &policy);
    EXPECT_EQ(answered.mutation.outcome, Outcome::observed);
    EXPECT_FALSE(answered.response.contains("patch"));
    EXPECT_EQ(answered.response.at("auditAnnotations").at("detail"),
              "observe mode; would apply cpu 2 -> 4 (x2, default); memory 24581684Ki -> "
              "36872526Ki (x1.5, default)");
    // What enforce has applied before stays.
    const auto stored = oversold(test::policy("default: {ratios: {cpu: 3}}"));
    const auto held = test::answer(test::review_json(report_of(stored), stored), &policy);
    EXPECT_EQ(allocatable(held), Json(stored.allocatable));
}

TEST(Mutator, HoldsWhatAMistakeConcernsAndDecidesTheRest) {
    const auto stored = oversold(test::policy(kPolicy));
    const auto policy = test::policy("default: {ratios: {cpu: 3, memory: 1.2}}");
    auto now = report_of(stored);
    (*now.annotations)["node-oversell/ratio"] = "cpu=lots";
    const auto answered = test::answer(test::review_json(now, stored), &policy);
    EXPECT_EQ(allocatable(answered).at("cpu"), "4") << "held, not dropped to 2 nor raised to 6";
    EXPECT_EQ(allocatable(answered).at("memory"), "29498020Ki");
    EXPECT_EQ(answered.mutation.outcome, Outcome::patched);
    EXPECT_EQ(answered.response.at("auditAnnotations").at("reason"), "ratio-annotation");
    EXPECT_THAT(answered.mutation.detail,
                testing::HasSubstr("annotation node-oversell/ratio: \"cpu=lots\""));
}

TEST(Mutator, PutsBackWhatOthersWriteUnlessThePolicyAcceptsIt) {
    const auto policy = test::policy(kPolicy);
    const auto stored = oversold(policy);
    auto now = stored;
    now.allocatable["cpu"] = "1";
    auto review = test::review_json(now, stored);
    review["request"]["userInfo"]["username"] = "admin";
    auto answered = test::answer(review, &policy);
    EXPECT_EQ(allocatable(answered).at("cpu"), "4");
    EXPECT_TRUE(answered.mutation.resources.front().foreign);
    const auto accepting = test::policy("foreignWrites: accept\n" + std::string(kPolicy));
    answered = test::answer(review, &accepting);
    EXPECT_EQ(allocatable(answered).at("cpu"), "2");
    EXPECT_TRUE(answered.mutation.resources.front().foreign);
    review["request"]["userInfo"]["username"] = "system:node:n1";
    answered = test::answer(review, &policy);
    EXPECT_EQ(allocatable(answered).at("cpu"), "2") << "the kubelet's own value is real";
    EXPECT_FALSE(answered.mutation.resources.front().foreign);
}

TEST(Mutator, LeavesNoAuditAnnotationWhereNothingHappens) {
    const auto policy = test::policy(kPolicy);
    const auto stored = oversold(policy);
    const auto suppressed = test::answer(test::review_json(report_of(stored), stored), &policy);
    EXPECT_EQ(suppressed.mutation.outcome, Outcome::suppressed);
    EXPECT_FALSE(suppressed.response.contains("auditAnnotations"));
    const auto unchanged = test::answer(test::review_json(stored, stored), &policy);
    EXPECT_FALSE(unchanged.response.contains("auditAnnotations"));
    const auto patched = test::answer(test::review_json({}, {}), &policy);
    EXPECT_EQ(patched.response.at("auditAnnotations").at("result"), "patched");
}

TEST(Mutator, IgnoresOtherRequests) {
    const auto policy = test::policy(kPolicy);
    const std::pair<const char*, Json> rows[] = {{"operation", "CREATE"},
                                                 {"operation", "DELETE"},
                                                 {"subResource", ""},
                                                 {"resource", {{"resource", "pods"}}}};
    for (const auto& [key, value] : rows) {
        auto review = test::review_json({}, {});
        review["request"][key] = value;
        const auto answered = test::answer(review, &policy);
        EXPECT_EQ(answered.mutation.outcome, Outcome::ignored) << key;
        EXPECT_EQ(answered.response.at("allowed"), true) << key;
        EXPECT_FALSE(answered.response.contains("patch")) << key;
    }
}

struct SkipRow {
    const char* name;
    SkipReason skip_reason;
    void (*change)(test::NodeValues& node);
    void (*spoil)(Json& review);
};

TEST(Mutator, PassesRequestsThatItCannotHandleSafely) {
    const auto no_change = [](test::NodeValues&) {};
    const SkipRow rows[] = {
        {"no allocatable", SkipReason::no_allocatable, no_change,
         [](Json& review) { review["request"]["object"]["status"].erase("allocatable"); }},
        {"no old object", SkipReason::unreadable_node, no_change,
         [](Json& review) { review["request"]["oldObject"] = nullptr; }},
        {"no object", SkipReason::unreadable_node, no_change,
         [](Json& review) { review["request"].erase("object"); }},
        {"status", SkipReason::unreadable_node, no_change,
         [](Json& review) { review["request"]["object"]["status"] = "x"; }},
    };
    const auto policy = test::policy(kPolicy);
    for (const auto& row : rows) {
        test::NodeValues node;
        row.change(node);
        auto review = test::review_json(node, node);
        row.spoil(review);
        const auto answered = test::answer(review, &policy);
        EXPECT_EQ(answered.mutation.outcome, Outcome::skipped) << row.name;
        EXPECT_EQ(to_string(answered.mutation.skip_reason), to_string(row.skip_reason)) << row.name;
        EXPECT_EQ(answered.response.at("allowed"), true) << row.name;
        EXPECT_FALSE(answered.response.contains("patch")) << row.name;
        EXPECT_EQ(answered.response.at("auditAnnotations").at("reason"), to_string(row.skip_reason))
            << row.name;
    }
    const auto without = test::answer(test::review_json({}, {}), nullptr);
    EXPECT_EQ(without.mutation.skip_reason, SkipReason::no_policy);
    EXPECT_FALSE(without.response.contains("patch"));
}

TEST(Mutator, LeavesAnImplausibleResourceUnchangedAndRaisesTheOthers) {
    const auto policy = test::policy(kPolicy);
    test::NodeValues node;
    node.allocatable["cpu"] = "3";  // of 2
    const auto answered = test::answer(test::review_json(node, node), &policy);
    EXPECT_EQ(allocatable(answered).at("cpu"), "3");
    EXPECT_EQ(allocatable(answered).at("memory"), "36872526Ki");
}

TEST(Mutator, KeepsAMalformedRecordUntilTheKubeletReports) {
    const auto policy = test::policy(kPolicy);
    auto stored = oversold(policy);
    (*stored.annotations)["node-oversell/state"] = "{\"v\":9}";
    const auto resync = test::answer(test::review_json(stored, stored), &policy);
    EXPECT_FALSE(resync.response.contains("patch"));
    EXPECT_EQ(resync.response.at("auditAnnotations").at("reason"), "state-annotation");
    const auto report = test::answer(test::review_json(report_of(stored), stored), &policy);
    EXPECT_EQ(allocatable(report), Json(stored.allocatable)) << "held over the mistake";
    EXPECT_TRUE(NodeState::parse(state_of(report))->find("cpu") != nullptr);
}

}  // namespace
}  // namespace airlock::webhook
