// Arbitrary text as an image reference: rejected, or a reference that parses to the same again.
#include "base/error.hpp"
#include "images/reference.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace airlock;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto reference = images::Reference::try_parse(text);
    if (!reference) {
        try {
            images::Reference::parse(text);
            std::abort();
        } catch (const base::Error& refused) {
            require(refused.code() == base::Errc::invalid);
            require(refused.message().size() < 1000);
        }
        return 0;
    }
    require(images::Reference::parse(reference->text()) == *reference);
    require(reference->tag().has_value() || reference->digest().has_value());
    // These become parts of URLs and of paths in a registry.
    for (const auto& part : {reference->repository(), reference->identifier()}) {
        require(!part.empty());
        require(part.find_first_of("?#% \\\"\r\n") == std::string::npos);
    }
    require(reference->repository().find("..") == std::string::npos);  // allowed in a tag
    require(!reference->repository().starts_with('/') && !reference->repository().ends_with('/'));
    require(reference->registry().find('/') == std::string::npos);
    return 0;
}
