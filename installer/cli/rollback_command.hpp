// airlock-installer rollback and uninstall: undo generations, newest first. They never start without
// confirmation.
#pragma once

#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

// Whether the cluster is restored although the registry answers with this error: only where it may
// answer later. The rollback is then incomplete, and run again for the tags. An error that the
// operator must correct, such as a wrong password or what is no registry, ends it before it begins.
bool can_go_on_without_registry(const base::Error& error);

base::ExitCode rollback_command(const Arguments& arguments, const std::stop_token& stop);
// Undoes all generations.
base::ExitCode uninstall_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
