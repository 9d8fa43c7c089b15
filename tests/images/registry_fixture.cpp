#include "tests/images/registry_fixture.hpp"

#include "base/log.hpp"
#include "tests/support/test_image.hpp"

#include <cstdlib>

namespace airlock::images::test {
RegistryTest::RegistryTest() : image_(airlock::test::app_image(airlock::test::noise(2'000'000))) {
    // Connections to the loopback address must not go through a proxy.
    ::setenv("NO_PROXY", "*", 1);
    ::setenv("no_proxy", "*", 1);
    base::init_logging(base::LogLevel::debug, base::LogFormat::text);
}

RegistryOptions RegistryTest::plain(CredentialStore credentials) {
    return {.trust = {},
            .plain_http = true,
            .credentials = std::move(credentials),
            .retry = {.attempts = 5,
                      .first_delay = std::chrono::milliseconds(1),
                      .longest_delay = std::chrono::milliseconds(1)},
            .stall_timeout = std::chrono::seconds(2)};
}

RegistryOptions RegistryTest::trusting(const std::string& ca_pem, CredentialStore credentials) {
    auto options = plain(std::move(credentials));
    options.plain_http = false;
    options.trust = base::TrustStore::only(ca_pem, "ca.crt");
    return options;
}

CredentialStore RegistryTest::password(const std::string& host, const std::string& username,
                                       const std::string& password) {
    CredentialStore store;
    store.set(host, {.username = username, .password = password, .identity_token = {}});
    return store;
}

Descriptor RegistryTest::describe(const std::string& text) {
    return {.media_type = "application/octet-stream",
            .digest = base::sha256(text),
            .size = text.size()};
}

void RegistryTest::push_text(RegistryClient& registry, const std::string& repository,
                             const std::string& text) {
    base::StringSource source(text);
    registry.push_blob(repository, describe(text), source);
}

void RegistryTest::push_image(RegistryClient& registry, const std::string& repository,
                              const std::string& tag) const {
    push_text(registry, repository, image_.layer);
    push_text(registry, repository, image_.config);
    registry.put_manifest(repository, tag, image_.manifest.raw,
                          image_.manifest.descriptor.media_type);
}

void RegistryTest::expect_image(RegistryClient& registry, const std::string& repository,
                                const std::string& identifier) const {
    const auto manifest = registry.get_manifest(repository, identifier);
    EXPECT_EQ(manifest.raw, image_.manifest.raw);
    EXPECT_EQ(manifest.descriptor.media_type, image_.manifest.descriptor.media_type);
    EXPECT_EQ(registry.get_blob_text(repository, image_.config_descriptor, 1U << 20U),
              image_.config);
    EXPECT_EQ(registry.get_blob_text(repository, image_.layer_descriptor, 1U << 24U), image_.layer);
}

}  // namespace airlock::images::test
