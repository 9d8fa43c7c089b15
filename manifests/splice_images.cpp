#include "manifests/splice_images.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <string_view>

namespace airlock::manifests {
namespace {

using base::Errc;
using base::Error;

// These characters are literal in every scalar style; a bracket would start a list in a plain one.
bool is_plain(std::string_view text) {
    return !text.empty() && text.back() != ':' && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("._:/@-").find(c) != std::string_view::npos;
    });
}

}  // namespace

std::string splice_images(const Document& document, const std::vector<ImageField>& fields,
                          const std::map<std::string, std::string>& replacement) {
    std::vector<const ImageField*> ordered;
    ordered.reserve(fields.size());
    for (const auto& field : fields)
        ordered.push_back(&field);
    std::ranges::sort(ordered, {}, [](const ImageField* field) { return field->offset; });

    const std::string_view text = document.text;
    std::string out;
    std::size_t done = 0;
    for (const auto* field : ordered) {
        const auto where = fmt::format("{}:{}: {}: {}", field->file, field->line,
                                       document.key.text(), field->path);
        const bool inside = field->offset >= done && field->offset <= text.size() &&
                            field->length <= text.size() - field->offset;
        if (!inside || images::Reference::try_parse(text.substr(field->offset, field->length)) !=
                           field->reference) {
            throw Error(Errc::internal, "{}: {} is not at the recorded offset", where,
                        field->reference.text());
        }
        const auto to = replacement.find(field->reference.text());
        if (to == replacement.end()) {
            Error error(Errc::not_found, "{}: the image {} is not in the bundle", where,
                        field->reference.text());
            throw error.set_hint(
                "add it to the component's images in bundle.yaml and rebuild the bundle");
        }
        if (!is_plain(to->second) || !images::Reference::try_parse(to->second)) {
            Error error(Errc::unsupported, "{}: \"{}\" cannot be written into a manifest", where,
                        to->second);
            throw error.set_hint("specify the registry by host name or IPv4 address");
        }
        out += text.substr(done, field->offset - done);
        out += to->second;
        done = field->offset + field->length;
    }
    out += text.substr(done);
    return out;
}

}  // namespace airlock::manifests
