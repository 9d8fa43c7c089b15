#include "controller/node_resync.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/parallel.hpp"
#include "base/retry.hpp"
#include "kubernetes/state_annotation.hpp"

#include <algorithm>
#include <optional>
#include <span>

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
    const auto disabled =
        base::text_at(node, {"metadata", "labels", options_.disable_label}) == "true";
    if (!disabled && is_stale(node, options_.annotation)) {
        stale_.try_emplace(name, 0);
    } else {
        stale_.erase(name);
    }
}

std::vector<std::string> NodeResync::least_patched_first() const {
    std::vector<std::string> order;
    for (const auto& [name, patches] : stale_)
        order.push_back(name);
    std::ranges::stable_sort(order, {}, [&](const std::string& name) { return stale_.at(name); });
    return order;
}

NodeResync::Result NodeResync::patch(const std::string& name) {
    try {
        const auto node = client_.merge_patch(node_key(name), Json::object(), "status");
        if (is_stale(node, options_.annotation)) return Result::without_effect;
        base::log_info("node {}: values of the webhook restored", name);
        return Result::restored;
    } catch (const Error& error) {
        switch (error.code()) {
            case Errc::not_found:
                return Result::gone;
            case Errc::denied:
            case Errc::conflict:
            case Errc::remote:
            case Errc::invalid:
                base::log_warn("{}", error.what());
                return Result::refused;
            default:  // the API server is unavailable
                throw;
        }
    }
}

void NodeResync::settle(const std::string& name, Result result) {
    if (result == Result::restored || result == Result::gone) {
        stale_.erase(name);
    } else {
        ++stale_.at(name);
    }
}

void NodeResync::resync(const std::stop_token& stop) {
    // More refusals than this before the first success are not about single nodes.
    constexpr int kMaxRefused = 16;
    const auto order = least_patched_first();
    std::size_t next = 0;
    int refused = 0;
    for (bool available = false; !available && next < order.size();) {
        if (!limit_.wait(stop)) return;
        const auto& name = order[next++];
        const auto result = patch(name);
        settle(name, result);
        if (result == Result::without_effect) return;
        if (result == Result::refused && ++refused == kMaxRefused) return;
        available = result == Result::restored;
    }
    const std::span rest(order.begin() + static_cast<std::ptrdiff_t>(next), order.end());
    std::vector<std::optional<Result>> results(rest.size());
    const auto settle_all = [&] {
        for (std::size_t i = 0; i < rest.size(); ++i) {
            if (results[i]) settle(rest[i], *results[i]);
        }
    };
    try {
        base::for_each_parallel(rest.size(), options_.threads, stop,
                                [&](std::size_t i, const std::stop_token& stopped) {
                                    if (limit_.wait(stopped)) results[i] = patch(rest[i]);
                                });
    } catch (const Error&) {
        settle_all();
        throw;
    }
    settle_all();
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
            resync(stop);
            const auto began = std::chrono::steady_clock::now();
            version = client_.watch("v1", "Node", *version, kWatchTime,
                                    [&](const Json& node) { observe(node); });
            // A watch that ends immediately must not become a busy loop.
            if (std::chrono::steady_clock::now() - began < kMinPause)
                base::sleep_for(kMinPause, stop);
        } catch (const Error& error) {
            if (stop.stop_requested()) return;
            if (error.code() == Errc::denied) throw;
            base::log_warn("{}", error.what());
            version.reset();
            base::sleep_for(kWatchTime, stop);
        }
    } while (!stop.stop_requested());
}

}  // namespace airlock::controller
