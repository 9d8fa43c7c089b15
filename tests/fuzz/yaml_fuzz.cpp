// Untrusted manifests: these functions may throw only Errors, and image references must be at the
// reported offsets, before and after they are replaced.
#include "base/error.hpp"
#include "manifests/bundle/bundle_yaml.hpp"
#include "manifests/document.hpp"
#include "manifests/image_fields.hpp"
#include "manifests/splice_images.hpp"
#include "manifests/values.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace {

using namespace airlock;

void require(bool condition) {
    if (!condition) std::abort();
}

template <typename Task>
void allow_errors(Task&& task) {
    try {
        task();
    } catch (const base::Error& error) {
        require(error.code() != base::Errc::internal);
    }
}

void check_document(const manifests::Document& document) {
    const auto fields = manifests::find_image_fields(document, {"docker.io/library/nginx:latest"});
    std::map<std::string, std::string> moved;
    for (const auto& field : fields) {
        moved.emplace(field.reference.text(),
                      "r.io:5000/n" + std::to_string(moved.size()) + "/x:1");
    }
    auto rewritten = document;
    rewritten.text = manifests::splice_images(document, fields, moved);
    const auto again = manifests::find_image_fields(rewritten, {});
    require(again.size() == fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
        require(again[i].reference.text() == moved.at(fields[i].reference.text()));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    allow_errors([&] { manifests::parse_bundle_spec(text, "f"); });
    allow_errors([&] { manifests::substitute_values(text, "f", {{"A", "b c"}}); });
    allow_errors([&] {
        for (const auto& document : manifests::split_documents(text, "f")) {
            allow_errors([&] { check_document(document); });
        }
    });
    return 0;
}
