// Streams of bytes: Source is pulled from, Sink is pushed to. Everything that moves a blob uses
// these two with fixed buffers, so a blob is never held in memory as a whole. A stream is used by
// one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace airlock::base {

using Bytes = std::span<const std::byte>;

inline Bytes as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}
inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Source {
  public:
    virtual ~Source() = default;
    // Fills the beginning of `buffer` and returns the number of bytes; 0 only at the end. REQUIRES:
    // the buffer is not empty.
    virtual std::size_t read(std::span<std::byte> buffer) = 0;
};

// A source that an upload can read again from any offset, and whose size is known in advance.
class RewindableSource : public Source {
  public:
    virtual std::uint64_t size() const = 0;
    // The next read() starts at `offset`. REQUIRES: offset <= size().
    virtual void rewind(std::uint64_t offset) = 0;
};

class Sink {
  public:
    virtual ~Sink() = default;
    // Accepts all of `bytes` or throws.
    virtual void write(Bytes bytes) = 0;
};

class StringSource final : public RewindableSource {
  public:
    // Does not copy: `text` must outlive it.
    explicit StringSource(std::string_view text) : text_(text) {}
    std::size_t read(std::span<std::byte> buffer) override;
    std::uint64_t size() const override { return text_.size(); }
    void rewind(std::uint64_t offset) override { position_ = offset; }

  private:
    std::string_view text_;
    std::uint64_t position_ = 0;
};

// Keeps at most `limit` bytes; Errc::invalid, naming `what`, for more.
class StringSink final : public Sink {
  public:
    StringSink(std::size_t limit, std::string what) : limit_(limit), what_(std::move(what)) {}
    void write(Bytes bytes) override;
    const std::string& text() const { return text_; }
    std::string take() { return std::move(text_); }

  private:
    std::size_t limit_;
    std::string what_;
    std::string text_;
};

inline constexpr std::size_t kCopyBuffer = 256 * 1024;

// Copies to the end of `from`; returns the number of bytes. Errc::cancelled when `stop` is
// requested.
std::uint64_t copy(Source& from, Sink& to, const std::stop_token& stop = {});

// Reads `from` to its end into a string of at most `limit` bytes.
std::string read_all(Source& from, std::size_t limit, std::string_view what);

}  // namespace airlock::base
