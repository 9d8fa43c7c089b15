// Alternative sources: --mirror FROM=TO, by prefix, for images (quay.io=mirror.corp:5000/quay) and
// for URLs (https://github.com=https://mirror.corp/github). The bundle records the original
// reference or URL.
#pragma once

#include "images/reference.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace airlock::bundler {

class Mirrors {
  public:
    // Errc::usage unless each argument has the form FROM=TO.
    explicit Mirrors(const std::vector<std::string>& arguments);

    // Replaces the longest prefix that matches up to a "/" or the end; unchanged when none matches.
    images::Reference apply(const images::Reference& reference) const;
    std::string apply_url(std::string_view url) const;

  private:
    std::string replace(std::string_view name) const;
    std::vector<std::pair<std::string, std::string>> rules_;
};

}  // namespace airlock::bundler
