#include "bundler/partial_record.hpp"

#include <fmt/format.h>

#include <fcntl.h>

#include <charconv>

namespace airlock::bundler {
namespace {

constexpr std::size_t kMaxRecord = 64 * 1024 * 1024;

}  // namespace

PartialRecord::PartialRecord(std::filesystem::path path, const base::Digest& plan)
    : path_(std::move(path)) {
    const auto text = base::read_file_if_present(path_, kMaxRecord).value_or("");
    std::string_view rest = text;
    const auto next_line = [&rest]() -> std::string_view {
        const auto end = rest.find('\n');
        if (end == std::string_view::npos) return {};  // an incomplete last line is ignored
        const auto line = rest.substr(0, end);
        rest.remove_prefix(end + 1);
        return line;
    };
    resumed_ = next_line() == plan.text();
    for (auto line = next_line(); resumed_ && !line.empty(); line = next_line()) {
        const auto space = line.find(' ');
        std::uint64_t bytes = 0;
        if (space == std::string_view::npos) continue;
        std::from_chars(line.data() + space + 1, line.data() + line.size(), bytes);
        written_[std::string(line.substr(0, space))] = bytes;
    }
    fd_ = base::open_file(path_, O_WRONLY | O_CREAT | O_APPEND | (resumed_ ? 0 : O_TRUNC), 0644);
    if (!resumed_) base::write_all(fd_.get(), base::as_bytes(plan.text() + "\n"), path_.string());
}

std::uint64_t PartialRecord::written(const base::Digest& blob) const {
    const std::lock_guard lock(mutex_);
    const auto at = written_.find(blob.text());
    return at == written_.end() ? 0 : at->second;
}

void PartialRecord::note(const base::Digest& blob, std::uint64_t bytes) {
    const auto line = fmt::format("{} {}\n", blob.text(), bytes);
    const std::lock_guard lock(mutex_);
    written_.insert_or_assign(blob.text(), bytes);
    base::write_all(fd_.get(), base::as_bytes(line), path_.string());
}

void PartialRecord::remove() {
    fd_.reset();
    std::filesystem::remove(path_);
}

}  // namespace airlock::bundler
