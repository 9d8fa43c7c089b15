// The public test suite of JSON Patch (json-patch/json-patch-tests), where it exists beside the
// project. The webhook writes and accepts a part of JSON Patch only: refusing a valid patch is
// fine, accepting one that the suite marks as an error is not.
#include "base/error.hpp"
#include "base/file.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/webhook/json_patch_oracle.hpp"
#include "webhook/json_patch.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace airlock::webhook {
namespace {

using base::Json;

TEST(JsonPatchSuite, AcceptsNoPatchThatIsAnError) {
    const auto archive = std::filesystem::path(AIRLOCK_SOURCE_DIR).parent_path() /
                         "shared/suites/json-patch-tests.tar.xz";
    if (!std::filesystem::exists(archive))
        GTEST_SKIP() << "the public suite is not beside the project: " << archive;
    const ::airlock::test::TempFolder folder;
    const auto command = "tar -xJf '" + archive.string() + "' -C '" + folder.path().string() + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
    int accepted = 0;
    int refused = 0;
    for (const auto* file : {"tests.json", "spec_tests.json"}) {
        for (const auto& test : Json::parse(base::read_file(folder.path() / file, 1 << 20))) {
            if (!test.contains("patch") || test.value("disabled", false)) continue;
            SCOPED_TRACE(test.dump());
            const auto patch = test.at("patch").dump();
            auto document = test.at("doc");
            try {
                read_json_patch(patch, [](const Addition&) {});
                test::apply_json_patch(document, patch);
            } catch (const base::Error& error) {
                EXPECT_EQ(error.code(), base::Errc::invalid);
                ++refused;
                continue;
            }
            ++accepted;
            EXPECT_FALSE(test.contains("error"));
            if (test.contains("expected")) {
                EXPECT_EQ(document, test.at("expected"));
            }
        }
    }
    EXPECT_GT(accepted, 5);
    EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace airlock::webhook
