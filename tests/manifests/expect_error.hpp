// What a test says about an Error: its code, and words that its text and hint must hold.
#pragma once

#include "base/error.hpp"

#include <gmock/gmock.h>

#include <string>

namespace airlock::manifests {

template <typename Task>
void expect_error(Task&& task, base::Errc code, const std::string& text,
                  const std::string& hint = {}) {
    try {
        task();
        ADD_FAILURE() << "no error; expected: " << text;
    } catch (const base::Error& error) {
        EXPECT_EQ(base::to_string(error.code()), base::to_string(code)) << error.what();
        EXPECT_THAT(error.what(), testing::HasSubstr(text));
        EXPECT_THAT(error.hint(), testing::HasSubstr(hint));
    }
}

}  // namespace airlock::manifests
