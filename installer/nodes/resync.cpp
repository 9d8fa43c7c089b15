#include "installer/nodes/resync.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/retry.hpp"
#include "installer/nodes/node_snapshot.hpp"
#include "kubernetes/state_annotation.hpp"

#include <fmt/ranges.h>

namespace airlock::installer {
namespace {

using base::Json;
using kubernetes::is_stale;
using kubernetes::node_key;

constexpr int kAttempts = 10;
constexpr std::chrono::milliseconds kPause{500};

}  // namespace

void resync_nodes(kubernetes::Client& client, const std::string& annotation,
                  const std::stop_token& stop) {
    std::vector<std::string> waiting;
    for (const auto& node : read_nodes(client))
        waiting.push_back(node.name);
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        std::erase_if(waiting, [&](const std::string& name) {
            try {
                const auto node = client.merge_patch(node_key(name), Json::object(), "status");
                return annotation.empty() ||
                       (base::find_path(node, {"metadata", "annotations", annotation}) != nullptr &&
                        !is_stale(node, annotation));
            } catch (const base::Error& error) {
                if (error.code() != base::Errc::not_found) throw;
                return true;  // the node was removed
            }
        });
        if (waiting.empty() || !base::sleep_for(kPause, stop)) return;
    }
    base::log_info("nodes unchanged, because of a label or the policy: {}",
                   fmt::join(waiting, ", "));
}

}  // namespace airlock::installer
