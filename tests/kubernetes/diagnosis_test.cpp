#include "kubernetes/diagnosis.hpp"

#include "tests/support/fake_api_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace airlock::kubernetes {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kPods = "/api/v1/namespaces/ns/pods";
const std::string kEventsPath = "/api/v1/namespaces/ns/events";

Json deployment() {
    return Json::parse(R"({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "hook", "namespace": "ns", "uid": "d"},
        "spec": {"selector": {"matchLabels": {"app": "hook"}}}})");
}

class Diagnosis : public ::testing::Test {
  protected:
    Diagnosis() {
        server_.put("/apis/apps/v1/namespaces/ns/replicasets", R"({"items": []})");
        server_.put(kPods, R"({"items": []})");
        server_.put(kEventsPath, R"({"items": []})");
    }
    std::vector<std::string> reasons() {
        auto client = server_.client();
        return diagnose(client, deployment());
    }

    test::FakeApiServer server_;
};

TEST_F(Diagnosis, ReportsMessagesOfContainersAndOfTheScheduler) {
    server_.put(kPods, R"({"items": [
        {"metadata": {"name": "hook-1"}, "status": {"containerStatuses": [{"name": "main",
           "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}}]}},
        {"metadata": {"name": "hook-2"}, "status": {
           "conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes"}],
           "initContainerStatuses": [{"name": "init", "ready": true,
             "state": {"running": {}},
             "lastState": {"terminated": {"reason": "Error", "message": "exit 3"}}}]}},
        {"metadata": {"name": "hook-3"}}]})");
    EXPECT_THAT(
        reasons(),
        ElementsAre(
            "pod hook-1: container main is waiting: ImagePullBackOff Back-off pulling image",
            "pod hook-2: container init is terminated: Error exit 3",
            "pod hook-2 cannot be scheduled: 0/1 nodes"));
    EXPECT_EQ(server_.count("GET", "labelSelector=app%3Dhook"), 2U);
}

TEST_F(Diagnosis, ReportsTheLogOfARunningContainerThatIsNotReady) {
    const auto pod = [](const std::string& name) {
        return R"({"metadata": {"name": ")" + name + R"("}, "status": {"containerStatuses": [
                   {"name": "main", "ready": false, "state": {"running": {}}}]}})";
    };
    // The log of the other replica is alike.
    server_.put(kPods, R"({"items": [)" + pod("hook-1") + "," + pod("hook-2") + "]}");
    server_.put(kPods + "/hook-1/log", "policy: cpu: \"banana\" is not a valid ratio\nwaiting\n");
    EXPECT_THAT(reasons(),
                ElementsAre("log of hook-1/main: policy: cpu: \"banana\" is not a valid ratio",
                            "log of hook-1/main: waiting"));
    EXPECT_EQ(server_.count("GET", "previous=false"), 1U);
}

TEST_F(Diagnosis, ReportsThePreviousLogOfARestartedContainer) {
    server_.put(kPods, R"({"items": [{"metadata": {"name": "hook-1"}, "status": {
        "containerStatuses": [{"name": "main", "ready": false,
          "state": {"waiting": {"reason": "CrashLoopBackOff"}},
          "lastState": {"terminated": {"reason": "Error"}}}]}}]})");
    server_.put(kPods + "/hook-1/log", "no such file");
    EXPECT_THAT(reasons(), Contains("log of hook-1/main: no such file"));
    EXPECT_EQ(server_.count("GET", "previous=true"), 1U);
}

TEST_F(Diagnosis, ReadsNoLogOfAContainerThatIsReadyOrNeverRan) {
    server_.put(kPods, R"({"items": [{"metadata": {"name": "hook-1"}, "status": {
        "containerStatuses": [{"name": "good", "ready": true, "state": {"running": {}}},
          {"name": "new", "ready": false,
           "state": {"waiting": {"reason": "ContainerCreating"}}}]}}]})");
    EXPECT_THAT(reasons(), ElementsAre(HasSubstr("container new is waiting: ContainerCreating")));
    EXPECT_EQ(server_.count("GET", "/log"), 0U);
}

TEST_F(Diagnosis, ConsidersOnlyTheNewestRevision) {
    server_.put("/apis/apps/v1/namespaces/ns/replicasets", R"({"items": [
        {"metadata": {"name": "hook-old", "uid": "r9", "labels": {"pod-template-hash": "old"},
          "annotations": {"deployment.kubernetes.io/revision": "9"}, "ownerReferences": [{"uid": "d"}]}},
        {"metadata": {"name": "hook-new", "uid": "r10", "labels": {"pod-template-hash": "new"},
          "annotations": {"deployment.kubernetes.io/revision": "10"}, "ownerReferences": [{"uid": "d"}]}},
        {"metadata": {"name": "theirs", "uid": "r99", "labels": {"pod-template-hash": "theirs"},
          "annotations": {"deployment.kubernetes.io/revision": "99"}, "ownerReferences": [{"uid": "x"}]}}]})");
    const auto pod = [](const std::string& hash) {
        return R"({"metadata": {"name": "hook-)" + hash + R"(-1", "uid": "p-)" + hash +
               R"(", "labels": {"pod-template-hash": ")" + hash +
               R"("}}, "status": {"containerStatuses": [{"name": "main",
                 "state": {"waiting": {"reason": "Pulling"}}}]}})";
    };
    server_.put(kPods, R"({"items": [)" + pod("old") + "," + pod("new") + "]}");
    const auto event = [](const std::string& uid) {
        return R"({"involvedObject": {"name": ")" + uid + R"(", "uid": ")" + uid +
               R"("}, "message": "said"})";
    };
    server_.put(kEventsPath, R"({"items": [)" + event("d") + "," + event("r9") + "," +
                                 event("r10") + "," + event("p-old") + "," + event("p-new") + "," +
                                 event("other") + ", {}]}");
    EXPECT_THAT(reasons(),
                ElementsAre("pod hook-new-1: container main is waiting: Pulling ",
                            "event on d: said", "event on r10: said", "event on p-new: said"));
}

TEST_F(Diagnosis, ReportsTheLogOfATerminatedPodOfAJob) {
    server_.put(kPods, R"({"items": [{"metadata": {"name": "once-1"}, "status": {
        "containerStatuses": [{"name": "main", "ready": false,
          "state": {"terminated": {"reason": "Error"}}}]}}]})");
    server_.put(kPods + "/once-1/log", "no such table");
    EXPECT_THAT(reasons(), Contains("log of once-1/main: no such table"));
    EXPECT_EQ(server_.count("GET", "previous=false"), 1U);
}

TEST_F(Diagnosis, ReadsLogsOfAllContainersAndFallsBackToAnotherReplica) {
    const auto pod = [](const std::string& name) {
        return R"({"metadata": {"name": ")" + name + R"("}, "status": {"containerStatuses": [
                   {"name": "side", "ready": false, "state": {"running": {}}},
                   {"name": "main", "ready": false, "state": {"running": {}}}]}})";
    };
    server_.put(kPods, R"({"items": [)" + pod("hook-1") + "," + pod("hook-2") + "]}");
    server_.put(kPods + "/hook-1/log", R"({"message": "no rights"})", 403);
    server_.put(kPods + "/hook-2/log", "said");
    const auto said = reasons();
    EXPECT_THAT(said, Contains("log of hook-2/side: said"));
    EXPECT_THAT(said, Contains("log of hook-2/main: said"));
    EXPECT_THAT(said, Contains(testing::AllOf(HasSubstr("cannot read log of hook-1/main"),
                                              HasSubstr("no rights"))));
}

TEST_F(Diagnosis, ReportsTheRestWhenSomethingCannotBeRead) {
    const std::string refused = R"({"message": "is forbidden"})";
    server_.put("/apis/apps/v1/namespaces/ns/replicasets", refused, 403);
    server_.put(kPods,
                R"({"items": [{"metadata": {"name": "hook-1"}, "status": {"containerStatuses": [
        {"name": "main", "state": {"waiting": {"reason": "Pulling"}}}]}}]})");
    server_.put(kEventsPath, refused, 403);
    EXPECT_THAT(reasons(), ElementsAre(HasSubstr("cannot read replica sets"),
                                       "pod hook-1: container main is waiting: Pulling ",
                                       testing::AllOf(HasSubstr("cannot read events"),
                                                      HasSubstr("is forbidden"))));
    server_.put(kPods, refused, 403);
    EXPECT_THAT(reasons(), Contains(HasSubstr("cannot read pods")));
}

TEST_F(Diagnosis, ReportsEventsOfKindsWithoutPods) {
    server_.put(kEventsPath,
                R"({"items": [{"involvedObject": {"name": "c", "uid": "c"}, "message": "no"}]})");
    auto client = server_.client();
    EXPECT_THAT(diagnose(client, Json::parse(R"({"kind": "Certificate",
                    "metadata": {"name": "c", "namespace": "ns", "uid": "c"}})")),
                ElementsAre("event on c: no"));
    EXPECT_THAT(diagnose(client, Json::object()), IsEmpty());
}

}  // namespace
}  // namespace airlock::kubernetes
