// Which API server, and who we are there: a kubeconfig file, or the service account of the pod we
// run in.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace airlock::kubernetes {

struct Kubeconfig {
    std::string server;  // https://host:port[/path]
    std::string ca_pem;  // empty: the host's authorities
    std::string client_certificate_pem;
    std::string client_key_pem;
    std::string token;
    std::string token_file;  // read again at each use: it is rotated
    std::string username;    // basic auth
    std::string password;
    std::string tls_server_name;
    bool insecure_skip_tls_verify = false;
    std::string name_space = "default";
    std::string description;  // "context admin of /home/op/.kube/config", for messages

    // --kubeconfig, else $KUBECONFIG (its first file that exists), else ~/.kube/config, else
    // in-cluster. Data and paths (relative to the file) both work. Errc::usage for an unknown
    // context, listing those there are; Errc::unsupported for exec and auth-provider plugins, with
    // what to do instead.
    static Kubeconfig load(const std::optional<std::filesystem::path>& file,
                           const std::string& context);
};

}  // namespace airlock::kubernetes
