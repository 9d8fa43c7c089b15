#include "tests/support/docker_registry.hpp"

#include "base/file.hpp"
#include "tests/support/loopback.hpp"

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <thread>

namespace airlock::test {
namespace {

base::UniqueFd new_socket() {
    return base::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

std::uint16_t free_port() {
    const auto fd = new_socket();
    auto address = loopback(0);
    auto size = static_cast<socklen_t>(sizeof address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd.get(), any, size) != 0 || ::getsockname(fd.get(), any, &size) != 0)
        throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

bool listens(std::uint16_t port) {
    const auto fd = new_socket();
    const auto address = loopback(port);
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

DockerRegistry::DockerRegistry(DockerRegistryOptions options) {
    if (options.htpasswd) {
        folder_.write("htpasswd", run({"htpasswd", "-Bin", "-C", "4", options.htpasswd->first},
                                      options.htpasswd->second));
    }
    std::string log;
    // Another process may take the free port before it is used.
    for (int attempt = 0; attempt < 5; ++attempt) {
        const auto port = free_port();
        address_ = "127.0.0.1:" + std::to_string(port);
        write_config(options);
        daemon_ = std::make_unique<Daemon>(
            std::vector<std::string>{"docker-registry", "serve", folder_ / "config.yml"},
            folder_ / "registry.log");
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (daemon_->runs() && std::chrono::steady_clock::now() < deadline) {
            // Its log shows that it owns the port; a connection alone does not.
            if (daemon_->log().find("listening on") != std::string::npos && listens(port)) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        log = daemon_->log();
    }
    throw std::runtime_error("docker-registry did not start: " + log);
}

void DockerRegistry::write_config(const DockerRegistryOptions& options) const {
    std::string text =
        "version: 0.1\nlog: {level: info}\nstorage:\n  filesystem: {rootdirectory: " +
        (folder_ / "data").string() +
        "}\n  delete: {enabled: " + (options.deletes ? "true" : "false") +
        "}\nhttp:\n  addr: " + address_ + "\n";
    if (!options.external_url.empty()) text += "  host: " + options.external_url + "\n";
    if (options.tls) {
        text += "  tls: {certificate: " + options.tls->certificate.string() +
                ", key: " + options.tls->key.string() + "}\n";
    }
    if (options.htpasswd)
        text += "auth: {htpasswd: {realm: test, path: " + (folder_ / "htpasswd").string() + "}}\n";
    if (!options.token_settings.empty()) text += "auth: {token: " + options.token_settings + "}\n";
    folder_.write("config.yml", text);
}

}  // namespace airlock::test
