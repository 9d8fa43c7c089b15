// Any bytes as an admission review: rejected as a whole, or answered with "allowed" and a patch that
// can be applied.
#include "base/error.hpp"
#include "base/json.hpp"
#include "tests/webhook/json_patch_oracle.hpp"
#include "webhook/mutator.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace airlock;
    static const auto kPolicy = webhook::Policy::parse(
        "apiVersion: oversell.airlock.dev/v1\nkind: Policy\nresources: [cpu, memory, pods]\n"
        "default: {ratios: {cpu: 2, memory: 1.5, pods: 1.1}}\nmaxRatio: {pods: 2}\n"
        "ramp: {up: 0.1 per 10m, down: 0.1 per 10m}\n",
        "policy");
    static webhook::ReviewParser parser;
    std::string body(reinterpret_cast<const char*>(data), size);
    webhook::Mutation mutation;
    try {
        mutation = webhook::mutate(parser, body, &kPolicy, {});
    } catch (const base::Error& refused) {
        if (refused.code() != base::Errc::invalid) std::abort();
        return 0;
    }
    // The final check must never find an error.
    if (mutation.skip_reason == webhook::SkipReason::self_check) std::abort();
    if (base::parse_json(mutation.answer, "the answer").at("response").at("allowed") != true) {
        std::abort();
    }
    if (mutation.patch.empty()) return 0;
    base::Json review;
    try {
        review = base::parse_json(body, "the review", 2000);
    } catch (const base::Error&) {
        return 0;  // fields that the webhook skips are not validated as strictly
    }
    webhook::test::apply_json_patch(review["request"]["object"], mutation.patch);
    return 0;
}
