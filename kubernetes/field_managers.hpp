// The field managers of the programs, as the API server records them in managedFields.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace airlock::kubernetes {

// The installer, for the manifests of a bundle, image pull secrets, and certificates.
inline constexpr std::string_view kFieldManager = "airlock";
inline constexpr std::string_view kPullSecretManager = "airlock-pull-secret";
inline constexpr std::string_view kCertificateManager = "airlock-certificate";
// The controller, which creates nothing that an uninstall would have to remove.
inline constexpr std::string_view kControllerManager = "node-oversell-controller";

// Whether the installer wrote the fields that `name` manages.
inline bool is_installer_manager(std::string_view name) {
    static constexpr std::array kInstaller{kFieldManager, kPullSecretManager, kCertificateManager};
    return std::ranges::find(kInstaller, name) != kInstaller.end();
}

}  // namespace airlock::kubernetes
