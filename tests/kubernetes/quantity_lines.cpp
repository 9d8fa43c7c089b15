// quantity_lines generate COUNT SEED    prints random quantities, some of them malformed
// quantity_lines                        prints the canonical form of each quantity on standard
//                                       input, or "invalid"
#include "kubernetes/quantity.hpp"

#include <array>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <string_view>

namespace {

std::string random_quantity(std::mt19937_64& random) {
    static constexpr std::array kSuffixes{
        "",   "",   "",   "m",  "n",  "u",  "k",   "M",  "G",   "T", "P", "E",  "Ki", "Mi", "Gi",
        "Ti", "Pi", "Ei", "e3", "E3", "e6", "e-3", "e0", "E+2", "x", "K", "ki", "mi", "e",  "i"};
    const auto below = [&](std::uint64_t end) { return random() % end; };
    const auto digits = [&](std::uint64_t most) {
        std::string text;
        for (auto left = below(most + 1); left > 0; --left)
            text += static_cast<char>('0' + below(10));
        return text;
    };
    std::string text;
    if (below(12) == 0) text += below(2) == 0 ? '-' : '+';
    // Usual sizes, and now and then one near the limits.
    text += below(16) == 0 ? digits(19) : std::to_string(below(std::uint64_t{1} << below(34)));
    if (below(3) == 0) text += '.' + digits(below(8) == 0 ? 14 : 4);
    text += kSuffixes.at(below(kSuffixes.size()));
    return text;
}

}  // namespace

int main(int argc, char** argv) {
    std::ios::sync_with_stdio(false);
    if (argc == 4 && std::string_view(argv[1]) == "generate") {
        std::mt19937_64 random(std::strtoull(argv[3], nullptr, 10));
        for (auto left = std::strtoull(argv[2], nullptr, 10); left > 0; --left)
            std::cout << random_quantity(random) << '\n';
        return 0;
    }
    for (std::string line; std::getline(std::cin, line);) {
        const auto quantity = airlock::kubernetes::Quantity::parse(line);
        std::cout << (quantity ? quantity->text() : "invalid") << '\n';
    }
}
