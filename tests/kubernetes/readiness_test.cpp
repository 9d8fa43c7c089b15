#include "kubernetes/readiness.hpp"

#include "tests/support/expect_error.hpp"
#include "tests/support/fake_api_server.hpp"

#include <gtest/gtest.h>

namespace airlock::kubernetes {
namespace {

using base::Errc;
using test::error_of;
using testing::HasSubstr;

struct ReadinessRow {
    std::string name;
    std::string live;
    bool ready;
    std::string reason;
};

void check(const std::vector<ReadinessRow>& rows) {
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto state = readiness_of(base::parse_json(row.live, "the row"));
        EXPECT_EQ(state.ready, row.ready);
        EXPECT_FALSE(state.failed);
        EXPECT_THAT(state.reason, HasSubstr(row.reason));
    }
}

std::string workload(const std::string& kind, const std::string& spec, const std::string& status) {
    return R"({"apiVersion": "apps/v1", "kind": ")" + kind +
           R"(", "metadata": {"generation": 2}, "spec": {)" + spec + R"(}, "status": {)" + status +
           "}}";
}

std::string with_conditions(const std::string& head, const std::string& conditions) {
    return "{" + head + R"(, "status": {"conditions": [)" + conditions + "]}}";
}

TEST(Readiness, OfADeploymentCountsReplicasOfTheNewestSpec) {
    const auto deployment = [](const std::string& status) {
        return workload("Deployment", R"("replicas": 2)", status);
    };
    check({
        {"just created", deployment(""), false, "waiting for its controller to observe it"},
        {"the old one is ready",
         deployment(
             R"("observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2)"),
         false, "waiting for its controller to observe it"},
        {"one is created",
         deployment(R"("observedGeneration": 2, "replicas": 1, "updatedReplicas": 1)"), false,
         "1 of 2 replicas updated"},
        {"one is ready",
         deployment(
             R"("observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 1)"),
         false, "1 of 2 replicas ready"},
        {"an old one is terminating",
         deployment(
             R"("observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "readyReplicas": 3)"),
         false, "1 old replicas pending termination"},
        {"all of them",
         deployment(
             R"("observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2)"),
         true, "ready"},
        {"zero replicas", workload("Deployment", R"("replicas": 0)", R"("observedGeneration": 2)"),
         true, "ready"},
        {"one by default", workload("Deployment", "", R"("observedGeneration": 2)"), false,
         "0 of 1 replicas"},
        {"malformed numbers",
         deployment(R"("observedGeneration": 2, "updatedReplicas": "2", "readyReplicas": null)"),
         false, "0 of 2 replicas updated"},
    });
}

TEST(Readiness, OfADaemonSetAndAStatefulSet) {
    check({
        {"not observed", workload("DaemonSet", "", ""), false, "waiting for its controller"},
        {"two of three",
         workload(
             "DaemonSet", "",
             R"("observedGeneration": 2, "desiredNumberScheduled": 3, "numberReady": 2, "updatedNumberScheduled": 3)"),
         false, "2 of 3 pods ready"},
        {"an old one is ready",
         workload(
             "DaemonSet", "",
             R"("observedGeneration": 2, "desiredNumberScheduled": 3, "numberReady": 3, "updatedNumberScheduled": 1)"),
         false, "1 of 3 pods ready"},
        {"on every node",
         workload(
             "DaemonSet", "",
             R"("observedGeneration": 2, "desiredNumberScheduled": 3, "numberReady": 3, "updatedNumberScheduled": 3)"),
         true, "3 of 3"},
        {"a StatefulSet in progress",
         workload(
             "StatefulSet", R"("replicas": 3)",
             R"("observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 1)"),
         false, "1 of 3 replicas ready"},
    });
}

TEST(Readiness, OfOtherKindsIsACondition) {
    const std::string crd =
        R"("apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition")";
    const std::string certificate = R"("apiVersion": "cert-manager.io/v1", "kind": "Certificate")";
    const std::string pod = R"("apiVersion": "v1", "kind": "Pod")";
    const std::string job = R"("apiVersion": "batch/v1", "kind": "Job")";
    check({
        {"a CRD without conditions", "{" + crd + "}", false, "not Established yet"},
        {"a CRD whose name is taken",
         with_conditions(crd, R"({"type": "NamesAccepted", "status": "False", "message": "x"},
                                 {"type": "Established", "status": "False", "message": "plural is taken"})"),
         false, "not Established: plural is taken"},
        {"a CRD", with_conditions(crd, R"({"type": "Established", "status": "True"})"), true,
         "ready"},
        {"an API service",
         with_conditions(R"("apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService")",
                         R"({"type": "Available", "status": "False", "message": "no endpoints"})"),
         false, "not Available: no endpoints"},
        {"a certificate",
         with_conditions(certificate,
                         R"({"type": "Ready", "status": "Unknown", "message": "wait"})"),
         false, "not Ready: wait"},
        {"a Certificate of another group",
         R"({"apiVersion": "example.org/v1", "kind": "Certificate"})", true, "exists"},
        {"a pod", with_conditions(pod, R"({"type": "Ready", "status": "True"})"), true, "ready"},
        {"a running job", "{" + job + "}", false, "not Complete yet"},
        {"a completed job", with_conditions(job, R"({"type": "Complete", "status": "True"})"), true,
         "ready"},
        {"a webhook configuration",
         R"({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration"})",
         true, "exists"},
        {"a ConfigMap", R"({"apiVersion": "v1", "kind": "ConfigMap"})", true, "exists"},
        {"malformed conditions",
         R"({"apiVersion": "v1", "kind": "Pod", "status": {"conditions": [1, "x", [], {}, null]}})",
         false, "not Ready yet"},
        {"not an object", "[]", true, "exists"},
    });
}

TEST(Readiness, OfAFailedJobIsFinal) {
    const auto state = readiness_of(base::parse_json(
        with_conditions(
            R"("apiVersion": "batch/v1", "kind": "Job")",
            R"({"type": "Failed", "status": "True", "message": "BackoffLimitExceeded"})"),
        "the job"));
    EXPECT_FALSE(state.ready);
    EXPECT_TRUE(state.failed);
    EXPECT_THAT(state.reason, HasSubstr("BackoffLimitExceeded"));
}

const ObjectKey kDeployment{
    .api_version = "apps/v1", .kind = "Deployment", .namespace_name = "ns", .name = "hook"};

TEST(Waiting, ReportsWhatIsMissingAndWhy) {
    test::FakeApiServer server;
    server.put("/apis/apps/v1/namespaces/ns/deployments/hook",
               R"({"apiVersion": "apps/v1", "kind": "Deployment",
                   "metadata": {"name": "hook", "namespace": "ns", "uid": "d"},
                   "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "hook"}}},
                   "status": {"replicas": 1, "updatedReplicas": 1}})");
    server.put("/apis/apps/v1/namespaces/ns/replicasets", R"({"items": []})");
    server.put("/api/v1/namespaces/ns/pods", R"({"items": []})");
    server.put("/api/v1/namespaces/ns/events",
               R"({"items": [{"involvedObject": {"name": "hook", "uid": "d"}, "message": "no"}]})");
    auto client = server.client();
    const auto error =
        error_of([&] { wait_until_ready(client, {kDeployment}, std::chrono::seconds(0), {}); });
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->code(), Errc::timeout);
    for (const auto* words :
         {"not ready after 0 s", "Deployment ns/hook: 0 of 1 replicas ready", "event on hook: no"})
        EXPECT_THAT(error->what(), HasSubstr(words));
    EXPECT_THAT(error->hint(), HasSubstr("--timeout"));
}

TEST(Waiting, FailsImmediatelyForAFailedJob) {
    test::FakeApiServer server;
    server.put(
        "/apis/batch/v1/namespaces/ns/jobs/once",
        with_conditions(R"("apiVersion": "batch/v1", "kind": "Job")",
                        R"({"type": "Failed", "status": "True", "message": "DeadlineExceeded"})"));
    auto client = server.client();
    test::expect_error(
        [&] {
            wait_until_ready(client,
                             {{.api_version = "batch/v1",
                               .kind = "Job",
                               .namespace_name = "ns",
                               .name = "once"}},
                             std::chrono::hours(1), {});
        },
        Errc::remote, "Job ns/once: job failed: DeadlineExceeded", "fix the problems");
}

TEST(Waiting, ReportsAbsentObjectsAndStopsOnRequest) {
    test::FakeApiServer server;
    auto client = server.client();
    test::expect_error(
        [&] { wait_until_ready(client, {kDeployment}, std::chrono::seconds(0), {}); },
        Errc::timeout, "Deployment ns/hook: not found");
    std::stop_source stop;
    stop.request_stop();
    test::expect_error(
        [&] { wait_until_ready(client, {kDeployment}, std::chrono::hours(1), stop.get_token()); },
        Errc::cancelled, "stopped");
}

TEST(Waiting, ReturnsWhenAllAreReady) {
    test::FakeApiServer server;
    server.put("/apis/apps/v1/namespaces/ns/deployments/hook",
               R"({"apiVersion": "apps/v1", "kind": "Deployment",
                   "status": {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1}})");
    auto client = server.client();
    wait_until_ready(client, {kDeployment}, std::chrono::seconds(0), {});
    EXPECT_EQ(server.count("GET", "deployments/hook"), 1U);
}

}  // namespace
}  // namespace airlock::kubernetes
