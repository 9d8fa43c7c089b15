// Writes the archive: headers and small blobs first, then the other blobs in parallel, directly to
// their final offsets in FILE.partial. Progress is recorded next to it, so that an interrupted
// build can resume. FILE appears once it is complete and synced to disk.
#pragma once

#include "base/retry.hpp"
#include "bundler/build_plan.hpp"
#include "bundler/output_file.hpp"

#include <optional>
#include <stop_token>
#include <string>

namespace airlock::bundler {

struct WriteOptions {
    std::optional<std::string> signature = {};  // of the plan's index.json
    std::size_t concurrency = 4;                // blobs in parallel
    base::RetryPolicy retry = {};               // of each blob
};

// Returns the size of the file. Errc::io before anything is fetched when the disk has not enough
// free space. After any error the fetched data is kept, and the same build resumes from it.
std::uint64_t write_bundle(const BuildPlan& plan, const OutputFile& output,
                           const WriteOptions& options, const std::stop_token& stop);

}  // namespace airlock::bundler
