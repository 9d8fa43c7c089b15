#include "installer/cli/arguments.hpp"

#include "base/error.hpp"
#include "images/reference.hpp"

#include <poll.h>
#include <unistd.h>

#include <iostream>

namespace airlock::installer {

using base::Errc;
using base::Error;

namespace {

constexpr int kPollInterval = 100;  // milliseconds

}  // namespace

RegistryPlace parse_registry(std::string text) {
    const auto given = text;
    RegistryPlace out;
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!text.starts_with(scheme)) continue;
        out.plain_http = scheme == "http://";
        text.erase(0, scheme.size());
        break;
    }
    while (text.ends_with('/'))
        text.pop_back();
    const auto slash = text.find('/');
    out.host = text.substr(0, slash);
    if (slash != std::string::npos) out.prefix = text.substr(slash + 1);
    try {
        // "harbor" alone is not a host: the parser takes it for a repository of Docker Hub.
        const auto reference = images::Reference::parse(text + "/x");
        if (reference.registry() != out.host)
            throw Error(Errc::usage, "\"{}\" is not a valid registry host", out.host);
    } catch (const Error& error) {
        throw Error(Errc::usage, "--registry {}: {}", given, error.message())
            .set_hint("use [http://]HOST[:PORT][/PREFIX], for example harbor.corp/airlock");
    }
    return out;
}

manifests::Values parse_values(const std::vector<std::string>& texts) {
    manifests::Values out;
    for (const auto& text : texts) {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0)
            throw Error(Errc::usage, "--set {} is not NAME=VALUE", text)
                .set_hint(
                    "for example --set CPU_RATIO=1.5; airlock-installer inspect lists the values");
        out[text.substr(0, equals)] = text.substr(equals + 1);
    }
    return out;
}

void confirm(const Arguments& arguments, const std::string& question, const std::stop_token& stop) {
    if (arguments.yes) return;
    if (::isatty(STDIN_FILENO) != 1) {
        throw Error(Errc::usage, "cannot prompt: stdin is not a terminal: {}", question)
            .set_hint("use --yes to confirm");
    }
    std::cerr << question << " [y/N] " << std::flush;
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    while (::poll(&input, 1, kPollInterval) == 0) {
        if (stop.stop_requested())
            throw Error(Errc::cancelled, "stopped on request; nothing was changed");
    }
    std::string answer;
    std::getline(std::cin, answer);
    if (answer != "y" && answer != "Y" && answer != "yes")
        throw Error(Errc::cancelled, "not confirmed; nothing was changed");
}

}  // namespace airlock::installer
