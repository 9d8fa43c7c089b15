// Which kinds run pods, and as which service account. Pure.
#pragma once

#include "manifests/document.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace airlock::installer {

// Deployment, DaemonSet, StatefulSet, ReplicaSet, Job, CronJob or Pod.
bool is_workload(const kubernetes::ObjectKey& key);

// {namespace, name} of the service accounts that the workloads run as.
std::set<std::pair<std::string, std::string>> service_accounts(
    const std::vector<manifests::Document>& documents);

}  // namespace airlock::installer
