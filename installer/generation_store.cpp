#include "installer/generation_store.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/url.hpp"

#include <map>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;

constexpr std::size_t kChunk = 384 * 1024;  // before base64; an object may have 1.5 MiB in etcd
constexpr std::string_view kNamespace = "kube-system";
constexpr std::string_view kBundleLabel = "airlock.dev/bundle";
constexpr std::string_view kGenerationLabel = "airlock.dev/generation";

ObjectKey chunk_key(int number, std::size_t chunk) {
    return {.api_version = "v1",
            .kind = "Secret",
            .namespace_name = std::string(kNamespace),
            .name = fmt::format("airlock-generation-{}-{}", number, chunk)};
}

std::vector<Json> chunks(KubeClient& client, const std::string& selector) {
    return client.list("v1", "Secret", std::string(kNamespace),
                       "labelSelector=" + base::percent_encode(selector));
}

}  // namespace

std::vector<Generation> load_generations(KubeClient& client) {
    std::map<int, std::map<std::size_t, std::string>> parts;
    std::map<int, std::size_t> counts;
    for (const auto& secret : chunks(client, std::string(kBundleLabel))) {
        const auto* labels = base::find_path(secret, {"metadata", "labels"});
        const auto number =
            std::stoi(base::require_string(*labels, kGenerationLabel, "a generation"));
        const auto chunk =
            std::stoul(base::require_string(*labels, "airlock.dev/chunk", "a generation"));
        counts[number] =
            std::stoul(base::require_string(*labels, "airlock.dev/chunks", "a generation"));
        parts[number][chunk] = base::base64_decode(
            base::require_string(base::require_object(secret, "data", "a generation"), "record",
                                 "a generation"),
            "a generation");
    }
    std::vector<Generation> out;
    for (const auto& [number, by_chunk] : parts) {
        if (by_chunk.size() != counts[number]) {
            throw Error(Errc::integrity,
                        "generation {} is not complete in kube-system: {} of {} Secrets", number,
                        by_chunk.size(), counts[number])
                .set_hint(
                    "somebody removed one: kubectl -n kube-system get secrets -l "
                    "airlock.dev/generation");
        }
        std::string text;
        for (const auto& [chunk, part] : by_chunk)
            text += part;
        const auto what = fmt::format("generation {}", number);
        out.push_back(Generation::from_json(base::parse_json(text, what), what));
    }
    return out;
}

void save_generation(KubeClient& client, const Generation& generation) {
    const auto text = generation.to_json().dump();
    const auto count = (text.size() + kChunk - 1) / kChunk;
    for (std::size_t i = 0; i < count; ++i) {
        const auto key = chunk_key(generation.number, i);
        const Json secret{
            {"apiVersion", "v1"},
            {"kind", "Secret"},
            {"type", "airlock.dev/generation.v1"},
            {"metadata",
             {{"name", key.name},
              {"namespace", kNamespace},
              {"labels",
               {{kBundleLabel, generation.bundle},
                {kGenerationLabel, std::to_string(generation.number)},
                {"airlock.dev/chunk", std::to_string(i)},
                {"airlock.dev/chunks", std::to_string(count)}}}}},
            {"data", {{"record", base::base64_encode(text.substr(i * kChunk, kChunk))}}}};
        client.apply(key, secret.dump(), "airlock");
    }
}

void remove_generation(KubeClient& client, int number) {
    for (const auto& secret : chunks(client, fmt::format("{}={}", kGenerationLabel, number))) {
        const auto name = base::require_string(secret.at("metadata"), "name", "a generation");
        client.remove({.api_version = "v1",
                       .kind = "Secret",
                       .namespace_name = std::string(kNamespace),
                       .name = name},
                      {});
    }
}

}  // namespace airlock::installer
