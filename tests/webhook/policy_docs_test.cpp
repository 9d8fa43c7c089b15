// The examples in docs/policy.md are policies that the webhook accepts.
#include "base/file.hpp"
#include "webhook/policy.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace airlock::webhook {
namespace {

struct Example {
    std::size_t line;
    std::string yaml;
};

std::vector<Example> yaml_blocks(const std::string& markdown) {
    std::vector<Example> blocks;
    std::istringstream lines(markdown);
    bool inside = false;
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (!inside && line == "```yaml") {
            inside = true;
            blocks.push_back({number + 1, {}});
        } else if (line == "```") {
            inside = false;
        } else if (inside) {
            blocks.back().yaml += line + '\n';
        }
    }
    EXPECT_FALSE(inside) << "a block is not closed";
    return blocks;
}

TEST(PolicyDocs, EveryExampleIsAValidPolicy) {
    const auto markdown = base::read_file(AIRLOCK_SOURCE_DIR "/docs/policy.md", 1 << 20);
    std::size_t policies = 0;
    for (const auto& example : yaml_blocks(markdown)) {
        if (example.yaml.find("kind: Policy") == std::string::npos) continue;
        ++policies;
        EXPECT_NO_THROW(Policy::parse(example.yaml, "example"))
            << "docs/policy.md:" << example.line << '\n'
            << example.yaml;
    }
    EXPECT_GE(policies, 3U);
}

}  // namespace
}  // namespace airlock::webhook
