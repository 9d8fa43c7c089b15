// The threads of HttpsServer and what they share. Internal to the server: no other file needs
// Boost.Asio.
#pragma once

#include "webhook/byte_budget.hpp"
#include "webhook/request_handler.hpp"
#include "webhook/server_options.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

namespace airlock::webhook {

namespace net = boost::asio;
using Failure = boost::system::error_code;
using Tcp = net::ip::tcp;
using Clock = std::chrono::steady_clock;

// A connection, as the server sees it.
class Connection {
  public:
    virtual ~Connection() = default;
    // Closes unless a request is being read or answered.
    virtual void close_if_idle() = 0;
    virtual void abort() = 0;
    virtual std::optional<Clock::time_point> idle_since() const = 0;
    virtual bool proven() const = 0;
};

// What all connections of a server share.
struct ServerCommon {
    explicit ServerCommon(const ServerOptions& chosen)
        : options(chosen), large_bodies(chosen.max_large_bodies), slots(chosen.connections) {}

    ServerOptions options;
    ByteBudget large_bodies;
    ConnectionSlots slots;
    std::atomic<bool> shutting_down{false};
    std::atomic<std::size_t> open{0};
    std::mutex mutex;
    std::condition_variable all_closed;

    void closed() {
        const std::lock_guard lock(mutex);
        --open;
        all_closed.notify_all();
    }
};

// A thread with its event loop and its connections. Other threads may only post to the loop.
struct ServerThread {
    std::vector<std::unique_ptr<RequestHandler>> handlers;  // one per listener
    std::unordered_map<Connection*, std::weak_ptr<Connection>> connections;
    // Last, so that it is destroyed first: it owns the connections, which use the members above.
    net::io_context loop{1};
    std::thread thread;

    void for_each(const std::function<void(Connection&)>& act) {
        std::vector<std::shared_ptr<Connection>> all;
        for (const auto& [key, connection] : connections) {
            if (auto alive = connection.lock()) all.push_back(std::move(alive));
        }
        for (const auto& connection : all)
            act(*connection);
    }

    // Frees the slot of an unproven connection for a new client: clients that hold idle connections
    // must not keep the API server out.
    bool close_longest_idle() {
        std::shared_ptr<Connection> oldest;
        for (const auto& [key, connection] : connections) {
            auto alive = connection.lock();
            if (!alive || alive->proven() || !alive->idle_since()) continue;
            if (!oldest || *alive->idle_since() < *oldest->idle_since()) oldest = std::move(alive);
        }
        if (oldest) oldest->abort();
        return oldest != nullptr;
    }
};

}  // namespace airlock::webhook
