#include "webhook/answer_check.hpp"

#include "base/error.hpp"
#include "webhook/heartbeat.hpp"
#include "webhook/json_patch.hpp"
#include "webhook/node_state.hpp"
#include "webhook/resource.hpp"

#include <fmt/format.h>

#include <charconv>

namespace airlock::webhook {
namespace {

using Fault = std::optional<std::string>;

constexpr std::string_view kAnnotations = "/metadata/annotations";
constexpr std::string_view kAnnotation = "/metadata/annotations/";
constexpr std::string_view kAllocatable = "/status/allocatable/";
constexpr std::string_view kConditions = "/status/conditions/";

// The parts of a Node that a patch may touch, while it is applied to them: what is there decides
// whether the next operation has a parent to add to.
class Patched {
  public:
    explicit Patched(const NodeView& node) : node_(node), has_annotations_(node.has_annotations) {}

    Fault apply(const Addition& addition) {
        const auto path = addition.path;
        if (path == kAnnotations) return make_annotations(addition);
        if (addition.empty_object) return fmt::format("{} would become an object", path);
        if (path.starts_with(kAllocatable))
            return set_allocatable(path.substr(kAllocatable.size()), addition.text);
        if (path.starts_with(kAnnotation))
            return set_annotation(path.substr(kAnnotation.size()), addition.text);
        if (path.starts_with(kConditions))
            return set_time(path.substr(kConditions.size()), addition.text);
        return "more than allocatable, annotations and conditions would change";
    }

  private:
    Fault make_annotations(const Addition& addition) {
        if (!addition.empty_object || has_annotations_) return "the annotations would be lost";
        has_annotations_ = true;
        return std::nullopt;
    }

    Fault set_annotation(std::string_view part, std::string_view text) const {
        if (!has_annotations_) return "there are no annotations to add to";
        if (unescape_pointer_part(part) != kStateAnnotation)
            return "an annotation of somebody else would change";
        if (!NodeState::parse(text)) return "the state could not be read again";
        return std::nullopt;
    }

    Fault set_allocatable(std::string_view part, std::string_view text) const {
        const auto resource = unescape_pointer_part(part);
        if (!node_.has_allocatable || !resource ||
            find_value(node_.allocatable, *resource) == nullptr) {
            return "allocatable would have other resources than before";
        }
        const auto quantity = Quantity::parse(text);
        if (!quantity || !is_valid_allocatable(*resource, *quantity) || quantity->text() != text)
            return fmt::format("{} would not be a quantity that Kubernetes accepts", *resource);
        return std::nullopt;
    }

    Fault set_time(std::string_view rest, std::string_view text) const {
        const auto slash = rest.find('/');
        const auto index = index_of(rest.substr(0, slash));
        if (slash == rest.npos || rest.substr(slash) != "/lastHeartbeatTime")
            return "a condition would change in more than its time";
        // A time that is there proves that the condition is an object.
        if (!index || *index >= node_.conditions.size() ||
            node_.conditions[*index].heartbeat.empty()) {
            return "a condition would get a time that had none";
        }
        if (!parse_time(text)) return "a condition's time would be none";
        return std::nullopt;
    }

    static std::optional<std::size_t> index_of(std::string_view digits) {
        std::size_t index = 0;
        const auto* last = digits.data() + digits.size();
        const auto [end, problem] = std::from_chars(digits.data(), last, index);
        const bool leading_zero = digits.size() > 1 && digits.front() == '0';
        if (digits.empty() || problem != std::errc() || end != last || leading_zero)
            return std::nullopt;
        return index;
    }

    const NodeView& node_;
    bool has_annotations_;
};

}  // namespace

std::optional<std::string> find_fault(const NodeView& now, std::string_view patch) {
    Patched node(now);
    Fault fault;
    try {
        read_json_patch(patch, [&](const Addition& addition) {
            if (!fault) fault = node.apply(addition);
        });
    } catch (const base::Error& problem) {
        return problem.what();
    }
    return fault;
}

}  // namespace airlock::webhook
