// ${NAME} in the kit's own manifests: plain text replacement, with a restriction on the values. A
// value consists of letters, digits, . _ : / = + @ - and single spaces; it starts with a letter,
// digit, _ or /, and a colon is neither at its end nor before a space. Such a value can neither end
// a scalar nor start a key, comment, list or document, with or without quotes. The manifest decides
// its type (number or string) by quotes. Nothing is ever evaluated.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace airlock::manifests {

using Values = std::map<std::string, std::string>;

// [A-Za-z_][A-Za-z0-9_]*
bool is_value_name(std::string_view name);

// Errc::usage, naming the value, when `value` violates the rule above, is empty or longer than
// 1,024 bytes.
void check_value(std::string_view name, std::string_view value);

// `declared`, overridden by the operator's `chosen` values. Errc::usage for a name that is not
// declared (the declared ones are listed) and for a value that violates the rule.
Values merge_values(const Values& declared, const Values& chosen);

// Replaces each ${NAME} with its value and each $${NAME} with a literal ${NAME}; any other $ stays.
// Errc::invalid, with file:line, for a name that is not in `values`.
std::string substitute_values(std::string_view text, std::string_view file, const Values& values);

}  // namespace airlock::manifests
