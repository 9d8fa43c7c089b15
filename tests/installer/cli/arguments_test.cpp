#include "installer/cli/arguments.hpp"

#include "base/file.hpp"
#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <pty.h>
#include <unistd.h>

#include <string_view>

namespace airlock::installer {
namespace {

using base::Errc;
using test::expect_error;

TEST(RegistryPlace, HasAHostAndAPrefix) {
    struct Row {
        std::string text;
        std::string host;
        std::string prefix;
        bool plain_http;
    };
    const std::vector<Row> rows{
        {"harbor.corp/airlock", "harbor.corp", "airlock", false},
        {"https://harbor.corp/a/b/", "harbor.corp", "a/b", false},
        {"http://10.0.0.1:5000", "10.0.0.1:5000", "", true},
        {"localhost:5000/", "localhost:5000", "", false},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.text);
        const auto place = parse_registry(row.text);
        EXPECT_EQ(place.host, row.host);
        EXPECT_EQ(place.prefix, row.prefix);
        EXPECT_EQ(place.plain_http, row.plain_http);
    }
    for (const auto* text : {"", "harbor", "http://", "harbor.corp/UPPER", "ftp://harbor.corp"})
        expect_error([&] { parse_registry(text); }, Errc::usage, "--registry", "HOST[:PORT]");
}

TEST(SetValues, AreParsedAsNameAndValue) {
    EXPECT_EQ(parse_values({"A=1", "B=x=y", "C="}),
              (manifests::Values{{"A", "1"}, {"B", "x=y"}, {"C", ""}}));
    for (const auto* text : {"A", "=1", ""})
        expect_error([&] { parse_values({text}); }, Errc::usage, "is not NAME=VALUE", "--set");
}

// Replaces stdin by a terminal.
class Confirm : public ::testing::Test {
  protected:
    Confirm() : before_(::dup(STDIN_FILENO)) {
        int keyboard = -1;
        int terminal = -1;
        if (::openpty(&keyboard, &terminal, nullptr, nullptr, nullptr) != 0) return;
        keyboard_ = base::UniqueFd(keyboard);
        const base::UniqueFd input(terminal);
        ::dup2(input.get(), STDIN_FILENO);
    }
    ~Confirm() override { ::dup2(before_.get(), STDIN_FILENO); }

    void type(std::string_view text) const {
        base::write_all(keyboard_.get(), std::as_bytes(std::span(text)), "the keyboard");
    }

    base::UniqueFd before_;
    base::UniqueFd keyboard_;
    Arguments arguments_;
};

TEST_F(Confirm, AcceptsOnlyYes) {
    if (!keyboard_) GTEST_SKIP() << "no terminal can be opened here (no /dev/pts)";
    for (const auto* yes : {"y\n", "Y\n", "yes\n"}) {
        type(yes);
        EXPECT_NO_THROW(confirm(arguments_, "Undo?", {}));
    }
    for (const auto* no : {"n\n", "\n", "yellow\n"}) {
        type(no);
        expect_error([&] { confirm(arguments_, "Undo?", {}); }, Errc::cancelled,
                     "nothing was changed");
    }
}

TEST_F(Confirm, ReturnsOnARequestToStop) {
    if (!keyboard_) GTEST_SKIP() << "no terminal can be opened here (no /dev/pts)";
    std::stop_source stop;
    stop.request_stop();
    expect_error([&] { confirm(arguments_, "Undo?", stop.get_token()); }, Errc::cancelled,
                 "stopped on request");
}

TEST_F(Confirm, RequiresYesWithoutATerminal) {
    const auto null = base::open_file("/dev/null", 0);
    ::dup2(null.get(), STDIN_FILENO);
    expect_error([&] { confirm(arguments_, "Undo?", {}); }, Errc::usage,
                 "cannot prompt: stdin is not a terminal", "--yes");
    arguments_.yes = true;
    EXPECT_NO_THROW(confirm(arguments_, "Undo?", {}));
}

}  // namespace
}  // namespace airlock::installer
