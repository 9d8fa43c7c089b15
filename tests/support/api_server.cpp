#include "tests/support/api_server.hpp"

#include "base/file.hpp"
#include "base/http.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace airlock::test {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// As built by tests/cluster/build-kubernetes.sh, or by build-new-kubernetes.sh where the first is not
// possible.
fs::path program() {
    fs::path cache = variable("AIRLOCK_CACHE");
    if (cache.empty()) {
        const auto home = variable("XDG_CACHE_HOME");
        cache = (home.empty() ? fs::path(variable("HOME")) / ".cache" : fs::path(home)) / "airlock";
    }
    for (const auto* version : {"kubernetes-1.20.2", "kubernetes-1.36.3"}) {
        if (fs::exists(cache / version / "kube-apiserver"))
            return cache / version / "kube-apiserver";
    }
    return cache / "kubernetes-1.20.2" / "kube-apiserver";
}

std::string free_address() {
    const base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto size = static_cast<socklen_t>(sizeof address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd.get(), any, size) != 0 || ::getsockname(fd.get(), any, &size) != 0)
        throw std::runtime_error("no free port");
    return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

bool answers(const std::string& url, const base::HttpOptions& options) {
    try {
        return base::HttpClient(options).send({.url = url}).ok();
    } catch (const base::Error&) {
        return false;
    }
}

// Another process may take the free port before it is used: `start` is retried when its program
// exits.
template <typename Start>
void until_ready(const std::string& name, Start&& start) {
    std::string log;
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto [daemon, url, options] = start();
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
        while (daemon->runs() && std::chrono::steady_clock::now() < deadline) {
            if (answers(url, options)) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        log = daemon->log();
    }
    throw std::runtime_error(name + " did not become ready:\n" +
                             log.substr(log.size() - std::min<std::size_t>(log.size(), 3000)));
}

struct Started {
    Daemon* daemon;
    std::string url;
    base::HttpOptions options;
};

}  // namespace

std::string ApiServer::missing() {
    if (!fs::exists(program())) {
        return "no " + program().string() +
               ": run tests/cluster/build-kubernetes.sh to build it, in 5 minutes";
    }
    try {
        run({"etcd", "--version"});
    } catch (const std::exception&) {
        return "no etcd on PATH: install Debian's package etcd-server";
    }
    return {};
}

ApiServer::ApiServer() {
    const auto server = authority_.issue("IP:127.0.0.1,DNS:localhost,DNS:kubernetes");
    fs::copy_file(server.certificate, folder_ / "server.crt");
    fs::copy_file(server.key, folder_ / "server.key");
    folder_.write("ca.crt", authority_.pem());
    folder_.write("ca.key", authority_.key_pem());
    run({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-subj", "/O=system:masters/CN=admin", "-keyout", folder_ / "admin.key", "-out",
         folder_ / "admin.csr"});
    folder_.write("purpose", "extendedKeyUsage=clientAuth\n");
    run({"openssl", "x509", "-req", "-in", folder_ / "admin.csr", "-CA", folder_ / "ca.crt",
         "-CAkey", folder_ / "ca.key", "-CAcreateserial", "-days", "2", "-out",
         folder_ / "admin.crt", "-extfile", folder_ / "purpose"});
    run({"openssl", "genrsa", "-out", folder_ / "accounts.key", "2048"});
    folder_.write("tokens.csv", "nobody-token,nobody,1\n");
    start_etcd();
    start_api_server();
}

void ApiServer::start_etcd() {
    until_ready("etcd", [&]() -> Started {
        etcd_url_ = "http://" + free_address();
        const auto peers = "http://" + free_address();
        etcd_ = std::make_unique<Daemon>(
            std::vector<std::string>{
                "etcd", "--data-dir", folder_ / "etcd", "--logger", "zap", "--log-level", "warn",
                "--unsafe-no-fsync", "--listen-client-urls", etcd_url_, "--advertise-client-urls",
                etcd_url_, "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers,
                "--initial-cluster", "default=" + peers},
            folder_ / "etcd.log");
        return {etcd_.get(), etcd_url_ + "/health", {}};
    });
}

void ApiServer::start_api_server() {
    until_ready("kube-apiserver", [&]() -> Started {
        const auto address = free_address();
        url_ = "https://" + address;
        // The advertised address is unused: no Endpoints are created for it.
        api_server_ = std::make_unique<Daemon>(
            std::vector<std::string>{
                program(), "--etcd-servers=" + etcd_url_, "--bind-address=127.0.0.1",
                "--secure-port=" + address.substr(address.find(':') + 1),
                "--advertise-address=192.0.2.1", "--endpoint-reconciler-type=none",
                "--service-cluster-ip-range=10.96.0.0/16",
                "--cert-dir=" + (folder_ / "generated").string(),
                "--tls-cert-file=" + (folder_ / "server.crt").string(),
                "--tls-private-key-file=" + (folder_ / "server.key").string(),
                "--client-ca-file=" + (folder_ / "ca.crt").string(),
                "--token-auth-file=" + (folder_ / "tokens.csv").string(),
                "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount",
                "--service-account-key-file=" + (folder_ / "accounts.key").string(),
                "--service-account-signing-key-file=" + (folder_ / "accounts.key").string(),
                "--service-account-issuer=https://kubernetes.default.svc"},
            folder_ / "api-server.log");
        const auto who = admin();
        base::HttpOptions options;
        options.trust = base::TrustStore::only(who.ca_pem, "the CA of the test");
        options.client_certificate = who.client_certificate_pem;
        options.client_key = who.client_key_pem;
        return {api_server_.get(), url_ + "/readyz", std::move(options)};
    });
}

kubernetes::Kubeconfig ApiServer::admin() const {
    kubernetes::Kubeconfig config;
    config.server = url_;
    config.ca_pem = authority_.pem();
    config.client_certificate_pem = folder_.read("admin.crt");
    config.client_key_pem = folder_.read("admin.key");
    config.description = "context admin of the test";
    return config;
}

kubernetes::Kubeconfig ApiServer::nobody() const {
    kubernetes::Kubeconfig config;
    config.server = url_;
    config.ca_pem = authority_.pem();
    config.token = "nobody-token";
    config.description = "context nobody of the test";
    return config;
}

}  // namespace airlock::test
