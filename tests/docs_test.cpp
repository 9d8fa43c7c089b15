// The files, tests and stories that the documentation names exist.
#include "base/file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>
#include <string>

namespace airlock {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = AIRLOCK_SOURCE_DIR;

std::string text_of(const fs::path& file) {
    return base::read_file(file, 1 << 20);
}

// Of each match, the first two groups, joined by a point.
std::set<std::string> names_in(const std::string& text, const std::regex& form) {
    std::set<std::string> names;
    for (std::sregex_iterator match(text.begin(), text.end(), form), end; match != end; ++match)
        names.insert((*match)[1].str() + "." + (*match)[2].str());
    return names;
}

std::set<std::string> tests() {
    const std::regex form(R"(\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\))");
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / "tests")) {
        if (entry.path().extension() == ".cpp") names.merge(names_in(text_of(entry.path()), form));
    }
    return names;
}

std::set<fs::path> documents() {
    std::set<fs::path> files{kRoot / "SECURITY.md", kRoot / "README.md", kRoot / "CONTRIBUTING.md"};
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / "docs")) {
        if (entry.path().extension() == ".md") files.insert(entry.path());
    }
    return files;
}

TEST(Documentation, NamesTestsThatExist) {
    const auto known = tests();
    ASSERT_GT(known.size(), 500U);
    const std::regex form(R"(`([A-Z]\w*)\.([A-Z]\w*)`)");
    std::size_t named = 0;
    for (const auto& file : documents()) {
        for (const auto& name : names_in(text_of(file), form)) {
            ++named;
            EXPECT_TRUE(known.contains(name)) << file << " names " << name;
        }
    }
    EXPECT_GT(named, 40U);
}

// A name without an extension stands for a header and its source.
TEST(Documentation, NamesFilesThatExist) {
    const std::regex form(
        R"(`((?:base|images|kubernetes|manifests|bundler|installer|webhook|controller|tests|cmake|docs)/[\w./-]+)`)");
    std::size_t named = 0;
    for (const auto& document : documents()) {
        const auto text = text_of(document);
        for (std::sregex_iterator match(text.begin(), text.end(), form), end; match != end;
             ++match) {
            ++named;
            const auto name = (*match)[1].str();
            EXPECT_TRUE(fs::exists(kRoot / name) || fs::exists(kRoot / (name + ".hpp")) ||
                        fs::exists(kRoot / (name + ".cpp")))
                << document << " names " << name;
        }
    }
    EXPECT_GT(named, 100U);
}

TEST(Documentation, NamesStoriesThatExist) {
    const auto stories = text_of(kRoot / "tests/e2e/stories.sh") +
                         text_of(kRoot / "tests/e2e/webhook_stories.sh") +
                         text_of(kRoot / "tests/e2e/node_stories.sh");
    const auto security = text_of(kRoot / "SECURITY.md");
    const std::regex form(R"(stor(?:y|ies) ((?:`\w+`(?:, )?)+))");
    const std::regex name(R"(`(\w+)`)");
    std::size_t named = 0;
    for (std::sregex_iterator list(security.begin(), security.end(), form), end; list != end;
         ++list) {
        const auto text = (*list)[1].str();
        for (std::sregex_iterator story(text.begin(), text.end(), name); story != end; ++story) {
            ++named;
            EXPECT_NE(stories.find("\n" + (*story)[1].str() + "() {"), std::string::npos)
                << "SECURITY.md names " << (*story)[1];
        }
    }
    EXPECT_GT(named, 4U);
}

}  // namespace
}  // namespace airlock
