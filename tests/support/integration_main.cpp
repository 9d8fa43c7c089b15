// Starts the API server, or exits with 77 (skipped) and the reason if that is not possible.
#include "tests/support/integration.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <memory>

namespace airlock::test {
namespace {

std::unique_ptr<ApiServer> running;

}  // namespace

const ApiServer& api_server() {
    return *running;
}

}  // namespace airlock::test

int main(int argc, char** argv) {
    using namespace airlock::test;
    testing::InitGoogleTest(&argc, argv);
    if (const auto missing = ApiServer::missing(); !missing.empty()) {
        std::cout << "skipped: " << missing << '\n';
        return 77;
    }
    try {
        running = std::make_unique<ApiServer>();
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
    const auto code = RUN_ALL_TESTS();
    running.reset();
    return code;
}
