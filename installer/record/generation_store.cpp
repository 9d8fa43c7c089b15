#include "installer/record/generation_store.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/url.hpp"

#include <charconv>
#include <map>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;
using base::Json;

constexpr std::size_t kChunk = 384 * 1024;  // before base64; etcd limits an object to 1.5 MiB
constexpr std::string_view kNamespace = "kube-system";
constexpr std::string_view kBundleLabel = "airlock.dev/bundle";
constexpr std::string_view kGenerationLabel = "airlock.dev/generation";
constexpr std::string_view kChunkLabel = "airlock.dev/chunk";
constexpr std::string_view kChunksLabel = "airlock.dev/chunks";
constexpr std::string_view kType = "airlock.dev/generation.v1";

kubernetes::ObjectKey chunk_key(int number, std::size_t chunk) {
    return {.api_version = "v1",
            .kind = "Secret",
            .namespace_name = std::string(kNamespace),
            .name = fmt::format("airlock-generation-{}-{}", number, chunk)};
}

struct Chunk {
    std::string name;  // of its Secret
    std::string uid;
    int number = 0;
    std::size_t index = 0;
    std::size_t count = 0;
    std::string text;
};

template <typename Number>
Number number_label(const Json& secret, const std::string& name, std::string_view label) {
    const auto* value = base::find_path(secret, {"metadata", "labels", label});
    Number out{};
    if (value != nullptr && value->is_string()) {
        const auto& text = value->get_ref<const std::string&>();
        const auto* end = text.data() + text.size();
        const auto [stopped, problem] = std::from_chars(text.data(), end, out);
        if (problem == std::errc() && stopped == end && out >= Number{}) return out;
    }
    throw Error(Errc::integrity, "Secret {}/{}: label {} was changed", kNamespace, name, label)
        .set_hint("restore the label, or the Secret from a backup of etcd");
}

// By generation and index. Secrets of another type are ignored whatever their labels are.
std::map<int, std::map<std::size_t, Chunk>> read_chunks(kubernetes::Client& client,
                                                        const std::string& selector) {
    std::map<int, std::map<std::size_t, Chunk>> out;
    for (const auto& secret : client.list("v1", "Secret", std::string(kNamespace),
                                          "labelSelector=" + base::percent_encode(selector))) {
        if (base::get_string(secret, "type", "a Secret") != kType) continue;
        const auto& metadata = base::require_object(secret, "metadata", "a Secret");
        const auto name = base::require_string(metadata, "name", "a Secret");
        const auto what = fmt::format("Secret {}/{}", kNamespace, name);
        Chunk chunk{.name = name,
                    .uid = base::get_string(metadata, "uid", what),
                    .number = number_label<int>(secret, name, kGenerationLabel),
                    .index = number_label<std::size_t>(secret, name, kChunkLabel),
                    .count = number_label<std::size_t>(secret, name, kChunksLabel),
                    .text = {}};
        if (chunk_key(chunk.number, chunk.index).name != name) {
            throw Error(Errc::integrity, "{} is labeled as chunk {} of generation {}", what,
                        chunk.index, chunk.number)
                .set_hint("if it is a copy, delete it; otherwise restore its labels");
        }
        if (const auto* data = base::find(secret, "data"))
            chunk.text = base::base64_decode(base::get_string(*data, "record", what), what);
        out[chunk.number].emplace(chunk.index, std::move(chunk));
    }
    return out;
}

void remove_chunk(kubernetes::Client& client, const Chunk& chunk) {
    client.remove({.api_version = "v1",
                   .kind = "Secret",
                   .namespace_name = std::string(kNamespace),
                   .name = chunk.name},
                  chunk.uid);
}

}  // namespace

std::vector<Generation> load_generations(kubernetes::Client& client) {
    const auto all = read_chunks(client, std::string(kBundleLabel));
    std::vector<Generation> out;
    for (const auto& [number, chunks] : all) {
        // Chunk 0 is written last and removed first, and only the newest generation is ever written
        // or removed: without chunk 0, that was interrupted.
        if (!chunks.contains(0) && number == all.rbegin()->first) {
            base::log_warn("generation {} is ignored: saving or removing it was interrupted",
                           number);
            continue;
        }
        const auto count = chunks.begin()->second.count;
        const bool whole = chunks.size() == count && chunks.rbegin()->first + 1 == count;
        if (!whole) {
            throw Error(Errc::integrity,
                        "generation {} is incomplete in kube-system: {} of {} Secrets", number,
                        chunks.size(), count)
                .set_hint(
                    "restore the missing ones from a backup of etcd; to list them, run kubectl -n "
                    "kube-system get secrets -l airlock.dev/generation");
        }
        std::string text;
        for (const auto& [index, chunk] : chunks)
            text += chunk.text;
        const auto what = fmt::format("generation {}", number);
        out.push_back(Generation::from_json(base::parse_json(text, what), what));
        if (out.back().number != number) {
            throw Error(Errc::integrity, "{} contains generation {}", what, out.back().number)
                .set_hint(
                    "its Secrets in kube-system were changed: restore them from a backup of etcd");
        }
    }
    return out;
}

void save_generation(kubernetes::Client& client, const Generation& generation) {
    const auto text = base::dump_json(generation.to_json());
    const auto count = (text.size() + kChunk - 1) / kChunk;
    const auto before =
        read_chunks(client, fmt::format("{}={}", kGenerationLabel, generation.number));
    // Chunks of an interrupted write are removed first, chunk 0 above all: until it is written,
    // last, chunks of two writes are never read as one record.
    for (const auto& [_, chunks] : before) {
        for (const auto& [index, chunk] : chunks) {
            if (index == 0 || index >= count) remove_chunk(client, chunk);
        }
    }
    for (auto i = count; i-- > 0;) {
        const auto key = chunk_key(generation.number, i);
        const Json secret{
            {"apiVersion", "v1"},
            {"kind", "Secret"},
            {"type", kType},
            {"metadata",
             {{"name", key.name},
              {"namespace", kNamespace},
              {"labels",
               {{kBundleLabel, generation.bundle},
                {kGenerationLabel, std::to_string(generation.number)},
                {kChunkLabel, std::to_string(i)},
                {kChunksLabel, std::to_string(count)}}}}},
            {"data", {{"record", base::base64_encode(text.substr(i * kChunk, kChunk))}}}};
        client.apply(key, base::dump_json(secret), std::string(kubernetes::kFieldManager));
    }
}

void remove_generation(kubernetes::Client& client, int number) {
    for (const auto& [_, chunks] :
         read_chunks(client, fmt::format("{}={}", kGenerationLabel, number))) {
        for (const auto& [index, chunk] : chunks)
            remove_chunk(client, chunk);
    }
}

}  // namespace airlock::installer
