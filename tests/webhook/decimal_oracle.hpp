// A second, slow implementation of quantities and their products on strings of decimal digits. It
// shares no code with kubernetes/quantity.cpp and webhook/ratio.cpp, so that results can be
// compared.
#pragma once

#include <optional>
#include <string>

namespace airlock::webhook::oracle {

// The canonical text of a non-negative quantity whose value has at most 40 digits.
std::string canonical(const std::string& text);

// What apply_ratio() must return for two valid texts.
std::optional<std::string> product(const std::string& resource, const std::string& base,
                                   const std::string& ratio);

}  // namespace airlock::webhook::oracle
