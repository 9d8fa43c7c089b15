// One YAML document from outside, as a tree that knows the position of each value. Read-only:
// nothing here ever writes YAML, and no other file of the project includes yaml-cpp.
//
// Rejected, with file:line:column, because the API server's parser could read them differently, or
// because they need unbounded resources: duplicate keys, keys that are not scalars, tags other than
// the core ones (`!!binary` hides text), control characters, invalid UTF-8, a lone CR or a Unicode
// line break (go-yaml ends a comment there, others do not), aliases that expand beyond
// kMaxYamlNodes or contain themselves, nesting beyond kMaxYamlDepth.
#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace airlock::base {

inline constexpr std::size_t kMaxYamlSize = 8 * 1024 * 1024;  // bytes of one file
inline constexpr std::size_t kMaxYamlDepth = 200;             // a CRD's schema is nested 60 deep
inline constexpr std::size_t kMaxYamlNodes = 500'000;         // with aliases expanded

struct YamlNode {
    enum class Kind { null, scalar, list, map };

    Kind kind = Kind::null;
    std::string value;    // of a scalar, unescaped and unfolded
    bool quoted = false;  // a scalar that is always a string: in quotes, or a block
    // In bytes of the text without its byte order mark; at the tag or anchor when there is one.
    std::size_t offset = 0;
    std::size_t line = 0;                                              // of the file, from 1
    std::size_t column = 0;                                            // in bytes, from 1
    std::vector<const YamlNode*> items;                                // of a list
    std::vector<std::pair<const YamlNode*, const YamlNode*>> entries;  // of a map, in their order

    bool is_map() const { return kind == Kind::map; }
    bool is_list() const { return kind == Kind::list; }
    bool is_scalar() const { return kind == Kind::scalar; }
    bool is_null() const { return kind == Kind::null; }
    // The value of `key` in a map; nullptr when it is absent or this is not a map.
    const YamlNode* find(std::string_view key) const;
    // The value at a path of keys, as find_path({"spec", "template"}); nullptr when one is absent.
    const YamlNode* find_path(std::initializer_list<std::string_view> path) const;
    // The scalar at a path of keys; empty when it is absent or no scalar.
    std::string text_at(std::initializer_list<std::string_view> path) const;
};

// Owns the nodes. An alias shares the node that it refers to, so a walk from root() visits at most
// kMaxYamlNodes.
class YamlTree {
  public:
    // `text` holds exactly one document; `file` is for messages; `first_line` is the line in the
    // file where `text` begins. Errc::invalid (or unsupported) for everything listed above.
    static YamlTree parse(std::string_view text, std::string_view file, std::size_t first_line = 1);

    YamlTree(YamlTree&&) noexcept;
    YamlTree& operator=(YamlTree&&) noexcept;
    ~YamlTree();

    const YamlNode& root() const;
    const std::string& file() const;

  private:
    struct Nodes;
    explicit YamlTree(std::unique_ptr<Nodes> nodes);
    std::unique_ptr<Nodes> nodes_;
};

// `text` without a leading byte order mark, which would shift every position by three.
std::string_view without_byte_order_mark(std::string_view text);

// Checks size, encoding, control characters and line breaks as listed above; parse() calls it
// first.
void check_yaml_bytes(std::string_view text, std::string_view file, std::size_t first_line = 1);

// "FILE:LINE:COLUMN: message", for readers of a tree.
Error yaml_error(Errc code, std::string_view file, const YamlNode& node, std::string_view message);

}  // namespace airlock::base
