// airlock-installer rollback and uninstall: undo generations, newest first. They never start without
// confirmation.
#pragma once

#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

// Whether the cluster is restored although the registry answers with this error: yes, unless the
// operator can correct it right away, as a wrong password. Tags then remain for the next rollback.
bool can_go_on_without_registry(const base::Error& error);

base::ExitCode rollback_command(const Arguments& arguments, const std::stop_token& stop);
// Undoes all generations.
base::ExitCode uninstall_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
