// The sources of a build: one registry client per host, one HTTP client for files by URL, and each
// layout or archive opened once.
#pragma once

#include "base/http.hpp"
#include "base/retry.hpp"
#include "bundler/image_origin.hpp"
#include "bundler/mirrors.hpp"
#include "manifests/bundle/bundle_yaml.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>

namespace airlock::bundler {

struct SourceOptions {
    std::shared_ptr<const base::TrustStore> trust;
    base::TlsHints hints = {};
    images::CredentialStore credentials;
    std::set<std::string> plain_http;  // hosts
    std::vector<std::string> mirrors;
    base::RetryPolicy retry = {};
};

// Any thread may call.
class Sources {
  public:
    Sources(SourceOptions options, std::stop_token stop);

    // The source of the image: the files in its `from`, with paths relative to `directory`, or else
    // its registry, with mirrors applied. REQUIRES: it is not built from files.
    std::shared_ptr<ImageOrigin> origin(const manifests::ImageSpec& image,
                                        const std::filesystem::path& directory);
    // Fetches a file by URL: https, or http for a host in --plain-http.
    std::string fetch(const std::string& url, std::size_t limit);

  private:
    images::RegistryClient& client(const std::string& host);
    std::shared_ptr<images::ImageStore> store(const manifests::FromSpec& from,
                                              const std::filesystem::path& directory);

    SourceOptions options_;
    std::stop_token stop_;
    Mirrors mirrors_;
    base::HttpClient http_;
    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<images::RegistryClient>> clients_;
    std::map<std::string, std::shared_ptr<images::ImageStore>> stores_;
};

}  // namespace airlock::bundler
