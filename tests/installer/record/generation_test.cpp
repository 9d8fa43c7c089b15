#include "installer/record/generation.hpp"

#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Json;
using test::expect_error;

Generation full() {
    Generation out;
    out.number = 3;
    out.id = "0123456789abcdef";
    out.cluster = "7c1f-uid";
    out.bundle = "kit";
    out.version = "1.2.3";
    out.index = "sha256:" + std::string(64, 'a');
    out.registry = "registry:5000";
    out.prefix = "team/x";
    out.plain_http = true;
    out.components = {"main", "extra"};
    out.issuer = "installer";
    out.placement = "service";
    out.fingerprint = "sha256:" + std::string(64, 'b');
    out.time = "2026-01-02T03:04:05Z";
    out.state_annotation = "example.dev/state";
    out.resync = true;
    out.brings_node_webhook = true;
    out.objects = {
        {.key = {.api_version = "v1", .kind = "Namespace", .namespace_name = {}, .name = "ns"}},
        {.key = {.api_version = "v1", .kind = "ConfigMap", .namespace_name = "ns", .name = "there"},
         .object = Json{{"data", {{"ä", "line\nbreak \"quote\""}}}},
         .changes = {
             {.before = {{"data", {{"ä", "theirs"}}}}, .after = {{"data", {{"ä", "ours"}}}}}}}};
    out.tags = {
        {.repository = "team/x/app",
         .tag = "v1",
         .digest = "sha256:" + std::string(64, 'c'),
         .media_type = "application/json",
         .manifest = std::string("{\"a\": \"\xff\0\"}", 11),
         .moved_to = {"sha256:" + std::string(64, 'd')}},
        {.repository = "team/x/new", .tag = "v1", .digest = {}, .media_type = {}, .manifest = {}}};
    out.nodes = {{.name = "node-a", .allocatable = {{"cpu", "2"}, {"memory", "4Ki"}}}};
    return out;
}

Json written() {
    return base::parse_json(full().to_json().dump(), "it");
}

TEST(Generation, SurvivesARoundTrip) {
    const auto before = full();
    const auto after = Generation::from_json(written(), "it");
    EXPECT_EQ(after.to_json(), before.to_json());
    EXPECT_EQ(after.number, 3);
    EXPECT_EQ(after.components, before.components);
    EXPECT_TRUE(after.resync);
    EXPECT_TRUE(after.plain_http);
    ASSERT_EQ(after.objects.size(), 2U);
    EXPECT_FALSE(after.objects[0].object.has_value());
    EXPECT_EQ(after.objects[0].key, before.objects[0].key);
    EXPECT_EQ(after.objects[1].object, before.objects[1].object);
    ASSERT_EQ(after.tags.size(), 2U);
    EXPECT_EQ(after.tags[0].manifest, before.tags[0].manifest);
    EXPECT_EQ(after.tags[0].moved_to, before.tags[0].moved_to);
    EXPECT_TRUE(after.tags[1].digest.empty());
    EXPECT_EQ(after.id, before.id);
    EXPECT_TRUE(after.brings_node_webhook);
    ASSERT_EQ(after.nodes.size(), 1U);
    EXPECT_EQ(after.nodes[0].allocatable, before.nodes[0].allocatable);
}

TEST(Generation, RejectsANewerFormat) {
    auto json = written();
    EXPECT_EQ(json.at("format"), 1);
    json["format"] = 2U;
    expect_error([&] { Generation::from_json(json, "it"); }, Errc::unsupported,
                 "it was written by a newer version");
    json["format"] = "1";
    expect_error([&] { Generation::from_json(json, "it"); }, Errc::invalid, "format");
}

TEST(Generation, AcceptsMissingFieldsOfEarlierVersions) {
    auto json = written();
    for (const auto* key : {"prefix", "plainHttp", "issuer", "fingerprint", "time",
                            "stateAnnotation", "resync", "id", "bringsNodeWebhook", "format"})
        json.erase(key);
    json["tags"][0].erase("movedTo");
    const auto read = Generation::from_json(json, "it");
    EXPECT_FALSE(read.resync);
    EXPECT_EQ(read.prefix, "");
}

TEST(Generation, RejectsMalformedRecords) {
    struct Row {
        std::string name;
        std::string pointer;
        Json value;  // discarded: the key is removed
    };
    const Json gone(Json::value_t::discarded);
    const std::vector<Row> rows{
        {"no number", "/generation", gone},
        {"a negative number", "/generation", -1},
        {"zero", "/generation", 0},
        {"a number beyond int", "/generation", 4294967297U},
        {"a string for a number", "/generation", "3"},
        {"no bundle", "/bundle", gone},
        {"no version", "/version", ""},
        {"no index", "/index", 7},
        {"no registry", "/registry", nullptr},
        {"components that are not an array", "/components", "main"},
        {"a component that is not a string", "/components/0", 7},
        {"no objects", "/objects", gone},
        {"an object without a name", "/objects/0/name", gone},
        {"an object that is not an object", "/objects/0", "x"},
        {"a snapshot that is not an object", "/objects/1/before", "text"},
        {"a tag without a repository", "/tags/0/repository", gone},
        {"a manifest that is not base64", "/tags/0/manifest", "%%"},
        {"a node without a name", "/nodes/0/name", gone},
        {"allocatable that is not an object", "/nodes/0/allocatable", "2"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto json = written();
        const Json::json_pointer pointer(row.pointer);
        if (row.value.is_discarded())
            json.at(pointer.parent_pointer()).erase(pointer.back());
        else
            json.at(pointer) = row.value;
        expect_error([&] { Generation::from_json(json, "generation 3"); }, Errc::invalid,
                     "generation 3");
    }
    EXPECT_EQ(Generation::from_json(written(), "generation 3").number, 3);
    for (const auto* text : {"[]", "null", "7", "{}"})
        expect_error([&] { Generation::from_json(Json::parse(text), "generation 3"); },
                     Errc::invalid, "generation 3");
}

TEST(Generation, TheNewestWithResyncIsNotAlwaysTheNewest) {
    EXPECT_EQ(newest_with_resync({}), nullptr);
    std::vector<Generation> all(3, full());
    all[0].number = 1;
    all[1].number = 2;
    all[2].resync = false;
    EXPECT_EQ(newest_with_resync(all)->number, 2);
    all[0].resync = all[1].resync = false;
    EXPECT_EQ(newest_with_resync(all), nullptr);
}

}  // namespace
}  // namespace airlock::installer
