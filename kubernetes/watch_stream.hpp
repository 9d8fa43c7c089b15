// The body of a Kubernetes watch, as it arrives: one JSON event a line. Bounded: an event that is
// larger than any object etcd takes is refused.
// kubernetes.io/docs/reference/using-api/api-concepts, "Efficient detection of changes".
#pragma once

#include "base/bytes.hpp"
#include "base/json.hpp"

#include <functional>
#include <string>

namespace airlock::kubernetes {

struct WatchEvent {
    enum class Type { added, modified, deleted, bookmark, error };
    Type type = Type::error;
    base::Json object;             // of a bookmark: no more than its metadata
    std::string resource_version;  // of the object
    bool too_old = false;          // an error that says: list again
};

class WatchStream final : public base::Sink {
  public:
    explicit WatchStream(std::function<void(const WatchEvent&)> act) : act_(std::move(act)) {}

    // Errc::invalid for what is no event, Errc::unavailable for an error event that does not say
    // "too old".
    void write(base::Bytes bytes) override;

  private:
    std::function<void(const WatchEvent&)> act_;
    std::string line_;
};

}  // namespace airlock::kubernetes
