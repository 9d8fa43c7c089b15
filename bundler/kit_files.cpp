#include "bundler/kit_files.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "manifests/image_fields.hpp"

#include <algorithm>
#include <set>

namespace airlock::bundler {

using base::Errc;
using base::Error;

namespace {

constexpr std::size_t kMaxFile = 16 * 1024 * 1024;

}  // namespace

std::vector<KitFile> read_kit_files(const std::vector<manifests::Component>& components,
                                    const std::filesystem::path& directory, Sources& sources) {
    std::vector<KitFile> files;
    std::set<std::string> seen;
    for (const auto& component : components) {
        for (const auto& manifest : component.manifests) {
            if (!seen.insert(manifest.source()).second) continue;
            auto text = manifest.file.empty()
                            ? sources.fetch(manifest.url, kMaxFile)
                            : base::read_file(directory / manifest.file, kMaxFile);
            const auto digest = base::sha256(text);
            if (manifest.sha256 && digest != *manifest.sha256) {
                throw Error(
                    Errc::integrity, "{}: digest mismatch: expected {} (bundle.yaml:{}), got {}",
                    manifest.source(), manifest.sha256->text(), manifest.line, digest.text())
                    .set_hint(
                        "it changed at its source or in transit: review it, then update sha256");
            }
            if (!manifest.sha256 && !manifest.url.empty()) {
                base::log_warn("{} is not pinned; to pin it, add sha256: {}", manifest.url,
                               digest.hex());
            }
            files.push_back({.source = manifest.source(), .text = std::move(text)});
        }
    }
    return files;
}

void require_all_images(const manifests::BundleSpec& spec,
                        const std::vector<manifests::Component>& components,
                        const std::vector<KitFile>& files) {
    std::set<std::string> known;
    for (const auto& component : components) {
        for (const auto& image : component.images)
            known.insert(image.ref.text());
    }
    std::vector<base::Problem> problems;
    std::set<std::string> checked;
    for (const auto& component : components) {
        for (const auto& manifest : component.manifests) {
            if (!checked.insert(manifest.source()).second) continue;
            const auto file = std::ranges::find(files, manifest.source(), &KitFile::source);
            const auto text = manifest.substitute ? manifests::substitute_values(
                                                        file->text, file->source, spec.values)
                                                  : file->text;
            for (const auto& document : manifests::split_documents(text, file->source)) {
                for (const auto& field : manifests::find_image_fields(document, known)) {
                    if (known.contains(field.reference.text())) continue;
                    problems.push_back(
                        {.where = fmt::format("{}:{}: {}: {}", field.file, field.line,
                                              document.key.text(), field.path),
                         .message = fmt::format("references {}, which is not in the bundle",
                                                field.reference.text()),
                         .hint = fmt::format("add it to the images of component {} in bundle.yaml",
                                             component.name)});
                }
            }
        }
    }
    base::throw_if_any(
        Errc::invalid,
        "images that the manifests reference are missing from the bundle:", problems);
}

}  // namespace airlock::bundler
