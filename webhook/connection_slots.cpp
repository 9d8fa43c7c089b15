#include "webhook/connection_slots.hpp"

namespace airlock::webhook {

bool ConnectionSlots::address_is_full(const Address& address) const {
    const auto at = unproven_of_.find(address);
    return at != unproven_of_.end() && at->second >= limits_.unproven_per_address;
}

bool ConnectionSlots::is_full(const Address& address) {
    const std::lock_guard lock(mutex_);
    return address_is_full(address);
}

ConnectionSlots::Slot ConnectionSlots::take(const Address& address) {
    const std::lock_guard lock(mutex_);
    if (open_ >= limits_.total || unproven_ >= limits_.unproven || address_is_full(address))
        return {};
    ++open_;
    ++unproven_;
    ++unproven_of_[address];
    return {*this, address};
}

void ConnectionSlots::forget_unproven(const Address& address) {
    --unproven_;
    const auto at = unproven_of_.find(address);
    if (--at->second == 0) unproven_of_.erase(at);
}

void ConnectionSlots::Slot::prove() {
    if (slots_ == nullptr || std::exchange(proven_, true)) return;
    const std::lock_guard lock(slots_->mutex_);
    slots_->forget_unproven(address_);
}

void ConnectionSlots::Slot::release() {
    if (slots_ == nullptr) return;
    const std::lock_guard lock(slots_->mutex_);
    --slots_->open_;
    if (!proven_) slots_->forget_unproven(address_);
    slots_ = nullptr;
}

}  // namespace airlock::webhook
