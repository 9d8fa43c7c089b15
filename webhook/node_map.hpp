// A value for each node, shared by threads: nodes are spread over shards, so that a review waits at
// most for another one of the same 64th of the nodes. Bounded: nodes that have been silent for
// kNodeLifetime are dropped, and at most kMaxNodes are kept.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace airlock::webhook {

inline constexpr std::size_t kMaxNodes = 20'000;
// Three times the longest interval of a kubelet's reports.
inline constexpr std::chrono::minutes kNodeLifetime{15};

template <typename Value, typename TimePoint>
class NodeMap {
  public:
    using Values = std::map<std::string, Value, std::less<>>;

    // Calls act(Value&) with the value of `node`, which is new and empty at first. Not called for a
    // new node when there is no room.
    template <typename Act>
    void update(std::string_view node, TimePoint now, Act act) {
        auto& [mutex, nodes] = shards_.at(std::hash<std::string_view>()(node) % kShards);
        const std::lock_guard lock(mutex);
        auto at = nodes.find(node);
        if (at == nodes.end()) {
            constexpr std::size_t kMost = kMaxNodes / kShards;
            if (nodes.size() >= kMost) drop_silent(nodes, now);
            if (nodes.size() >= kMost) return;
            at = nodes.emplace(node, Entry{}).first;
        }
        at->second.seen = now;
        act(at->second.value);
    }

    // A copy; locks one shard after the other.
    Values values(TimePoint now) {
        Values all;
        for (auto& [mutex, nodes] : shards_) {
            const std::lock_guard lock(mutex);
            drop_silent(nodes, now);
            for (const auto& [node, entry] : nodes)
                all.emplace(node, entry.value);
        }
        return all;
    }

  private:
    struct Entry {
        TimePoint seen;
        Value value;
    };
    using Nodes = std::map<std::string, Entry, std::less<>>;
    struct Shard {
        std::mutex mutex;
        Nodes nodes;
    };
    static constexpr std::size_t kShards = 64;

    static void drop_silent(Nodes& nodes, TimePoint now) {
        std::erase_if(nodes,
                      [&](const auto& entry) { return now - entry.second.seen > kNodeLifetime; });
    }

    std::array<Shard, kShards> shards_;
};

}  // namespace airlock::webhook
