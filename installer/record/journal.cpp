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

constexpr std::size_t kMaxJournal = 64 * 1024 * 1024;
constexpr std::size_t kChecksum =
    16;  // hex digits of the sha256: against tearing, not against people

std::string checksum(std::string_view line) {
    return std::string(base::sha256(line).hex().substr(0, kChecksum));
}

// The record's text, when `line` holds one whole record.
std::optional<std::string_view> checked(std::string_view line) {
    if (line.size() <= kChecksum || line[kChecksum] != ' ') return std::nullopt;
    const auto text = line.substr(kChecksum + 1);
    if (line.substr(0, kChecksum) != checksum(text)) return std::nullopt;
    return text;
}

// A write that a power cut tore lacks its end, or has zeros where a block never reached the disk.
// Anything else was whole once, and acted upon.
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
                    "what was under way here cannot be finished any more. The generations before "
                    "it are kept in the cluster: with another --state-dir, after kubectl -n "
                    "kube-system delete lease airlock-installer, rollback goes back to them");
        }
        records_.push_back(base::parse_json(*record, path_.string()));
        size_ = end + 1;
    }
    fd_ = base::open_file(path_, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (size_ < text.size()) cut();
    base::fsync_folder_of(path_);
}

void Journal::cut() {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0)
        base::throw_errno(errno, "cannot mend " + path_.string());
    torn_ = false;
}

void Journal::append(base::Json record) {
    const auto text = base::dump_json(record);
    const auto line = checksum(text) + " " + text + "\n";
    if (size_ + line.size() > kMaxJournal) {
        throw Error(Errc::unsupported, "{} would grow beyond {} bytes", path_.string(),
                    kMaxJournal);
    }
    // What follows half a line would make it one in the middle, and the journal unreadable.
    if (torn_) cut();
    torn_ = true;
    base::write_all(fd_.get(), base::as_bytes(line), path_.string());
    base::fsync_or_throw(fd_.get(), path_.string());
    torn_ = false;
    size_ += line.size();
    records_.push_back(std::move(record));
}

void Journal::clear() {
    if (::ftruncate(fd_.get(), 0) != 0) base::throw_errno(errno, "cannot begin " + path_.string());
    base::fsync_or_throw(fd_.get(), path_.string());
    size_ = 0;
    torn_ = false;
    records_.clear();
}

}  // namespace airlock::installer
