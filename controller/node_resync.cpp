#include "controller/node_resync.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/retry.hpp"
#include "kubernetes/state_annotation.hpp"

#include <algorithm>
#include <optional>

namespace airlock::controller {
namespace {

using base::Errc;
using base::Error;
using base::Json;
using kubernetes::is_stale;
using kubernetes::node_key;

constexpr std::chrono::seconds kWatchTime{5};
constexpr std::chrono::seconds kMinPause{1};

}  // namespace

void NodeResync::observe(const Json& node) {
    const auto name = base::require_string(base::require_object(node, "metadata", "a watched node"),
                                           "name", "a watched node");
    if (is_stale(node, annotation_)) {
        stale_.try_emplace(name, 0);
    } else {
        stale_.erase(name);
    }
}

void NodeResync::resync() {
    std::vector<std::string> order;
    for (const auto& [name, patches] : stale_)
        order.push_back(name);
    std::ranges::stable_sort(order, {}, [&](const std::string& name) { return stale_.at(name); });
    bool effective = false;
    for (const auto& name : order) {
        try {
            ++stale_.at(name);
            const auto node = client_.merge_patch(node_key(name), Json::object(), "status");
            if (is_stale(node, annotation_)) {
                if (!effective) return;
                continue;
            }
            effective = true;
            base::log_info("node {}: values of the webhook restored", name);
        } catch (const Error& error) {
            if (error.code() != Errc::not_found) throw;  // the node was removed
        }
        stale_.erase(name);
    }
}

void NodeResync::run(const std::stop_token& stop) {
    std::optional<std::string> version;
    do {
        try {
            if (!version) {
                version = client_.for_each("v1", "Node", {}, {},
                                           [&](const Json& node) { observe(node); });
                base::log_info("watching nodes: {} without the values of the webhook",
                               stale_.size());
            }
            resync();
            const auto began = std::chrono::steady_clock::now();
            version = client_.watch("v1", "Node", *version, kWatchTime,
                                    [&](const Json& node) { observe(node); });
            // A watch that ends immediately must not become a busy loop.
            if (std::chrono::steady_clock::now() - began < kMinPause)
                base::sleep_for(kMinPause, stop);
        } catch (const Error& error) {
            if (error.code() == Errc::denied) throw;
            if (stop.stop_requested()) return;
            base::log_warn("{}", error.what());
            version.reset();
            base::sleep_for(kWatchTime, stop);
        }
    } while (!stop.stop_requested());
}

}  // namespace airlock::controller
