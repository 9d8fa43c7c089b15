// The house has floors, and its C libraries have rooms: an #include that breaks either fails here.
//   base <- images <- manifests <- { bundler, installer }        webhook -> base only
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = AIRLOCK_SOURCE_DIR;

const std::map<std::string, std::set<std::string>> kMayInclude{
    {"base", {"base"}},
    {"images", {"base", "images"}},
    {"manifests", {"base", "images", "manifests"}},
    {"bundler", {"base", "images", "manifests", "bundler"}},
    {"installer", {"base", "images", "manifests", "installer"}},
    {"webhook", {"base", "webhook"}},
};

// Which files may include a header that matches. All others may not.
const std::vector<std::pair<std::regex, std::set<std::string>>> kFences{
    {std::regex("archive(_entry)?\\.h"), {"base/archive.cpp"}},
    {std::regex("curl/.*"), {"base/http.cpp", "base/url.cpp"}},
    {std::regex("openssl/.*"),
     {"base/digest.cpp", "base/http.cpp", "base/openssl.cpp", "base/openssl.hpp",
      "base/signature.cpp", "base/trust_store.cpp", "installer/certificate.cpp",
      "webhook/certificate.cpp", "webhook/https_server.cpp"}},
    {std::regex("boost/.*"), {"webhook/https_server.cpp", "webhook/http_session.hpp"}},
    {std::regex("yaml-cpp/.*"), {"manifests/yaml.cpp", "webhook/policy.cpp"}},
    {std::regex("spdlog/.*"), {"base/log.cpp"}},
};

struct Include {
    std::string file;
    std::size_t line;
    std::string name;
    bool quoted;
};

std::vector<Include> includes() {
    static const std::regex kInclude(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
    std::vector<Include> out;
    for (const auto& [folder, allowed] : kMayInclude) {
        for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
            const auto extension = entry.path().extension();
            if (extension != ".cpp" && extension != ".hpp") continue;
            std::ifstream in(entry.path());
            std::string text;
            for (std::size_t line = 1; std::getline(in, text); ++line) {
                std::smatch match;
                if (!std::regex_search(text, match, kInclude)) continue;
                out.push_back(
                    {fs::relative(entry.path(), kRoot).string(), line, match[2], match[1] == "\""});
            }
        }
    }
    return out;
}

TEST(Layering, NoArrowRunsTheWrongWay) {
    const auto all = includes();
    ASSERT_GT(all.size(), 100U) << "the test does not see the sources";
    for (const auto& include : all) {
        if (!include.quoted) continue;
        const auto folder = include.file.substr(0, include.file.find('/'));
        const auto target = include.name.substr(0, include.name.find('/'));
        EXPECT_TRUE(kMayInclude.at(folder).contains(target))
            << include.file << ":" << include.line << " includes " << include.name;
    }
}

TEST(Layering, EachLibraryStaysInItsFiles) {
    std::set<std::string> used;
    for (const auto& include : includes()) {
        if (include.quoted) continue;
        for (const auto& [pattern, files] : kFences) {
            if (!std::regex_match(include.name, pattern)) continue;
            EXPECT_TRUE(files.contains(include.file))
                << include.file << ":" << include.line << " includes <" << include.name << ">";
            used.insert(include.file);
        }
    }
    EXPECT_TRUE(used.contains("base/http.cpp")) << "the test does not see the fences";
}

TEST(Layering, AnIncludeNamesItsFolder) {
    for (const auto& include : includes()) {
        if (!include.quoted) continue;
        EXPECT_NE(include.name.find('/'), std::string::npos)
            << include.file << ":" << include.line << " includes " << include.name;
    }
}

}  // namespace
