#include "installer/plan/bundled_kinds.hpp"

namespace airlock::installer {

void BundledKinds::add(const manifests::Document& document) {
    if (document.key.kind != "CustomResourceDefinition") return;
    const auto& root = document.tree->root();
    namespaced_[{root.text_at({"spec", "group"}), root.text_at({"spec", "names", "kind"})}] =
        root.text_at({"spec", "scope"}) == "Namespaced";
}

kubernetes::ObjectKey BundledKinds::place(kubernetes::Client& client,
                                          kubernetes::ObjectKey key) const {
    key = client.with_namespace(std::move(key), true);
    const auto at = namespaced_.find({key.group(), key.kind});
    if (at == namespaced_.end()) return key;
    if (!at->second) key.namespace_name.clear();
    if (at->second && key.namespace_name.empty()) key.namespace_name = client.default_namespace();
    return key;
}

}  // namespace airlock::installer
