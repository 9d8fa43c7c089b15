#include "webhook/policy_yaml.hpp"

#include "webhook/resource.hpp"
#include "webhook/selector_yaml.hpp"
#include "webhook/yaml_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace airlock::webhook {
namespace {

using base::Errc;
using base::Error;
using base::YamlNode;

constexpr std::string_view kHint =
    "correct the lines listed above; in a cluster: kubectl -n node-oversell-webhook edit "
    "configmap node-oversell-policy";

class PolicyReader {
  public:
    explicit PolicyReader(std::string_view file) : reader_(file) {}

    PolicySpec read(const YamlNode& root) {
        std::string version;
        std::string kind;
        const YamlReader::Members members{
            {"apiVersion", [&](const auto& node) { version = reader_.string(node, "apiVersion"); }},
            {"kind", [&](const auto& node) { kind = reader_.string(node, "kind"); }},
            {"metadata", [](const auto&) {}},
            {"mode", [&](const auto& node) { read_mode(node); }},
            {"killSwitch",
             [&](const auto& node) { spec_.kill_switch = reader_.flag(node, "killSwitch"); }},
            {"suppressHeartbeats",
             [&](const auto& node) {
                 spec_.suppress_heartbeats = reader_.flag(node, "suppressHeartbeats");
             }},
            {"resources", [&](const auto& node) { read_resources(node); }},
            {"default", [&](const auto& node) { read_default(node); }},
            {"pools", [&](const auto& node) { read_pools(node); }},
            {"maxRatio",
             [&](const auto& node) { spec_.max_ratios.set = read_ratios(node, "maxRatio"); }},
            {"minRatio",
             [&](const auto& node) { spec_.min_ratios = read_ratios(node, "minRatio"); }},
            {"ramp", [&](const auto& node) { read_ramp(node); }},
            {"floor",
             [&](const auto& node) {
                 spec_.floor_at_requests = read_choice(node, "floor", "requests", "none");
             }},
            {"foreignWrites", [&](const auto& node) {
                 spec_.foreign_writes = read_choice(node, "foreignWrites", "ignore", "accept")
                                            ? ForeignWrites::ignore
                                            : ForeignWrites::accept;
             }}};
        reader_.map(root, "the policy", members);
        if (root.is_map()) {
            if (version != "oversell.airlock.dev/v1")
                reader_.add(root, "apiVersion must be oversell.airlock.dev/v1");
            if (kind != "Policy") reader_.add(root, "kind must be Policy");
        }
        check_ratios();
        try {
            base::throw_if_any(Errc::usage, "the policy is not valid", reader_.problems());
        } catch (Error& error) {
            error.set_hint(std::string(kHint));
            throw;
        }
        return std::move(spec_);
    }

  private:
    // Checked when the whole policy is known.
    struct RatioInFile {
        const YamlNode* node;
        std::string where;
        std::string resource;
        Ratio ratio;
    };

    void read_mode(const YamlNode& node) {
        std::string percent;
        if (node.is_map()) {
            reader_.map(node, "mode", {{"canary", [&](const auto& value) {
                                            percent = reader_.string(value, "canary");
                                        }}});
        } else {
            const auto mode = reader_.string(node, "mode");
            if (mode == "observe") spec_.mode = PolicySpec::Mode::observe;
            if (mode == "observe" || mode == "enforce") return;
            constexpr std::string_view kCanary = "canary:";
            if (mode.starts_with(kCanary)) {
                percent =
                    mode.substr(std::min(mode.find_first_not_of(' ', kCanary.size()), mode.size()));
            }
        }
        spec_.mode = PolicySpec::Mode::canary;
        if (percent.ends_with('%')) percent.pop_back();
        const bool is_number = !percent.empty() && percent.size() <= 3 &&
                               std::all_of(percent.begin(), percent.end(),
                                           [](char c) { return c >= '0' && c <= '9'; });
        if (!is_number || std::stoul(percent) > 100) {
            return reader_.add(
                node, "mode must be observe, enforce or {canary: N%}, with N from 0 to 100");
        }
        spec_.canary_percent = static_cast<std::uint32_t>(std::stoul(percent));
    }

    void read_resources(const YamlNode& node) {
        if (!node.is_list())
            return reader_.add(node, "resources must be a list, for example [cpu, memory]");
        spec_.resources.clear();
        for (const auto* item : node.items) {
            auto name = reader_.string(*item, "a resource");
            if (!is_oversellable(name)) {
                reader_.add(*item, fmt::format("resource \"{}\" cannot be oversold: pods cannot "
                                               "share it, and would fail to start",
                                               name));
            }
            spec_.resources.push_back(std::move(name));
        }
    }

    void read_default(const YamlNode& node) {
        reader_.map(node, "default", {{"ratios", [&](const auto& ratios) {
                                           spec_.default_ratios = read_ratios(ratios, "default");
                                       }}});
    }

    Ratios read_ratios(const YamlNode& node, const std::string& where) {
        Ratios ratios;
        if (!node.is_map()) {
            reader_.add(node, fmt::format("{}: the ratios must be a mapping, for example "
                                          "{{cpu: \"2.0\"}}",
                                          where));
            return ratios;
        }
        for (const auto& [key, value] : node.entries) {
            const auto text = reader_.string(*value, "a ratio");
            const auto ratio = Ratio::parse(text);
            if (!ratio) {
                reader_.add(*value,
                            fmt::format("{}: \"{}\" is not a valid ratio: use a number from 1 to "
                                        "100 with at most six decimal places, for example \"1.5\"",
                                        key->value, text));
                continue;
            }
            ratios_.push_back({key, where, key->value, *ratio});
            ratios.push_back({key->value, *ratio});
        }
        return ratios;
    }

    void read_ramp(const YamlNode& node) {
        Ramp ramp;
        const auto read = [&](std::string_view key, std::optional<RampRate>& rate) {
            return [this, key, &rate](const auto& value) {
                const auto text = reader_.string(value, key);
                rate = RampRate::parse(text);
                if (!rate) {
                    reader_.add(value, fmt::format("ramp: \"{}\" is not a valid rate: use for "
                                                   "example \"0.1 per 10m\"",
                                                   text));
                }
            };
        };
        reader_.map(node, "ramp", {{"up", read("up", ramp.up)}, {"down", read("down", ramp.down)}});
        spec_.ramp = ramp;
    }

    // Whether the value is `first`; anything but the two is a problem.
    bool read_choice(const YamlNode& node, std::string_view key, std::string_view first,
                     std::string_view second) {
        const auto text = reader_.string(node, key);
        if (text != first && text != second)
            reader_.add(node, fmt::format("{} must be {} or {}", key, first, second));
        return text == first;
    }

    void read_pools(const YamlNode& node) {
        if (!node.is_list()) return reader_.add(node, "pools must be a list");
        for (const auto* item : node.items) {
            Pool pool;
            const YamlNode* selector = nullptr;
            const YamlNode* ratios = nullptr;
            bool disabled = false;
            reader_.map(
                *item, "a pool",
                {{"name", [&](const auto& name) { pool.name = reader_.string(name, "name"); }},
                 {"disabled",
                  [&](const auto& value) { disabled = reader_.flag(value, "disabled"); }},
                 {"selector", [&](const auto& value) { selector = &value; }},
                 {"ratios", [&](const auto& value) { ratios = &value; }}});
            if (selector != nullptr) pool.selector = read_selector(*selector, reader_);
            if (ratios != nullptr) pool.ratios = read_ratios(*ratios, "pool " + pool.name);
            if (pool.name.empty()) reader_.add(*item, "a pool needs a name");
            if (selector == nullptr)
                reader_.add(*item, "a pool needs a selector; {} selects every node");
            if (!pool_names_.insert(pool.name).second)
                reader_.add(*item, fmt::format("duplicate pool name \"{}\"", pool.name));
            if (!disabled) spec_.pools.push_back(std::move(pool));
        }
    }

    void check_ratios() {
        for (const auto& [node, where, resource, ratio] : ratios_) {
            if (std::count(spec_.resources.begin(), spec_.resources.end(), resource) == 0) {
                reader_.add(*node, fmt::format("{}: resource \"{}\" is not listed in \"resources\"",
                                               where, resource));
            }
            if (where == "maxRatio") continue;
            const auto max = spec_.max_ratios.of(resource);
            const auto* min = find_ratio(spec_.min_ratios, resource);
            if (where == "minRatio") {
                if (ratio > max) {
                    reader_.add(*node, fmt::format("minRatio of {} is greater than its maxRatio {}",
                                                   resource, max.text()));
                }
            } else if (ratio > max) {
                reader_.add(*node, fmt::format("{}: ratio {} of {} is greater than maxRatio {}{}",
                                               where, ratio.text(), resource, max.text(),
                                               find_ratio(spec_.max_ratios.set, resource) == nullptr
                                                   ? ", the default; set maxRatio to allow it"
                                                   : ""));
            } else if (min != nullptr && ratio < *min) {
                reader_.add(*node, fmt::format("{}: ratio {} of {} is less than minRatio {}", where,
                                               ratio.text(), resource, min->text()));
            }
        }
    }

    YamlReader reader_;
    PolicySpec spec_;
    std::vector<RatioInFile> ratios_;
    std::set<std::string> pool_names_;
};

base::YamlTree parse_tree(std::string_view text, std::string_view file) {
    try {
        return base::YamlTree::parse(text, file);
    } catch (Error& error) {
        error.set_code(Errc::usage).add_context("cannot read the policy");
        if (error.hint().empty()) error.set_hint(std::string(kHint));
        throw;
    }
}

}  // namespace

PolicySpec read_policy_yaml(std::string_view text, std::string_view file) {
    const auto tree = parse_tree(text, file);
    return PolicyReader(file).read(tree.root());
}

}  // namespace airlock::webhook
