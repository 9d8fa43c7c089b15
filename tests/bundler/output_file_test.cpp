#include "bundler/output_file.hpp"

#include "tests/support/expect_error.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>

namespace airlock::bundler {
namespace {

using airlock::test::expect_error;
using base::Errc;

class OutputFileTest : public testing::Test {
  protected:
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
    }
    airlock::test::TempFolder folder_;
};

TEST_F(OutputFileTest, IsLockedByOneBuildAtATime) {
    const auto path = folder_ / "kit.tar";
    {
        const OutputFile first(path);
        expect_error([&] { return OutputFile(path).path(); }, Errc::conflict,
                     path.string() + ": another build is writing it", "another file");
        const OutputFile other(folder_ / "other.tar");
    }
    EXPECT_EQ(files(), 0U) << "a lock stayed behind";
    EXPECT_NO_THROW(OutputFile{path});
}

TEST_F(OutputFileTest, RequiresAnExistingDirectory) {
    expect_error([&] { return OutputFile(folder_ / "absent/kit.tar").path(); }, Errc::not_found,
                 "absent does not exist", "create the directory");
    expect_error([&] { return OutputFile(folder_.path()).path(); }, Errc::usage, "is a directory",
                 "-o DIRECTORY/kit.tar");
    const auto file = folder_.write("file", "x");
    expect_error([&] { return OutputFile(file / "kit.tar").path(); }, Errc::not_found,
                 "does not exist");
}

TEST_F(OutputFileTest, NeverReplacesADevice) {
    expect_error([&] { return OutputFile("/dev/null").path(); }, Errc::usage,
                 "is not a regular file");
    EXPECT_FALSE(std::filesystem::exists("/dev/null.partial.lock"));
}

TEST_F(OutputFileTest, KeepsASymbolicLinkToTheFile) {
    const auto target = folder_.write("target.tar", "old");
    std::filesystem::create_symlink(target, folder_ / "link.tar");
    EXPECT_EQ(OutputFile(folder_ / "link.tar").path(), std::filesystem::canonical(target));
}

TEST_F(OutputFileTest, ReportsNeededAndAvailableSpace) {
    const auto path = folder_ / "kit.tar.partial";
    const auto fd = base::open_file(path, O_RDWR | O_CREAT);
    const auto size = std::uint64_t{1} << 60U;
    const auto error = airlock::test::error_of([&] { reserve(fd.get(), size, path); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Errc::io);
    for (const auto& part : {path.string(), std::string("1152921504606846976 bytes"),
                             std::string(" are available"), std::string("No space left")})
        EXPECT_NE(std::string_view(error->what()).find(part), std::string_view::npos)
            << error->what();
    EXPECT_FALSE(error->hint().empty());
}

TEST_F(OutputFileTest, AllocatesTheSpace) {
    const auto path = folder_ / "kit.tar.partial";
    const auto fd = base::open_file(path, O_RDWR | O_CREAT);
    reserve(fd.get(), 1'000'000, path);
    EXPECT_EQ(base::file_size(fd.get(), "x"), 1'000'000U);
}

}  // namespace
}  // namespace airlock::bundler
