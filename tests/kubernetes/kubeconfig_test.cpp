#include "kubernetes/kubeconfig.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

namespace airlock::kubernetes {
namespace {

using base::Errc;
using test::error_of;
using test::expect_error;

// Sets an environment variable during its lifetime, or unsets it.
class Variable {
  public:
    Variable(std::string name, const std::optional<std::string>& value) : name_(std::move(name)) {
        if (const char* before = std::getenv(name_.c_str())) before_ = before;
        put(value);
    }
    ~Variable() { put(before_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

  private:
    void put(const std::optional<std::string>& value) const {
        if (value)
            ::setenv(name_.c_str(), value->c_str(), 1);
        else
            ::unsetenv(name_.c_str());
    }

    std::string name_;
    std::optional<std::string> before_;
};

class KubeConfigTest : public ::testing::Test {
  protected:
    static std::string config(const std::string& cluster, const std::string& user,
                              const std::string& context = "") {
        return "apiVersion: v1\nkind: Config\ncurrent-context: main\n"
               "clusters: [{name: c, cluster: {" +
               cluster +
               "}}]\n"
               "users: [{name: u, user: {" +
               user +
               "}}]\n"
               "contexts: [{name: main, context: {cluster: c, user: u" +
               context + "}}]\n";
    }
    Kubeconfig load(const std::string& text, const std::string& context = "") const {
        return Kubeconfig::load(folder_.write("kubeconfig", text), context);
    }
    Kubeconfig load_user(const std::string& user) const {
        return load(config("server: https://c:6443", user));
    }
    std::string file() const { return (folder_ / "kubeconfig").string(); }

    test::TempFolder folder_;
};

TEST_F(KubeConfigTest, ReadsDataFields) {
    const auto loaded = load(config(
        "server: 'https://c:6443/', certificate-authority-data: " + base::base64_encode("the ca"),
        "client-certificate-data: " + base::base64_encode("cert") +
            ", client-key-data: " + base::base64_encode("key"),
        ", namespace: team"));
    EXPECT_EQ(loaded.server, "https://c:6443");
    EXPECT_EQ(loaded.ca_pem, "the ca");
    EXPECT_EQ(loaded.client_certificate_pem, "cert");
    EXPECT_EQ(loaded.client_key_pem, "key");
    EXPECT_EQ(loaded.name_space, "team");
    EXPECT_EQ(loaded.description, "context main of " + file());
    EXPECT_FALSE(loaded.insecure_skip_tls_verify);
}

TEST_F(KubeConfigTest, ReadsPathsRelativeToTheFile) {
    folder_.write("pki/ca.crt", "the ca");
    folder_.write("pki/cert", "cert");
    const auto key = folder_.write("key", "key");
    const auto loaded = load(config(
        "server: https://c, certificate-authority: pki/ca.crt",
        "client-certificate: ./pki/cert, client-key: " + key.string() + ", tokenFile: pki/token"));
    EXPECT_EQ(loaded.ca_pem, "the ca");
    EXPECT_EQ(loaded.client_certificate_pem, "cert");
    EXPECT_EQ(loaded.client_key_pem, "key");
    EXPECT_EQ(loaded.token_file, (folder_ / "pki/token").string());
    EXPECT_EQ(loaded.name_space, "default");
}

TEST_F(KubeConfigTest, PrefersDataToPathsLikeKubectl) {
    EXPECT_EQ(load(config("server: https://c, certificate-authority: absent.crt, "
                          "certificate-authority-data: " +
                              base::base64_encode("the ca"),
                          ""))
                  .ca_pem,
              "the ca");
}

TEST_F(KubeConfigTest, ReadsTokensPasswordsAndTlsSettings) {
    const auto token = load_user("token: \"abc\\n\"");
    EXPECT_EQ(token.token, "abc");
    const auto password = load_user("username: admin, password: 's3:cret'");
    EXPECT_EQ(password.username, "admin");
    EXPECT_EQ(password.password, "s3:cret");
    const auto tls = load(config(
        "server: https://10.0.0.1, insecure-skip-tls-verify: true, tls-server-name: kubernetes",
        ""));
    EXPECT_TRUE(tls.insecure_skip_tls_verify);
    EXPECT_EQ(tls.tls_server_name, "kubernetes");
    EXPECT_FALSE(load(config("server: https://c, insecure-skip-tls-verify: false", "token: a"))
                     .insecure_skip_tls_verify);
}

TEST_F(KubeConfigTest, SelectsTheContext) {
    const std::string two =
        "clusters: [{name: a, cluster: {server: 'https://a'}}, {name: b, cluster: {server: "
        "'https://b'}}]\n"
        "contexts:\n- {name: first, context: {cluster: a}}\n- {name: second, context: {cluster: "
        "b}}\n";
    EXPECT_EQ(load(two, "second").server, "https://b");
    EXPECT_EQ(load("current-context: first\n" + two).server, "https://a");
    EXPECT_EQ(load("current-context: first\n" + two, "second").server, "https://b");
    expect_error([&] { load(two, "third"); }, Errc::usage,
                 file() + ": context \"third\" does not exist; available contexts: first, second",
                 "--context");
    expect_error([&] { load(two); }, Errc::usage,
                 "current-context is not set; available contexts: first, second", "--context");
}

TEST_F(KubeConfigTest, ReportsWhatIsMissing) {
    struct Row {
        std::string name;
        std::string text;
        Errc code;
        std::string error;
    };
    const std::string context = "current-context: m\ncontexts: [{name: m, context: ";
    const std::string cluster = "clusters: [{name: c, cluster: {server: 'https://c'}}]\n";
    const std::vector<Row> rows{
        {"an empty map", "{}\n", Errc::invalid, "is not a valid kubeconfig: it has no contexts"},
        {"another document", "apiVersion: v1\nkind: Pod\n", Errc::invalid, "it has no contexts"},
        {"contexts that are not a list", "contexts: main\n", Errc::invalid, "it has no contexts"},
        {"no clusters", context + "{cluster: c}}]\n", Errc::invalid,
         "cluster \"c\" does not exist"},
        {"an unknown cluster", context + "{cluster: d}}]\n" + cluster, Errc::invalid,
         "cluster \"d\" does not exist"},
        {"a context without a cluster", context + "{user: u}}]\n" + cluster, Errc::invalid,
         "cluster \"\" does not exist"},
        {"an unknown user", context + "{cluster: c, user: u}}]\n" + cluster, Errc::invalid,
         "user \"u\" does not exist"},
        {"no server", config("tls-server-name: x", ""), Errc::invalid,
         "server \"\" is not a valid URL"},
        {"a server without a scheme", config("server: 'c:6443'", ""), Errc::invalid,
         "server \"c:6443\" is not a valid URL"},
        {"a certificate without its key",
         config("server: https://c", "client-certificate-data: YQ=="), Errc::invalid,
         "user u has a client certificate without its key"},
        {"a key without its certificate", config("server: https://c", "client-key-data: YQ=="),
         Errc::invalid, "user u has a client certificate without its key, or a key without"},
        {"data that is not base64",
         config("server: https://c, certificate-authority-data: '%%%'", ""), Errc::invalid,
         "certificate-authority-data"},
        {"a file that does not exist",
         config("server: https://c, certificate-authority: absent.crt", ""), Errc::not_found,
         "absent.crt"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        expect_error([&] { load(row.text); }, row.code, row.error);
        EXPECT_THAT(error_of([&] { load(row.text); }).value().what(),
                    testing::HasSubstr(folder_.path().string()));
    }
}

TEST_F(KubeConfigTest, RejectsUnsupportedFeatures) {
    struct Row {
        std::string name;
        std::string text;
        std::string error;
        std::string hint;
    };
    const std::string server = "server: https://c";
    const auto touched = folder_ / "touched";
    const std::vector<Row> rows{
        {"a credential plugin",
         config(server, "exec: {command: touch, args: [" + touched.string() + "]}"),
         "user u has a credential plugin (exec), which is not supported", "client certificate"},
        {"an auth provider", config(server, "auth-provider: {name: oidc}"), "(auth-provider)",
         "client certificate"},
        {"a proxy", config(server + ", proxy-url: 'http://p'", ""), "proxy-url", "HTTPS_PROXY"},
        {"impersonating a user", config(server, "token: a, as: nobody"),
         "user u uses impersonation (as)", "without impersonation"},
        {"impersonating a group", config(server, "token: a, as-groups: [x]"), "(as-groups)",
         "without impersonation"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        expect_error([&] { load(row.text); }, Errc::unsupported, row.error, row.hint);
    }
    EXPECT_FALSE(std::filesystem::exists(touched));
}

TEST_F(KubeConfigTest, IgnoresAPluginOfAnotherUser) {
    EXPECT_EQ(load("current-context: m\n"
                   "clusters: [{name: c, cluster: {server: 'https://c'}}]\n"
                   "users: [{name: x, user: {exec: {command: x}}}, {name: u, user: {token: a}}]\n"
                   "contexts: [{name: m, context: {cluster: c, user: u}}]\n")
                  .token,
              "a");
}

TEST_F(KubeConfigTest, RejectsHostileTextWithItsPath) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        const auto before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int n = 0; n < 10; ++n)
            bomb += (n == 0 ? "" : ", ") + before;
        bomb += "]\n";
    }
    const std::map<std::string, std::string> rows{
        {"truncated", "clusters: [{name: c, clu"},
        {"a binary",
         "\x7f"
         "ELF\x02\x01\x01"},
        {"a NUL byte", std::string("a\0b", 3)},
        {"not UTF-8", "a: \xff\xfe"},
        {"a duplicate key", "users: []\nusers: []\n"},
        {"an undefined alias", "contexts: *absent\n"},
        {"an alias bomb", bomb},
        {"deeply nested", std::string(5000, '[')},
        {"two documents", "a: b\n---\nc: d\n"},
    };
    for (const auto& [name, text] : rows) {
        SCOPED_TRACE(name);
        const auto error = error_of([&] { load(text); });
        ASSERT_TRUE(error.has_value());
        EXPECT_TRUE(error->code() == Errc::invalid || error->code() == Errc::unsupported)
            << error->what();
        EXPECT_THAT(error->what(), testing::HasSubstr(file()));
    }
    folder_.write("kubeconfig", std::string(5U << 20U, '#'));
    expect_error([&] { Kubeconfig::load(folder_ / "kubeconfig", ""); }, Errc::invalid,
                 file() + " is larger than");
}

TEST_F(KubeConfigTest, HasNoSecretsInErrors) {
    const auto error =
        error_of([&] { load_user("token: s3cret-token, client-key-data: s3cret*key"); });
    ASSERT_TRUE(error.has_value());
    EXPECT_THAT(error->what(), testing::Not(testing::HasSubstr("s3cret")));
}

class KubeConfigPlaceTest : public KubeConfigTest {
  protected:
    Variable config_{"KUBECONFIG", std::nullopt};
    Variable home_{"HOME", folder_.path().string()};
    Variable host_{"KUBERNETES_SERVICE_HOST", std::nullopt};
};

TEST_F(KubeConfigPlaceTest, SearchesTheDefaultPaths) {
    expect_error([] { Kubeconfig::load({}, ""); }, Errc::usage, "no kubeconfig found",
                 "--kubeconfig");
    folder_.write(".kube/config", config("server: https://home", ""));
    EXPECT_EQ(Kubeconfig::load({}, "").server, "https://home");
    const auto second = folder_.write("second", config("server: https://second", ""));
    const Variable list("KUBECONFIG", (folder_ / "absent").string() + "::" + second.string());
    EXPECT_EQ(Kubeconfig::load({}, "").server, "https://second");
    const auto named = folder_.write("named", config("server: https://named", ""));
    EXPECT_EQ(Kubeconfig::load(named, "").server, "https://named");
}

TEST_F(KubeConfigPlaceTest, DoesNotFallBackFromAnAbsentFile) {
    folder_.write(".kube/config", config("server: https://home", ""));
    expect_error([&] { Kubeconfig::load(folder_ / "absent", ""); }, Errc::not_found, "absent");
}

TEST_F(KubeConfigPlaceTest, ReportsAVariableThatNamesAnAbsentFile) {
    const auto absent = (folder_ / "absent").string();
    const Variable named("KUBECONFIG", absent);
    const Variable pod("KUBERNETES_SERVICE_HOST", "10.96.0.1");
    expect_error([] { Kubeconfig::load({}, ""); }, Errc::not_found,
                 "KUBECONFIG: " + absent + " does not exist", "--kubeconfig");
}

TEST_F(KubeConfigPlaceTest, RequiresTheServiceAccountInAPod) {
    if (std::filesystem::exists("/var/run/secrets/kubernetes.io/serviceaccount/token"))
        GTEST_SKIP() << "this machine is a pod";
    const Variable host("KUBERNETES_SERVICE_HOST", "10.96.0.1");
    const Variable port("KUBERNETES_SERVICE_PORT", "443");
    expect_error([] { Kubeconfig::load({}, ""); }, Errc::not_found,
                 "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");
}

}  // namespace
}  // namespace airlock::kubernetes
