#include "webhook/simulate_command.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "kubernetes/pod_fit.hpp"
#include "webhook/mutator.hpp"
#include "webhook/policy.hpp"

#include <chrono>
#include <istream>
#include <iterator>
#include <ostream>

namespace airlock::webhook {

using base::Errc;
using base::Error;
using base::Json;

namespace {

constexpr std::size_t kMaxInput = 512ULL * 1024 * 1024;  // about 20,000 large nodes

std::string read_input(std::istream& in) {
    std::string text;
    constexpr std::size_t kPart = 1 << 16;
    for (std::string part(kPart, '\0'); in.read(part.data(), kPart), in.gcount() > 0;) {
        text.append(part, 0, static_cast<std::size_t>(in.gcount()));
        if (text.size() > kMaxInput)
            throw Error(Errc::invalid, "the input is larger than {} bytes", kMaxInput);
    }
    return text;
}

// The request of a heartbeat of `node` in which nothing has changed.
Json review_of(const Json& node) {
    return {{"kind", "AdmissionReview"},
            {"apiVersion", "admission.k8s.io/v1"},
            {"request",
             {{"uid", "simulate"},
              {"resource", {{"resource", "nodes"}}},
              {"subResource", "status"},
              {"operation", "UPDATE"},
              {"dryRun", true},
              {"object", node},
              {"oldObject", node}}}};
}

std::vector<Json> reviews_in(const Json& input) {
    const auto kind = base::get_string(input, "kind", "the input");
    if (kind == "AdmissionReview") return {input};
    if (kind == "Node") return {review_of(input)};
    if (kind != "List" && kind != "NodeList") {
        throw Error(Errc::invalid, "the input is of kind \"{}\", not Node, List or AdmissionReview",
                    kind)
            .set_hint("pass the output of: kubectl get nodes -o json");
    }
    std::vector<Json> reviews;
    for (const auto& item : base::require_array(input, "items", "the input")) {
        if (kind == "NodeList" || base::get_string(item, "kind", "an item") == "Node") {
            reviews.push_back(review_of(item));
        }
    }
    return reviews;
}

std::vector<Json> read_pods(const std::string& file) {
    if (file.empty()) return {};
    const auto list = base::parse_json(base::read_file(file, kMaxInput), file);
    const auto kind = base::get_string(list, "kind", file);
    if (kind != "List" && kind != "PodList") {
        throw Error(Errc::invalid, "{} is of kind \"{}\", not List or PodList", file, kind)
            .set_hint("write it with: kubectl get pods -A -o json > pods.json");
    }
    return base::require_array(list, "items", file).get<std::vector<Json>>();
}

// What one node would become.
struct Simulated {
    Mutation mutation;
    std::vector<kubernetes::UnfitPod> unfit;
};

// The node's allocatable after the answer.
Json allocatable_after(const Json& node, const Mutation& mutation) {
    const auto* stored = base::find_path(node, {"status", "allocatable"});
    auto out = stored == nullptr ? Json::object() : *stored;
    if (mutation.patch.empty()) return out;
    for (const auto& resource : mutation.resources)
        out[resource.resource] = resource.after.text();
    return out;
}

void write_text(const Simulated& simulated, std::ostream& out) {
    const auto& mutation = simulated.mutation;
    out << mutation.node << ": " << to_string(mutation.outcome);
    if (const auto reason = mutation.first_skip_reason(); reason != SkipReason::none)
        out << " (" << to_string(reason) << ')';
    if (!mutation.detail.empty()) out << ": " << mutation.detail;
    out << '\n';
    for (const auto& resource : mutation.resources) {
        out << "  " << resource.resource << ": " << resource.before.text() << " -> "
            << resource.after.text() << ", real " << resource.raw.text() << ", ratio "
            << resource.ratio.text() << " (" << (resource.source.empty() ? "none" : resource.source)
            << "), " << to_string(resource.rule);
        if (resource.skip != SkipReason::none) out << ", skipped: " << to_string(resource.skip);
        out << '\n';
    }
    for (const auto& pod : simulated.unfit) {
        out << "  pod " << pod.pod << " (priority " << pod.priority
            << ") would not fit: " << pod.resource << " is insufficient\n";
    }
}

Json to_json(const Simulated& simulated) {
    const auto& mutation = simulated.mutation;
    Json resources = Json::array();
    for (const auto& resource : mutation.resources) {
        resources.push_back({{"name", resource.resource},
                             {"before", resource.before.text()},
                             {"after", resource.after.text()},
                             {"raw", resource.raw.text()},
                             {"ratio", resource.ratio.text()},
                             {"source", resource.source},
                             {"rule", to_string(resource.rule)},
                             {"skipped", to_string(resource.skip)}});
    }
    Json unfit = Json::array();
    for (const auto& pod : simulated.unfit) {
        unfit.push_back({{"pod", pod.pod}, {"priority", pod.priority}, {"resource", pod.resource}});
    }
    return {{"node", mutation.node},
            {"result", to_string(mutation.outcome)},
            {"reason", to_string(mutation.first_skip_reason())},
            {"detail", mutation.detail},
            {"resources", std::move(resources)},
            {"unfitPods", std::move(unfit)},
            {"patch", mutation.patch.empty() ? Json::array()
                                             : base::parse_json(mutation.patch, "the patch")}};
}

}  // namespace

base::ExitCode simulate(const SimulateOptions& options, std::istream& in, std::ostream& out) {
    const auto policy =
        Policy::parse(base::read_file(options.policy, Policy::kMaxFile), options.policy);
    const auto pods = read_pods(options.pods);
    const auto input = base::parse_json(read_input(in), "the input");
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    ReviewParser parser;
    Json all = Json::array();
    bool all_fit = true;
    for (const auto& review : reviews_in(input)) {
        auto body = base::dump_json(review);
        Simulated simulated{.mutation = mutate(parser, body, &policy, now), .unfit = {}};
        const auto* node = base::find_path(review, {"request", "object"});
        if (node != nullptr && !pods.empty()) {
            simulated.unfit = kubernetes::unfit_pods(pods, simulated.mutation.node,
                                                     allocatable_after(*node, simulated.mutation));
        }
        all_fit = all_fit && simulated.unfit.empty();
        if (options.format == base::Format::json) {
            all.push_back(to_json(simulated));
        } else {
            write_text(simulated, out);
        }
    }
    if (options.format == base::Format::json) out << base::dump_json(all, 2) << '\n';
    return all_fit ? base::ExitCode::done : base::ExitCode::unhealthy;
}

}  // namespace airlock::webhook
