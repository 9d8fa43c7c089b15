// Kubernetes' AdmissionReview (admission.k8s.io/v1 and v1beta1) as it comes and as it goes. Reading
// takes out the few parts of a Node that matter and leaves the rest as spans of the request's own
// bytes; no tree is ever built.
#pragma once

#include "webhook/body_padding.hpp"
#include "webhook/text_pair.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::webhook {

// The API server's own limit is 3 MB an object; a review holds two and a little more.
inline constexpr std::size_t kMaxReview = 7 * 1024 * 1024;

struct Condition {
    std::string_view type;
    std::string_view heartbeat;  // lastHeartbeatTime; empty when absent
};

// One Node of the review. Every view dies with the next parse() or the body.
struct NodeView {
    bool present = false;  // an object, with metadata and status that are objects
    bool has_annotations = false;
    bool has_allocatable = false;
    std::string_view name;
    std::vector<TextPair> labels;
    std::vector<TextPair> annotations;
    std::vector<TextPair> allocatable;
    std::vector<TextPair> capacity;
    std::vector<Condition> conditions;
    // All else in its order, keys and raw text, without metadata.managedFields and resourceVersion:
    // two nodes with equal rests differ at most in what is named above.
    std::vector<TextPair> rest;

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
    // Why a Node cannot be read though the review can; empty when all is well.
    std::string_view trouble;

    bool is_node_status_update() const {
        return resource == "nodes" && sub_resource == "status" && operation == "UPDATE";
    }
};

// One a thread: keeps its buffers from request to request.
class ReviewParser {
  public:
    ReviewParser();
    ~ReviewParser();

    // Errc::invalid for what is no review of a known version with a uid. `body` gets the padding it
    // needs, and must not change while the review is used.
    const Review& parse(std::string& body);
    // Frees what a review far above the usual size made grow; the Review dies with it.
    void shrink();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

struct ReviewAnswer {
    std::string patch;                                            // JSON text; empty for none
    std::vector<std::pair<std::string_view, std::string>> audit;  // audit annotations
};

// Always allowed: a refused heartbeat is a frozen node. Same version and uid as asked.
std::string write_review(std::string_view api_version, std::string_view uid,
                         const ReviewAnswer& answer);

}  // namespace airlock::webhook
