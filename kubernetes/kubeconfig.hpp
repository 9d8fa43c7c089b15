// Address and credentials of an API server, from a kubeconfig file or the service account of the
// pod. Never runs a credential plugin.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace airlock::kubernetes {

struct Kubeconfig {
    std::string server;  // https://host:port[/path]
    std::string ca_pem;  // empty: the CA certificates of the host
    std::string client_certificate_pem;
    std::string client_key_pem;
    std::string token;
    std::string token_file;  // read at each use, because tokens are rotated
    std::string username;    // basic auth
    std::string password;
    std::string tls_server_name;
    bool insecure_skip_tls_verify = false;
    std::string name_space = "default";
    std::string description;  // "context admin of /home/op/.kube/config", for messages

    // Loads `file`, else $KUBECONFIG (its first file that exists), else ~/.kube/config, else the
    // service account of the pod. Errc::usage for an unknown context, with a list of the existing
    // ones; Errc::unsupported for exec and auth-provider plugins, with an alternative.
    static Kubeconfig load(const std::optional<std::filesystem::path>& file,
                           const std::string& context);
};

}  // namespace airlock::kubernetes
