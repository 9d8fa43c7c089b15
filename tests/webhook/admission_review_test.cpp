#include "webhook/admission_review.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "tests/webhook/support.hpp"

#include <gtest/gtest.h>

namespace airlock::webhook {
namespace {

TEST(AdmissionReview, ReadsReviewsOfRealApiServers) {
    struct Row {
        const char* file;
        const char* node;
        const char* memory;
        std::size_t conditions;
    };
    const Row rows[] = {{"admission-review-node-status.json", "node2", "24581684Ki", 4},
                        {"admission-review-node-status-50-images.json", "node2", "24581684Ki", 4},
                        {"admission-review-node-status-1.34.json", "node-a", "24581696Ki", 4}};
    for (const auto& row : rows) {
        ReviewParser parser;
        auto body = test::fixture(row.file);
        const auto& review = parser.parse(body);
        EXPECT_EQ(review.unreadable, "") << row.file;
        EXPECT_TRUE(review.is_node_status_update()) << row.file;
        EXPECT_EQ(review.uid.size(), 36U) << row.file;
        EXPECT_EQ(review.user, std::string("system:node:") + row.node) << row.file;
        EXPECT_EQ(review.now.name, row.node) << row.file;
        EXPECT_TRUE(review.now.has_annotations) << row.file;
        EXPECT_EQ(*find_value(review.now.allocatable, "memory"), row.memory) << row.file;
        EXPECT_EQ(*find_value(review.now.labels, "kubernetes.io/os"), "linux") << row.file;
        EXPECT_EQ(review.now.conditions.size(), row.conditions) << row.file;
        EXPECT_EQ(review.now.other_fields, review.stored.other_fields)
            << row.file;  // only heartbeat times differ
    }
}

TEST(AdmissionReview, KeepsEveryFieldThatMayHaveChanged) {
    ReviewParser parser;
    auto review = test::review_json({}, {});
    review["request"]["object"]["spec"]["unschedulable"] = true;
    review["request"]["object"]["status"]["phase"] = "Running";
    auto body = review.dump();
    const auto& parsed = parser.parse(body);
    EXPECT_NE(parsed.now.other_fields, parsed.stored.other_fields);
    EXPECT_EQ(*find_value(parsed.now.other_fields, "phase"), "\"Running\"");
}

struct Row {
    const char* name;
    std::string body;
};

TEST(AdmissionReview, RejectsAnythingElse) {
    const auto good = test::review_json({}, {}).dump();
    const Row rows[] = {
        {"empty", ""},
        {"space", "  "},
        {"truncated", good.substr(0, good.size() / 2)},
        {"a byte short", good.substr(0, good.size() - 1)},
        {"two values", good + "{}"},
        {"not an object", "[1]"},
        {"a number", "1"},
        {"no request", R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"})"},
        {"no uid",
         R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"operation":"UPDATE"}})"},
        {"uid a number",
         R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":7}})"},
        {"another kind",
         R"({"kind":"Pod","apiVersion":"admission.k8s.io/v1","request":{"uid":"u"}})"},
        {"another version",
         R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v2","request":{"uid":"u"}})"},
        {"bad UTF-8",
         "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/"
         "v1\",\"request\":{\"uid\":\"\xff\"}}"},
        {"deep", std::string(5000, '[')},
        {"too large", std::string(kMaxReview + 1, ' ')},
    };
    ReviewParser parser;
    for (const auto& row : rows) {
        auto body = row.body;
        EXPECT_THROW(parser.parse(body), base::Error) << row.name;
    }
    auto body = good;
    EXPECT_NO_THROW(parser.parse(body)) << "a rejected review must not affect the next one";
}

TEST(AdmissionReview, ReportsWhyANodeCannotBeRead) {
    const auto good = test::review_json({}, {});
    struct Change {
        const char* name;
        void (*change)(base::Json&);
    };
    const Change rows[] = {
        {"no status", [](base::Json& object) { object.erase("status"); }},
        {"status a string", [](base::Json& object) { object["status"] = "x"; }},
        {"no metadata", [](base::Json& object) { object.erase("metadata"); }},
        {"annotation a number",
         [](base::Json& object) { object["metadata"]["annotations"]["a"] = 1; }},
        {"allocatable a list",
         [](base::Json& object) { object["status"]["allocatable"]["cpu"] = base::Json::array(); }},
    };
    for (const auto& row : rows) {
        auto review = good;
        row.change(review["request"]["object"]);
        ReviewParser parser;
        auto body = review.dump();
        EXPECT_NE(parser.parse(body).unreadable, "") << row.name;
    }
}

TEST(AdmissionReview, AcceptsNumbersAsQuantitiesAndUsesTheLastOfTwoEqualKeys) {
    ReviewParser parser;
    auto body = test::review_json({}, {}).dump();
    const auto at = body.find("\"cpu\":\"2\"");
    body.replace(at, 9, R"("cpu":"2","cpu":4)");
    const auto& review = parser.parse(body);
    ASSERT_EQ(review.unreadable, "");
    EXPECT_EQ(*find_value(review.now.allocatable, "cpu"), "4");
}

TEST(AdmissionReview, RejectsNodesWithDuplicateFields) {
    const auto good = test::review_json({}, {}).dump();
    for (const std::string part :
         {"\"annotations\":", "\"allocatable\":", "\"conditions\":", "\"status\":"}) {
        auto body = good;
        body.insert(body.find(part), part + "null,");
        ReviewParser parser;
        EXPECT_NE(parser.parse(body).unreadable, "") << part;
    }
    auto two = good;
    two.insert(two.find("\"request\":"), "\"request\":{\"uid\":\"x\"},");
    ReviewParser parser;
    EXPECT_THROW(parser.parse(two), base::Error);
}

TEST(AdmissionReview, AnswersInTheVersionOfTheRequest) {
    for (const auto* version : {"admission.k8s.io/v1", "admission.k8s.io/v1beta1"}) {
        const auto answer = base::Json::parse(
            write_review(version, "u\"1\\", {.patch = "[]", .audit = {{"result", "a \"b\"\n"}}}));
        EXPECT_EQ(answer.at("apiVersion"), version);
        EXPECT_EQ(answer.at("kind"), "AdmissionReview");
        const auto& response = answer.at("response");
        EXPECT_EQ(response.at("uid"), "u\"1\\");
        EXPECT_EQ(response.at("allowed"), true);
        EXPECT_EQ(response.at("patchType"), "JSONPatch");
        EXPECT_EQ(base::base64_decode(response.at("patch").get<std::string>(), "patch"), "[]");
        EXPECT_EQ(response.at("auditAnnotations").at("result"), "a \"b\"\n");
    }
    // The API server rejects an answer with patchType and without patch.
    const auto bare = base::Json::parse(write_review("admission.k8s.io/v1", "u", {}));
    EXPECT_EQ(bare.at("response"), (base::Json{{"uid", "u"}, {"allowed", true}}));
}

}  // namespace
}  // namespace airlock::webhook
