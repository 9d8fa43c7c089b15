#include "base/bytes.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

namespace airlock::base {

std::size_t StringSource::read(std::span<std::byte> buffer) {
    const auto rest = text_.substr(std::min<std::size_t>(position_, text_.size()));
    const auto count = std::min(rest.size(), buffer.size());
    std::memcpy(buffer.data(), rest.data(), count);
    position_ += count;
    return count;
}

void StringSink::write(Bytes bytes) {
    if (bytes.size() > limit_ - text_.size()) {
        throw Error(Errc::invalid, "{} is larger than {} bytes", what_, limit_);
    }
    text_.append(as_text(bytes));
}

std::uint64_t copy(Source& from, Sink& to, const std::stop_token& stop) {
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kCopyBuffer);
    std::uint64_t total = 0;
    while (const auto count = from.read({buffer.get(), kCopyBuffer})) {
        if (stop.stop_requested()) throw Error(Errc::cancelled, "cancelled");
        to.write({buffer.get(), count});
        total += count;
    }
    return total;
}

std::string read_all(Source& from, std::size_t limit, std::string_view what) {
    StringSink sink(limit, std::string(what));
    copy(from, sink);
    return sink.take();
}

}  // namespace airlock::base
