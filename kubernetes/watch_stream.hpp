// Parses the body of a Kubernetes watch as it arrives: one JSON event per line. Never buffers more
// than one event, and rejects one that is larger than any object in etcd.
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
    base::Json object;             // of a bookmark: only metadata
    std::string resource_version;  // of the object
    bool too_old = false;          // 410: list again
};

class WatchStream final : public base::Sink {
  public:
    explicit WatchStream(std::function<void(const WatchEvent&)> act) : act_(std::move(act)) {}

    // Errc::invalid for a malformed event, Errc::unavailable for an error event other than 410.
    void write(base::Bytes bytes) override;

  private:
    std::function<void(const WatchEvent&)> act_;
    std::string line_;
};

}  // namespace airlock::kubernetes
