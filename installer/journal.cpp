#include "installer/journal.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

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

}  // namespace

Journal::Journal(std::filesystem::path path) : path_(std::move(path)) {
    const auto text = base::read_file_if_present(path_, kMaxJournal).value_or("");
    std::size_t good = 0;
    while (good < text.size()) {
        const auto end = text.find('\n', good);
        const auto line =
            std::string_view(text).substr(good, end == std::string::npos ? end : end - good);
        const bool whole = end != std::string::npos && line.size() > kChecksum &&
                           line.substr(0, kChecksum) == checksum(line.substr(kChecksum + 1));
        if (!whole) {
            if (end != std::string::npos && end + 1 < text.size()) {
                throw Error(Errc::integrity, "{} is damaged at byte {}", path_.string(), good)
                    .set_hint(
                        "another admin host may roll back from the generations that are kept in "
                        "the cluster: use another --state-dir there");
            }
            break;
        }
        records_.push_back(base::parse_json(line.substr(kChecksum + 1), path_.string()));
        good = end + 1;
    }
    fd_ = base::open_file(path_, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (good < text.size() && ::ftruncate(fd_.get(), static_cast<off_t>(good)) != 0)
        base::throw_errno(errno, "cannot mend " + path_.string());
    base::fsync_folder_of(path_);
}

void Journal::append(base::Json record) {
    const auto line = base::dump_json(record);
    base::write_all(fd_.get(), base::as_bytes(checksum(line) + " " + line + "\n"), path_.string());
    base::fsync_or_throw(fd_.get(), path_.string());
    records_.push_back(std::move(record));
}

void Journal::clear() {
    if (::ftruncate(fd_.get(), 0) != 0) base::throw_errno(errno, "cannot begin " + path_.string());
    base::fsync_or_throw(fd_.get(), path_.string());
    records_.clear();
}

}  // namespace airlock::installer
