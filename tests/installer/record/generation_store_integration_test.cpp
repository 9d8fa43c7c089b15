// Generations as Secrets of a real API server, which rejects Secrets that are too large.
#include "base/base64.hpp"
#include "base/digest.hpp"
#include "installer/record/generation_store.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/integration.hpp"

#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Json;
using test::expect_error;

class GenerationStore : public ::testing::Test {
  protected:
    ~GenerationStore() override {
        for (const auto& name : names("airlock.dev/bundle"))
            client_.remove(secret(name), {});
    }

    static kubernetes::ObjectKey secret(const std::string& name) {
        return {
            .api_version = "v1", .kind = "Secret", .namespace_name = "kube-system", .name = name};
    }
    std::vector<std::string> names(const std::string& selector) {
        std::vector<std::string> out;
        for (const auto& one :
             client_.list("v1", "Secret", "kube-system", "labelSelector=" + selector))
            out.push_back(one.at("metadata").at("name"));
        return out;
    }
    // With a snapshot of about `size` bytes.
    static Generation generation(int number, std::size_t size) {
        Generation out;
        out.number = number;
        out.bundle = "kit";
        out.version = "1." + std::to_string(number);
        out.index = "sha256:" + std::string(64, 'a');
        out.registry = "registry:5000";
        out.objects.push_back(
            {.key =
                 {.api_version = "v1", .kind = "ConfigMap", .namespace_name = "ns", .name = "big"},
             .object =
                 Json{{"data", {{"key", std::string(size, static_cast<char>('0' + number))}}}}});
        return out;
    }

    kubernetes::Client client_{test::api_server().admin(), {}};
};

TEST_F(GenerationStore, LoadsSavedGenerationsOldestFirst) {
    EXPECT_TRUE(load_generations(client_).empty());
    for (const auto number : {2, 1, 10})
        save_generation(client_, generation(number, 10));
    const auto loaded = load_generations(client_);
    ASSERT_EQ(loaded.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        const auto number = std::vector{1, 2, 10}[i];
        EXPECT_EQ(loaded[i].to_json(), generation(number, 10).to_json());
    }
    remove_generation(client_, 1);
    ASSERT_EQ(load_generations(client_).size(), 2U);
    EXPECT_EQ(load_generations(client_)[1].number, 10);
    remove_generation(client_, 7);
    EXPECT_EQ(load_generations(client_).size(), 2U);
}

TEST_F(GenerationStore, SplitsALargeGenerationIntoSecrets) {
    const auto large = generation(1, 3U << 20U);
    save_generation(client_, large);
    EXPECT_GE(names("airlock.dev/generation").size(), 4U);
    const auto loaded = load_generations(client_);
    ASSERT_EQ(loaded.size(), 1U);
    EXPECT_EQ(loaded[0].to_json(), large.to_json());
    remove_generation(client_, 1);
    EXPECT_TRUE(names("airlock.dev/generation").empty());
}

TEST_F(GenerationStore, OverwritesALargerGenerationCompletely) {
    save_generation(client_, generation(1, 1U << 20U));
    save_generation(client_, generation(1, 10));
    EXPECT_EQ(names("airlock.dev/generation").size(), 1U);
    EXPECT_EQ(load_generations(client_).at(0).to_json(), generation(1, 10).to_json());
}

// As left by a write that was interrupted after its first chunks.
TEST_F(GenerationStore, IgnoresChunksOfAnInterruptedWrite) {
    save_generation(client_, generation(1, 10));
    save_generation(client_, generation(2, 1U << 20U));
    client_.remove(secret("airlock-generation-2-0"), {});
    client_.remove(secret("airlock-generation-2-1"), {});
    EXPECT_EQ(load_generations(client_).size(), 1U);
    save_generation(client_, generation(2, 1U << 20U));
    EXPECT_EQ(load_generations(client_).at(1).to_json(), generation(2, 1U << 20U).to_json());
}

TEST_F(GenerationStore, AMissingChunkIsAnError) {
    save_generation(client_, generation(1, 1U << 20U));
    save_generation(client_, generation(2, 10));
    const auto whole = client_.get(secret("airlock-generation-1-1")).value();
    for (const auto* name : {"airlock-generation-1-2", "airlock-generation-1-0"}) {
        client_.remove(secret(name), {});
        expect_error([&] { load_generations(client_); }, Errc::integrity,
                     "generation 1 is incomplete in kube-system", "kubectl -n kube-system");
    }
}

TEST_F(GenerationStore, IgnoresANewestGenerationWithoutChunk0) {
    save_generation(client_, generation(1, 10));
    save_generation(client_, generation(2, 1U << 20U));
    // Chunk 0 is written last and removed first.
    client_.remove(secret("airlock-generation-2-0"), {});
    EXPECT_EQ(load_generations(client_).size(), 1U);
    save_generation(client_, generation(2, 10));
    EXPECT_EQ(load_generations(client_).size(), 2U);
}

TEST_F(GenerationStore, IgnoresSecretsOfAnotherType) {
    save_generation(client_, generation(1, 10));
    const Json foreign{
        {"metadata",
         {{"name", "theirs"},
          {"labels", {{"airlock.dev/bundle", "x"}, {"airlock.dev/generation", "1"}}}}},
        {"type", "Opaque"},
        {"data", {{"key", "YQ=="}}}};
    client_.create(secret("theirs"), foreign);
    EXPECT_EQ(load_generations(client_).size(), 1U);
    remove_generation(client_, 1);
    EXPECT_TRUE(load_generations(client_).empty());
    EXPECT_TRUE(client_.get(secret("theirs")).has_value());
}

TEST_F(GenerationStore, RejectsChangedSecretsByName) {
    struct Row {
        std::string name;
        Json patch;
        Errc code;
        std::string words;
    };
    const auto data = [](const std::string& text) {
        return Json{{"data", {{"record", base::base64_encode(text)}}}};
    };
    const auto label = [](const std::string& name, const Json& value) {
        return Json{{"metadata", {{"labels", {{"airlock.dev/" + name, value}}}}}};
    };
    const std::vector<Row> rows{
        {"not JSON", data("hello"), Errc::invalid, "generation 1 is not valid JSON"},
        {"another object", data("{}"), Errc::invalid, "generation 1"},
        {"no data", Json{{"data", nullptr}}, Errc::invalid, "generation 1"},
        {"another generation", data(generation(2, 10).to_json().dump()), Errc::integrity,
         "generation 1 contains generation 2"},
        {"not a number", label("generation", "one"), Errc::integrity,
         "airlock-generation-1-0: label airlock.dev/generation"},
        {"a number out of range", label("chunks", "99999999999999999999999"), Errc::integrity,
         "airlock-generation-1-0: label airlock.dev/chunks"},
        {"no number", label("chunk", nullptr), Errc::integrity,
         "airlock-generation-1-0: label airlock.dev/chunk"},
        {"another number", label("generation", "3"), Errc::integrity,
         "airlock-generation-1-0 is labeled as chunk 0 of generation 3"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        save_generation(client_, generation(1, 10));
        client_.merge_patch(secret("airlock-generation-1-0"), row.patch);
        expect_error([&] { load_generations(client_); }, row.code, row.words);
        client_.remove(secret("airlock-generation-1-0"), {});
    }
}

}  // namespace
}  // namespace airlock::installer
