#include "webhook/node_annotations.hpp"

#include "webhook/resource.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace airlock::webhook {
namespace {

constexpr std::size_t kMaxText = 1024;

struct Part {
    std::string_view text;      // without surrounding spaces
    std::string_view resource;  // empty if the part does not name one
    std::string_view value;
};

std::string_view trimmed(std::string_view text) {
    const auto begin = std::min(text.find_first_not_of(' '), text.size());
    const auto last = text.find_last_not_of(' ');
    return text.substr(begin, last == text.npos ? 0 : last + 1 - begin);
}

std::vector<Part> split(std::string_view text) {
    std::vector<Part> parts;
    while (!text.empty()) {
        const auto comma = text.find(',');
        Part part{.text = trimmed(text.substr(0, comma)), .resource = {}, .value = {}};
        text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
        const auto equals = part.text.find('=');
        if (equals != part.text.npos) {
            part.resource = trimmed(part.text.substr(0, equals));
            part.value = trimmed(part.text.substr(equals + 1));
        }
        parts.push_back(part);
    }
    return parts;
}

// `parse` takes resource and text, and returns an optional value.
template <typename Value, typename Parse>
ResourceValues<Value> parse_list(std::string_view text, std::string_view form, Parse parse) {
    ResourceValues<Value> out;
    if (text.size() > kMaxText) {
        out.unclear = true;
        out.problem = fmt::format("longer than {} characters", kMaxText);
        return out;
    }
    for (const auto& part : split(text)) {
        const auto value = part.resource.empty() ? std::nullopt : parse(part.resource, part.value);
        const bool repeated = out.find(part.resource) != nullptr || out.is_malformed(part.resource);
        if (value && !repeated) {
            out.valid.emplace_back(part.resource, *value);
            continue;
        }
        if (out.problem.empty()) {
            out.problem =
                fmt::format("\"{}\" is not valid: use {}, and each resource once", part.text, form);
        }
        if (part.resource.empty()) {
            out.unclear = true;
        } else {
            std::erase_if(out.valid, [&](const auto& pair) { return pair.first == part.resource; });
            out.malformed.emplace_back(part.resource);
        }
    }
    return out;
}

}  // namespace

ResourceValues<Ratio> parse_ratio_annotation(std::string_view text) {
    return parse_list<Ratio>(
        text, "RESOURCE=RATIO with a ratio from 1 to 100",
        [](std::string_view, std::string_view value) { return Ratio::parse(value); });
}

ResourceValues<Quantity> parse_requested_annotation(std::string_view text) {
    return parse_list<Quantity>(text, "RESOURCE=QUANTITY",
                                [](std::string_view resource, std::string_view value) {
                                    auto quantity = Quantity::parse(value);
                                    if (quantity && !is_valid_allocatable(resource, *quantity))
                                        quantity.reset();
                                    return quantity;
                                });
}

}  // namespace airlock::webhook
