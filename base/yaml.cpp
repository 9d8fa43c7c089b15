#include "base/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <sstream>
#include <unordered_set>

namespace airlock::base {

struct YamlTree::Nodes {
    std::string file;
    std::deque<YamlNode> all;  // a deque: nodes point at one another
    const YamlNode* root = nullptr;
};

namespace {

[[noreturn]] void refuse(Errc code, std::string_view file, std::size_t line, std::size_t column,
                         std::string_view message, std::string hint = {}) {
    Error error(code, "{}:{}:{}: {}", file, line, column, message);
    if (!hint.empty()) error.set_hint(std::move(hint));
    throw error;
}

// Decodes one UTF-8 character at `at`; returns its length, or 0 for invalid UTF-8 (RFC 3629).
std::size_t decode_utf8(std::string_view text, std::size_t at, std::uint32_t& code) {
    const auto byte = [&](std::size_t i) -> std::uint32_t {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0;
    };
    const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    const auto first = byte(0);
    if (first < 0x80) {
        code = first;
        return 1;
    }
    if (first >= 0xC2 && first < 0xE0 && tail(1)) {
        code = ((first & 0x1FU) << 6U) | (byte(1) & 0x3FU);
        return 2;
    }
    if (first >= 0xE0 && first < 0xF0 && tail(1) && tail(2)) {
        code = ((first & 0x0FU) << 12U) | ((byte(1) & 0x3FU) << 6U) | (byte(2) & 0x3FU);
        return code < 0x800 || (code >= 0xD800 && code < 0xE000) ? 0 : 3;
    }
    if (first >= 0xF0 && first < 0xF5 && tail(1) && tail(2) && tail(3)) {
        code = ((first & 0x07U) << 18U) | ((byte(1) & 0x3FU) << 12U) | ((byte(2) & 0x3FU) << 6U) |
               (byte(3) & 0x3FU);
        return code < 0x10000 || code > 0x10FFFF ? 0 : 4;
    }
    return 0;
}

bool is_control(std::uint32_t code) {
    const bool allowed = code == '\t' || code == '\n' || code == '\r';
    return !allowed && (code < 0x20 || (code >= 0x7F && code < 0xA0));
}

// %YAML and %TAG precede the content; the latter changes the meaning of tags.
void refuse_directives(std::string_view text, std::string_view file, std::size_t line) {
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto first = text.substr(0, end).find_first_not_of(" \t\r");
        if (first != std::string_view::npos && text[first] != '#') {
            if (text[0] == '%') {
                refuse(Errc::unsupported, file, line, 1, "YAML directives are not supported",
                       "remove this line");
            }
            return;
        }
        text.remove_prefix(std::min(end + 1, text.size()));
        ++line;
    }
}

// The parser accepts the end of the text as the end of a quoted scalar.
bool is_closed(std::string_view text, std::size_t at) {
    const char quote = text[at];
    if (quote != '"' && quote != '\'') return true;
    while (++at < text.size()) {
        if (quote == '"' && text[at] == '\\') {
            ++at;
        } else if (text[at] == quote) {
            if (quote == '"' || at + 1 == text.size() || text[at + 1] != quote) return true;
            ++at;
        }
    }
    return false;
}

// Builds the tree from the parser's events, and stops as soon as a limit is exceeded.
class TreeBuilder final : public YAML::EventHandler {
  public:
    TreeBuilder(std::string_view file, std::size_t first_line, std::deque<YamlNode>& nodes)
        : file_(file), first_line_(first_line), nodes_(nodes) {}

    const YamlNode* root() const { return root_; }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (root_ != nullptr) {
            refuse_at(Errc::invalid, mark, "content outside of the document",
                      "check the indentation of this line and the one before it");
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        leaf(mark, anchor, YamlNode::Kind::null, false, {});
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        check_tag(mark, tag);
        // The parser gives a scalar in quotes or in a block the tag "!", a plain one "?".
        leaf(mark, anchor, YamlNode::Kind::scalar, tag == "!" || tag == "tag:yaml.org,2002:str",
             value);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto named = anchors_.find(anchor);
        if (named == anchors_.end())
            refuse_at(Errc::invalid, mark, "an alias inside the value that it refers to");
        attach(mark, *named->second.node, named->second.weight);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        open(mark, tag, anchor, YamlNode::Kind::list);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        open(mark, tag, anchor, YamlNode::Kind::map);
    }
    void OnMapEnd() override { close(); }

    [[noreturn]] void refuse_at(Errc code, const YAML::Mark& mark, std::string_view message,
                                std::string hint = {}) const {
        const bool known = mark.line >= 0 && mark.column >= 0;
        refuse(code, file_, first_line_ + (known ? static_cast<std::size_t>(mark.line) : 0),
               known ? static_cast<std::size_t>(mark.column) + 1 : 1, message, std::move(hint));
    }

  private:
    struct Open {
        YamlNode* node = nullptr;
        YAML::Mark mark;
        YAML::anchor_t anchor = 0;
        std::size_t weight = 1;  // nodes in it, with aliases expanded
        const YamlNode* key = nullptr;
        std::unordered_set<std::string_view> keys;
    };
    struct Anchored {
        const YamlNode* node = nullptr;
        std::size_t weight = 0;
    };

    YamlNode& make(const YAML::Mark& mark, YamlNode::Kind kind) {
        if (nodes_.size() >= kMaxYamlNodes) {
            refuse_at(Errc::invalid, mark,
                      fmt::format("more than {} values in a document", kMaxYamlNodes));
        }
        auto& node = nodes_.emplace_back();
        node.kind = kind;
        node.offset = static_cast<std::size_t>(std::max(mark.pos, 0));
        node.line = first_line_ + static_cast<std::size_t>(std::max(mark.line, 0));
        node.column = static_cast<std::size_t>(std::max(mark.column, 0)) + 1;
        return node;
    }

    void leaf(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode::Kind kind, bool quoted,
              const std::string& value) {
        auto& node = make(mark, kind);
        node.quoted = quoted;
        node.value = value;
        if (anchor != 0) anchors_[anchor] = {.node = &node, .weight = 1};
        attach(mark, node, 1);
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
              YamlNode::Kind kind) {
        check_tag(mark, tag);
        if (stack_.size() >= kMaxYamlDepth) {
            refuse_at(Errc::invalid, mark,
                      fmt::format("nested deeper than {} levels", kMaxYamlDepth));
        }
        auto& frame = stack_.emplace_back();
        frame.node = &make(mark, kind);
        frame.mark = mark;
        frame.anchor = anchor;
    }

    void close() {
        const auto frame = std::move(stack_.back());
        stack_.pop_back();
        // Only now: a value must not refer to itself.
        if (frame.anchor != 0)
            anchors_[frame.anchor] = {.node = frame.node, .weight = frame.weight};
        attach(frame.mark, *frame.node, frame.weight);
    }

    void attach(const YAML::Mark& mark, const YamlNode& node, std::size_t weight) {
        if (stack_.empty()) {
            root_ = &node;
            return;
        }
        auto& parent = stack_.back();
        parent.weight += weight;
        if (parent.weight > kMaxYamlNodes) {
            refuse_at(Errc::invalid, mark,
                      fmt::format("aliases expand to more than {} values", kMaxYamlNodes),
                      "do not use this document: it is designed to exhaust its reader's memory");
        }
        if (parent.node->is_list()) {
            parent.node->items.push_back(&node);
        } else if (parent.key == nullptr) {
            if (!node.is_scalar()) {
                refuse_at(Errc::invalid, mark, "a key must be a string",
                          "render templates such as {{ this }} first");
            }
            if (!parent.keys.insert(node.value).second) {
                refuse_at(Errc::invalid, mark, fmt::format("duplicate key \"{}\"", node.value),
                          "remove one of them: parsers differ in which one they use");
            }
            parent.key = &node;
        } else {
            parent.node->entries.emplace_back(parent.key, &node);
            parent.key = nullptr;
        }
    }

    void check_tag(const YAML::Mark& mark, std::string_view tag) const {
        static constexpr std::array<std::string_view, 7> kCore = {"str",  "int", "bool", "float",
                                                                  "null", "map", "seq"};
        if (tag.empty() || tag == "!" || tag == "?") return;
        constexpr std::string_view kPrefix = "tag:yaml.org,2002:";
        if (tag.starts_with(kPrefix) && std::ranges::count(kCore, tag.substr(kPrefix.size())) == 1)
            return;
        refuse_at(Errc::unsupported, mark, fmt::format("the tag \"{}\" is not supported", tag),
                  "write the value as a plain string");
    }

    std::string file_;
    std::size_t first_line_;
    std::deque<YamlNode>& nodes_;
    std::vector<Open> stack_;
    std::map<YAML::anchor_t, Anchored> anchors_;
    const YamlNode* root_ = nullptr;
};

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
    const auto at =
        std::ranges::find_if(entries, [&](const auto& entry) { return entry.first->value == key; });
    return at == entries.end() ? nullptr : at->second;
}

const YamlNode* YamlNode::find_path(std::initializer_list<std::string_view> path) const {
    const YamlNode* at = this;
    for (const auto key : path) {
        at = at->find(key);
        if (at == nullptr) return nullptr;
    }
    return at;
}

std::string YamlNode::text_at(std::initializer_list<std::string_view> path) const {
    const auto* node = find_path(path);
    return node != nullptr && node->is_scalar() ? node->value : std::string();
}

YamlTree::YamlTree(std::unique_ptr<Nodes> nodes) : nodes_(std::move(nodes)) {}
YamlTree::YamlTree(YamlTree&&) noexcept = default;
YamlTree& YamlTree::operator=(YamlTree&&) noexcept = default;
YamlTree::~YamlTree() = default;

const YamlNode& YamlTree::root() const {
    return *nodes_->root;
}
const std::string& YamlTree::file() const {
    return nodes_->file;
}

YamlTree YamlTree::parse(std::string_view text, std::string_view file, std::size_t first_line) {
    text = without_byte_order_mark(text);
    check_yaml_bytes(text, file, first_line);
    refuse_directives(text, file, first_line);
    auto nodes = std::make_unique<Nodes>();
    nodes->file = file;
    TreeBuilder builder(file, first_line, nodes->all);
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const YAML::Exception& problem) {
        builder.refuse_at(
            Errc::invalid, problem.mark, problem.msg,
            "this is not valid YAML; check the previous line too, and render templates first");
    }
    if (builder.root() == nullptr)
        refuse(Errc::invalid, file, first_line, 1, "no YAML document found");
    // Only the last one can be unterminated: it consumes everything that follows.
    const auto last =
        std::ranges::find_if(nodes->all.rbegin(), nodes->all.rend(), &YamlNode::is_scalar);
    if (last != nodes->all.rend() && last->offset < text.size() && !is_closed(text, last->offset)) {
        refuse(Errc::invalid, file, last->line, last->column, "unterminated quoted string");
    }
    nodes->root = builder.root();
    return YamlTree(std::move(nodes));
}

std::string_view without_byte_order_mark(std::string_view text) {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
    return text;
}

void check_yaml_bytes(std::string_view text, std::string_view file, std::size_t first_line) {
    if (text.size() > kMaxYamlSize) {
        Error error(Errc::invalid, "{}: {} bytes of YAML exceed the limit of {} bytes", file,
                    text.size(), kMaxYamlSize);
        throw error.set_hint("split the file");
    }
    std::size_t line = first_line;
    std::size_t line_start = 0;
    for (std::size_t i = 0; i < text.size();) {
        std::uint32_t code = 0;
        const auto length = decode_utf8(text, i, code);
        const auto column = i - line_start + 1;
        if (length == 0)
            refuse(Errc::invalid, file, line, column, "invalid UTF-8", "convert the file to UTF-8");
        if (is_control(code)) {
            refuse(Errc::invalid, file, line, column,
                   fmt::format("control character U+{:04X} is not allowed", code),
                   "remove it, or write it as an escape in double quotes");
        }
        if (code == 0x2028 || code == 0x2029) {
            refuse(
                Errc::unsupported, file, line, column,
                fmt::format("line break U+{:04X} is not supported: YAML parsers disagree about it",
                            code),
                "write it as an escape in double quotes");
        }
        if (code == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) {
            refuse(Errc::unsupported, file, line, column, "a carriage return without a line feed",
                   "convert the line endings of the file to LF");
        }
        i += length;
        if (code == '\n') {
            ++line;
            line_start = i;
        }
    }
}

Error yaml_error(Errc code, std::string_view file, const YamlNode& node, std::string_view message) {
    return {code, "{}:{}:{}: {}", file, node.line, node.column, message};
}

}  // namespace airlock::base
