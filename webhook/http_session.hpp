// One connection of HttpsServer, from the handshake to its end: reads requests within the limits,
// passes them to the handler, and writes the replies in order. All of it runs in one thread.
#pragma once

#include "webhook/server_thread.hpp"
#include "webhook/session_stream.hpp"

#include <memory>

namespace airlock::webhook {

// Serves `stream` until it is closed; called in the thread of `worker`.
void start_session(ServerCommon& common, ServerThread& worker, RequestHandler& handler,
                   std::unique_ptr<SessionStream> stream, ConnectionSlots::Slot slot);

}  // namespace airlock::webhook
