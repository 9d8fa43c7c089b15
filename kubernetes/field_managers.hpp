// The field managers of our programs' writes, as the API server records them in managedFields.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace airlock::kubernetes {

// The installer's: what a bundle's manifests say, credentials to pull images, certificates.
inline constexpr std::string_view kFieldManager = "airlock";
inline constexpr std::string_view kPullSecretManager = "airlock-pull-secret";
inline constexpr std::string_view kCertificateManager = "airlock-certificate";
// The controller's, which creates nothing that an uninstall would have to remove.
inline constexpr std::string_view kControllerManager = "node-oversell-controller";

// Whether the installer wrote the fields that `name` manages.
inline bool is_installer_manager(std::string_view name) {
    static constexpr std::array kInstaller{kFieldManager, kPullSecretManager, kCertificateManager};
    return std::ranges::find(kInstaller, name) != kInstaller.end();
}

}  // namespace airlock::kubernetes
