#include "installer/cli/resync_command.hpp"

#include "base/error.hpp"
#include "installer/cli/session.hpp"
#include "installer/nodes/resync.hpp"
#include "installer/record/generation_store.hpp"

#include <iostream>

namespace airlock::installer {
namespace {

std::string installed_annotation(kubernetes::Client& cluster) {
    const auto generations = load_generations(cluster);
    const auto* resyncing = newest_with_resync(generations);
    if (resyncing == nullptr) {
        throw base::Error(base::Errc::not_found, "no node webhook is installed")
            .set_hint("run airlock-installer history to see what is installed");
    }
    return resyncing->state_annotation;
}

}  // namespace

base::ExitCode resync_command(const Arguments& arguments, const std::stop_token& stop) {
    const auto cluster = connect(arguments, stop);
    cluster->server_version();
    resync_nodes(*cluster, installed_annotation(*cluster), stop);
    if (arguments.json()) {
        std::cout << base::dump_json({{"result", "resynced"}}, 2) << "\n";
    } else {
        std::cout << "all nodes resynced\n";
    }
    return base::ExitCode::done;
}

}  // namespace airlock::installer
