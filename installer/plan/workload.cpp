#include "installer/plan/workload.hpp"

namespace airlock::installer {
namespace {

using manifests::Document;

const base::YamlNode* pod_spec(const Document& document) {
    const auto& root = document.tree->root();
    if (document.key.kind == "Pod") return root.find("spec");
    if (document.key.kind == "CronJob")
        return root.find_path({"spec", "jobTemplate", "spec", "template", "spec"});
    return root.find_path({"spec", "template", "spec"});
}

}  // namespace

bool is_workload(const kubernetes::ObjectKey& key) {
    static const std::set<std::string> kKinds{
        "Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "Job", "CronJob", "Pod"};
    return kKinds.contains(key.kind);
}

std::set<std::pair<std::string, std::string>> service_accounts(
    const std::vector<Document>& documents) {
    std::set<std::pair<std::string, std::string>> out;
    for (const auto& document : documents) {
        if (!is_workload(document.key)) continue;
        const auto* spec = pod_spec(document);
        auto name = spec == nullptr ? std::string() : spec->text_at({"serviceAccountName"});
        out.emplace(document.key.namespace_name, name.empty() ? "default" : std::move(name));
    }
    return out;
}

}  // namespace airlock::installer
