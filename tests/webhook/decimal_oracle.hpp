// A second, slow implementation of quantities and their products, on strings of decimal digits as
// one calculates on paper. It shares no code and no idea with webhook/quantity.cpp, so the two can
// be compared.
#pragma once

#include <optional>
#include <string>

namespace airlock::webhook::oracle {

// The canonical text of a non-negative quantity whose value has at most 40 digits.
std::string canonical(const std::string& text);

// What apply_ratio() must give for texts that both are well-formed.
std::optional<std::string> product(const std::string& resource, const std::string& base,
                                   const std::string& ratio);

}  // namespace airlock::webhook::oracle
