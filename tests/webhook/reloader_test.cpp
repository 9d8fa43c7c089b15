#include "webhook/reloader.hpp"

#include "tests/support/temp_folder.hpp"
#include "tests/webhook/support.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace airlock::webhook {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

void write(const fs::path& path, const std::string& text) {
    std::ofstream(path) << text;
    // Two writes within the resolution of the file system's clock must differ.
    static int seconds = 0;
    fs::last_write_time(path, fs::file_time_type::clock::now() + std::chrono::seconds(++seconds));
}

std::string policy_text(const char* ratio) {
    return fmt::format(
        "apiVersion: oversell.airlock.dev/v1\nkind: Policy\ndefault: {{ratios: {{cpu: {}}}}}\n",
        ratio);
}

class ReloaderFiles : public ::testing::Test {
  protected:
    fs::path at(const char* name) const { return folder_.path() / name; }
    ServedFiles files() const {
        return {.certificate = at("tls.crt"), .key = at("tls.key"), .policy = at("policy.yaml")};
    }
    void write_pair(const test::Pair& pair) {
        write(at("tls.crt"), pair.certificate);
        write(at("tls.key"), pair.key);
    }

    ::airlock::test::TempFolder folder_;
    ServiceState state_;
};

TEST_F(ReloaderFiles, BecomeReadyWhenAllAreValid) {
    Reloader reloader(files(), state_);
    reloader.reload_changed();
    EXPECT_FALSE(state_.ready());
    write(at("policy.yaml"), policy_text("2"));
    reloader.reload_changed();
    EXPECT_FALSE(state_.ready());
    write_pair(test::make_pair_for("a"));
    reloader.reload_changed();
    EXPECT_TRUE(state_.ready());
}

TEST_F(ReloaderFiles, KeepTheLastValidPolicy) {
    write(at("policy.yaml"), policy_text("2"));
    Reloader reloader(files(), state_);
    reloader.reload_changed();
    const auto first = state_.policy.get();
    ASSERT_TRUE(first);
    write(at("policy.yaml"), policy_text("lots"));
    reloader.reload_changed();
    EXPECT_EQ(state_.policy.get(), first);
    EXPECT_THAT(state_.metrics.text({}), HasSubstr("node_oversell_policy_good 0\n"));
    EXPECT_THAT(state_.metrics.text({}), HasSubstr("node_oversell_policy_errors_total 1\n"));
    reloader.reload_changed();  // an unchanged invalid file is not reported again
    EXPECT_THAT(state_.metrics.text({}), HasSubstr("node_oversell_policy_errors_total 1\n"));
    write(at("policy.yaml"), policy_text("3"));
    reloader.reload_changed();
    EXPECT_NE(state_.policy.get(), first);
    EXPECT_THAT(state_.metrics.text({}), HasSubstr("node_oversell_policy_good 1\n"));
    fs::remove(at("policy.yaml"));
    reloader.reload_changed();
    EXPECT_TRUE(state_.policy.get());
}

TEST_F(ReloaderFiles, KeepTheOldPairUntilBothFilesAreNew) {
    write_pair(test::make_pair_for("a"));
    Reloader reloader(files(), state_);
    reloader.reload_changed();
    const auto first = state_.tls.get();
    ASSERT_TRUE(first);
    const auto next = test::make_pair_for("b");
    write(at("tls.crt"), next.certificate);
    reloader.reload_changed();
    EXPECT_EQ(state_.tls.get(), first);
    write(at("tls.key"), next.key);
    reloader.reload_changed();
    EXPECT_NE(state_.tls.get(), first);
}

TEST_F(ReloaderFiles, KeepTheLastValidClientCa) {
    auto with_ca = files();
    with_ca.client_ca = at("client-ca.crt");
    write_pair(test::make_pair_for("a"));
    Reloader reloader(with_ca, state_);
    reloader.reload_changed();
    EXPECT_FALSE(state_.tls.get()) << "without the CA every client would be trusted";
    write(with_ca.client_ca, test::make_ca("first").certificate);
    reloader.reload_changed();
    const auto first = state_.tls.get();
    ASSERT_TRUE(first);
    ::testing::internal::CaptureStderr();
    write(with_ca.client_ca, "no certificate\n");
    reloader.reload_changed();
    EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr(with_ca.client_ca.string()));
    EXPECT_EQ(state_.tls.get(), first);
    EXPECT_THAT(state_.metrics.text({}), HasSubstr("node_oversell_certificate_errors_total 2\n"));
    write(with_ca.client_ca, test::make_ca("second").certificate);
    reloader.reload_changed();
    const auto second = state_.tls.get();
    EXPECT_NE(second, first);
    fs::remove(with_ca.client_ca);
    reloader.reload_changed();
    EXPECT_EQ(state_.tls.get(), second);
}

TEST_F(ReloaderFiles, DetectTheKubeletsReplacementOfTheDataLink) {
    // The layout of a mounted ConfigMap: policy.yaml -> ..data/policy.yaml, ..data -> a directory.
    fs::create_directory(at("..one"));
    fs::create_directory(at("..two"));
    write(at("..one/policy.yaml"), policy_text("2"));
    write(at("..two/policy.yaml"), policy_text("3"));
    fs::last_write_time(at("..two/policy.yaml"), fs::last_write_time(at("..one/policy.yaml")));
    fs::create_directory_symlink("..one", at("..data"));
    fs::create_symlink("..data/policy.yaml", at("policy.yaml"));
    Reloader reloader(files(), state_);
    reloader.reload_changed();
    const auto first = state_.policy.get();
    ASSERT_TRUE(first);
    fs::create_directory_symlink("..two", at("..data_tmp"));
    fs::rename(at("..data_tmp"), at("..data"));
    reloader.reload_changed();
    EXPECT_NE(state_.policy.get()->generation(), first->generation());
}

}  // namespace
}  // namespace airlock::webhook
