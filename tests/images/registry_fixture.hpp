// Shared by the tests against a real registry: an image, clients, and pushing and pulling the
// image.
#pragma once

#include "images/image_builder.hpp"
#include "images/registry.hpp"
#include "tests/support/docker_registry.hpp"

#include <gtest/gtest.h>

#include <string>

namespace airlock::images::test {

class RegistryTest : public ::testing::Test {
  protected:
    RegistryTest();

    // Five attempts without delay.
    static RegistryOptions plain(CredentialStore credentials = {});
    static RegistryOptions trusting(const std::string& ca_pem, CredentialStore credentials = {});
    static CredentialStore password(const std::string& host, const std::string& username,
                                    const std::string& password);
    static RegistryClient client(const std::string& host, RegistryOptions options) {
        return RegistryClient(host, std::move(options), {});
    }

    // Pushes all blobs of `image_`, its manifest and the tag.
    void push_image(RegistryClient& registry, const std::string& repository,
                    const std::string& tag) const;
    // Pulls everything and compares it with `image_`.
    void expect_image(RegistryClient& registry, const std::string& repository,
                      const std::string& identifier) const;
    static void push_text(RegistryClient& registry, const std::string& repository,
                          const std::string& text);
    static Descriptor describe(const std::string& text);

    BuiltImage image_;
};

}  // namespace airlock::images::test
