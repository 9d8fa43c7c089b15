#include "webhook/patch_check.hpp"

#include "base/error.hpp"
#include "kubernetes/time.hpp"
#include "webhook/json_patch.hpp"
#include "webhook/node_state.hpp"
#include "webhook/resource.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace airlock::webhook {
namespace {

using PatchError = std::optional<std::string>;

constexpr std::string_view kAnnotations = "/metadata/annotations";
constexpr std::string_view kAnnotation = "/metadata/annotations/";
constexpr std::string_view kAllocatable = "/status/allocatable/";
constexpr std::string_view kConditions = "/status/conditions/";

// The fields of a Node that a patch may change, while it is applied: they decide whether the parent
// of the next operation exists.
class Patched {
  public:
    Patched(const NodeView& node, std::span<const RatioLimit> limits)
        : node_(node), limits_(limits), has_annotations_(node.has_annotations) {}

    PatchError apply(const Addition& addition) {
        const auto path = addition.path;
        if (path == kAnnotations) return make_annotations(addition);
        if (addition.empty_object) return fmt::format("{} would become an object", path);
        if (path.starts_with(kAllocatable))
            return set_allocatable(path.substr(kAllocatable.size()), addition.text);
        if (path.starts_with(kAnnotation))
            return set_annotation(path.substr(kAnnotation.size()), addition.text);
        if (path.starts_with(kConditions))
            return set_time(path.substr(kConditions.size()), addition.text);
        return "fields other than allocatable, annotations and conditions would change";
    }

  private:
    PatchError make_annotations(const Addition& addition) {
        if (!addition.empty_object || has_annotations_) return "the annotations would be lost";
        has_annotations_ = true;
        return std::nullopt;
    }

    PatchError set_annotation(std::string_view part, std::string_view text) const {
        if (!has_annotations_) return "there are no annotations to add to";
        if (unescape_pointer_part(part) != kStateAnnotation)
            return "an annotation other than the state would change";
        if (!NodeState::parse(text)) return "the state could not be parsed";
        return std::nullopt;
    }

    PatchError set_allocatable(std::string_view part, std::string_view text) const {
        const auto resource = unescape_pointer_part(part);
        if (!node_.has_allocatable || !resource ||
            find_value(node_.allocatable, *resource) == nullptr) {
            return "a resource would be added to allocatable";
        }
        const auto quantity = Quantity::parse(text);
        if (!quantity || !is_valid_allocatable(*resource, *quantity) || quantity->text() != text)
            return fmt::format("{} would not be a quantity that Kubernetes accepts", *resource);
        if (!is_within_limit(*resource, *quantity))
            return fmt::format("{} would be above capacity times the ratio in force", *resource);
        return std::nullopt;
    }

    bool is_within_limit(std::string_view resource, const Quantity& value) const {
        const auto* text = find_value(node_.capacity, resource);
        const auto capacity = text == nullptr ? std::nullopt : Quantity::parse(*text);
        const auto limit = std::ranges::find(limits_, resource, &RatioLimit::resource);
        if (!capacity || limit == limits_.end()) return false;
        Int128 most = 0;
        if (__builtin_mul_overflow(capacity->nano(), Int128{limit->ratio.millionths()}, &most))
            return true;
        Int128 wanted = 0;
        return !__builtin_mul_overflow(value.nano(), Int128{Ratio::kOne}, &wanted) &&
               wanted <= most;
    }

    PatchError set_time(std::string_view rest, std::string_view text) const {
        const auto slash = rest.find('/');
        const auto index = index_of(rest.substr(0, slash));
        if (slash == rest.npos || rest.substr(slash) != "/lastHeartbeatTime")
            return "a condition would change in more than its heartbeat time";
        // An existing time proves that the condition is an object.
        if (!index || *index >= node_.conditions.size() ||
            node_.conditions[*index].heartbeat.empty()) {
            return "a heartbeat time would be added to a condition without one";
        }
        if (!kubernetes::parse_time(text)) return "a heartbeat time would not be valid";
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
    std::span<const RatioLimit> limits_;
    bool has_annotations_;
};

}  // namespace

std::optional<std::string> find_patch_error(const NodeView& now, std::string_view patch,
                                            std::span<const RatioLimit> limits) {
    Patched node(now, limits);
    PatchError error;
    try {
        read_json_patch(patch, [&](const Addition& addition) {
            if (!error) error = node.apply(addition);
        });
    } catch (const base::Error& problem) {
        return problem.what();
    }
    return error;
}

}  // namespace airlock::webhook
