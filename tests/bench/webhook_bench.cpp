// The cost of one admission review without network and TLS, for real requests of 6.8 and 26.5 kB: a
// first report (a patch with a new state) and a steady heartbeat (stored times restored).
#include "base/digest.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "tests/webhook/json_patch_oracle.hpp"
#include "webhook/mutator.hpp"

#include <benchmark/benchmark.h>

#include <string>

namespace {

using namespace airlock;

webhook::Policy policy() {
    return webhook::Policy::parse(
        "apiVersion: oversell.airlock.dev/v1\nkind: Policy\n"
        "default: {ratios: {cpu: \"2.0\", memory: \"1.5\"}}\n",
        "policy");
}

std::string fixture(const char* name) {
    return base::read_file(std::string(AIRLOCK_SOURCE_DIR "/tests/data/webhook/") + name, 1 << 20);
}

// The next heartbeat after the result for the fixture was stored.
std::string steady(const std::string& first) {
    const auto rules = policy();
    webhook::ReviewParser parser;
    auto body = first;
    auto review = base::Json::parse(first);
    auto& request = review["request"];
    auto object = request["object"];
    webhook::test::apply_json_patch(object, webhook::mutate(parser, body, &rules, {}).patch);
    const auto real = request["object"]["status"]["allocatable"];
    request["oldObject"] = object;
    request["oldObject"]["metadata"].erase("managedFields");
    object["status"]["allocatable"] = real;
    for (auto& condition : object["status"]["conditions"]) {
        condition["lastHeartbeatTime"] = "2026-11-21T00:53:09Z";
    }
    for (auto& condition : request["oldObject"]["status"]["conditions"]) {
        condition["lastHeartbeatTime"] = "2026-11-21T00:52:59Z";
    }
    request["object"] = object;
    return review.dump();
}

void run(benchmark::State& state, const std::string& request, webhook::Outcome expected) {
    const auto rules = policy();
    webhook::ReviewParser parser;
    auto body = request;
    for (auto _ : state) {
        const auto mutation = webhook::mutate(parser, body, &rules, {});
        if (mutation.outcome != expected)
            return state.SkipWithError("another outcome than expected");
        benchmark::DoNotOptimize(mutation.answer.data());
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

void first_report(benchmark::State& state, const char* name) {
    run(state, fixture(name), webhook::Outcome::patched);
}

void steady_heartbeat(benchmark::State& state, const char* name) {
    run(state, steady(fixture(name)), webhook::Outcome::suppressed);
}

BENCHMARK_CAPTURE(first_report, 6.8kB, "admission-review-node-status.json");
BENCHMARK_CAPTURE(first_report, 26.5kB, "admission-review-node-status-50-images.json");
BENCHMARK_CAPTURE(steady_heartbeat, 6.8kB, "admission-review-node-status.json");
BENCHMARK_CAPTURE(steady_heartbeat, 26.5kB, "admission-review-node-status-50-images.json");

}  // namespace

BENCHMARK_MAIN();
