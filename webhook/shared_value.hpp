// A value that one thread replaces while others read it. A reader keeps the value it got for as
// long as it needs.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace airlock::webhook {

template <typename T>
class SharedValue {
  public:
    // nullptr before the first set().
    std::shared_ptr<T> get() const {
        const std::lock_guard lock(mutex_);
        return value_;
    }
    void set(std::shared_ptr<T> value) {
        const std::lock_guard lock(mutex_);
        value_.swap(value);  // the old value is destroyed outside the lock
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<T> value_;
};

}  // namespace airlock::webhook
