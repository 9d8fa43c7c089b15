// What answers the requests of an HttpsServer. Knows nothing of connections.
#pragma once

#include "webhook/body_padding.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace airlock::webhook {

struct RequestHead {
    std::string_view method;
    std::string_view path;  // without the query
    std::string_view content_type;
};

struct Reply {
    unsigned status = 200;
    std::string_view content_type = "text/plain; charset=utf-8";
    std::string body;
    std::string_view allow = {};  // the methods, for 405
};

// One a thread and listener; called by that thread alone.
class RequestHandler {
  public:
    virtual ~RequestHandler() = default;
    // A reply that needs no body, before the body is read.
    virtual std::optional<Reply> refuse(const RequestHead& head) = 0;
    // `body` has kBodyPadding spare bytes, so that parsing it needs no copy.
    virtual Reply handle(const RequestHead& head, std::string& body) = 0;
    // A request that never reached handle(): 400, 413, 431, 503.
    virtual void refused(unsigned status) = 0;
    virtual void connections_changed(int by) = 0;
};

}  // namespace airlock::webhook
