// The kinds that the bundle's own CRDs define. Discovery does not know them before the CRDs are
// applied. Never changes anything.
#pragma once

#include "kubernetes/client.hpp"
#include "manifests/document.hpp"

#include <map>
#include <string>
#include <utility>

namespace airlock::installer {

class BundledKinds {
  public:
    // Adds the kind that a CustomResourceDefinition defines; ignores other documents.
    void add(const manifests::Document& document);

    // The key with the default namespace filled in for namespaced kinds and dropped for others.
    kubernetes::ObjectKey place(kubernetes::Client& client, kubernetes::ObjectKey key) const;

  private:
    std::map<std::pair<std::string, std::string>, bool> namespaced_;  // by group and kind
};

}  // namespace airlock::installer
