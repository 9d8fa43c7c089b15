#include "installer/cli/push_command.hpp"

#include "base/counted.hpp"
#include "base/human_size.hpp"
#include "base/json.hpp"
#include "installer/cli/session.hpp"
#include "installer/transaction/push_images.hpp"

#include <iostream>

namespace airlock::installer {

using base::ExitCode;

ExitCode push_command(const Arguments& arguments, const std::stop_token& stop) {
    const auto bundle = manifests::open_bundle(arguments.bundle);
    RegistrySession registry(arguments, parse_registry(arguments.registry), stop);
    registry.client().ping();
    const auto concurrency = arguments.transaction.concurrency;
    const auto plan =
        plan_push(registry.client(), bundle,
                  place_images(bundle.lock().images, registry.place().prefix), concurrency, stop);
    verify_blobs(bundle, plan, stop);
    push(registry.client(), bundle, plan, concurrency, stop);
    for (const auto& move : plan.tags)
        move_tag(registry.client(), bundle, move);
    if (arguments.json()) {
        std::cout << base::dump_json({{"blobs", plan.blobs.size()},
                                      {"bytes", plan.bytes},
                                      {"tags", plan.tags.size()}},
                                     2)
                  << "\n";
    } else {
        std::cout << fmt::format(
            "pushed {} ({}), moved {}\n", base::counted(plan.blobs.size(), "blob"),
            base::human_size(plan.bytes), base::counted(plan.tags.size(), "tag"));
    }
    return ExitCode::done;
}

}  // namespace airlock::installer
