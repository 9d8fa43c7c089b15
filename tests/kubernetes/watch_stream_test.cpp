#include "kubernetes/watch_stream.hpp"

#include "tests/support/expect_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace airlock::kubernetes {
namespace {

using base::Errc;
using test::expect_error;

constexpr std::string_view kEvents =
    R"({"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"7"}}})"
    "\n\n"
    R"({"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"8"}}})"
    "\n"
    R"({"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"9"}}})"
    "\n"
    R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"12"}}})"
    "\n";

TEST(WatchStream, ParsesEventsHoweverTheBytesArrive) {
    for (const std::size_t step : {1U, 7U, 1000U}) {
        std::vector<std::string> versions;
        std::vector<WatchEvent::Type> types;
        WatchStream stream([&](const WatchEvent& event) {
            versions.push_back(event.resource_version);
            types.push_back(event.type);
        });
        for (std::size_t at = 0; at < kEvents.size(); at += step)
            stream.write(base::as_bytes(kEvents.substr(at, step)));
        EXPECT_THAT(versions, testing::ElementsAre("7", "8", "9", "12"));
        using Type = WatchEvent::Type;
        EXPECT_THAT(types, testing::ElementsAre(Type::added, Type::modified, Type::deleted,
                                                Type::bookmark));
    }
}

TEST(WatchStream, IgnoresAnIncompleteEvent) {
    int events = 0;
    WatchStream stream([&](const WatchEvent&) { ++events; });
    stream.write(base::as_bytes(kEvents.substr(0, kEvents.size() - 1)));
    EXPECT_EQ(events, 3);
}

TEST(WatchStream, ReportsThatAVersionIsTooOld) {
    bool too_old = false;
    WatchStream stream([&](const WatchEvent& event) { too_old = event.too_old; });
    stream.write(base::as_bytes(R"({"type":"ERROR","object":{"kind":"Status","code":410}})"
                                "\n"));
    EXPECT_TRUE(too_old);
}

TEST(WatchStream, RejectsMalformedEvents) {
    const auto write = [](const std::string& line) {
        WatchStream stream([](const WatchEvent&) {});
        stream.write(base::as_bytes(line + "\n"));
        return 0;
    };
    expect_error(
        [&] { return write(R"({"type":"ERROR","object":{"code":500,"message":"no etcd"}})"); },
        Errc::unavailable, "no etcd");
    for (const auto* line :
         {"nonsense", "[]", R"({"object":{}})", R"({"type":"ADDED"})",
          R"({"type":"ADDED","object":{}})", R"({"type":"ADDED","object":{"metadata":{}}})",
          R"({"type":"MOVED","object":{"metadata":{"resourceVersion":"1"}}})"}) {
        SCOPED_TRACE(line);
        expect_error([&] { return write(line); }, Errc::invalid, "");
    }
    const std::string huge(16 * 1024 * 1024 + 1, ' ');
    expect_error([&] { return write(huge); }, Errc::invalid, "too large");
}

}  // namespace
}  // namespace airlock::kubernetes
