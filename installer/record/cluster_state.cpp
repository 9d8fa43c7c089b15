#include "installer/record/cluster_state.hpp"

#include "base/ascii.hpp"
#include "base/error.hpp"

#include <algorithm>

namespace airlock::installer {
namespace {

constexpr std::size_t kMaxUid = 128;

// It becomes the name of a directory.
bool is_uid(const std::string& text) {
    return !text.empty() && text.size() <= kMaxUid &&
           std::ranges::all_of(text, [](char c) { return base::is_alnum(c) || c == '-'; });
}

}  // namespace

std::string cluster_uid(kubernetes::Client& client) {
    const kubernetes::ObjectKey key{
        .api_version = "v1", .kind = "Namespace", .namespace_name = {}, .name = "kube-system"};
    const auto live = client.get(key);
    auto uid = live ? base::text_at(*live, {"metadata", "uid"}) : std::string();
    if (!is_uid(uid)) {
        throw base::Error(base::Errc::remote,
                          "cannot identify the cluster: namespace kube-system has no uid")
            .set_hint("run kubectl get namespace kube-system -o yaml");
    }
    return uid;
}

std::filesystem::path cluster_state_dir(const std::filesystem::path& state_dir,
                                        const std::string& uid) {
    return state_dir / uid;
}

}  // namespace airlock::installer
