// webhook_soak SECONDS [THREADS]: runs valid and hostile clients against the program while its
// policy and certificate change. Fails if a valid request is not answered correctly, if memory
// grows, if the program exits, or if it does not shut down gracefully; with a sanitizer, also on
// its first finding. Prints the number of requests, and the memory over time.
#include "tests/webhook/server_process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>

namespace airlock::webhook {
namespace {

using Clock = std::chrono::steady_clock;
using test::Client;
using test::get;
using test::post;

struct Soak {
    explicit Soak(const std::vector<std::string>& options) : server(options) {}

    bool over() const { return Clock::now() > end || failed; }
    void fail(const std::string& why) {
        const std::lock_guard lock(mutex);
        if (!failed) reason = why;
        failed = true;
    }

    test::ServerProcess server;
    Clock::time_point end;
    std::atomic<std::uint64_t> good{0};
    std::atomic<std::uint64_t> hostile{0};
    std::atomic<std::uint64_t> changes{0};
    std::atomic<bool> failed{false};
    std::mutex mutex;
    std::string reason;
};

const std::array<std::string, 3>& reviews() {
    static const std::array all{test::fixture("admission-review-node-status.json"),
                                test::fixture("admission-review-node-status-1.34.json"),
                                test::fixture("admission-review-node-status-50-images.json")};
    return all;
}

// Behaves like the API server: keeps its connections, and expects every answer to be correct.
void good_client(Soak& soak, unsigned seed) {
    std::mt19937 random(seed);
    while (!soak.over()) {
        Client client(soak.server.port(), true);
        if (!client.connected()) return soak.fail("a valid client could not connect");
        for (int i = 0; i < 500 && !soak.over(); ++i) {
            client.send(post("/mutate?timeout=2s", reviews().at(random() % reviews().size())));
            const auto reply = client.receive();
            if (reply.status != 200 || reply.body.find(R"("allowed":true)") == std::string::npos ||
                reply.body.find("JSONPatch") == std::string::npos) {
                return soak.fail(
                    fmt::format("a valid request got {}: {}", reply.status, reply.body));
            }
            ++soak.good;
        }
    }
}

std::string garbled(std::mt19937& random) {
    auto text = reviews().at(random() % reviews().size());
    for (unsigned i = 0; i < 1 + random() % 20; ++i)
        text.at(random() % text.size()) = static_cast<char>(random());
    return text;
}

std::string noise(std::mt19937& random, std::size_t size) {
    std::string text(size, '\0');
    for (auto& character : text)
        character = static_cast<char>(random());
    return text;
}

// One hostile client. `held` are connections that send nothing, or not all of a request.
void harm(Soak& soak, std::mt19937& random, std::vector<std::unique_ptr<Client>>& held) {
    const bool tls = random() % 8 != 0;
    auto client = std::make_unique<Client>(soak.server.port(), tls);
    if (!tls) {
        client->send(noise(random, random() % 4000));
        return;
    }
    switch (random() % 12) {
        case 0:
            client->send(noise(random, 1 + random() % 30'000));
            client->receive();
            break;
        case 1:
            client->send(post("/mutate", garbled(random)));
            client->receive();
            break;
        case 2: {
            const auto request = post("/mutate", garbled(random));
            client->send(std::string_view(request).substr(0, random() % request.size()));
            break;  // and disconnects
        }
        case 3:
            client->send(post("/mutate", std::string(7 << 20, "[{\" "[random() % 4])));
            client->receive();
            break;
        case 4:
            client->send(
                "POST /mutate HTTP/1.1\r\nContent-Type: application/json\r\n"
                "Content-Length: 99999999999\r\n\r\n");
            client->receive();
            break;
        case 5: {
            std::string all;
            for (int i = 0; i < 50; ++i)
                all += i % 2 == 0 ? post("/mutate", reviews().front()) : get("/readyz");
            client->send(all);
            for (unsigned i = 0; i < random() % 50; ++i)
                client->receive();
            break;  // leaves the other replies unread
        }
        case 6:
            client->send(
                "POST /mutate HTTP/1.1\r\nContent-Type: application/json\r\n"
                "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n");
            client->receive();
            break;
        case 7:
            client->send("GET /" + noise(random, random() % 20'000) + " HTTP/1.1\r\n\r\n");
            client->receive();
            break;
        case 8:
            client->send(post("/mutate", reviews().front(), "text/plain"));
            client->receive();
            break;
        case 9:
            client->send(get("/mutate"));
            client->receive();
            break;
        case 10:
            client->send(post("/mutate", reviews().front()).substr(0, random() % 2000));
            held.push_back(std::move(client));
            break;
        default:
            held.push_back(std::move(client));
            break;
    }
    constexpr std::size_t kMaxHeld = 24;  // good clients have the same address
    if (held.size() > kMaxHeld) held.erase(held.begin(), held.begin() + kMaxHeld / 2);
}

void hostile_client(Soak& soak, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<std::unique_ptr<Client>> held;
    while (!soak.over()) {
        harm(soak, random, held);
        ++soak.hostile;
    }
}

// Behaves like the cluster: valid and invalid policies and certificates, and Prometheus.
void changer(Soak& soak) {
    const std::array pairs{test::make_pair_for("one"), test::make_pair_for("two")};
    for (std::size_t i = 0; !soak.over(); ++i) {
        const auto& pair = pairs.at(i / 2 % 2);
        if (i % 2 == 0)
            soak.server.write("tls.crt", pair.certificate);  // does not match the key yet
        if (i % 2 == 1) soak.server.write("tls.key", pair.key);
        soak.server.write("policy.yaml",
                          i % 5 == 4 ? "kind: [" : test::policy_text(i % 2 == 0 ? "2" : "3"));
        soak.server.signal(SIGHUP);
        Client client(soak.server.metrics_port(), false);
        client.send(get("/metrics"));
        const auto reply = client.receive();
        if (reply.status != 200 ||
            reply.body.find("node_oversell_requests_total") == std::string::npos)
            return soak.fail(fmt::format("/metrics got {}", reply.status));
        if (reply.body.find(R"(reason="self-check"} 0)") == std::string::npos)
            return soak.fail("a patch did not pass the final check");
        ++soak.changes;
        test::eventually(std::chrono::milliseconds(200), [&] { return soak.over(); });
    }
}

// Ten samples; in the first fifth of the time buffers, caches and a sanitizer fill up.
void watch_memory(Soak& soak, std::chrono::seconds length) {
    constexpr int kSamples = 10;
    std::uint64_t early = 0;
    std::uint64_t late = 0;
    for (int i = 1; i <= kSamples && !soak.over(); ++i) {
        std::uint64_t most = 0;
        const auto until = soak.end - length * (kSamples - i) / kSamples;
        while (Clock::now() < until && !soak.failed) {
            most = std::max(most, soak.server.resident_kib());
            test::eventually(std::chrono::milliseconds(100), [&] { return soak.failed.load(); });
        }
        fmt::print("{:3}% of the time: {} KiB at most, {} correct answers, {} hostile clients\n",
                   i * 100 / kSamples, most, soak.good.load(), soak.hostile.load());
        std::cout.flush();
        if (i > 2 && i <= 6) early = std::max(early, most);
        if (i > 6) late = std::max(late, most);
    }
    // The peaks are those of large bodies; how many arrive at once is random.
    constexpr std::uint64_t kChance = 48 * 1024;
    if (late > early + early / 10 + kChance)
        soak.fail(fmt::format("memory grew from {} to {} KiB", early, late));
}

int run(std::chrono::seconds length, const std::string& threads) {
    // Freed memory that AddressSanitizer holds back would look like growth.
    ::setenv("ASAN_OPTIONS", "quarantine_size_mb=16", 0);
    Soak soak({"--threads=" + threads, "--drain-seconds=0"});
    soak.end = Clock::now() + length;
    std::vector<std::thread> clients;
    for (unsigned i = 0; i < 2; ++i) {
        clients.emplace_back([&soak, i] { good_client(soak, i); });
        clients.emplace_back([&soak, i] { hostile_client(soak, 100 + i); });
    }
    clients.emplace_back([&soak] { changer(soak); });
    watch_memory(soak, length);
    for (auto& client : clients)
        client.join();
    const int status = soak.server.end_within(std::chrono::seconds(60));
    if (status != 0) soak.fail(fmt::format("it exited with status {}", status));
    if (soak.good == 0 || soak.hostile == 0 || soak.changes == 0)
        soak.fail("no requests were sent");
    fmt::print("{} correct answers, {} hostile clients, {} file changes: {}\n", soak.good.load(),
               soak.hostile.load(), soak.changes.load(), soak.failed ? soak.reason : "passed");
    if (soak.failed) std::cout << soak.server.log().substr(0, 20'000) << '\n';
    return soak.failed ? 1 : 0;
}

}  // namespace
}  // namespace airlock::webhook

int main(int argc, char** argv) {
    if (argc < 2 || argc > 3 || std::atoi(argv[1]) <= 0) {
        std::cerr << "usage: webhook_soak SECONDS [THREADS]\n";
        return 2;
    }
    try {
        return airlock::webhook::run(std::chrono::seconds(std::atoi(argv[1])),
                                     argc == 3 ? argv[2] : "2");
    } catch (const std::exception& problem) {
        std::cerr << "webhook_soak: " << problem.what() << '\n';
        return 1;
    }
}
