#include "images/harbor.hpp"

#include "base/url.hpp"

#include <fmt/format.h>

namespace airlock::images::harbor {

base::HttpRequest ping_request(const std::string& base_url) {
    return {.url = base_url + "/api/v2.0/ping"};
}

bool is_harbor(const base::HttpResponse& answer) {
    return answer.status == 200 && answer.body.find("Pong") != std::string::npos &&
           answer.body.size() <= 16;
}

base::HttpRequest remove_tag_request(const std::string& base_url, const std::string& repository,
                                     const std::string& tag) {
    const auto slash = repository.find('/');
    // The slashes of the name are encoded twice.
    return {
        .method = "DELETE",
        .url = fmt::format("{}/api/v2.0/projects/{}/repositories/{}/artifacts/{}/tags/{}", base_url,
                           repository.substr(0, slash),
                           base::percent_encode(base::percent_encode(repository.substr(slash + 1))),
                           tag, tag)};
}

TagRemoval tag_removal(long status) {
    if (status == 200) return TagRemoval::removed;
    if (status == 404) return TagRemoval::absent;
    if (status == 429 || status >= 500) return TagRemoval::failed;
    return TagRemoval::refused;
}

Refusal refusal_for(long status) {
    switch (status) {
        case 401:
            return {.reason = "Harbor does not accept the credentials, or the project is gone",
                    .hint = "check the password, and that the project exists"};
        case 403:
            return {.reason = "the user has no permission to delete tags in Harbor",
                    .hint = "add the permission tag: delete to the robot account"};
        case 412:
            return {.reason = "the tag is immutable in Harbor",
                    .hint = "change the project's tag immutability rule, or keep the tag"};
        default:
            return {.reason = "Harbor refused to delete the tag",
                    .hint = "delete it in Harbor, or keep it: nothing uses it"};
    }
}

}  // namespace airlock::images::harbor
