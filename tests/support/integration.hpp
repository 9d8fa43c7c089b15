// The API server of this test program: it takes seconds and 300 MB, so all test cases share it and
// use distinct names.
#pragma once

#include "tests/support/api_server.hpp"

namespace airlock::test {

const ApiServer& api_server();

inline kubernetes::ObjectKey config_map(const std::string& name) {
    return {.api_version = "v1", .kind = "ConfigMap", .namespace_name = "default", .name = name};
}

inline std::string config_map_text(const std::string& name, const std::string& value) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name +
           ", namespace: default}\ndata: {key: \"" + value + "\"}\n";
}

}  // namespace airlock::test
