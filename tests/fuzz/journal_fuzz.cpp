// Arbitrary bytes as a journal: rejected as a whole, or its records are read again the next time,
// followed by those that were appended.
#include "base/error.hpp"
#include "installer/record/journal.hpp"
#include "tests/support/temp_folder.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace airlock;
    using base::Errc;
    static const test::TempFolder kFolder;
    const auto path = kFolder.write("journal.jsonl", {reinterpret_cast<const char*>(data), size});
    std::vector<installer::JournalRecord> records;
    try {
        installer::Journal journal(path);
        journal.append(installer::Act::undo, base::Json::object());
        records = journal.records();
    } catch (const base::Error& refused) {
        if (refused.code() != Errc::integrity && refused.code() != Errc::invalid &&
            refused.code() != Errc::unsupported)
            std::abort();
        return 0;
    }
    if (installer::Journal(path).records() != records) std::abort();
    return 0;
}
