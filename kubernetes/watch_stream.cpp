#include "kubernetes/watch_stream.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <map>

namespace airlock::kubernetes {
namespace {

using base::Errc;
using base::Error;

// etcd limits an object to 1.5 MiB; its JSON may be longer.
constexpr std::size_t kMaxEvent = 16 * 1024 * 1024;

WatchEvent::Type type_of(const std::string& text) {
    static const std::map<std::string, WatchEvent::Type> kTypes{
        {"ADDED", WatchEvent::Type::added},     {"MODIFIED", WatchEvent::Type::modified},
        {"DELETED", WatchEvent::Type::deleted}, {"BOOKMARK", WatchEvent::Type::bookmark},
        {"ERROR", WatchEvent::Type::error},
    };
    const auto at = kTypes.find(text);
    if (at == kTypes.end()) throw Error(Errc::invalid, "unknown watch event type \"{}\"", text);
    return at->second;
}

WatchEvent parse_event(const std::string& line) {
    auto json = base::parse_json(line, "a watch event");
    WatchEvent event;
    event.type = type_of(base::require_string(json, "type", "a watch event"));
    event.object = base::require_object(json, "object", "a watch event");
    if (event.type == WatchEvent::Type::error) {
        const auto* code = base::find(event.object, "code");
        event.too_old = code != nullptr && *code == 410;
        if (!event.too_old) {
            throw Error(Errc::unavailable, "the API server ended a watch: {}",
                        base::get_string(event.object, "message", "a watch event"));
        }
        return event;
    }
    event.resource_version =
        base::require_string(base::require_object(event.object, "metadata", "a watch event"),
                             "resourceVersion", "a watch event");
    return event;
}

}  // namespace

void WatchStream::write(base::Bytes bytes) {
    auto rest = base::as_text(bytes);
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        line_ += rest.substr(0, end);
        if (line_.size() > kMaxEvent) throw Error(Errc::invalid, "watch event too large");
        if (end == std::string_view::npos) return;
        rest.remove_prefix(end + 1);
        if (!line_.empty()) act_(parse_event(line_));
        line_.clear();
    }
}

}  // namespace airlock::kubernetes
