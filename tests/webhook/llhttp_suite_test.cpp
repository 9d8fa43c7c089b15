// llhttp's suite of requests (nodejs/llhttp, test/request), where it exists beside the project,
// sent as raw bytes over TLS. Each case has the events of llhttp's parser. Refusing what llhttp accepts
// is fine. Accepting what it refuses, or finding another end of a body, is not: two parsers that
// disagree about the same bytes are how requests are smuggled past one of them.
#include "base/file.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/webhook/support.hpp"
#include "webhook/endpoints.hpp"
#include "webhook/https_server.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace airlock::webhook {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Client;
using test::get;

struct SuiteCase {
    std::string name;  // file: heading
    std::string bytes;
    // The requests that llhttp accepts in strict mode, as "METHOD BODY-SIZE". Of several pipelined
    // requests these are the ones before the first error: they were complete when it was found.
    std::vector<std::string> accepted = {};
    std::size_t headers = 0;  // the requests whose header llhttp accepts
};

// What llhttp accepts in strict mode of cases that it only runs in a lenient mode. Unless named
// here, nothing of a lenient case may be accepted.
struct LenientCase {
    std::string_view name;
    std::vector<std::string> accepted;
    std::size_t headers;
};

const std::vector<LenientCase>& lenient_cases() {
    static const std::vector<LenientCase> kCases{
        // The form feed is in the second request.
        {"lenient-headers.md: Second request header value (lenient)", {"GET 0"}, 1},
        // What is wrong are the bytes after a request that ends the connection.
        {"connection.md: Resetting flags when keep-alive is off (1.0, lenient)", {"PUT 0"}, 1},
        {"connection.md: CRLF between requests, explicit `close` (lenient)", {"POST 4"}, 1},
        // What is wrong is in the body: the webhook refuses the path and does not read it.
        {"transfer-encoding.md: Chunk header not terminated by CRLF (lenient)", {}, 1},
        {"transfer-encoding.md: Chunk data not terminated by CRLF (lenient)", {}, 1},
        {"transfer-encoding.md: Space after chunk header (lenient)", {}, 1},
    };
    return kCases;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

// Replaces escapes of up to `max_digits` digits: \x41 with `prefix` "\x" and base 16.
void replace_numbers(std::string& text, std::string_view prefix, int base, std::size_t max_digits) {
    for (auto at = text.find(prefix); at != text.npos; at = text.find(prefix, at + 1)) {
        const char* digits = text.data() + at + prefix.size();
        const char* limit = digits + std::min(max_digits, text.size() - at - prefix.size());
        unsigned value = 0;
        const auto [end, problem] = std::from_chars(digits, limit, value, base);
        if (problem != std::errc()) continue;
        text.replace(at, prefix.size() + static_cast<std::size_t>(end - digits), 1,
                     static_cast<char>(value));
    }
}

// The order is that of the suite's own runner, test/md-test.ts.
std::string bytes_of(std::string block) {
    if (block.ends_with('\n')) block.pop_back();
    replace_all(block, "\\\n", "");
    replace_all(block, "\n", "\r\n");
    replace_all(block, "\\r", "\r");
    replace_all(block, "\\n", "\n");
    replace_all(block, "\\t", "\t");
    replace_all(block, "\\f", "\f");
    replace_numbers(block, "\\x", 16, block.size());
    replace_numbers(block, "\\", 8, 3);
    return block;
}

std::vector<std::string> split_lines(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

void read_log(std::string_view log, SuiteCase& one) {
    std::string method;
    std::size_t body = 0;
    for (const auto& line : split_lines(log)) {
        constexpr std::string_view kMethod = "span[method]=\"";
        constexpr std::string_view kLength = " len=";
        if (line.ends_with("message begin")) {
            method.clear();
            body = 0;
        } else if (const auto at = line.find(kMethod); at != line.npos) {
            method += line.substr(at + kMethod.size(), line.size() - at - kMethod.size() - 1);
        } else if (line.find("span[body]=") != line.npos) {
            body += std::stoul(line.substr(line.find(kLength) + kLength.size()));
        } else if (line.find("headers complete") != line.npos) {
            ++one.headers;
        } else if (line.ends_with("message complete")) {
            one.accepted.push_back(fmt::format("{} {}", method, body));
        }
    }
}

void read_verdict(bool strict, std::string_view log, SuiteCase& one) {
    if (strict) return read_log(log, one);
    for (const auto& lenient : lenient_cases()) {
        if (lenient.name != one.name) continue;
        one.accepted = lenient.accepted;
        one.headers = lenient.headers;
    }
}

std::vector<SuiteCase> cases_of(const std::filesystem::path& file) {
    std::vector<SuiteCase> cases;
    std::string heading;
    bool strict = false;
    std::string* block = nullptr;  // of the code that is being read
    std::string code;
    std::string kind;
    for (const auto& line : split_lines(base::read_file(file, 1 << 20))) {
        if (block != nullptr && line == "```") {
            block = nullptr;
            if (kind == "http")
                cases.push_back({.name = fmt::format("{}: {}", file.filename().string(), heading),
                                 .bytes = bytes_of(code)});
            else
                read_verdict(strict, code, cases.back());
        } else if (block != nullptr) {
            *block += line + '\n';
        } else if (line.starts_with("```")) {
            kind = line.substr(3);
            code.clear();
            block = &code;
        } else if (line.starts_with("<!-- meta=")) {
            strict = line.find("lenient") == line.npos;
        } else if (line.starts_with('#')) {
            heading = line.substr(line.find_first_not_of("# "));
        }
    }
    return cases;
}

// Takes every request, so that every body is read to its end: the webhook's own handler refuses
// most of the suite's paths and methods after the header.
class AnyRequest final : public RequestHandler {
  public:
    explicit AnyRequest(std::atomic<int>& open) : open_(open) {}
    std::optional<Reply> refuse(const RequestHead&) override { return std::nullopt; }
    Reply handle(const RequestHead& head, std::string& body) override {
        return {.body = fmt::format("{} {}", head.method, body.size())};
    }
    void refused(unsigned) override {}
    void connections_changed(int by) override { open_ += by; }

  private:
    std::atomic<int>& open_;
};

class LlhttpSuite : public ::testing::Test {
  protected:
    static constexpr std::size_t kAny = 0;
    static constexpr std::size_t kWebhook = 1;

    void SetUp() override {
        const auto archive =
            std::filesystem::path(AIRLOCK_SOURCE_DIR).parent_path() / "shared/suites/llhttp.tar.xz";
        if (!std::filesystem::exists(archive))
            GTEST_SKIP() << "the public suite is not beside the project: " << archive;
        const ::airlock::test::TempFolder folder;
        const auto command =
            "tar -xJf '" + archive.string() + "' -C '" + folder.path().string() + "'";
        ASSERT_EQ(std::system(command.c_str()), 0);
        for (const auto& file :
             std::filesystem::directory_iterator(folder.path() / "test/request")) {
            for (auto& one : cases_of(file.path()))
                cases_.push_back(std::move(one));
        }
        ASSERT_GT(cases_.size(), 150U);
        state_.policy.set(std::make_shared<const Policy>(test::policy("")));
        const auto pair = test::make_pair_for("localhost");
        state_.tls.set(std::make_shared<TlsContext>(tls_.make(pair.certificate, pair.key)));
    }

    void start(ServerOptions options = {}) {
        options.threads = 1;
        options.connections = {.total = 1000, .unproven = 1000, .unproven_per_address = 1000};
        server_ = std::make_unique<HttpsServer>(
            options,
            std::vector<Listener>{
                {.address = "127.0.0.1",
                 .make_handler = [this] { return std::make_unique<AnyRequest>(open_); }},
                {.address = "127.0.0.1",
                 .make_handler = [this] { return make_admission_handler(state_); }}},
            state_.tls);
    }

    // The replies to `bytes`, without interim ones.
    std::vector<Client::Response> replies_to(std::size_t listener, std::string_view bytes) {
        Client client(server_->port(listener), true);
        EXPECT_TRUE(client.connected());
        client.send(bytes);
        client.end_sending();
        std::vector<Client::Response> replies;
        for (;;) {
            auto reply = client.receive();
            if (reply.status == 0) return replies;
            if (reply.status != 100) replies.push_back(std::move(reply));
        }
    }

    void expect_it_still_answers() {
        Client good(server_->port(kWebhook), true);
        good.send(get("/readyz"));
        EXPECT_EQ(good.receive().status, 200);
    }

    std::vector<SuiteCase> cases_;
    std::atomic<int> open_{0};
    ServiceState state_;
    TlsContextFactory tls_;
    std::unique_ptr<HttpsServer> server_;
};

bool means_refused(int status) {
    return status == 400 || status == 413 || status == 414 || status == 431 || status == 501 ||
           status == 505;
}

TEST_F(LlhttpSuite, NoRequestIsAcceptedThatLlhttpRefuses) {
    start();
    std::size_t accepted = 0;
    std::size_t refused = 0;
    for (const auto& one : cases_) {
        std::vector<std::string> ours;
        for (const auto& reply : replies_to(kAny, one.bytes)) {
            if (!means_refused(reply.status)) ours.push_back(reply.body);
        }
        EXPECT_TRUE(ours.size() <= one.accepted.size() &&
                    std::equal(ours.begin(), ours.end(), one.accepted.begin()))
            << one.name << "\naccepted: " << fmt::format("{}", ours)
            << "\nllhttp accepts: " << fmt::format("{}", one.accepted) << "\nof: " << one.bytes;
        accepted += ours.size();
        refused += ours.empty() ? 1U : 0U;
    }
    EXPECT_GT(accepted, 60U);
    EXPECT_GT(refused, 60U);
    expect_it_still_answers();
}

TEST_F(LlhttpSuite, TheWebhookUnderstandsNoRequestThatLlhttpRefuses) {
    start();
    std::size_t understood = 0;
    for (const auto& one : cases_) {
        const auto replies = replies_to(kWebhook, one.bytes);
        const auto ours = static_cast<std::size_t>(std::ranges::count_if(
            replies, [](const Client::Response& reply) { return !means_refused(reply.status); }));
        // It answers after the header, and refuses the path or the method of every case.
        EXPECT_LE(ours, one.headers) << one.name << "\nof: " << one.bytes;
        understood += ours;
    }
    EXPECT_GT(understood, 60U);
    expect_it_still_answers();
}

TEST_F(LlhttpSuite, NoConnectionStaysOpenPastItsDeadline) {
    start({.request_time = milliseconds(300),
           .idle_time = milliseconds(300),
           .unproven_idle_time = milliseconds(300)});
    std::vector<std::unique_ptr<Client>> clients;
    for (const auto& one : cases_) {
        clients.push_back(std::make_unique<Client>(server_->port(kAny), true));
        clients.back()->send(one.bytes);
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
        while (clients[i]->receive().status != 0) {
        }
        EXPECT_TRUE(clients[i]->closed_within(seconds(5))) << cases_[i].name;
    }
    for (int i = 0; i < 500 && open_ > 0; ++i)
        std::this_thread::sleep_for(milliseconds(20));
    EXPECT_EQ(open_, 0);
    expect_it_still_answers();
}

}  // namespace
}  // namespace airlock::webhook
