// The order of the directories, the C libraries' own files, and no include cycle: an #include that
// breaks one of these fails here.
//
//   base <- images <- manifests <- bundler          base <- kubernetes
//   {manifests, images, kubernetes} <- installer    {base, kubernetes} <- controller
//   webhook -> base, kubernetes/{quantity,pod_fit,time}   manifests -> kubernetes/{object_key,object_name}
//   inside installer: cli -> transaction -> nodes -> record; cli and transaction -> plan
#include <gtest/gtest.h>

#include <algorithm>
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

// What a file may include, by the longest directory here that it lies in: directories, and single headers.
const std::map<std::string, std::set<std::string>> kMayInclude{
    {"base", {"base"}},
    {"images", {"base", "images"}},
    {"kubernetes", {"base", "kubernetes"}},
    {"manifests",
     {"base", "images", "manifests", "kubernetes/object_key.hpp", "kubernetes/object_name.hpp"}},
    {"bundler",
     {"base", "images", "manifests", "kubernetes/object_key.hpp", "kubernetes/object_name.hpp",
      "bundler"}},
    {"webhook",
     {"base", "kubernetes/pod_fit.hpp", "kubernetes/quantity.hpp", "kubernetes/time.hpp",
      "webhook"}},
    {"controller", {"base", "kubernetes", "controller"}},
    {"installer",
     {"base", "images", "manifests", "kubernetes", "installer/cli", "installer/transaction"}},
    {"installer/cli",
     {"base", "images", "manifests", "kubernetes", "installer/cli", "installer/transaction",
      "installer/nodes", "installer/record", "installer/plan"}},
    {"installer/transaction",
     {"base", "images", "manifests", "kubernetes", "installer/transaction", "installer/nodes",
      "installer/record", "installer/plan"}},
    {"installer/nodes", {"base", "kubernetes", "installer/nodes", "installer/record"}},
    {"installer/record", {"base", "kubernetes", "installer/record"}},
    {"installer/plan", {"base", "images", "manifests", "kubernetes", "installer/plan"}},
};

// Which files may include a header that matches. All others may not.
const std::vector<std::pair<std::regex, std::set<std::string>>> kFences{
    {std::regex("archive(_entry)?\\.h"), {"base/archive.cpp"}},
    {std::regex("curl/.*"), {"base/http.cpp", "base/url.cpp"}},
    {std::regex("openssl/.*"),
     {"base/base64.cpp", "base/digest.cpp", "base/http.cpp", "base/openssl.cpp", "base/openssl.hpp",
      "base/signature.cpp", "base/trust_store.cpp", "installer/plan/certificate.cpp",
      "webhook/certificate.cpp", "webhook/client_ca.cpp", "webhook/session_stream.cpp"}},
    {std::regex("boost/.*"),
     {"webhook/http_session.cpp", "webhook/https_server.cpp", "webhook/server_thread.hpp",
      "webhook/session_stream.cpp", "webhook/session_stream.hpp"}},
    {std::regex("yaml-cpp/.*"), {"base/yaml.cpp"}},
    {std::regex("spdlog/.*"), {"base/log.cpp"}},
    {std::regex("CLI/.*"), {"base/command_line.cpp"}},
};

struct Include {
    std::string file;
    std::size_t line;
    std::string name;
    bool quoted;
};

std::vector<Include> includes() {
    static const std::regex kInclude(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
    std::set<std::string> directories;
    for (const auto& [directory, allowed] : kMayInclude)
        directories.insert(directory.substr(0, directory.find('/')));
    std::vector<Include> out;
    for (const auto& directory : directories) {
        for (const auto& entry : fs::recursive_directory_iterator(kRoot / directory)) {
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

bool lies_in(const std::string& file, const std::string& place) {
    return file == place || file.starts_with(place + "/");
}

const std::set<std::string>& allowed_for(const std::string& file) {
    const std::set<std::string>* best = nullptr;
    for (const auto& [directory, allowed] : kMayInclude) {
        // The map is sorted: a directory comes before what lies in it.
        if (lies_in(file, directory)) best = &allowed;
    }
    return *best;
}

TEST(Layering, NoIncludeRunsTheWrongWay) {
    const auto all = includes();
    ASSERT_GT(all.size(), 100U) << "the test does not see the sources";
    for (const auto& include : all) {
        if (!include.quoted) continue;
        const auto& allowed = allowed_for(include.file);
        EXPECT_TRUE(std::ranges::any_of(
            allowed, [&](const auto& place) { return lies_in(include.name, place); }))
            << include.file << ":" << include.line << " includes " << include.name;
    }
}

TEST(Layering, EachDirectoryOfTheInstallerIsNamedHere) {
    for (const auto& entry : fs::directory_iterator(kRoot / "installer")) {
        if (!entry.is_directory()) continue;
        EXPECT_TRUE(kMayInclude.contains("installer/" + entry.path().filename().string()))
            << entry.path();
    }
}

// A pair (X.hpp, X.cpp) is one node: that X.cpp includes Y.hpp and Y.cpp includes X.hpp is a cycle
// too, since neither can be understood or tested without the other.
TEST(Layering, NoTwoConceptsIncludeEachOther) {
    std::map<std::string, std::set<std::string>> uses;
    for (const auto& include : includes()) {
        if (!include.quoted) continue;
        const auto from = fs::path(include.file).replace_extension().string();
        const auto to = fs::path(include.name).replace_extension().string();
        if (from != to) uses[from].insert(to);
    }
    ASSERT_GT(uses.size(), 100U);
    // Nodes without a use of another one are taken away until only cycles, and what uses them, are
    // left.
    for (bool removed = true; removed;) {
        removed = false;
        for (auto at = uses.begin(); at != uses.end();) {
            std::erase_if(at->second, [&](const auto& name) { return !uses.contains(name); });
            if (at->second.empty()) {
                at = uses.erase(at);
                removed = true;
            } else {
                ++at;
            }
        }
    }
    std::string left;
    for (const auto& [from, to] : uses) {
        for (const auto& name : to)
            left += "\n  " + from + " -> " + name;
    }
    EXPECT_TRUE(uses.empty()) << "among these is a cycle:" << left;
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

// base/ could be taken into another project: no word of what this one is about. Its own grammar of
// command lines aside, it names no option either: hints come from the callers.
TEST(Layering, BaseKnowsNothingOfTheDomain) {
    static const std::regex kForbidden(
        R"re(\b(oci|kubernetes|kube(let|ctl|config)|registry|registries|manifests?|bundles?|admission|webhooks?|pods?)\b|airlock-\w|["' ]--[a-z])re",
        std::regex::icase);
    static const std::regex kIgnored(
        R"re(^#include|namespace airlock|ca-bundle|--(help|version|depth|left|log-level|log-format)\b|openssl [a-z-]+|verify-blob|`|-verify)re",
        std::regex::icase);
    std::size_t lines = 0;
    for (const auto& entry : fs::directory_iterator(kRoot / "base")) {
        const auto stem = entry.path().stem().string();
        if (stem == "command_line" || stem == "command_docs" || stem == "CMakeLists") continue;
        std::ifstream in(entry.path());
        std::string text;
        for (std::size_t line = 1; std::getline(in, text); ++line, ++lines) {
            if (std::regex_search(text, kIgnored)) continue;
            EXPECT_FALSE(std::regex_search(text, kForbidden))
                << entry.path().filename().string() << ":" << line << ": " << text;
        }
    }
    EXPECT_GT(lines, 1000U) << "the test does not see the sources";
}

TEST(Layering, AnIncludeNamesItsDirectory) {
    for (const auto& include : includes()) {
        if (!include.quoted) continue;
        EXPECT_NE(include.name.find('/'), std::string::npos)
            << include.file << ":" << include.line << " includes " << include.name;
    }
}

}  // namespace
