// Where a build gets its bytes: one registry client a host, one HTTP client for files by URL.
#pragma once

#include "base/http.hpp"
#include "bundler/mirrors.hpp"
#include "images/registry.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>

namespace airlock::bundler {

struct SourceOptions {
    std::shared_ptr<const base::TrustStore> trust;
    images::CredentialStore credentials;
    std::set<std::string> plain_http;  // hosts
    std::vector<std::string> mirrors;
};

// Any thread may call.
class Sources {
  public:
    Sources(SourceOptions options, std::stop_token stop);

    // The client for the place that `reference` comes from, mirrors applied, and the reference
    // there.
    std::pair<images::RegistryClient&, images::Reference> locate(
        const images::Reference& reference);
    // The bytes of a file by URL; https, or http for a host of --plain-http.
    std::string fetch(const std::string& url, std::size_t limit);

  private:
    SourceOptions options_;
    std::stop_token stop_;
    Mirrors mirrors_;
    base::HttpClient http_;
    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<images::RegistryClient>> clients_;
};

}  // namespace airlock::bundler
