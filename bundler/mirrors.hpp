// Where to fetch from instead: --mirror FROM=TO, by prefix, for images
// (quay.io=mirror.corp:5000/quay) and for URLs (https://github.com=https://mirror.corp/github). The
// reference or URL in the bundle stays the original one.
#pragma once

#include "images/reference.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace airlock::bundler {

class Mirrors {
  public:
    // Errc::usage for an argument without "=" or with an empty side.
    explicit Mirrors(const std::vector<std::string>& arguments);

    // Longest matching prefix, at a "/" or the end; the same when none matches.
    images::Reference apply(const images::Reference& reference) const;
    std::string apply_url(std::string_view url) const;

  private:
    std::string replace(std::string_view name) const;
    std::vector<std::pair<std::string, std::string>> rules_;
};

}  // namespace airlock::bundler
