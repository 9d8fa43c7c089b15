// ${NAME} in our own manifests. Plain text replacement with a rule for the text: a value may hold
// letters, digits and . _ : / = + @ - and single spaces inside; it begins with a letter, digit, _
// or /, and no colon ends it or stands before a space. Such a value can neither end a scalar nor
// begin a key, comment, list or document, in quotes or without. What it means (a number, a string)
// is for the manifest to say, by quotes. Nothing is ever evaluated.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace airlock::manifests {

using Values = std::map<std::string, std::string>;

// [A-Za-z_][A-Za-z0-9_]*
bool is_value_name(std::string_view name);

// Errc::usage, naming the value, when `value` breaks the rule above, is empty or longer than 1,024
// bytes.
void check_value(std::string_view name, std::string_view value);

// `declared` with the operator's `chosen` ones over it. Errc::usage for a name that is not declared
// (the declared ones are listed) and for a value that breaks the rule.
Values merge_values(const Values& declared, const Values& chosen);

// Each ${NAME} becomes its value, each $${NAME} a literal ${NAME}; every other use of $ stays.
// Errc::invalid, with file:line, for a name that is not in `values`.
std::string substitute_values(std::string_view text, std::string_view file, const Values& values);

}  // namespace airlock::manifests
