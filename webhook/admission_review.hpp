// Kubernetes' AdmissionReview (admission.k8s.io/v1 and v1beta1): reads the request and writes the
// response. Reading extracts the few fields of a Node that matter and keeps all others as views of
// the request's bytes; it never builds a tree.
#pragma once

#include "webhook/body_padding.hpp"
#include "webhook/text_pair.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::webhook {

// The API server's limit is 3 MB for an object; a review holds two and a few fields.
inline constexpr std::size_t kMaxReview = 7 * 1024 * 1024;

struct Condition {
    std::string_view type;
    std::string_view heartbeat;  // lastHeartbeatTime; empty when absent
};

// One Node of the review. Views are valid until the next parse(), and as long as the body.
struct NodeView {
    bool present = false;  // it is an object whose metadata and status are objects
    bool has_annotations = false;
    bool has_allocatable = false;
    std::string_view name;
    std::vector<TextPair> labels;
    std::vector<TextPair> annotations;
    std::vector<TextPair> allocatable;
    std::vector<TextPair> capacity;
    std::vector<Condition> conditions;
    // All other fields in their order, as key and raw text, except metadata.managedFields and
    // resourceVersion. Nodes with equal other_fields differ at most in the fields above.
    std::vector<TextPair> other_fields;

    void clear();
};

struct Review {
    std::string_view api_version;
    std::string_view uid;
    std::string_view resource;  // of resource.resource
    std::string_view sub_resource;
    std::string_view operation;
    std::string_view name;
    std::string_view user;
    bool dry_run = false;
    NodeView now;     // object
    NodeView stored;  // oldObject
    // Why a Node cannot be read although the review can; empty when both can.
    std::string_view unreadable;

    bool is_node_status_update() const {
        return resource == "nodes" && sub_resource == "status" && operation == "UPDATE";
    }
};

// One per thread: reuses its buffers for the next request.
class ReviewParser {
  public:
    ReviewParser();
    ~ReviewParser();

    // Errc::invalid unless `body` is a review of a known version with a uid. Reserves the padding
    // that `body` needs; it must not change while the review is used.
    const Review& parse(std::string& body);
    // Frees buffers that an unusually large review made grow, and with them the Review.
    void shrink();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

struct ReviewAnswer {
    std::string patch;                                            // JSON text; empty for none
    std::vector<std::pair<std::string_view, std::string>> audit;  // audit annotations
};

// Always allowed: a node whose heartbeats are denied becomes NotReady. `api_version` and `uid` are
// those of the request.
std::string write_review(std::string_view api_version, std::string_view uid,
                         const ReviewAnswer& answer);

}  // namespace airlock::webhook
