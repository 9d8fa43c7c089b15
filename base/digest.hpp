// Content digests: "sha256:<64 hex>", or sha512. A Digest is valid by construction. Bytes cross a
// trust boundary through a VerifyingSource or VerifyingSink, which checks their size and digest.
#pragma once

#include "base/bytes.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace airlock::base {

class Digest {
  public:
    // Errc::invalid for an unknown algorithm, a wrong length or an invalid character.
    static Digest parse(std::string_view text);

    const std::string& text() const { return text_; }  // sha256:1234…
    std::string_view algorithm() const {
        return std::string_view(text_).substr(0, text_.find(':'));
    }
    std::string_view hex() const { return std::string_view(text_).substr(text_.find(':') + 1); }
    std::string_view short_hex() const { return hex().substr(0, 12); }  // for display

    auto operator<=>(const Digest&) const = default;

  private:
    explicit Digest(std::string text) : text_(std::move(text)) {}
    friend class Hasher;
    std::string text_;
};

class Hasher {
  public:
    explicit Hasher(std::string_view algorithm = "sha256");
    ~Hasher();
    Hasher(Hasher&&) noexcept = default;
    Hasher& operator=(Hasher&&) noexcept = default;

    void update(Bytes bytes);
    // Finishes the hash: update() must not be called afterwards.
    Digest finish();

  private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
    std::string algorithm_;
};

Digest sha256(std::string_view text);

// Yields at most `size` bytes of `from`; at the end throws Errc::integrity, naming `what`, if there
// were fewer or more, or if the digest differs. The error is thrown before read() returns 0, so a
// caller that reads to the end has verified the content.
class VerifyingSource final : public Source {
  public:
    VerifyingSource(Source& from, std::uint64_t size, Digest digest, std::string what);
    std::size_t read(std::span<std::byte> buffer) override;

  private:
    Source& from_;
    std::uint64_t size_;
    std::uint64_t seen_ = 0;
    Digest digest_;
    std::string what_;
    Hasher hasher_;
    bool done_ = false;
};

// The same for a sink: passes bytes on to `to`; finish() throws unless all arrived and the digest
// matches.
class VerifyingSink final : public Sink {
  public:
    VerifyingSink(Sink& to, std::uint64_t size, Digest digest, std::string what);
    void write(Bytes bytes) override;
    // Counts bytes that are already at the destination as written (a resumed download).
    void account(Bytes bytes);
    std::uint64_t seen() const { return seen_; }
    void finish();

  private:
    Sink& to_;
    std::uint64_t size_;
    std::uint64_t seen_ = 0;
    Digest digest_;
    std::string what_;
    Hasher hasher_;
};

}  // namespace airlock::base

template <>
struct std::hash<airlock::base::Digest> {
    std::size_t operator()(const airlock::base::Digest& digest) const noexcept {
        return std::hash<std::string>()(digest.text());
    }
};
