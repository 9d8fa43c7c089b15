// A client of one registry (OCI distribution-spec 1.1): pull and push, anonymous, basic or
// bearer-token auth (docs.docker.com/registry/spec/auth/token). Any thread may call; connections
// and tokens are shared. Every error names the repository and what the registry said. Transient
// failures are tried again; a push starts its blob again.
#pragma once

#include "base/bytes.hpp"
#include "base/http.hpp"
#include "base/retry.hpp"
#include "images/credentials.hpp"
#include "images/manifest.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace airlock::images {

struct RegistryOptions {
    std::shared_ptr<const base::TrustStore> trust;  // none: the host's authorities
    bool plain_http = false;                        // only when the operator asked for it, by host
    CredentialStore credentials;
    base::RetryPolicy retry;
    std::chrono::seconds stall_timeout{60};  // no byte either way for so long is a failed try
    base::TlsHints hints = {};
};

enum class MountResult { mounted, upload_needed };

// What stands under a tag for the moment before it is gone, where only manifests can be deleted: an
// image of nothing, made different from every other by where it goes.
Manifest removal_mark(const std::string& repository, const std::string& tag);

class RegistryClient {
  public:
    // `host` as in a reference: docker.io, quay.io, localhost:5000.
    RegistryClient(std::string host, RegistryOptions options, std::stop_token stop);
    ~RegistryClient();

    // Another reason to stop than that of the constructor. Not while calls are under way.
    void set_stop(std::stop_token stop);

    const std::string& host() const;

    // GET /v2/: reachable, and it is a registry that takes our credentials. Errc::denied, with the
    // hint, when not.
    void ping();

    // The manifest's bytes, verified when `identifier` is a digest. Errc::not_found when absent.
    Manifest get_manifest(const std::string& repository, const std::string& identifier);
    // Digest and media type without the body; nothing when absent.
    std::optional<Descriptor> head_manifest(const std::string& repository,
                                            const std::string& identifier);
    // `identifier` is a tag or the digest.
    void put_manifest(const std::string& repository, const std::string& identifier,
                      const std::string& raw, const std::string& media_type);
    // Errc::unsupported when the registry does not delete (405).
    void delete_manifest(const std::string& repository, const base::Digest& digest);
    // Removes that tag alone, whatever else points at its digest; nothing to do when it is absent.
    // On Harbor by its API; elsewhere a manifest of our own goes under the tag and is then deleted
    // by its digest: deleting the digest that the tag points to would take everybody's tags with
    // it. Errc::unsupported, and the tag as it was, when the registry does not delete.
    void delete_tag(const std::string& repository, const std::string& tag);
    // Whether this registry deletes at all (Distribution: storage.delete.enabled), found without
    // changing anything.
    bool can_delete(const std::string& repository);

    bool has_blob(const std::string& repository, const base::Digest& digest);
    // Bytes from `offset` on into `to` (Range); the caller verifies. Returns false when the
    // registry does not do ranges and `offset` is not 0: nothing was written then.
    bool get_blob(const std::string& repository, const Descriptor& blob, std::uint64_t offset,
                  base::Sink& to);
    // Small blobs (configs), verified, at most `limit` bytes.
    std::string get_blob_text(const std::string& repository, const Descriptor& blob,
                              std::size_t limit);
    // POST, then PUT with the bytes; `progress` is told how many went.
    void push_blob(const std::string& repository, const Descriptor& blob,
                   base::RewindableSource& from,
                   const std::function<void(std::uint64_t)>& progress = {});
    // POST ?mount=…&from=…; upload_needed when the registry does not.
    MountResult mount_blob(const std::string& repository, const base::Digest& digest,
                           const std::string& from);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace airlock::images
