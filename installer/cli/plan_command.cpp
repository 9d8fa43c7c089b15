#include "installer/cli/plan_command.hpp"

#include "base/counted.hpp"
#include "base/human_size.hpp"
#include "base/json.hpp"
#include "installer/cli/site.hpp"

#include <fmt/ranges.h>

#include <iostream>

namespace airlock::installer {
namespace {

using base::ExitCode;

base::Json to_json(const InstallSummary& summary) {
    auto tags = base::Json::array();
    for (const auto& tag : summary.push.tags) {
        tags.push_back({{"repository", tag.repository},
                        {"tag", tag.tag},
                        {"digest", tag.new_digest.text()},
                        {"before", tag.old_digest ? tag.old_digest->text() : std::string()}});
    }
    auto changes = base::Json::array();
    for (const auto& [object, fields] : summary.change)
        changes.push_back({{"object", object}, {"fields", fields}});
    return {{"create", summary.create},
            {"change", changes},
            {"tags", tags},
            {"blobs", summary.push.blobs.size()},
            {"bytes", summary.push.bytes}};
}

void print(const InstallSummary& summary) {
    for (const auto& name : summary.create)
        std::cout << "create " << name << "\n";
    for (const auto& [object, fields] : summary.change)
        std::cout << fmt::format("change {}: {}\n", object, fmt::join(fields, ", "));
    for (const auto& tag : summary.push.tags) {
        std::cout << fmt::format("tag    {}:{} {} -> {}\n", tag.repository, tag.tag,
                                 tag.old_digest ? tag.old_digest->short_hex() : "(absent)",
                                 tag.new_digest.short_hex());
    }
    std::cout << fmt::format("send   {}, {}\n", base::counted(summary.push.blobs.size(), "blob"),
                             base::human_size(summary.push.bytes));
}

}  // namespace

ExitCode plan_command(const Arguments& arguments, const std::stop_token& stop) {
    auto site = reach(arguments, stop);
    const auto summary =
        summary_of(arguments, site, plan_for(site, request_of(arguments, site)), stop);
    if (arguments.json()) {
        std::cout << base::dump_json(to_json(summary), 2) << "\n";
    } else if (summary.nothing_to_do()) {
        std::cout << "nothing to change\n";
    } else {
        print(summary);
    }
    return summary.nothing_to_do() ? ExitCode::done : ExitCode::changes;
}

}  // namespace airlock::installer
