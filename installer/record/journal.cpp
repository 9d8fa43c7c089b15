#include "installer/record/journal.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;

constexpr std::uint64_t kJournalFormat = 1;  // docs/state-format.md
constexpr std::size_t kMaxJournal = 64 * 1024 * 1024;
constexpr std::size_t kChecksum = 16;  // hex digits of SHA-256: detects torn writes, not tampering

std::string checksum(std::string_view line) {
    return std::string(base::sha256(line).hex().substr(0, kChecksum));
}

// The text of the record; absent when `line` is not a complete record.
std::optional<std::string_view> checked(std::string_view line) {
    if (line.size() <= kChecksum || line[kChecksum] != ' ') return std::nullopt;
    const auto text = line.substr(kChecksum + 1);
    if (line.substr(0, kChecksum) != checksum(text)) return std::nullopt;
    return text;
}

// The first record has the format of the journal.
JournalRecord parse_record(std::string_view text, const std::string& path, bool first) {
    auto fields = base::parse_json(text, path);
    if (!fields.is_object()) throw Error(Errc::invalid, "{}: a record is not an object", path);
    const auto newer = [&](const std::string& what) {
        return Error(Errc::unsupported, "{} was written by a newer version: {}", path, what)
            .set_hint("use the version of airlock-installer that began this install or rollback");
    };
    if (first) {
        // Absent in journals from before the field existed: format 1.
        const auto format = base::find(fields, "format") == nullptr
                                ? kJournalFormat
                                : base::require_size(fields, "format", path);
        if (format > kJournalFormat) throw newer(fmt::format("format {}", format));
        fields.erase("format");
    }
    const auto name = base::require_string(fields, "act", path);
    const auto act = parse_act(name);
    if (!act) throw newer(fmt::format("unknown act \"{}\"", name));
    fields.erase("act");
    return {.act = *act, .fields = std::move(fields)};
}

// A write torn by a power loss lacks its end, or has zeros where a block never reached the disk.
// Any other line was complete once, and its change may have been made.
bool is_torn(std::string_view line, bool ended) {
    return !ended || line.find('\0') != std::string_view::npos;
}

}  // namespace

Journal::Journal(std::filesystem::path path) : path_(std::move(path)) {
    const auto text = base::read_file_if_present(path_, kMaxJournal).value_or("");
    while (size_ < text.size()) {
        const auto end = std::min(text.find('\n', size_), text.size());
        const bool ended = end < text.size();
        const auto line = std::string_view(text).substr(size_, end - size_);
        const auto record = ended ? checked(line) : std::nullopt;
        if (!record) {
            if (end + 1 >= text.size() && is_torn(line, ended)) break;
            throw Error(Errc::integrity, "{} is damaged at byte {}", path_.string(), size_)
                .set_hint(
                    "the run that was interrupted here cannot be continued; to roll back to an "
                    "earlier generation, run kubectl -n kube-system delete lease airlock-installer, "
                    "then rollback with another --state-dir");
        }
        records_.push_back(parse_record(*record, path_.string(), records_.empty()));
        size_ = end + 1;
    }
    fd_ = base::open_file(path_, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (size_ < text.size()) truncate();
    base::fsync_parent_directory(path_);
}

void Journal::truncate() {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0)
        base::throw_errno(errno, "cannot truncate " + path_.string());
    torn_ = false;
}

void Journal::append(Act act, base::Json fields) {
    JournalRecord record{.act = act, .fields = std::move(fields)};
    auto json = record.fields;
    json["act"] = to_string(act);
    if (records_.empty()) json["format"] = kJournalFormat;
    const auto text = base::dump_json(json);
    const auto line = checksum(text) + " " + text + "\n";
    if (size_ + line.size() > kMaxJournal) {
        throw Error(Errc::unsupported, "{} would exceed {} bytes", path_.string(), kMaxJournal);
    }
    // Appending after a partial line would make the journal unreadable.
    if (torn_) truncate();
    torn_ = true;
    base::write_all(fd_.get(), base::as_bytes(line), path_.string());
    base::fsync_or_throw(fd_.get(), path_.string());
    torn_ = false;
    size_ += line.size();
    records_.push_back(std::move(record));
}

void Journal::clear() {
    if (::ftruncate(fd_.get(), 0) != 0)
        base::throw_errno(errno, "cannot truncate " + path_.string());
    base::fsync_or_throw(fd_.get(), path_.string());
    size_ = 0;
    torn_ = false;
    records_.clear();
}

}  // namespace airlock::installer
