#include "installer/cli/history_command.hpp"

#include "base/json.hpp"
#include "installer/cli/generation_summary.hpp"
#include "installer/cli/session.hpp"
#include "installer/record/generation_store.hpp"

#include <iostream>

namespace airlock::installer {

using base::ExitCode;
using base::Json;

ExitCode history_command(const Arguments& arguments, const std::stop_token& stop) {
    const auto cluster = connect(arguments, stop);
    cluster->server_version();
    auto json = Json::array();
    std::string text;
    for (const auto& generation : load_generations(*cluster)) {
        json.push_back(summary_json(generation));
        text += summary_text(generation);
    }
    if (text.empty()) text = "nothing is installed\n";
    std::cout << (arguments.json() ? base::dump_json(json, 2) + "\n" : text);
    return ExitCode::done;
}

}  // namespace airlock::installer
