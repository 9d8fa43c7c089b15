// Expectations about an Error: its code, and parts of its text and hint.
#pragma once

#include "base/error.hpp"

#include <gmock/gmock.h>

#include <optional>
#include <string>
#include <utility>

namespace airlock::test {

// The Error that `task` throws, or nothing.
template <typename Task>
std::optional<base::Error> error_of(Task&& task) {
    try {
        static_cast<void>(std::forward<Task>(task)());
        return std::nullopt;
    } catch (const base::Error& error) {
        return error;
    }
}

template <typename Task>
void expect_error(Task&& task, base::Errc code, const std::string& text,
                  const std::string& hint = {}) {
    const auto error = error_of(std::forward<Task>(task));
    if (!error) {
        ADD_FAILURE() << "no error; expected: " << text;
        return;
    }
    EXPECT_EQ(base::to_string(error->code()), base::to_string(code)) << error->what();
    EXPECT_THAT(error->what(), testing::HasSubstr(text));
    EXPECT_THAT(error->hint(), testing::HasSubstr(hint));
}

}  // namespace airlock::test
