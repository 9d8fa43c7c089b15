// Builds tar archives entry by entry, including malformed ones.
#pragma once

#include "base/archive.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace airlock::test {

struct TarText {
    std::string text{};

    // ustar; the size field is the size of `body` unless `claimed` overrides it.
    TarText& add(std::string_view name, std::string_view body, char type = '0',
                 std::string_view link = {}, std::string claimed = {}) {
        std::string block(base::kTarBlock, '\0');
        const auto put = [&](std::size_t at, std::string_view field) {
            block.replace(at, field.size(), field);
        };
        put(0, name.substr(0, 100));
        put(100, "0000644");
        put(124, claimed.empty() ? fmt::format("{:011o}", body.size()) : claimed);
        put(148, "        ");
        put(156, std::string_view(&type, 1));
        put(157, link.substr(0, 100));
        put(257, "ustar");
        put(263, "00");
        unsigned sum = 0;
        for (const char c : block)
            sum += static_cast<unsigned char>(c);
        put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
        text += block;
        text += body;
        text.append(base::tar_padding(body.size()), '\0');
        return *this;
    }
    // A pax header for the next entry.
    TarText& pax(std::string_view key, std::string_view value, char type = 'x') {
        const auto rest = fmt::format(" {}={}\n", key, value);
        auto length = rest.size() + 1;
        while (length != rest.size() + std::to_string(length).size())
            ++length;
        return add("pax", std::to_string(length) + rest, type);
    }
    std::string closed() const { return text + std::string(base::kTarEnd, '\0'); }
};

}  // namespace airlock::test
