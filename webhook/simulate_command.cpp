#include "webhook/simulate_command.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "webhook/mutator.hpp"
#include "webhook/policy.hpp"

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

void write_text(const Mutation& mutation, std::ostream& out) {
    out << mutation.node << ": " << to_string(mutation.outcome);
    if (mutation.skip_reason != SkipReason::none)
        out << " (" << to_string(mutation.skip_reason) << ')';
    if (!mutation.detail.empty()) out << ": " << mutation.detail;
    out << '\n';
    for (const auto& resource : mutation.resources) {
        out << "  " << resource.resource << ": " << resource.before.text() << " -> "
            << resource.after.text() << ", real " << resource.raw.text() << ", ratio "
            << resource.ratio.text() << " (" << (resource.source.empty() ? "none" : resource.source)
            << "), " << to_string(resource.rule) << '\n';
    }
}

Json to_json(const Mutation& mutation) {
    Json resources = Json::array();
    for (const auto& resource : mutation.resources) {
        resources.push_back({{"name", resource.resource},
                             {"before", resource.before.text()},
                             {"after", resource.after.text()},
                             {"raw", resource.raw.text()},
                             {"ratio", resource.ratio.text()},
                             {"source", resource.source},
                             {"rule", to_string(resource.rule)}});
    }
    return {{"node", mutation.node},
            {"result", to_string(mutation.outcome)},
            {"reason", to_string(mutation.skip_reason)},
            {"detail", mutation.detail},
            {"resources", std::move(resources)},
            {"patch", mutation.patch.empty() ? Json::array()
                                             : base::parse_json(mutation.patch, "the patch")}};
}

}  // namespace

base::ExitCode simulate(const SimulateOptions& options, std::istream& in, std::ostream& out) {
    const auto policy =
        Policy::parse(base::read_file(options.policy, Policy::kMaxFile), options.policy);
    const auto input = base::parse_json(read_input(in), "the input");
    ReviewParser parser;
    Json all = Json::array();
    for (const auto& review : reviews_in(input)) {
        auto body = base::dump_json(review);
        const auto mutation = mutate(parser, body, &policy);
        if (options.format == base::Format::json) {
            all.push_back(to_json(mutation));
        } else {
            write_text(mutation, out);
        }
    }
    if (options.format == base::Format::json) out << base::dump_json(all, 2) << '\n';
    return base::ExitCode::done;
}

}  // namespace airlock::webhook
