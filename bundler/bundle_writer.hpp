// Writes the archive: headers and small texts at once, blobs in parallel straight to their final
// offsets in FILE.partial. What was finished is recorded beside it, so that an interrupted build
// goes on where it was; the file appears under its name when all of it is there and on the disk.
#pragma once

#include "base/retry.hpp"
#include "bundler/build_plan.hpp"
#include "bundler/output_file.hpp"

#include <optional>
#include <stop_token>
#include <string>

namespace airlock::bundler {

struct WriteOptions {
    std::optional<std::string> signature = {};  // of the plan's index
    std::size_t concurrency = 4;                // blobs at a time
    base::RetryPolicy retry = {};               // of each blob
};

// Returns the size of the file. Errc::io before anything is fetched when the disk has no room.
// After any error what was fetched is kept, and the same build goes on from it.
std::uint64_t write_bundle(const BuildPlan& plan, const OutputFile& output,
                           const WriteOptions& options, const std::stop_token& stop);

}  // namespace airlock::bundler
