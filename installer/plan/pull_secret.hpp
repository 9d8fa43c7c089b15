// The image pull secret of the private registry for the pods of a component: a Secret in each of
// their namespaces, referenced by imagePullSecrets of their service accounts. Reads the cluster,
// never changes it.
#pragma once

#include "images/credentials.hpp"
#include "installer/plan/planned_object.hpp"
#include "kubernetes/client.hpp"
#include "manifests/document.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace airlock::installer {

inline constexpr std::string_view kPullSecretName = "airlock-registry";

// In the order of applying. Server-side apply replaces the whole imagePullSecrets list, so the
// entries of an existing service account are kept.
std::vector<PlannedObject> plan_pull_secrets(kubernetes::Client& client,
                                             const std::vector<manifests::Document>& documents,
                                             const std::string& registry,
                                             const images::Credentials& credentials);

}  // namespace airlock::installer
