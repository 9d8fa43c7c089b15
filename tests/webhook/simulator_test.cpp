// Many clients write the status of a node in any order: the stored allocatable is always the real
// value, or the real value times the ratio of the replica that answered last.
#include "webhook/decision.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <random>

namespace airlock::webhook {
namespace {

// No product of two of these is a third, so that a value multiplied twice is detected.
constexpr std::array<std::uint32_t, 5> kRatios{1'000'000, 1'300'000, 1'700'000, 2'900'000,
                                               1'010'000};

struct Replica {
    bool up = true;
    std::size_t ratio = 1;
};

class Simulator {
  public:
    explicit Simulator(std::uint64_t seed) : random_(seed) {
        change_machine();
        report();
    }

    void step() {
        switch (below(16)) {
            case 0:
                change_machine();
                break;
            case 1:
                replicas_[below(2)].ratio = below(kRatios.size());
                break;
            case 2:
                replicas_[below(2)].up = below(4) != 0;
                break;
            case 3:
                disabled_ = below(3) == 0;
                break;
            case 4:
            case 5:
            case 6:
            case 7:
                report();
                break;
            default:
                write(stored_);
                break;  // conditions, a restarted kubelet, a resync: the stored allocatable
        }
    }

    // A report of the kubelet: real values together with the capacity.
    void report() {
        capacity_ = machine_;
        reported_ = real_;
        write(real_);
    }

    void settle(std::size_t ratio) {
        disabled_ = false;
        replicas_.fill({.up = true, .ratio = ratio});
        report();
        const auto value = stored_;
        const auto record = state_.text();
        for (int i = 0; i < 10; ++i) {
            write(i % 2 == 0 ? stored_ : real_);
            EXPECT_EQ(stored_, value);
            EXPECT_EQ(state_.text(), record);
        }
        EXPECT_EQ(value, *expected(ratio));
    }

    bool valid() const { return valid_; }
    std::string description() const {
        return "stored " + stored_.text() + ", reported " + reported_.text() + ", record " +
               state_.text();
    }

  private:
    std::uint64_t below(std::uint64_t end) { return random_() % end; }

    void change_machine() {
        machine_ = Quantity::from_nano(
            Int128{1'000'000 + static_cast<std::int64_t>(below(1'000'000'000))} * kNanoPerMilli,
            Quantity::Format::decimal_si);
        // Some machines reserve much of their capacity: applied values are then below capacity and
        // look like real ones.
        const auto share = 300 + below(701);
        real_ = Quantity::from_nano(
            machine_.nano() * Int128{share} / 1000 / kNanoPerMilli * kNanoPerMilli,
            Quantity::Format::decimal_si);
    }

    std::optional<Quantity> expected(std::size_t ratio) const {
        return apply_ratio("cpu", reported_, Ratio::from_millionths(kRatios[ratio]));
    }

    // A request that sets allocatable to `value`: through a replica, or past both if the call fails
    // open or the node is disabled by its label.
    void write(Quantity value) {
        const auto& replica = replicas_[below(2)];
        if (!replica.up || disabled_) {
            stored_ = value;
            return;
        }
        NodePlan plan;
        const auto ratio = Ratio::from_millionths(kRatios[replica.ratio]);
        if (!ratio.is_one()) plan.ratios.push_back({"cpu", ratio, "default"});
        const auto text = value.text();
        const auto capacity_text = capacity_.text();
        const std::array allocatable{TextPair{"cpu", text}};
        const std::array capacity{TextPair{"cpu", capacity_text}};
        auto decision = decide(plan, allocatable, capacity, state_, "g");
        stored_ = decision.resources.empty() ? value : decision.resources.front().after;
        state_ = std::move(decision.state);
        if (below(64) == 0) state_ = *NodeState::parse(state_.text());
        valid_ = valid_ && stored_ == *expected(replica.ratio);
    }

    std::mt19937_64 random_;
    std::array<Replica, 2> replicas_;
    bool disabled_ = false;
    Quantity machine_;  // what the machine has now
    Quantity real_;
    Quantity reported_;  // the real value in the last report
    Quantity capacity_;
    Quantity stored_;
    NodeState state_;
    bool valid_ = true;
};

TEST(Simulator, NeverMultipliesTwiceInAMillionSteps) {
    constexpr int kNodes = 100;
    constexpr int kSteps = 10'000;
    for (int node = 0; node < kNodes; ++node) {
        Simulator simulator(static_cast<std::uint64_t>(node) + 1);
        for (int step = 0; step < kSteps; ++step) {
            simulator.step();
            ASSERT_TRUE(simulator.valid())
                << "node " << node << ", step " << step << ": " << simulator.description();
        }
        simulator.settle(static_cast<std::size_t>(node) % kRatios.size());
    }
}

}  // namespace
}  // namespace airlock::webhook
