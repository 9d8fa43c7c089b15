// A client for one registry (OCI distribution-spec 1.1): pull and push, with anonymous, basic or
// bearer-token authentication (docs.docker.com/registry/spec/auth/token). Any thread may call;
// connections and tokens are shared. Every error names the repository and quotes the registry's
// message. Transient failures are retried; a push restarts its blob.
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
    bool plain_http = false;                        // only when the operator requested it, per host
    CredentialStore credentials;
    base::RetryPolicy retry;
    std::chrono::seconds stall_timeout{60};  // an attempt fails after so long without data
    base::TlsHints hints = {};
};

enum class MountResult { mounted, upload_needed };

// The manifest that temporarily replaces a tag to be removed, where a registry deletes manifests
// only: an empty image, unique to its repository and tag.
Manifest tombstone_manifest(const std::string& repository, const std::string& tag);

class RegistryClient {
  public:
    // `host` as in a reference: docker.io, quay.io, localhost:5000.
    RegistryClient(std::string host, RegistryOptions options, std::stop_token stop);
    ~RegistryClient();

    // Replaces the constructor's stop token. Must not be called during other calls.
    void set_stop(std::stop_token stop);

    const std::string& host() const;

    // GET /v2/: checks that it is a registry, reachable, and accepts the credentials. Errc::denied,
    // with a hint, if it does not.
    void ping();

    // The manifest's bytes, verified when `identifier` is a digest. Errc::not_found when absent.
    Manifest get_manifest(const std::string& repository, const std::string& identifier);
    // Digest and media type without the body; nothing when absent.
    std::optional<Descriptor> head_manifest(const std::string& repository,
                                            const std::string& identifier);
    // `identifier` is a tag or the digest.
    void put_manifest(const std::string& repository, const std::string& identifier,
                      const std::string& raw, const std::string& media_type);
    // Errc::unsupported when the registry does not support deletion (405).
    void delete_manifest(const std::string& repository, const base::Digest& digest);
    // Removes only this tag, whatever other tags point to its digest; does nothing when it is
    // absent. On Harbor through its API, which needs the permission tag: delete alone. Elsewhere the
    // tag is moved to a tombstone manifest, which is then deleted by digest: deleting the digest
    // that the tag points to would delete all tags that point to it. Errc::unsupported, without
    // changing the tag, when the registry or the user may not delete it.
    void delete_tag(const std::string& repository, const std::string& tag);
    // Whether delete_tag() would be permitted (Distribution: storage.delete.enabled; Harbor: the
    // user's permission), checked without changing anything.
    bool can_delete(const std::string& repository);

    bool has_blob(const std::string& repository, const base::Digest& digest);
    // Writes the bytes from `offset` on to `to` (Range); the caller verifies. Returns false, with
    // nothing written, when the registry does not support ranges and `offset` is not 0.
    bool get_blob(const std::string& repository, const Descriptor& blob, std::uint64_t offset,
                  base::Sink& to);
    // Small blobs (configs), verified, at most `limit` bytes.
    std::string get_blob_text(const std::string& repository, const Descriptor& blob,
                              std::size_t limit);
    // POST, then PUT with the content; `progress` receives the number of bytes sent.
    void push_blob(const std::string& repository, const Descriptor& blob,
                   base::RewindableSource& from,
                   const std::function<void(std::uint64_t)>& progress = {});
    // POST ?mount=…&from=…; upload_needed when the registry does not mount it.
    MountResult mount_blob(const std::string& repository, const base::Digest& digest,
                           const std::string& from);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace airlock::images
