// A map in a file that an operator wrote, read key by key: every key has one type, and unknown keys
// are rejected (most are misspelled). All errors are Errc::invalid with file:line:column.
#pragma once

#include "base/yaml.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::base {

class YamlFields {
  public:
    // `what` names the map in messages: "a component". The tree and the node must outlive it.
    YamlFields(const YamlTree& tree, const YamlNode& node, std::string what);

    // Null values count as absent. Each call records that the key is known.
    const YamlNode* find(std::string_view key);
    std::string string(std::string_view key, std::string fallback = {});
    std::string required_string(std::string_view key);
    bool flag(std::string_view key, bool fallback);  // true or false, without quotes
    std::vector<const YamlNode*> list(std::string_view key);
    std::vector<std::string> strings(std::string_view key);  // a list of strings
    std::map<std::string, std::string> string_map(std::string_view key);

    // Call after the last key was read: rejects any other key, and lists the known ones.
    void finish() const;

    [[noreturn]] void refuse(const YamlNode& at, std::string_view message,
                             std::string hint = {}) const;
    [[noreturn]] void refuse(std::string_view message, std::string hint = {}) const {
        refuse(node_, message, std::move(hint));
    }

  private:
    std::string text_of(const YamlNode& node, std::string_view key) const;

    const YamlTree& tree_;
    const YamlNode& node_;
    std::string what_;
    std::vector<std::string> known_;
};

}  // namespace airlock::base
