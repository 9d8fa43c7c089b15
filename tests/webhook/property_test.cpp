// For any Node and any policy, the request is allowed, and the API server accepts the patched Node.
#include "base/digest.hpp"
#include "tests/webhook/json_patch_oracle.hpp"
#include "tests/webhook/support.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

namespace airlock::webhook {
namespace {

using base::Json;

class Generator {
  public:
    explicit Generator(std::uint64_t seed) : random_(seed) {}

    std::size_t below(std::size_t end) { return random_() % end; }
    bool once_in(std::size_t n) { return below(n) == 0; }

    std::string quantity() {
        static constexpr std::array kSuffixes{"", "", "", "m", "Ki", "Mi", "k", "e3", "Gi"};
        static constexpr std::array kOdd{
            "",     "x", "-1",   "1.5", "1.5Ki", "1e99", "9223372036854775807",
            "16Ei", "0", "0.1n", "NaN"};
        if (once_in(12)) return kOdd[below(kOdd.size())];
        return std::to_string(below(std::size_t{1} << below(40))) +
               kSuffixes[below(kSuffixes.size())];
    }

    std::string annotation() {
        static constexpr std::array kOdd{
            "", "x", "{}", "null", "cpu=2", "cpu=1.5,memory=3", "cpu=0", "pods=2,", "\\\"\\n~/"};
        return kOdd[below(kOdd.size())];
    }

    std::string state() {
        static constexpr std::array kNames{"cpu", "memory", "pods", "example.com/gpu",
                                           "hugepages-2Mi"};
        if (once_in(6)) return annotation();
        return fmt::format(
            R"({{\"v\":1,\"generation\":\"g\",\"resources\":{{\"{}\":{{\"raw\":\"{}\",\"applied\":[\"{}\"],\"ratio\":\"2\",\"source\":\"default\"}}}}}})",
            kNames[below(kNames.size())], quantity(), quantity());
    }

    std::string node() {
        std::string out =
            R"({"kind":"Node","metadata":{"name":"n)" + std::to_string(below(50)) + '"';
        if (once_in(8)) out += R"(,"labels":{"node-oversell/disable":"true"})";
        if (!once_in(4)) {
            out += R"(,"annotations":{"other":"1")";
            if (once_in(2)) out += R"(,"node-oversell/state":")" + state() + '"';
            if (once_in(4)) out += R"(,"node-oversell/ratio":")" + annotation() + '"';
            out += '}';
        }
        out += R"(},"status":{"capacity":)" + resources();
        if (!once_in(20)) out += R"(,"allocatable":)" + resources();
        if (!once_in(10)) {
            out += fmt::format(
                R"(,"conditions":[{{"type":"Ready","lastHeartbeatTime":"2026-11-21T00:5{}:57Z"}}])",
                below(10));
        }
        return out + "}}";
    }

    std::string review() {
        return R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u",)"
               R"("resource":{"resource":"nodes"},"subResource":"status","operation":"UPDATE","object":)" +
               node() + R"(,"oldObject":)" + node() + "}}";
    }

    Policy policy() {
        static constexpr std::array kRatios{"1", "1.5", "2", "3.333333", "100"};
        static constexpr std::array kModes{"enforce", "enforce", "enforce", "observe",
                                           "{canary: 50%}"};
        return test::policy(fmt::format(
            "mode: {}\nkillSwitch: {}\nresources: [cpu, memory, pods, example.com/gpu]\n"
            "default: {{ratios: {{cpu: {}, memory: {}, pods: {}, example.com/gpu: {}}}}}\n",
            kModes[below(kModes.size())], once_in(10), kRatios[below(5)], kRatios[below(5)],
            kRatios[below(5)], kRatios[below(5)]));
    }

  private:
    std::string resources() {
        std::string out = "{";
        for (const auto* name : {"cpu", "memory", "pods", "example.com/gpu", "hugepages-2Mi"}) {
            if (once_in(5)) continue;
            out += fmt::format(R"({}"{}":"{}")", out.size() > 1 ? "," : "", name, quantity());
        }
        return out + '}';
    }

    std::mt19937_64 random_;
};

TEST(Property, TheApiServerAcceptsEveryPatchedNode) {
    constexpr int kNodes = 100'000;
    Generator generator(7);
    ReviewParser parser;
    auto policy = generator.policy();
    int patched = 0;
    for (int i = 0; i < kNodes; ++i) {
        if (i % 100 == 0) policy = generator.policy();
        auto body = generator.review();
        const auto mutation = mutate(parser, body, &policy);
        ASSERT_NE(mutation.skip_reason, SkipReason::self_check) << mutation.detail << '\n' << body;
        ASSERT_NE(mutation.answer.find(R"("allowed":true)"), std::string::npos);
        if (mutation.patch.empty()) continue;
        ++patched;
        const auto before = Json::parse(body).at("request").at("object");
        auto after = before;
        ASSERT_NO_THROW(test::apply_json_patch(after, mutation.patch)) << body;
        for (const auto& [name, value] : after.at("status").at("allocatable").items()) {
            if (value == before.at("status").at("allocatable").at(name)) continue;
            const auto quantity = Quantity::parse(value.get<std::string>());
            ASSERT_TRUE(quantity) << name << ' ' << value << '\n' << body;
            EXPECT_FALSE(quantity->is_negative()) << name << ' ' << value;
            if (name == "pods" || name == "example.com/gpu") {
                EXPECT_TRUE(quantity->is_whole()) << name << ' ' << value;
            }
            EXPECT_NE(name, "hugepages-2Mi")
                << "a state with this resource was not written by the webhook\n"
                << body;
        }
        EXPECT_EQ(after.at("status").at("capacity"), before.at("status").at("capacity"));
        EXPECT_EQ(after.at("metadata").at("name"), before.at("metadata").at("name"));
    }
    EXPECT_GT(patched, kNodes / 10);
}

}  // namespace
}  // namespace airlock::webhook
