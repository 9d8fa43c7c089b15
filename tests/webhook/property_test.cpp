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
        if (once_in(odd_)) return kOdd[below(kOdd.size())];
        return std::to_string(below(std::size_t{1} << below(40))) +
               kSuffixes[below(kSuffixes.size())];
    }

    std::string annotation() {
        static constexpr std::array kOdd{
            "", "x", "{}", "null", "cpu=2", "cpu=1.5,memory=3", "cpu=0", "pods=2,", "\"\n~/"};
        return kOdd[below(kOdd.size())];
    }

    std::string state() {
        static constexpr std::array kNames{"cpu", "memory", "pods", "example.com/gpu",
                                           "hugepages-2Mi"};
        if (once_in(6)) return annotation();
        return fmt::format(
            R"({{"v":2,"generation":"g","resources":{{"{}":{{"raw":"{}","applied":"{}","capacity":"{}","ratio":"2","source":"default"}}}}}})",
            kNames[below(kNames.size())], quantity(), quantity(), quantity());
    }

    Json node() {
        Json out{{"kind", "Node"}, {"metadata", {{"name", "n" + std::to_string(below(50))}}}};
        auto& metadata = out["metadata"];
        if (once_in(8)) metadata["labels"]["node-oversell/disable"] = "true";
        if (!once_in(4)) {
            metadata["annotations"]["other"] = "1";
            if (once_in(2)) metadata["annotations"]["node-oversell/state"] = state();
            if (once_in(4)) metadata["annotations"]["node-oversell/ratio"] = annotation();
        }
        auto& status = out["status"];
        status["capacity"] = resources();
        if (!once_in(20)) status["allocatable"] = resources();
        if (!once_in(10)) {
            status["conditions"] = Json::array(
                {{{"type", "Ready"},
                  {"lastHeartbeatTime", fmt::format("2026-11-21T00:5{}:57Z", below(10))}}});
        }
        return out;
    }

    // An oldObject and an object that is made from it: what a kubelet reports of an oversold node,
    // what others write, and now and then something unrelated.
    std::string review(ReviewParser& parser, const Policy& policy) {
        odd_ = 12;
        if (once_in(8)) return review_of(node(), node(), "admin");
        odd_ = 200;
        Json stored = node();
        stored["metadata"]["labels"] = Json::object();
        stored["metadata"]["annotations"] = {{"other", "1"}};
        auto real = resources();
        stored["status"]["capacity"] = stored["status"]["allocatable"] = real;
        stored["status"]["conditions"] =
            Json::array({{{"type", "Ready"}, {"lastHeartbeatTime", "2026-11-21T00:50:57Z"}}});
        // As it is stored after the first answer.
        auto body = review_of(stored, stored, "admin");
        const auto first = mutate(parser, body, &policy, {});
        if (!first.patch.empty()) test::apply_json_patch(stored, first.patch);
        Json now = stored;
        if (!once_in(8)) {
            now["status"]["allocatable"] = real;
            now["status"]["conditions"][0]["lastHeartbeatTime"] =
                fmt::format("2026-11-21T00:5{}:07Z", 1 + below(4));
        }
        if (once_in(10)) now["status"]["allocatable"] = resources();
        if (once_in(10)) now["status"]["capacity"] = resources();
        return review_of(now, stored, once_in(10) ? "admin" : "system:node:" + name_of(now));
    }

    static std::string name_of(const Json& node) {
        return node.at("metadata").at("name").get<std::string>();
    }

    static std::string review_of(const Json& now, const Json& stored, const std::string& user) {
        return Json{{"kind", "AdmissionReview"},
                    {"apiVersion", "admission.k8s.io/v1"},
                    {"request",
                     {{"uid", "u"},
                      {"resource", {{"resource", "nodes"}}},
                      {"subResource", "status"},
                      {"operation", "UPDATE"},
                      {"userInfo", {{"username", user}}},
                      {"object", now},
                      {"oldObject", stored}}}}
            .dump();
    }

    Policy policy() {
        static constexpr std::array kRatios{"1", "1.5", "2", "3.333333", "100"};
        static constexpr std::array kModes{"enforce", "enforce", "enforce", "observe",
                                           "{canary: 50%}"};
        return test::policy(fmt::format(
            "mode: {}\nkillSwitch: {}\nresources: [cpu, memory, pods, example.com/gpu]\n"
            "maxRatio: {{cpu: 100, memory: 100, pods: 100, example.com/gpu: 100}}\n"
            "default: {{ratios: {{cpu: {}, memory: {}, pods: {}, example.com/gpu: {}}}}}\n",
            kModes[below(kModes.size())], once_in(20), kRatios[below(5)], kRatios[below(5)],
            kRatios[below(5)], kRatios[below(5)]));
    }

  private:
    Json resources() {
        Json out = Json::object();
        for (const auto* name : {"cpu", "memory", "pods", "example.com/gpu", "hugepages-2Mi"}) {
            if (!once_in(5)) out[name] = quantity();
        }
        return out;
    }

    std::mt19937_64 random_;
    std::size_t odd_ = 12;  // one quantity in so many is none
};

TEST(Property, TheApiServerAcceptsEveryPatchedNode) {
    constexpr int kNodes = 20'000;
    Generator generator(7);
    ReviewParser parser;
    auto policy = generator.policy();
    int patched = 0;
    int suppressed = 0;
    for (int i = 0; i < kNodes; ++i) {
        if (i % 100 == 0) policy = generator.policy();
        auto body = generator.review(parser, policy);
        const auto mutation = mutate(parser, body, &policy, {});
        ASSERT_NE(mutation.skip_reason, SkipReason::self_check) << mutation.detail << '\n' << body;
        ASSERT_NE(mutation.answer.find(R"("allowed":true)"), std::string::npos);
        if (mutation.patch.empty()) continue;
        ++patched;
        suppressed += mutation.outcome == Outcome::suppressed ? 1 : 0;
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
        if (mutation.outcome == Outcome::suppressed) {
            EXPECT_EQ(after, Json::parse(body).at("request").at("oldObject")) << body;
        }
        EXPECT_EQ(after.at("status").at("capacity"), before.at("status").at("capacity"));
        EXPECT_EQ(after.at("metadata").at("name"), before.at("metadata").at("name"));
    }
    EXPECT_GT(patched, kNodes / 2);
    EXPECT_GT(suppressed, kNodes / 3);
}

}  // namespace
}  // namespace airlock::webhook
