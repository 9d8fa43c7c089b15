// A real etcd and kube-apiserver on free ports of 127.0.0.1, with an administrator's certificate
// and a user's token: enough of a cluster for code that only uses the API. No workloads run in it.
#pragma once

#include "kubernetes/client.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_folder.hpp"

#include <memory>
#include <string>

namespace airlock::test {

class ApiServer {
  public:
    // The reason why none can be started on this machine; empty if it can.
    static std::string missing();

    ApiServer();

    const std::string& url() const { return url_; }
    // With a client certificate, a member of system:masters.
    kubernetes::Kubeconfig admin() const;
    // With the token of a user without permissions.
    kubernetes::Kubeconfig nobody() const;
    const TempFolder& folder() const { return folder_; }

  private:
    void start_etcd();
    void start_api_server();

    TempFolder folder_;
    CertificateAuthority authority_{"kubernetes"};
    std::string url_;
    std::string etcd_url_;
    std::unique_ptr<Daemon> etcd_;
    std::unique_ptr<Daemon> api_server_;
};

}  // namespace airlock::test
