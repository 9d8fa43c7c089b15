// Reads the values of a YAML tree and collects problems instead of stopping at the first one, so
// that an operator can fix them all in one edit. base/yaml_fields.hpp stops at the first one.
#pragma once

#include "base/error.hpp"
#include "base/yaml.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace airlock::webhook {

class YamlReader {
  public:
    using Visit = std::function<void(const base::YamlNode&)>;
    using Members = std::vector<std::pair<std::string_view, Visit>>;

    explicit YamlReader(std::string_view file) : file_(file) {}

    // `what` names the value in problems. Each of these adds a problem when `node` is of another
    // type, and gives an empty value.
    std::string string(const base::YamlNode& node, std::string_view what);
    bool flag(const base::YamlNode& node, std::string_view what);
    // Calls the visitor of every key that is present; all other keys are problems.
    void map(const base::YamlNode& node, std::string_view what, const Members& members);

    // At most a screenful is kept.
    void add(const base::YamlNode& node, std::string message);
    const std::vector<base::Problem>& problems() const { return problems_; }

  private:
    std::string file_;
    std::vector<base::Problem> problems_;
};

}  // namespace airlock::webhook
