#include "images/credentials.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

namespace airlock::images {
namespace {

using base::Errc;
using test::error_of;
using test::expect_error;

std::string auth(std::string_view pair) {
    return R"({"auth":")" + base::base64_encode(pair) + "\"}";
}

class CredentialsTest : public ::testing::Test {
  protected:
    CredentialsTest() {
        for (const auto* name : {"REGISTRY_AUTH_FILE", "DOCKER_CONFIG", "XDG_RUNTIME_DIR"})
            ::unsetenv(name);
        ::setenv("HOME", folder_.path().c_str(), 1);
    }

    CredentialStore store(const std::string& auths) const {
        return CredentialStore::load(
            folder_.write("auth.json", R"({"credsStore":"x","auths":{)" + auths + "}}"));
    }

    test::TempFolder folder_;
};

TEST_F(CredentialsTest, KeysAreFoundAsDockerAndPodmanWriteThem) {
    struct Row {
        std::string key;
        std::string registry;
        bool found;
    };
    const std::vector<Row> rows{
        {"quay.io", "quay.io", true},
        {"quay.io", "quay.io:443", false},
        {"r.site:5000", "r.site:5000", true},
        {"r.site:5000", "r.site", false},
        {"localhost:5000", "localhost:5000", true},
        {"[::1]:5000", "[::1]:5000", true},
        {"https://quay.io", "quay.io", true},
        {"https://quay.io/", "quay.io", true},
        {"https://quay.io/v1/", "quay.io", true},
        {"https://quay.io/v2/", "quay.io", true},
        {"http://r.site:5000", "r.site:5000", true},
        {"https://index.docker.io/v1/", "docker.io", true},
        {"index.docker.io", "docker.io", true},
        {"index.docker.io/v1/", "docker.io", true},
        {"docker.io", "docker.io", true},
        {"quay.io", "evil-quay.io", false},
        {"quay.io", "quay.io.evil", false},
    };
    for (const auto& row : rows) {
        const auto found =
            store("\"" + row.key + "\":" + auth("user:secret")).find(row.registry, "team/app");
        EXPECT_EQ(found.has_value(), row.found) << row.key << " for " << row.registry;
        EXPECT_EQ(found.value_or(Credentials{}).password, row.found ? "secret" : "");
    }
}

TEST_F(CredentialsTest, TheLongestKeyThatFitsWins) {
    const auto all = store("\"quay.io\":" + auth("host:1") + ",\"quay.io/team\":" + auth("team:2") +
                           ",\"quay.io/team/app\":" + auth("app:3"));
    EXPECT_EQ(all.find("quay.io", "team/app")->username, "app");
    EXPECT_EQ(all.find("quay.io", "team/app/deeper")->username, "app");
    EXPECT_EQ(all.find("quay.io", "team/other")->username, "team");
    EXPECT_EQ(all.find("quay.io", "team")->username, "team");
    EXPECT_EQ(all.find("quay.io", "teams/app")->username, "host");
    EXPECT_EQ(all.find("quay.io", "")->username, "host");
    EXPECT_FALSE(all.find("docker.io", "team/app"));
}

TEST_F(CredentialsTest, ReadsEveryFormOfCredentials) {
    const auto all = store(R"("a.io":{"username":"u","password":"p"},)"
                           R"("b.io":{"auth":")" +
                           base::base64_encode("<token>:") +
                           R"(","identitytoken":"refresh"},)"
                           R"("c.io":{},"d.io":null,"e.io":)" +
                           auth("user:with:colons") + ",\"f.io\":" + auth("\xc3\xa4:\xc3\xbc"));
    EXPECT_EQ(all.find("a.io", "x")->password, "p");
    EXPECT_EQ(all.find("b.io", "x")->identity_token, "refresh");
    EXPECT_FALSE(all.find("c.io", "x"));
    EXPECT_FALSE(all.find("d.io", "x"));
    EXPECT_EQ(all.find("e.io", "x")->password, "with:colons");
    EXPECT_EQ(all.find("f.io", "x")->username, "\xc3\xa4");
}

TEST_F(CredentialsTest, AnErrorNamesFileAndKeyButNoSecret) {
    const std::vector<std::string> bad{
        R"("quay.io":{"auth":"c2VjcmV0"})",  // no colon
        R"("quay.io":{"auth":"!secret!"})",  // not base64
        R"("quay.io":{"auth":["secret"]})",  // not a string
        R"("quay.io":{"username":1,"password":"secret"})",
    };
    for (const auto& text : bad) {
        const auto error = error_of([&] { store(text); });
        ASSERT_TRUE(error.has_value()) << text;
        EXPECT_EQ(error->code(), Errc::invalid);
        EXPECT_THAT(error->what(), testing::HasSubstr("auth.json: quay.io"));
        EXPECT_THAT(error->what(), testing::Not(testing::HasSubstr("secret")));
        EXPECT_THAT(error->what(), testing::Not(testing::HasSubstr("c2VjcmV0")));
    }
    expect_error([&] { CredentialStore::load(folder_.write("auth.json", "{")); }, Errc::invalid,
                 "auth.json is not valid JSON");
    const auto cut = error_of([&] {
        CredentialStore::load(folder_.write("auth.json", R"({"auths":{"r":{"auth":"c2VjcmV0)"));
    });
    EXPECT_THAT(cut.value().what(), testing::Not(testing::HasSubstr("c2VjcmV0")));
    expect_error([&] { CredentialStore::load(folder_ / "absent.json"); }, Errc::not_found,
                 "absent.json");
}

TEST_F(CredentialsTest, AFileWithoutAuthsIsNotAnError) {
    EXPECT_FALSE(CredentialStore::load(folder_.write("a", "{}")).find("quay.io", "x"));
    EXPECT_FALSE(CredentialStore::load(folder_.write("a", R"({"auths":null})")).find("q", "x"));
}

TEST_F(CredentialsTest, SearchesTheDefaultLocationsInOrder) {
    const auto config = [](const std::string& user) {
        return R"({"auths":{"quay.io":)" + auth(user + ":p") + "}}";
    };
    const auto user = [] {
        const auto found = CredentialStore::load(std::nullopt).find("quay.io", "x");
        return found ? found->username : "nobody";
    };
    EXPECT_EQ(user(), "nobody");
    ::setenv("XDG_RUNTIME_DIR", (folder_ / "run").c_str(), 1);
    folder_.write("run/containers/auth.json", config("podman"));
    EXPECT_EQ(user(), "podman");
    folder_.write(".docker/config.json", config("home"));
    EXPECT_EQ(user(), "home");
    ::setenv("DOCKER_CONFIG", (folder_ / "docker").c_str(), 1);
    EXPECT_EQ(user(), "home");
    folder_.write("docker/config.json", config("docker"));
    EXPECT_EQ(user(), "docker");
    ::setenv("REGISTRY_AUTH_FILE", folder_.write("named.json", config("named")).c_str(), 1);
    EXPECT_EQ(user(), "named");
    const auto by_hand = folder_.write("hand.json", config("hand"));
    EXPECT_EQ(CredentialStore::load(by_hand).find("quay.io", "x")->username, "hand");
}

TEST_F(CredentialsTest, AHomeThatIsNotADirectoryHasNone) {
    ::setenv("HOME", "/dev/null", 1);
    EXPECT_FALSE(CredentialStore::load(std::nullopt).find("quay.io", "x"));
}

TEST_F(CredentialsTest, ExplicitCredentialsOverrideTheFile) {
    auto all = store("\"r.site:5000\":" + auth("file:1"));
    all.set("r.site:5000", {.username = "hand", .password = "2", .identity_token = ""});
    EXPECT_EQ(all.find("r.site:5000", "x")->username, "hand");
}

}  // namespace
}  // namespace airlock::images
