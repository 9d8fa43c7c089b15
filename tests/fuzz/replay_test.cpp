// Runs a fuzz target as an ordinary test, with every file of its corpus, complete and truncated.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

// The files and the files of the directories in AIRLOCK_CORPUS, separated by colons.
std::vector<fs::path> corpus() {
    std::vector<fs::path> out;
    std::istringstream places(AIRLOCK_CORPUS);
    for (std::string place; std::getline(places, place, ':');) {
        if (fs::is_directory(place)) {
            for (const auto& entry : fs::directory_iterator(place))
                if (entry.is_regular_file()) out.push_back(entry.path());
        } else {
            out.emplace_back(place);
        }
    }
    std::ranges::sort(out);
    return out;
}

std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in.good()) << path;
    return {std::istreambuf_iterator<char>(in), {}};
}

// A heap copy of exactly that size, so that a sanitizer detects a read past its end.
void run(std::string_view text) {
    const std::vector<std::uint8_t> bytes(text.begin(), text.end());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

TEST(AIRLOCK_FUZZ_TARGET, SurvivesItsCorpus) {
    const auto files = corpus();
    ASSERT_GE(files.size(), 5U) << "no corpus in " << AIRLOCK_CORPUS;
    for (const auto& file : files) {
        // A finding aborts the process: this line shows the file.
        std::cout << file.string() << '\n' << std::flush;
        run(read(file));
    }
}

TEST(AIRLOCK_FUZZ_TARGET, SurvivesItsCorpusCutShort) {
    constexpr std::size_t kCuts = 60;
    for (const auto& file : corpus()) {
        std::cout << file.string() << '\n' << std::flush;
        const auto text = read(file);
        const auto step = std::max<std::size_t>(text.size() / kCuts, 1);
        for (std::size_t size = 0; size < text.size(); size += step)
            run(std::string_view(text).substr(0, size));
    }
}

}  // namespace
