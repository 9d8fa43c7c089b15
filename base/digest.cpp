#include "base/digest.hpp"

#include "base/error.hpp"
#include "base/openssl.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace airlock::base {

Digest Digest::parse(std::string_view text) {
    const auto colon = text.find(':');
    const auto algorithm = text.substr(0, colon);
    const auto hex = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    const std::size_t length = algorithm == "sha256" ? 64 : algorithm == "sha512" ? 128 : 0;
    const bool lower_hex = std::ranges::all_of(
        hex, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    if (length == 0 || hex.size() != length || !lower_hex) {
        throw Error(Errc::invalid, "\"{}\" is not a valid digest (sha256:<64 hex digits>)",
                    text.substr(0, 200));
    }
    return Digest(std::string(text));
}

void Hasher::Free::operator()(evp_md_ctx_st* context) const noexcept {
    EVP_MD_CTX_free(context);
}

Hasher::Hasher(std::string_view algorithm) : context_(EVP_MD_CTX_new()), algorithm_(algorithm) {
    const auto* method = algorithm == "sha256"   ? EVP_sha256()
                         : algorithm == "sha512" ? EVP_sha512()
                                                 : nullptr;
    if (!context_ || method == nullptr || EVP_DigestInit_ex(context_.get(), method, nullptr) != 1) {
        openssl::throw_error(Errc::internal, fmt::format("cannot start a {} digest", algorithm));
    }
}

Hasher::~Hasher() = default;

void Hasher::update(Bytes bytes) {
    if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) {
        openssl::throw_error(Errc::internal, "cannot update a digest");
    }
}

Digest Hasher::finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
    unsigned int size = 0;
    if (EVP_DigestFinal_ex(context_.get(), raw.data(), &size) != 1) {
        openssl::throw_error(Errc::internal, "cannot finish a digest");
    }
    std::string text = algorithm_ + ":";
    text.reserve(text.size() + std::size_t{2} * size);
    constexpr std::string_view kHex = "0123456789abcdef";
    for (unsigned int i = 0; i < size; ++i) {
        text += kHex[raw[i] >> 4U];
        text += kHex[raw[i] & 15U];
    }
    return Digest(std::move(text));
}

Digest sha256(std::string_view text) {
    Hasher hasher;
    hasher.update(as_bytes(text));
    return hasher.finish();
}

namespace {

[[noreturn]] void throw_size(const std::string& what, std::uint64_t expected, std::uint64_t seen) {
    throw Error(Errc::integrity, "{}: expected {} bytes, got {}", what, expected,
                seen > expected ? "more" : std::to_string(seen));
}

void check_digest(const std::string& what, const Digest& expected, const Digest& seen) {
    if (seen == expected) return;
    throw Error(Errc::integrity, "{}: digest mismatch: expected {}, got {}", what, expected.text(),
                seen.text());
}

}  // namespace

VerifyingSource::VerifyingSource(Source& from, std::uint64_t size, Digest digest, std::string what)
    : from_(from),
      size_(size),
      digest_(std::move(digest)),
      what_(std::move(what)),
      hasher_(digest_.algorithm()) {}

std::size_t VerifyingSource::read(std::span<std::byte> buffer) {
    if (done_) return 0;
    const auto count = from_.read(buffer);
    if (count > size_ - seen_) throw_size(what_, size_, seen_ + count);
    if (count == 0) {
        if (seen_ != size_) throw_size(what_, size_, seen_);
        check_digest(what_, digest_, hasher_.finish());
        done_ = true;
        return 0;
    }
    seen_ += count;
    hasher_.update(buffer.first(count));
    return count;
}

VerifyingSink::VerifyingSink(Sink& to, std::uint64_t size, Digest digest, std::string what)
    : to_(to),
      size_(size),
      digest_(std::move(digest)),
      what_(std::move(what)),
      hasher_(digest_.algorithm()) {}

void VerifyingSink::account(Bytes bytes) {
    if (bytes.size() > size_ - seen_) throw_size(what_, size_, seen_ + bytes.size());
    seen_ += bytes.size();
    hasher_.update(bytes);
}

void VerifyingSink::write(Bytes bytes) {
    account(bytes);
    to_.write(bytes);
}

void VerifyingSink::finish() {
    if (seen_ != size_) throw_size(what_, size_, seen_);
    check_digest(what_, digest_, hasher_.finish());
}

}  // namespace airlock::base
