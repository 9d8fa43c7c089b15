#include "webhook/json_patch.hpp"

#include "base/error.hpp"
#include "base/json_string.hpp"
#include "webhook/small_json_parser.hpp"

namespace airlock::webhook {

using base::Errc;
using base::Error;
namespace sj = simdjson::ondemand;

void JsonPatch::begin(std::string_view path) {
    text_ += count_ == 0 ? '[' : ',';
    ++count_;
    text_ += R"({"op":"add","path":)";
    base::append_json_string(text_, path);
    text_ += R"(,"value":)";
}

void JsonPatch::add_string(std::string_view path, std::string_view value) {
    begin(path);
    base::append_json_string(text_, value);
    text_ += '}';
}

void JsonPatch::add_empty_object(std::string_view path) {
    begin(path);
    text_ += "{}}";
}

std::string pointer_part(std::string_view key) {
    std::string part;
    part.reserve(key.size() + 4);
    for (const char character : key) {
        if (character == '~') {
            part += "~0";
        } else if (character == '/') {
            part += "~1";
        } else {
            part += character;
        }
    }
    return part;
}

std::optional<std::string> unescape_pointer_part(std::string_view part) {
    std::string key;
    key.reserve(part.size());
    for (std::size_t i = 0; i < part.size(); ++i) {
        if (part[i] == '/') return std::nullopt;
        if (part[i] != '~') {
            key += part[i];
            continue;
        }
        const char next = ++i < part.size() ? part[i] : '\0';
        if (next != '0' && next != '1') return std::nullopt;
        key += next == '0' ? '~' : '/';
    }
    return key;
}

namespace {

Addition read_addition(sj::object operation) {
    std::optional<std::string_view> op;
    std::optional<std::string_view> path;
    std::optional<Addition> out;
    const auto once = [](const auto& seen, std::string_view what) {
        if (seen) throw Error(Errc::invalid, "JSON patch: duplicate field \"{}\"", what);
    };
    for (auto member : operation) {
        const std::string_view key = member.unescaped_key();
        sj::value value = member.value();
        if (key == "op") {
            once(op, key);
            op = value.get_string();
        } else if (key == "path") {
            once(path, key);
            path = value.get_string();
        } else if (key == "value" && value.type() == sj::json_type::string) {
            once(out, key);
            out = Addition{.path = {}, .text = value.get_string(), .empty_object = false};
        } else if (key == "value") {
            once(out, key);
            if (!value.get_object().is_empty())
                throw Error(Errc::invalid, "JSON patch: the value is not an empty object");
            out = Addition{.path = {}, .text = {}, .empty_object = true};
        } else {
            throw Error(Errc::invalid, "JSON patch: unknown field \"{}\"", key);
        }
    }
    if (op != "add") throw Error(Errc::invalid, "JSON patch: an operation other than \"add\"");
    if (!path || !out) throw Error(Errc::invalid, "JSON patch: an operation without path or value");
    out->path = *path;
    return *out;
}

}  // namespace

void read_json_patch(std::string_view patch, const std::function<void(const Addition&)>& take) {
    thread_local SmallJsonParser parser;
    try {
        sj::document document = parser.parse(patch);
        for (sj::object operation : document.get_array())
            take(read_addition(operation));
        if (!SmallJsonParser::at_end(document))
            throw Error(Errc::invalid, "JSON patch: unexpected text after the patch");
    } catch (const simdjson::simdjson_error& problem) {
        throw Error(Errc::invalid, "JSON patch: not a list of operations: {}", problem.what());
    }
}

}  // namespace airlock::webhook
