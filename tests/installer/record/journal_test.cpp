#include "installer/record/journal.hpp"

#include "base/digest.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Json;
using test::error_of;
using test::expect_error;

// Limits the size of files of this process during its lifetime, to simulate a full disk.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit small{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &small);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

  private:
    void (*handler_)(int);
    rlimit before_{};
};

class JournalTest : public ::testing::Test {
  protected:
    const std::vector<JournalRecord> kRecords{
        {.act = Act::install, .fields = {{"generation", 7}}},
        {.act = Act::apply, .fields = {{"object", "Deployment a/b \"quoted\"\nand \\ more, ä"}}},
        {.act = Act::commit, .fields = {{"text", std::string(60, 'x')}}},
    };
    static void append(Journal& journal, const JournalRecord& record) {
        journal.append(record.act, record.fields);
    }

    // The file with kRecords in it.
    std::string written() const {
        Journal journal(path_);
        for (const auto& record : kRecords)
            append(journal, record);
        return folder_.read("journal.jsonl");
    }
    std::vector<JournalRecord> first(std::size_t count) const {
        return {kRecords.begin(), kRecords.begin() + static_cast<std::ptrdiff_t>(count)};
    }
    void put(std::string_view text) const { folder_.write("journal.jsonl", text); }

    test::TempFolder folder_;
    std::filesystem::path path_ = folder_ / "journal.jsonl";
};

TEST_F(JournalTest, ReadsAppendedRecords) {
    const auto text = written();
    EXPECT_EQ(std::ranges::count(text, '\n'), 3);
    Journal again(path_);
    EXPECT_EQ(again.records(), kRecords);
    again.append(Act::undo, Json::object());
    EXPECT_EQ(again.records().size(), 4U);
    EXPECT_EQ(Journal(path_).records(), again.records());
}

TEST_F(JournalTest, IsEmptyAtFirstAndAfterClear) {
    EXPECT_TRUE(Journal(path_).records().empty());
    written();
    Journal journal(path_);
    journal.clear();
    EXPECT_TRUE(journal.records().empty());
    EXPECT_EQ(std::filesystem::file_size(path_), 0U);
    append(journal, kRecords[1]);
    EXPECT_EQ(Journal(path_).records(), std::vector{kRecords[1]});
}

TEST_F(JournalTest, IsReadableOnlyByItsOwner) {
    const auto mask = ::umask(0);
    const Journal journal(path_);
    ::umask(mask);
    struct stat status {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_F(JournalTest, TruncatedAnywhereKeepsTheRecordsBefore) {
    const auto text = written();
    for (std::size_t size = 0; size <= text.size(); ++size) {
        put(text.substr(0, size));
        const auto whole = std::ranges::count(text.substr(0, size), '\n');
        EXPECT_EQ(Journal(path_).records(), first(static_cast<std::size_t>(whole))) << size;
        // The torn part is removed, so that the next record can be read again.
        Journal journal(path_);
        append(journal, kRecords[0]);
        EXPECT_EQ(Journal(path_).records().size(), static_cast<std::size_t>(whole) + 1) << size;
    }
}

TEST_F(JournalTest, AMissingBlockIsATornEnd) {
    const auto text = written();
    const auto last = text.rfind('\n', text.size() - 2) + 1;
    auto torn = text;
    torn.replace(last + 30, 40, 40, '\0');
    put(torn);
    EXPECT_EQ(Journal(path_).records(), first(2));
    put(text + std::string(4096, '\0'));
    EXPECT_EQ(Journal(path_).records(), kRecords);
}

TEST_F(JournalTest, AFlippedByteNeverGivesAWrongRecord) {
    const auto text = written();
    const auto last = text.rfind('\n', text.size() - 2) + 1;
    for (std::size_t i = 0; i < text.size(); ++i) {
        for (const unsigned flip : {0x01U, 0x20U, 0x80U}) {
            auto bad = text;
            bad[i] = static_cast<char>(static_cast<unsigned char>(bad[i]) ^ flip);
            put(bad);
            std::vector<JournalRecord> read;
            const auto error = error_of([&] { read = Journal(path_).records(); });
            // A last line without its end, or with zeros, is indistinguishable from a torn one.
            if (!error) {
                EXPECT_EQ(read, first(i < last ? 1 : 2)) << i;
                EXPECT_TRUE(i == text.size() - 1 || i == last - 1 || bad[i] == '\0') << i;
                continue;
            }
            EXPECT_EQ(error->code(), Errc::integrity) << error->what();
            EXPECT_THAT(error->what(), testing::HasSubstr(path_.string()));
        }
    }
}

TEST_F(JournalTest, ReportsTheOffsetOfDamageAndChangesNothing) {
    auto text = written();
    const auto second = text.find('\n') + 1;
    text[second + 20] = 'X';
    put(text);
    expect_error([&] { Journal journal(path_); }, Errc::integrity,
                 path_.string() + " is damaged at byte " + std::to_string(second), "--state-dir");
    EXPECT_EQ(folder_.read("journal.jsonl"), text);
}

TEST_F(JournalTest, RejectsMalformedJournals) {
    struct Row {
        std::string name;
        std::string text;
        Errc code;
    };
    const std::string json = R"({"act": "apply"})";
    const auto sealed = [](const std::string& record) {
        return std::string(base::sha256(record).hex().substr(0, 16)) + " " + record + "\n";
    };
    const std::vector<Row> rows{
        {"a record without its checksum", json + "\n", Errc::integrity},
        {"empty lines", "\n\n", Errc::integrity},
        {"no space after the checksum", sealed(json).replace(16, 1, "_"), Errc::integrity},
        {"a checksum of nothing", sealed(""), Errc::invalid},
        {"a checksum of malformed JSON", sealed("{act"), Errc::invalid},
        {"deeply nested records", sealed(std::string(5000, '[')), Errc::invalid},
        {"a record that is not an object", sealed("7"), Errc::invalid},
        {"a format that is not a number", sealed(R"({"format": "1", "act": "apply"})"),
         Errc::invalid},
        {"a newer format", sealed(R"({"format": 2, "act": "apply"})"), Errc::unsupported},
        {"an act of a newer version", sealed(R"({"format": 1, "act": "paint"})"),
         Errc::unsupported},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        put(row.text);
        expect_error([&] { Journal journal(path_); }, row.code, path_.string());
    }
}

TEST_F(JournalTest, HasItsFormatOnlyInTheFirstRecord) {
    const auto text = written();
    EXPECT_EQ(text.find(R"("format":1)"), text.rfind(R"("format":1)"));
    EXPECT_LT(text.find(R"("format":1)"), text.find('\n'));
    {
        Journal journal(path_);
        journal.clear();
        append(journal, kRecords[1]);
    }
    EXPECT_THAT(folder_.read("journal.jsonl"), testing::HasSubstr(R"("format":1)"));
}

TEST(Act, HasANameThatIsParsedAgain) {
    for (const auto act :
         {Act::install, Act::move_tag, Act::apply, Act::created, Act::inject, Act::commit,
          Act::undo, Act::restore, Act::remove, Act::move_tag_back, Act::remove_tag})
        EXPECT_EQ(parse_act(to_string(act)), act) << to_string(act);
    EXPECT_EQ(to_string(Act::move_tag_back), "move tag back");
    EXPECT_EQ(parse_act("paint"), std::nullopt);
}

TEST_F(JournalTest, HasALimitedSize) {
    ::truncate(folder_.write("journal.jsonl", "x").c_str(), off_t{65} * 1024 * 1024);
    expect_error([&] { Journal journal(path_); }, Errc::invalid, "journal.jsonl is larger than");
}

TEST_F(JournalTest, AFullDiskLeavesNoPartialRecord) {
    const auto text = written();
    Journal journal(path_);
    {
        const FileSizeLimit limit(text.size() + 10);
        expect_error([&] { append(journal, kRecords[2]); }, Errc::io, path_.string());
    }
    EXPECT_EQ(journal.records(), kRecords);
    EXPECT_EQ(Journal(path_).records(), kRecords);
}

TEST_F(JournalTest, ContinuesWhenTheDiskHasSpaceAgain) {
    const auto text = written();
    Journal journal(path_);
    for (int i = 0; i < 3; ++i) {
        const FileSizeLimit limit(text.size() + 10);
        EXPECT_TRUE(error_of([&] { append(journal, kRecords[2]); }).has_value());
    }
    append(journal, kRecords[0]);
    auto all = kRecords;
    all.push_back(kRecords[0]);
    EXPECT_EQ(Journal(path_).records(), all);
}

TEST_F(JournalTest, AFailedFsyncIsAnError) {
    // Accepts every byte, but fsync(2) fails.
    Journal journal("/dev/null");
    expect_error([&] { append(journal, kRecords[0]); }, Errc::io, "/dev/null");
    EXPECT_TRUE(journal.records().empty());
}

TEST_F(JournalTest, RequiresItsDirectory) {
    expect_error([&] { Journal journal(folder_ / "absent/journal.jsonl"); }, Errc::not_found,
                 "absent/journal.jsonl");
}

}  // namespace
}  // namespace airlock::installer
