#include "installer/plan/workload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::string workload(const std::string& kind, const std::string& spec) {
    return "apiVersion: v1\nkind: " + kind + "\nmetadata: {name: w, namespace: ns}\nspec: " + spec +
           "\n";
}

auto accounts_of(const std::string& text) {
    return service_accounts(manifests::split_documents(text, "it"));
}

TEST(Workload, IsAKindThatRunsPods) {
    for (const auto* kind :
         {"Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "Job", "CronJob", "Pod"})
        EXPECT_TRUE(
            is_workload({.api_version = {}, .kind = kind, .namespace_name = {}, .name = {}}))
            << kind;
    for (const auto* kind : {"Service", "ConfigMap", "PodDisruptionBudget", ""})
        EXPECT_FALSE(
            is_workload({.api_version = {}, .kind = kind, .namespace_name = {}, .name = {}}))
            << kind;
}

TEST(ServiceAccounts, AreReadFromThePodSpecOfEachKind) {
    const std::string pod = "{serviceAccountName: runner}";
    for (const auto& [kind, spec] : std::vector<std::pair<std::string, std::string>>{
             {"Pod", pod},
             {"Deployment", "{template: {spec: " + pod + "}}"},
             {"Job", "{template: {spec: " + pod + "}}"},
             {"CronJob", "{jobTemplate: {spec: {template: {spec: " + pod + "}}}}"}}) {
        EXPECT_THAT(accounts_of(workload(kind, spec)), ElementsAre(Pair("ns", "runner"))) << kind;
    }
}

TEST(ServiceAccounts, DefaultToTheDefaultServiceAccount) {
    EXPECT_THAT(accounts_of(workload("Deployment", "{template: {spec: {containers: []}}}")),
                ElementsAre(Pair("ns", "default")));
    EXPECT_THAT(accounts_of(workload("Deployment", "{}")), ElementsAre(Pair("ns", "default")));
}

TEST(ServiceAccounts, AreUniqueAndOnlyOfWorkloads) {
    const auto pod = workload("Pod", "{serviceAccountName: runner}");
    EXPECT_THAT(accounts_of(pod + "---\n" + pod + "---\n" + workload("Service", "{}")),
                ElementsAre(Pair("ns", "runner")));
    EXPECT_THAT(accounts_of(workload("Service", "{}")), IsEmpty());
}

}  // namespace
}  // namespace airlock::installer
