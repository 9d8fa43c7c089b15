#include "webhook/raw_value.hpp"

#include <gtest/gtest.h>

namespace airlock::webhook {
namespace {

struct Record {
    const char* raw;
    const char* applied;
    const char* capacity;  // nullptr: version 1 recorded none
};

struct Row {
    const char* name;
    Writer writer;
    const char* now;
    const char* stored;    // nullptr: the resource is new
    const char* capacity;  // nullptr: absent
    std::optional<Record> record;
    RawRule rule;
    const char* raw;  // nullptr: unknown
    bool foreign = false;
    ForeignWrites foreign_writes = ForeignWrites::ignore;
};

std::optional<Quantity> quantity(const char* text) {
    return text == nullptr ? std::nullopt : Quantity::parse(text);
}

void check(const Row& row, bool malformed_record = false) {
    SCOPED_TRACE(row.name);
    std::optional<ResourceState> record;
    if (row.record) {
        record = ResourceState{.name = "cpu",
                               .raw = *quantity(row.record->raw),
                               .applied = *quantity(row.record->applied),
                               .capacity = quantity(row.record->capacity),
                               .ratio = *Ratio::parse("2"),
                               .source = "default",
                               .stepped = std::nullopt};
    }
    const auto found = find_raw({.writer = row.writer,
                                 .foreign_writes = row.foreign_writes,
                                 .now = *quantity(row.now),
                                 .stored = quantity(row.stored),
                                 .capacity = quantity(row.capacity),
                                 .record = record ? &*record : nullptr,
                                 .malformed_record = malformed_record});
    EXPECT_EQ(to_string(found.rule), to_string(row.rule));
    EXPECT_EQ(found.value ? found.value->text() : "unknown",
              row.raw == nullptr ? "unknown" : row.raw);
    EXPECT_EQ(found.foreign, row.foreign);
}

constexpr auto kKubelet = Writer::kubelet;
constexpr auto kOther = Writer::other;
constexpr auto kAccept = ForeignWrites::accept;
const std::optional<Record> kNone;
const std::optional<Record> kRecord = Record{"2", "4", "8"};

TEST(RawValue, FollowsTheTable) {
    const Row rows[] = {
        {"1: no capacity", kKubelet, "2", "4", nullptr, kRecord, RawRule::unknown, nullptr},
        {"2: the kubelet reports", kKubelet, "2", "4", "8", kRecord, RawRule::reported, "2"},
        {"2: another value", kKubelet, "6", "4", "8", kRecord, RawRule::reported, "6"},
        {"2: the first report", kKubelet, "2", "1", "2", kNone, RawRule::reported, "2"},
        {"2: a new resource", kKubelet, "2", nullptr, "2", kNone, RawRule::reported, "2"},
        {"2: the kubelet reports the applied value of a stored raw one", kKubelet, "4", "2", "8",
         kRecord, RawRule::reported, "4"},
        {"3: resized to the applied value", kKubelet, "4", "4", "4", Record{"2", "4", "2"},
         RawRule::coincides, "4"},
        {"3: above capacity", kKubelet, "4", "4", "3", kRecord, RawRule::recorded, "2"},
        {"3: capacity in another form", kKubelet, "4", "4", "8000m", kRecord, RawRule::recorded,
         "2"},
        {"4: ignored", kOther, "1", "4", "8", kRecord, RawRule::recorded, "2", true},
        {"4: ignored, to the real value", kOther, "2", "4", "8", kRecord, RawRule::recorded, "2",
         true},
        {"4: ignored, of a node that is not oversold", kOther, "1", "2", "8", kNone,
         RawRule::unrecorded, "2", true},
        {"4: accepted", kOther, "1", "4", "8", kRecord, RawRule::unrecorded, "1", true, kAccept},
        {"4: accepted, the applied value", kOther, "4", "2", "8", kRecord, RawRule::unrecorded, "4",
         true, kAccept},
        {"4: not accepted above capacity", kOther, "9", "4", "8", kRecord, RawRule::implausible,
         "2", true, kAccept},
        {"5: a kubelet that restarts", kKubelet, "4", "4", "8", kRecord, RawRule::recorded, "2"},
        {"5: a resync", kOther, "4", "4", "8", kRecord, RawRule::recorded, "2"},
        {"5: in another form", kOther, "4000m", "4", "8", kRecord, RawRule::recorded, "2"},
        {"5: a record of version 1", kKubelet, "4", "4", "8", Record{"2", "4", nullptr},
         RawRule::recorded, "2"},
        {"5: capacity has shrunk below the record", kOther, "4", "4", "1", kRecord,
         RawRule::recorded, "1"},
        {"6: stored while the webhook was away", kKubelet, "3", "3", "8", kRecord,
         RawRule::unrecorded, "3"},
        {"6: the same for a resync", kOther, "3", "3", "8", kRecord, RawRule::unrecorded, "3"},
        {"6: a resync of a node without a record", kOther, "2", "2", "2", kNone,
         RawRule::unrecorded, "2"},
        {"6: above capacity", kOther, "9", "9", "8", kRecord, RawRule::implausible, "2"},
        {"6: above capacity, of the kubelet", kKubelet, "9", "4", "8", kRecord,
         RawRule::implausible, "2"},
        {"6: above capacity, without a record", kKubelet, "9", "4", "8", kNone,
         RawRule::implausible, nullptr},
        {"6: above a capacity that has shrunk", kKubelet, "9", "9", "1", kRecord,
         RawRule::implausible, "1"},
    };
    for (const auto& row : rows)
        check(row);
}

TEST(RawValue, IsUnknownWithAMalformedRecord) {
    check({"a resync", kOther, "4", "4", "8", kNone, RawRule::unknown, nullptr}, true);
    check({"a foreign write", kOther, "1", "4", "8", kNone, RawRule::unknown, nullptr, true}, true);
    check({"a kubelet's report", kKubelet, "2", "4", "8", kNone, RawRule::reported, "2"}, true);
}

}  // namespace
}  // namespace airlock::webhook
