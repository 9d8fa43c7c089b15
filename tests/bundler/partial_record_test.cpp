#include "bundler/partial_record.hpp"

#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace airlock::bundler {
namespace {

class PartialRecordTest : public ::testing::Test {
  protected:
    std::filesystem::path path() const { return folder_ / "record"; }

    airlock::test::TempFolder folder_;
    base::Digest plan_ = base::sha256("plan");
    base::Digest blob_ = base::sha256("blob");
};

TEST_F(PartialRecordTest, StartsWithNothingWritten) {
    const PartialRecord record(path(), plan_);
    EXPECT_FALSE(record.resumed());
    EXPECT_EQ(record.written(blob_), 0U);
}

TEST_F(PartialRecordTest, RemembersTheLastNoteOfABlob) {
    {
        PartialRecord record(path(), plan_);
        record.note(blob_, 10);
        record.note(blob_, 20);
        EXPECT_EQ(record.written(blob_), 20U);
    }
    const PartialRecord again(path(), plan_);
    EXPECT_TRUE(again.resumed());
    EXPECT_EQ(again.written(blob_), 20U);
}

TEST_F(PartialRecordTest, IgnoresAnotherPlan) {
    { PartialRecord(path(), plan_).note(blob_, 10); }
    {
        const PartialRecord other(path(), base::sha256("another plan"));
        EXPECT_FALSE(other.resumed());
        EXPECT_EQ(other.written(blob_), 0U);
    }
    EXPECT_FALSE(PartialRecord(path(), plan_).resumed());
}

TEST_F(PartialRecordTest, IgnoresAnIncompleteLastLine) {
    { PartialRecord(path(), plan_).note(blob_, 10); }
    std::ofstream(path(), std::ios::app) << blob_.text() << " 99";
    EXPECT_EQ(PartialRecord(path(), plan_).written(blob_), 10U);
}

}  // namespace
}  // namespace airlock::bundler
