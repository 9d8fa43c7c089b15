#include "installer/kick_command.hpp"

#include "base/error.hpp"
#include "installer/generation_store.hpp"
#include "installer/kick_watch.hpp"
#include "installer/nodes.hpp"
#include "installer/session.hpp"

#include <iostream>

namespace airlock::installer {
namespace {

std::string installed_annotation(KubeClient& cluster) {
    const auto generations = load_generations(cluster);
    const auto* kicking = newest_that_kicks(generations);
    if (kicking == nullptr) {
        throw base::Error(base::Errc::not_found, "nothing that acts on nodes is installed")
            .set_hint("airlock-installer history lists what is");
    }
    return kicking->state_annotation;
}

}  // namespace

base::ExitCode kick_command(const Arguments& arguments, const std::stop_token& stop) {
    const auto cluster = connect(arguments, stop);
    cluster->server_version();
    // A pod that watches has no right to read generations: it is told.
    const auto annotation = arguments.state_annotation.empty() ? installed_annotation(*cluster)
                                                               : arguments.state_annotation;
    if (arguments.watch) {
        KickWatch(*cluster, annotation).run(stop);
        return base::ExitCode::done;
    }
    kick_nodes(*cluster, annotation, stop);
    if (arguments.json()) {
        std::cout << base::dump_json({{"result", "kicked"}}, 2) << "\n";
    } else {
        std::cout << "every node has had an empty status patch\n";
    }
    return base::ExitCode::done;
}

}  // namespace airlock::installer
