#include "tests/support/fault_proxy.hpp"

#include <algorithm>

namespace airlock::test {

FaultProxy::FaultProxy(std::string upstream, std::vector<Fault> faults)
    : upstream_(std::move(upstream)),
      faults_(std::move(faults)),
      server_([this](const ServerRequest& request) { return answer(request); },
              [this](const ServerRequest& request) -> std::optional<ServerReply> {
                  const auto fault = take(request, true);
                  return fault ? fault->instead : std::nullopt;
              }) {}

bool FaultProxy::all_happened() const {
    const std::lock_guard lock(mutex_);
    return std::ranges::all_of(faults_, [](const Fault& fault) { return fault.times == 0; });
}

std::optional<Fault> FaultProxy::take(const ServerRequest& request, bool early) {
    const std::lock_guard lock(mutex_);
    for (auto& fault : faults_) {
        const bool fits = fault.times > 0 && fault.early == early &&
                          (fault.method.empty() || fault.method == request.method) &&
                          request.target.find(fault.in_target) != std::string::npos;
        if (!fits) continue;
        --fault.times;
        return fault;
    }
    return std::nullopt;
}

ServerReply FaultProxy::answer(const ServerRequest& request) {
    const auto fault = take(request, false);
    if (fault && fault->instead) return *fault->instead;
    auto reply = forward(upstream_, request);
    if (fault && fault->change) fault->change(reply);
    return reply;
}

}  // namespace airlock::test
