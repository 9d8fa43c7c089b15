// Answers the requests of an HttpsServer, independent of connections.
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
    bool client_verified = false;  // by a client certificate
};

struct Reply {
    unsigned status = 200;
    std::string_view content_type = "text/plain; charset=utf-8";
    std::string body;
    std::string_view allow = {};  // the methods, for 405
    bool proves_client = false;   // the request was a valid review
};

// One per thread and listener; called by that thread only.
class RequestHandler {
  public:
    virtual ~RequestHandler() = default;
    // Called before the body is read: a reply that rejects the request, or nothing to go on.
    virtual std::optional<Reply> refuse(const RequestHead& head) = 0;
    // `body` has kBodyPadding spare bytes after its end, so that it is parsed without a copy.
    virtual Reply handle(const RequestHead& head, std::string& body) = 0;
    // Called for a request that never reaches handle(), for example with status 413.
    virtual void refused(unsigned status) = 0;
    virtual void connections_changed(int by) = 0;
};

}  // namespace airlock::webhook
