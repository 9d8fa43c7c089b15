// Clients that write the status of one node in any order, with values so small that they coincide
// all the time: capacity, real and applied values are all from 1 to 8.
#include "webhook/decision.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <random>

namespace airlock::webhook {
namespace {

constexpr std::array<std::uint32_t, 5> kRatios{1'000'000, 1'500'000, 2'000'000, 3'000'000,
                                               4'000'000};

constexpr auto kGarbage = "garbage";

Quantity whole(std::uint64_t number) {
    return Quantity::from_nano(Int128{number} * kNanoPerUnit, Quantity::Format::decimal_si);
}

// The parts of a Node that matter here.
struct Node {
    Quantity allocatable;
    Quantity capacity;
    std::string annotation;

    friend bool operator==(const Node&, const Node&) = default;
};

struct Replica {
    bool up = true;
    std::size_t ratio = 2;
};

class Simulator {
  public:
    explicit Simulator(std::uint64_t seed) : random_(seed) {
        resize();
        stored_ = read_ = {.allocatable = real_, .capacity = capacity_, .annotation = {}};
    }

    void step() {
        switch (below(20)) {
            case 0:
                resize();
                break;
            case 1:
                reserve();
                break;
            case 2:
                set_ratio(below(kRatios.size()));
                break;
            case 3:
                replicas_[below(2)].up = below(4) != 0;
                break;
            case 4:
                disabled_ = below(3) == 0;
                break;
            case 5:
                tamper();
                break;
            case 6:
                write_as(Writer::other, whole(1 + below(8)), stored_.capacity);
                break;
            case 7:
            case 8:
                write_as(Writer::other, stored_.allocatable, stored_.capacity);  // a resync
                break;
            case 9:
                // A kubelet that restarts patches the node without reporting its values.
                write_as(Writer::kubelet, stored_.allocatable, stored_.capacity);
                break;
            default:
                heartbeat(below(5) == 0);
        }
    }

    // A kubelet sends what differs from the node that it read, which may be a stale one.
    void heartbeat(bool stale = false) {
        if (!stale) read_ = stored_;
        const auto read = read_;
        const auto capacity = capacity_ != read.capacity ? capacity_ : stored_.capacity;
        const auto value = real_ != read.allocatable ? real_ : stored_.allocatable;
        const bool coincidence = is_coincidence(value, capacity);
        const bool answered = write_as(Writer::kubelet, value, capacity);
        const bool current = read == before_;
        // What the kubelet read and what was stored were the same: its real value is known.
        if (answered && current) known_ = !coincidence && !held_;
        if (answered && !current && value != real_) known_ = false;
        if (answered && known_) {
            EXPECT_EQ(stored_.allocatable, expected()) << description();
        }
        // With the same capacity, a reservation that changes the real value to exactly the applied
        // one looks like a restart: the node is sold less than it could be, and never more.
        if (answered && current && coincidence && !held_) {
            EXPECT_LE(stored_.allocatable, expected()) << description();
        }
    }

    void settle(std::size_t ratio) {
        disabled_ = false;
        replicas_.fill({.up = true, .ratio = ratio});
        // The advice in the log: remove a malformed annotation.
        if (stored_.annotation == kGarbage) stored_.annotation.clear();
        resize();
        heartbeat();
        const auto node = stored_;
        EXPECT_TRUE(known_);
        EXPECT_EQ(node.allocatable, expected()) << description();
        for (int i = 0; i < 10; ++i) {
            if (i % 2 == 0) {
                heartbeat();
            } else {
                // With a ratio of 1 the webhook leaves the node to others.
                const bool oversold = !node.annotation.empty();
                const auto value = oversold ? whole(1 + below(8)) : stored_.allocatable;
                write_as(Writer::other, value, stored_.capacity);
            }
            EXPECT_EQ(stored_, node) << description();
        }
    }

    int exact() const { return exact_; }
    std::string description() const {
        return "stored " + stored_.allocatable.text() + " of " + stored_.capacity.text() +
               ", real " + real_.text() + " of " + capacity_.text() + ", record " +
               stored_.annotation;
    }

  private:
    std::uint64_t below(std::uint64_t end) { return random_() % end; }

    void resize() {
        const auto old = capacity_;
        while (capacity_ == old)
            capacity_ = whole(1 + below(8));
        reserve();
    }

    void reserve() {
        const auto capacity = static_cast<std::uint64_t>(capacity_.nano() / kNanoPerUnit);
        real_ = whole(1 + below(capacity));
        known_ = false;
    }

    // Replicas change their policies one after the other.
    void set_ratio(std::size_t ratio) { replicas_[below(2)].ratio = ratio; }

    // Somebody edits the annotation past the webhook: kubectl annotate.
    void tamper() {
        stored_.annotation = below(2) == 0 ? "" : kGarbage;
        known_ = false;
    }

    Quantity expected() const {
        return *apply_ratio("cpu", real_, Ratio::from_millionths(kRatios[answered_by_->ratio]));
    }

    std::optional<ResourceState> record() const {
        const auto state = NodeState::parse(stored_.annotation);
        const auto* cpu = state ? state->find("cpu") : nullptr;
        return cpu == nullptr ? std::nullopt : std::optional(*cpu);
    }

    bool is_coincidence(const Quantity& value, const Quantity& capacity) const {
        const auto old = record();
        return old && value == stored_.allocatable && value == old->applied &&
               capacity == old->capacity && value == real_ && old->raw != real_;
    }

    // Through a replica, or past both if the call fails open or the label disables the node; then
    // the result is false.
    bool write_as(Writer writer, Quantity value, Quantity capacity) {
        before_ = stored_;
        answered_by_ = &replicas_[below(2)];
        if (!answered_by_->up || disabled_) {
            known_ = known_ && value == stored_.allocatable;
            stored_.allocatable = value;
            stored_.capacity = capacity;
            return false;
        }
        NodePlan plan;
        const auto ratio = Ratio::from_millionths(kRatios[answered_by_->ratio]);
        plan.ratios.push_back({.resource = "cpu", .ratio = ratio, .source = "default"});
        const auto state = NodeState::parse(stored_.annotation);
        const std::array texts{value.text(), stored_.allocatable.text(), capacity.text()};
        const std::array now{TextPair{"cpu", texts[0]}};
        const std::array stored{TextPair{"cpu", texts[1]}};
        const std::array of{TextPair{"cpu", texts[2]}};
        const auto decision = decide(plan,
                                     {.writer = writer,
                                      .allocatable = now,
                                      .stored = stored,
                                      .capacity = of,
                                      .state = state ? &*state : nullptr},
                                     "g", {});
        stored_.allocatable = decision.resources.front().after;
        stored_.capacity = capacity;
        held_ = decision.keeps_record;
        if (!held_) stored_.annotation = decision.state.text();
        check(decision.resources.front(), writer);
        return true;
    }

    // Holds for every answer, whatever has happened before.
    void check(const ResourceDecision& decision, Writer writer) {
        if (decision.changes()) {
            const auto limit = apply_ratio("cpu", stored_.capacity, decision.ratio);
            ASSERT_LE(stored_.allocatable, *limit) << description();
        }
        // What others write to a node that is not oversold is none of the webhook's business.
        if (decision.ratio.is_one() && before_.annotation.empty() && writer == Writer::other)
            known_ = known_ && stored_.allocatable == before_.allocatable;
        // Nobody but the kubelet moves a value that is known.
        if (writer == Writer::other && known_) {
            ASSERT_EQ(stored_.allocatable, expected()) << description();
            ++exact_;
        }
    }

    std::mt19937_64 random_;
    std::array<Replica, 2> replicas_;
    const Replica* answered_by_ = replicas_.data();
    bool disabled_ = false;
    Quantity capacity_;  // of the machine
    Quantity real_;      // what its kubelet computes
    Node stored_;
    Node before_;  // stored before the last write
    Node read_;    // by the kubelet
    // The record holds the real value, as no stale read and no write past the webhook intervened.
    bool known_ = false;
    bool held_ = false;  // the last answer left a malformed record as it is
    int exact_ = 0;
};

TEST(Simulator, NeverConfusesValuesInAMillionSteps) {
    constexpr int kNodes = 100;
    constexpr int kSteps = 10'000;
    int exact = 0;
    for (int node = 0; node < kNodes; ++node) {
        Simulator simulator(static_cast<std::uint64_t>(node) + 1);
        for (int step = 0; step < kSteps; ++step) {
            simulator.step();
            ASSERT_FALSE(testing::Test::HasFailure()) << "node " << node << ", step " << step;
        }
        simulator.settle(static_cast<std::size_t>(node) % kRatios.size());
        exact += simulator.exact();
    }
    EXPECT_GT(exact, kNodes * kSteps / 50) << "most writes happen while nothing is known";
}

}  // namespace
}  // namespace airlock::webhook
