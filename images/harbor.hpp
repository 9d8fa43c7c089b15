// Harbor's own API, for what the registry API cannot do: removing one tag. It takes Basic
// credentials and refuses the registry's tokens.
#pragma once

#include "base/http.hpp"

#include <string>
#include <string_view>

namespace airlock::images::harbor {

base::HttpRequest ping_request(const std::string& base_url);
// Whether the answer to it is that of a Harbor. Any other registry, and a proxy's page, is not.
bool is_harbor(const base::HttpResponse& answer);

// DELETE of one tag. REQUIRES: `repository` is PROJECT/NAME; Harbor has no other ones.
base::HttpRequest remove_tag_request(const std::string& base_url, const std::string& repository,
                                     const std::string& tag);

// What an answer to it means (seen on Harbor 2.15.2):
//
//   status     | result
//   -----------|------------------------------------------------------------
//   200        | removed
//   404        | absent: no such tag or repository; the user may delete tags
//   401        | refused: wrong credentials, or no such project
//   403        | refused: no permission to delete tags
//   412        | refused: the tag is immutable
//   429, 5xx   | failed: try again
//   any other  | refused
enum class TagRemoval { removed, absent, refused, failed };
TagRemoval tag_removal(long status);

// Why, and what to do, for a status that means refused.
struct Refusal {
    std::string_view reason;
    std::string_view hint;
};
Refusal refusal_for(long status);

}  // namespace airlock::images::harbor
