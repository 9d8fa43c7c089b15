// An arbitrary block as a tar header: nothing, or an entry that survives writing and reading.
#include "base/archive.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace airlock::base;
    // Fix the checksum: a fuzzer would not find a valid one.
    std::string block(reinterpret_cast<const char*>(data), size);
    block.resize(kTarBlock);
    block.replace(148, 8, 8, ' ');
    unsigned sum = 0;
    for (const char c : block)
        sum += static_cast<unsigned char>(c);
    for (std::size_t i = 0; i < 6; ++i)
        block[148 + i] = static_cast<char>('0' + ((sum >> (3 * (5 - i))) & 7U));
    block[154] = '\0';
    const auto entry = read_tar_header(block);
    if (!entry || entry->path.empty() || entry->path.size() > 100) return 0;
    const auto again = read_tar_header(tar_header(*entry));
    if (!again || again->path != entry->path || again->size != entry->size) std::abort();
    return 0;
}
