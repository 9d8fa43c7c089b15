#include "webhook/https_server.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "webhook/http_session.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>

namespace airlock::webhook {

struct HttpsServer::State {
    ServerCommon common;
    std::vector<Listener> listeners;
    const SharedValue<TlsContext>& tls;
    std::vector<std::unique_ptr<ServerThread>> workers;
    std::vector<Tcp::acceptor> acceptors;
    std::vector<std::uint16_t> ports;
    std::vector<std::unique_ptr<net::steady_timer>> pauses;
    std::size_t next = 0;

    State(const ServerOptions& options, const SharedValue<TlsContext>& source)
        : common(options), tls(source) {}

    void listen(const Listener& listener) {
        const auto name = fmt::format("{}:{}", listener.address, listener.port);
        Failure failure;
        const auto address = net::ip::make_address(listener.address, failure);
        if (failure)
            throw base::Error(base::Errc::usage, "cannot listen on \"{}\": not a valid IP address",
                              listener.address);
        auto& acceptor = acceptors.emplace_back(workers.front()->loop);
        const Tcp::endpoint endpoint(address, listener.port);
        acceptor.open(endpoint.protocol(), failure);
        if (!failure) acceptor.set_option(net::socket_base::reuse_address(true), failure);
        if (!failure) acceptor.bind(endpoint, failure);
        if (!failure) acceptor.listen(net::socket_base::max_listen_connections, failure);
        if (failure) {
            throw base::Error(base::Errc::io, "cannot listen on {}: {}", name, failure.message())
                .set_hint(
                    "the port may be in use: find the process with ss -ltnp, or choose another "
                    "port with --listen or --metrics-listen");
        }
        ports.push_back(acceptor.local_endpoint().port());
        pauses.push_back(std::make_unique<net::steady_timer>(workers.front()->loop));
    }

    // The first worker accepts; connections are distributed to all workers in turn.
    void accept(std::size_t listener) {
        auto& worker = *workers[next++ % workers.size()];
        acceptors[listener].async_accept(worker.loop, [this, listener, &worker](
                                                          Failure failure, Tcp::socket socket) {
            if (failure == net::error::operation_aborted || !acceptors[listener].is_open()) return;
            if (failure) {
                // Most likely out of file descriptors: retry when some may have been closed.
                pauses[listener]->expires_after(std::chrono::milliseconds(100));
                pauses[listener]->async_wait([this, listener](Failure stopped) {
                    if (!stopped) accept(listener);
                });
                return;
            }
            ++common.open;
            net::post(worker.loop, [this, listener, &worker, moved = std::move(socket)]() mutable {
                begin(listener, worker, std::move(moved));
            });
            accept(listener);
        });
    }

    void begin(std::size_t listener, ServerThread& worker, Tcp::socket socket) {
        Failure gone;
        const auto address = socket.remote_endpoint(gone).address().to_string();
        auto slot = gone ? ConnectionSlots::Slot() : common.slots.take(address);
        if (!slot && !gone && !common.slots.is_full(address) && worker.close_longest_idle())
            slot = common.slots.take(address);
        if (!slot) return common.closed();
        auto& handler = *worker.handlers[listener];
        if (!listeners[listener].tls)
            return start_session(common, worker, handler, make_plain_stream(std::move(socket)),
                                 std::move(slot));
        auto context = tls.get();
        if (!context) return common.closed();  // no certificate yet
        start_session(common, worker, handler,
                      make_tls_stream(std::move(socket), std::move(context)), std::move(slot));
    }

    void on_every_worker(const std::function<void(ServerThread&)>& act) {
        for (const auto& worker : workers) {
            net::post(worker->loop, [act, &worker = *worker] { act(worker); });
        }
    }

    void close_listeners() {
        net::post(workers.front()->loop, [this] {
            Failure ignored;
            for (auto& acceptor : acceptors)
                acceptor.close(ignored);
            for (auto& pause : pauses)
                pause->cancel();
        });
    }
};

HttpsServer::HttpsServer(ServerOptions options, std::vector<Listener> listeners,
                         const SharedValue<TlsContext>& tls)
    : state_(std::make_unique<State>(options, tls)) {
    state_->listeners = std::move(listeners);
    for (unsigned i = 0; i < std::max(options.threads, 1U); ++i) {
        auto& worker = *state_->workers.emplace_back(std::make_unique<ServerThread>());
        for (const auto& listener : state_->listeners)
            worker.handlers.push_back(listener.make_handler());
    }
    for (const auto& listener : state_->listeners)
        state_->listen(listener);
    for (std::size_t i = 0; i < state_->listeners.size(); ++i)
        state_->accept(i);
    for (const auto& worker : state_->workers) {
        worker->thread = std::thread([&worker = *worker] {
            const auto busy = net::make_work_guard(worker.loop);
            for (;;) {
                try {
                    worker.loop.run();
                    return;
                } catch (const std::exception& problem) {
                    // For example out of memory: only that connection is affected.
                    base::log_error("a connection failed: {}", problem.what());
                }
            }
        });
    }
}

HttpsServer::~HttpsServer() {
    state_->common.shutting_down = true;
    for (const auto& worker : state_->workers)
        worker->loop.stop();
    for (const auto& worker : state_->workers)
        worker->thread.join();
    // Destroy the connections, which the loops own, while handlers and counters still exist.
    state_->acceptors.clear();
    state_->pauses.clear();
    for (const auto& worker : state_->workers) {
        worker->loop.restart();
        worker->for_each([](Connection& connection) { connection.abort(); });
        worker->loop.poll();
    }
}

std::uint16_t HttpsServer::port(std::size_t listener) const {
    return state_->ports.at(listener);
}

void HttpsServer::begin_shutdown() {
    state_->common.shutting_down = true;
}

bool HttpsServer::drain(std::chrono::milliseconds grace) {
    begin_shutdown();
    state_->close_listeners();
    state_->on_every_worker([](ServerThread& worker) {
        worker.for_each([](Connection& connection) { connection.close_if_idle(); });
    });
    std::unique_lock lock(state_->common.mutex);
    return state_->common.all_closed.wait_for(lock, grace,
                                              [&] { return state_->common.open == 0; });
}

}  // namespace airlock::webhook
