// How many connections a server may have, in total and from one address. A connection is proven
// when it has sent a valid review. Some slots are reserved for proven connections, so that clients
// that only connect cannot keep the API server out. Thread-safe; never waits.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace airlock::webhook {

struct ConnectionLimits {
    std::size_t total = 512;
    std::size_t unproven = 256;
    std::size_t unproven_per_address = 64;
};

class ConnectionSlots {
  public:
    using Address = std::string;

    // Given back on destruction. Must not outlive the ConnectionSlots.
    class Slot {
      public:
        Slot() = default;
        Slot(Slot&& other) noexcept
            : slots_(std::exchange(other.slots_, nullptr)),
              address_(std::move(other.address_)),
              proven_(other.proven_) {}
        Slot& operator=(Slot&& other) noexcept {
            if (this == &other) return *this;
            release();
            slots_ = std::exchange(other.slots_, nullptr);
            address_ = std::move(other.address_);
            proven_ = other.proven_;
            return *this;
        }
        Slot(const Slot&) = delete;
        Slot& operator=(const Slot&) = delete;
        ~Slot() { release(); }

        explicit operator bool() const { return slots_ != nullptr; }
        bool proven() const { return proven_; }
        // From now on the connection counts neither as unproven nor against its address.
        void prove();
        void release();

      private:
        friend class ConnectionSlots;
        Slot(ConnectionSlots& slots, Address address)
            : slots_(&slots), address_(std::move(address)) {}

        ConnectionSlots* slots_ = nullptr;
        Address address_;
        bool proven_ = false;
    };

    explicit ConnectionSlots(ConnectionLimits limits) : limits_(limits) {}

    // An empty slot when there is none for a new connection from `address`.
    Slot take(const Address& address);
    // Whether an empty slot was due to the address alone.
    bool is_full(const Address& address);

  private:
    bool address_is_full(const Address& address) const;
    void forget_unproven(const Address& address);

    ConnectionLimits limits_;
    std::mutex mutex_;  // guards the members below
    std::size_t open_ = 0;
    std::size_t unproven_ = 0;
    std::map<Address, std::size_t> unproven_of_;
};

}  // namespace airlock::webhook
