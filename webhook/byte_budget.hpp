// A limit on the bytes that several holders use together: the memory for the bodies of all large
// requests, no matter how many clients send them. Thread-safe; never waits.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>

namespace airlock::webhook {

class ByteBudget {
  public:
    // Bytes that were taken, given back on destruction. Must not outlive the budget.
    class Share {
      public:
        Share() = default;
        Share(Share&& other) noexcept
            : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}
        Share& operator=(Share&& other) noexcept {
            if (this == &other) return *this;
            release();
            budget_ = std::exchange(other.budget_, nullptr);
            bytes_ = other.bytes_;
            return *this;
        }
        Share(const Share&) = delete;
        Share& operator=(const Share&) = delete;
        ~Share() { release(); }

        explicit operator bool() const { return budget_ != nullptr; }
        std::uint64_t bytes() const { return budget_ == nullptr ? 0 : bytes_; }

      private:
        friend class ByteBudget;
        Share(ByteBudget& budget, std::uint64_t bytes) : budget_(&budget), bytes_(bytes) {}
        void release() {
            if (budget_ != nullptr) budget_->taken_ -= bytes_;
            budget_ = nullptr;
        }

        ByteBudget* budget_ = nullptr;
        std::uint64_t bytes_ = 0;
    };

    explicit ByteBudget(std::uint64_t limit) : limit_(limit) {}

    // An empty share when fewer bytes are left.
    Share take(std::uint64_t bytes) { return reserve(bytes) ? Share(*this, bytes) : Share(); }
    // Makes `share` at least `bytes` large; false, and no change, when fewer are left.
    bool grow(Share& share, std::uint64_t bytes) {
        const auto more = bytes - std::min(bytes, share.bytes());
        if (!reserve(more)) return false;
        share.bytes_ = share.bytes() + more;
        share.budget_ = this;
        return true;
    }
    std::uint64_t taken() const { return taken_; }

  private:
    bool reserve(std::uint64_t bytes) {
        auto taken = taken_.load();
        do {
            if (bytes > limit_ || taken > limit_ - bytes) return false;
        } while (!taken_.compare_exchange_weak(taken, taken + bytes));
        return true;
    }

    std::uint64_t limit_;
    std::atomic<std::uint64_t> taken_{0};
};

}  // namespace airlock::webhook
