#include "webhook/admission_review.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/json_string.hpp"

#include <simdjson.h>

#include <utility>

namespace airlock::webhook {

using base::Errc;
using base::Error;
namespace sj = simdjson::ondemand;

static_assert(kBodyPadding >= simdjson::SIMDJSON_PADDING);

void NodeView::clear() {
    present = has_annotations = has_allocatable = false;
    name = {};
    labels.clear();
    annotations.clear();
    allocatable.clear();
    capacity.clear();
    conditions.clear();
    other_fields.clear();
}

struct ReviewParser::State {
    sj::parser parser;
    Review review;
};

namespace {

bool is_object(sj::value& value) {
    return value.type() == sj::json_type::object;
}
bool is_array(sj::value& value) {
    return value.type() == sj::json_type::array;
}

// A string's text, or an empty view for another type.
std::string_view text_of(sj::value value) {
    if (value.type() != sj::json_type::string) return {};
    return value.get_string();
}

std::string_view raw_text(sj::value value) {
    return simdjson::to_json_string(value);
}

enum class Numbers { rejected, accepted };

// Reads a map of strings; quantities may be numbers too. False when a value is of another type.
bool read_map(sj::value value, std::vector<TextPair>& out, Numbers numbers = Numbers::rejected) {
    bool valid = true;
    for (auto member : value.get_object()) {
        const std::string_view key = member.unescaped_key();
        sj::value entry = member.value();
        const sj::json_type type = entry.type();
        if (type == sj::json_type::string) {
            out.emplace_back(key, entry.get_string());
        } else if (type == sj::json_type::number && numbers == Numbers::accepted) {
            out.emplace_back(key, raw_text(entry));
        } else {
            valid = false;
        }
    }
    return valid;
}

void keep_other_field(NodeView& node, std::string_view key, sj::value value) {
    node.other_fields.emplace_back(key, raw_text(value));
}

void read_conditions(sj::value value, NodeView& node) {
    for (sj::value entry : value.get_array()) {
        if (!is_object(entry)) {
            keep_other_field(node, "conditions", entry);
            node.conditions.emplace_back();  // so that later ones keep their index
            continue;
        }
        Condition condition;
        node.other_fields.emplace_back("conditions",
                                       "");  // keeps two conditions' fields from running together
        for (auto member : entry.get_object()) {
            const std::string_view key = member.unescaped_key();
            sj::value field = member.value();
            if (key == "lastHeartbeatTime") {
                condition.heartbeat = text_of(field);
            } else if (key == "type" && field.type() == sj::json_type::string) {
                condition.type = field.get_string();
                node.other_fields.emplace_back(key, condition.type);
            } else {
                keep_other_field(node, key, field);
            }
        }
        node.conditions.push_back(condition);
    }
}

// Of two members with the same name, other readers may use the other one.
constexpr std::string_view kDuplicate = "the Node has a duplicate field";

std::string_view read_metadata(sj::value value, NodeView& node) {
    std::string_view unreadable;
    bool annotations = false;
    for (auto member : value.get_object()) {
        const std::string_view key = member.unescaped_key();
        sj::value field = member.value();
        if (key == "annotations" && std::exchange(annotations, true)) unreadable = kDuplicate;
        if (key == "name") {
            node.name = text_of(field);
        } else if (key == "labels" && is_object(field)) {
            if (!read_map(field, node.labels)) unreadable = "a label is not a string";
        } else if (key == "annotations" && is_object(field)) {
            node.has_annotations = true;
            if (!read_map(field, node.annotations)) unreadable = "an annotation is not a string";
        } else if (key != "managedFields" && key != "resourceVersion") {
            // A null annotations map counts as absent, as in the API server's patch code.
            keep_other_field(node, key, field);
        }
    }
    return unreadable;
}

std::string_view read_status(sj::value value, NodeView& node) {
    std::string_view unreadable;
    bool allocatable = false;
    bool conditions = false;
    for (auto member : value.get_object()) {
        const std::string_view key = member.unescaped_key();
        sj::value field = member.value();
        if (key == "allocatable" && std::exchange(allocatable, true)) unreadable = kDuplicate;
        if (key == "conditions" && std::exchange(conditions, true)) unreadable = kDuplicate;
        if (key == "allocatable" && is_object(field)) {
            node.has_allocatable = true;
            if (!read_map(field, node.allocatable, Numbers::accepted))
                unreadable = "a value in allocatable is not a quantity";
        } else if (key == "capacity" && is_object(field)) {
            // One of the other fields as well: a changed capacity must be stored.
            if (!read_map(field, node.capacity, Numbers::accepted))
                unreadable = "a value in capacity is not a quantity";
            node.other_fields.emplace_back(key, "");
            for (const auto& entry : node.capacity)
                node.other_fields.push_back(entry);
        } else if (key == "conditions" && is_array(field)) {
            read_conditions(field, node);
        } else {
            keep_other_field(node, key, field);
        }
    }
    return unreadable;
}

std::string_view read_node(sj::value value, NodeView& node) {
    if (!is_object(value)) return "";  // null: absent
    std::string_view unreadable;
    int metadata = 0;
    int status = 0;
    for (auto member : value.get_object()) {
        const std::string_view key = member.unescaped_key();
        sj::value field = member.value();
        if (key == "metadata" || key == "status") {
            auto& times = key == "metadata" ? metadata : status;
            if (++times > 1 || !is_object(field)) {
                unreadable = times > 1 ? kDuplicate : "metadata or status is not an object";
                continue;
            }
            const auto found =
                key == "metadata" ? read_metadata(field, node) : read_status(field, node);
            if (!found.empty()) unreadable = found;
        } else {
            keep_other_field(node, key, field);
        }
    }
    node.present = unreadable.empty() && metadata == 1 && status == 1;
    if (unreadable.empty() && !node.present) unreadable = "the Node has no metadata or no status";
    return unreadable;
}

void read_request(sj::value value, Review& review) {
    for (auto member : value.get_object()) {
        const std::string_view key = member.unescaped_key();
        sj::value field = member.value();
        if (key == "uid") {
            review.uid = text_of(field);
        } else if (key == "resource" && is_object(field)) {
            for (auto part : field.get_object()) {
                const std::string_view name = part.unescaped_key();
                if (name == "resource") review.resource = text_of(part.value());
            }
        } else if (key == "subResource") {
            review.sub_resource = text_of(field);
        } else if (key == "operation") {
            review.operation = text_of(field);
        } else if (key == "name") {
            review.name = text_of(field);
        } else if (key == "userInfo" && is_object(field)) {
            for (auto part : field.get_object()) {
                const std::string_view name = part.unescaped_key();
                if (name == "username") review.user = text_of(part.value());
            }
        } else if (key == "dryRun") {
            if (field.type() == sj::json_type::boolean) review.dry_run = field.get_bool();
        } else if (key == "object" || key == "oldObject") {
            auto& node = key == "object" ? review.now : review.stored;
            node.clear();
            const auto found = read_node(field, node);
            if (!found.empty()) review.unreadable = found;
        }
    }
}

}  // namespace

ReviewParser::ReviewParser() : state_(std::make_unique<State>()) {}
ReviewParser::~ReviewParser() = default;

const Review& ReviewParser::parse(std::string& body) {
    auto& review = state_->review;
    review.now.clear();
    review.stored.clear();
    Review fresh;
    fresh.now = std::move(review.now);  // reuses the buffers
    fresh.stored = std::move(review.stored);
    review = std::move(fresh);
    if (body.size() > kMaxReview)
        throw Error(Errc::invalid, "admission review: larger than {} bytes", kMaxReview);
    if (body.capacity() < body.size() + kBodyPadding) body.reserve(body.size() + kBodyPadding);
    std::string_view kind;
    bool request = false;
    try {
        sj::document document = state_->parser.iterate(
            simdjson::padded_string_view(body.data(), body.size(), body.capacity()));
        for (auto member : document.get_object()) {
            const std::string_view key = member.unescaped_key();
            sj::value field = member.value();
            if (key == "apiVersion") {
                review.api_version = text_of(field);
            } else if (key == "kind") {
                kind = text_of(field);
            } else if (key == "request" && is_object(field)) {
                if (request)
                    throw Error(Errc::invalid, "admission review: duplicate field \"request\"");
                request = true;
                read_request(field, review);
            }
        }
        // simdjson knows no current location only at the end of its input.
        if (document.current_location().error() == simdjson::SUCCESS) {
            throw Error(Errc::invalid, "admission review: more than one JSON value");
        }
    } catch (const simdjson::simdjson_error& problem) {
        throw Error(Errc::invalid, "admission review: not valid JSON: {}", problem.what());
    }
    if (kind != "AdmissionReview" || (review.api_version != "admission.k8s.io/v1" &&
                                      review.api_version != "admission.k8s.io/v1beta1")) {
        throw Error(Errc::invalid,
                    "admission review: not an AdmissionReview of admission.k8s.io/v1 or v1beta1");
    }
    constexpr std::size_t kMaxUid = 1024;
    if (!request || review.uid.empty() || review.uid.size() > kMaxUid) {
        throw Error(Errc::invalid, "admission review: request.uid is missing or too long");
    }
    return review;
}

void ReviewParser::shrink() {
    constexpr std::size_t kUsual = 512 * 1024;
    if (state_->parser.capacity() > kUsual) state_ = std::make_unique<State>();
}

std::string write_review(std::string_view api_version, std::string_view uid,
                         const ReviewAnswer& answer) {
    std::string out;
    out.reserve(256 + answer.patch.size() * 4 / 3 + answer.audit.size() * 128);
    out += R"({"kind":"AdmissionReview","apiVersion":)";
    base::append_json_string(out, api_version);
    out += R"(,"response":{"uid":)";
    base::append_json_string(out, uid);
    out += R"(,"allowed":true)";
    if (!answer.patch.empty()) {
        out += R"(,"patchType":"JSONPatch","patch":")";
        out += base::base64_encode(answer.patch);
        out += '"';
    }
    if (!answer.audit.empty()) {
        out += R"(,"auditAnnotations":{)";
        for (bool first = true; const auto& [key, value] : answer.audit) {
            if (!std::exchange(first, false)) out += ',';
            base::append_json_string(out, key);
            out += ':';
            base::append_json_string(out, value);
        }
        out += '}';
    }
    out += "}}";
    return out;
}

}  // namespace airlock::webhook
