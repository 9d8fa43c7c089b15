#include "base/progress.hpp"

#include "base/human_size.hpp"
#include "base/log.hpp"
#include "base/status_line.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace airlock::base {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

struct Progress::State {
    std::string verb;
    std::uint64_t total_bytes;
    std::uint64_t total_items;
    std::string noun;
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> items{0};
    Clock::time_point start = Clock::now();
    std::mutex mutex;
    std::condition_variable_any wake;
    std::jthread painter;

    std::string line() const {
        const auto seconds = std::chrono::duration<double>(Clock::now() - start).count();
        const auto done = bytes.load();
        std::string text = fmt::format("{}: {} of {} {}", verb, items.load(), total_items, noun);
        if (total_bytes != 0) {
            const auto rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
            text += fmt::format(", {} of {}, {}/s", human_size(done), human_size(total_bytes),
                                human_size(static_cast<std::uint64_t>(rate)));
        }
        return text;
    }

    void paint(const std::stop_token& end) {
        const auto period =
            stderr_is_terminal() ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000);
        std::unique_lock lock(mutex);
        while (!wake.wait_for(lock, end, period, [] { return false; })) {
            if (end.stop_requested()) return;
            if (stderr_is_terminal()) {
                show_status_line(line());
            } else {
                log_info("{}", line());
            }
        }
    }
};

Progress::Progress(std::string_view verb, std::uint64_t total_bytes, std::uint64_t total_items,
                   std::string_view item_noun)
    : state_(std::make_unique<State>()) {
    state_->verb = verb;
    state_->total_bytes = total_bytes;
    state_->total_items = total_items;
    state_->noun = item_noun;
    if (log_enabled(LogLevel::info)) {
        state_->painter =
            std::jthread([state = state_.get()](const std::stop_token& end) { state->paint(end); });
    }
}

Progress::~Progress() {
    if (state_->painter.joinable()) {
        state_->painter.request_stop();
        state_->painter.join();
    }
    const StatusLinePause clear;
}

void Progress::add(std::uint64_t bytes) {
    state_->bytes += bytes;
}
void Progress::item_done() {
    ++state_->items;
}

}  // namespace airlock::base
