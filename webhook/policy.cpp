#include "webhook/policy.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "webhook/resource.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

namespace airlock::webhook {

using base::Errc;
using base::Error;

// Walks the YAML tree once and collects findings instead of stopping at the first: an operator
// fixes them all in one edit.
class PolicyReader {
  public:
    explicit PolicyReader(std::string_view file) : file_(file) {}

    Policy read(const YAML::Node& root) {
        Policy policy;
        std::string version;
        std::string kind;
        each(
            root, "the policy",
            {{"apiVersion", [&](const auto& node) { version = scalar(node, "apiVersion"); }},
             {"kind", [&](const auto& node) { kind = scalar(node, "kind"); }},
             {"metadata", [](const auto&) {}},
             {"mode", [&](const auto& node) { read_mode(node, policy); }},
             {"killSwitch",
              [&](const auto& node) { policy.kill_switch_ = boolean(node, "killSwitch"); }},
             {"suppressHeartbeats",
              [&](const auto& node) {
                  policy.suppress_heartbeats_ = boolean(node, "suppressHeartbeats");
              }},
             {"resources", [&](const auto& node) { read_resources(node, policy); }},
             {"default",
              [&](const auto& node) {
                  each(node, "default", {{"ratios", [&](const auto& ratios) {
                                              policy.defaults_ = read_ratios(ratios, "ratios");
                                          }}});
              }},
             {"pools", [&](const auto& node) { read_pools(node, policy); }},
             {"maxRatio", [&](const auto& node) { policy.max_ = read_ratios(node, "maxRatio"); }},
             {"minRatio", [&](const auto& node) { policy.min_ = read_ratios(node, "minRatio"); }}});
        if (root.IsMap()) {
            if (version != "oversell.airlock.dev/v1") {
                add(root, "apiVersion must be oversell.airlock.dev/v1");
            }
            if (kind != "Policy") add(root, "kind must be Policy");
        }
        check_bounds(policy);
        if (!problems_.empty()) {
            try {
                base::throw_if_any(Errc::usage, "the oversell policy cannot be used", problems_);
            } catch (Error& made) {
                made.set_hint("correct the lines named above in the policy's ConfigMap");
                throw;
            }
        }
        return policy;
    }

  private:
    using Visit = std::function<void(const YAML::Node&)>;
    using Members = std::vector<std::pair<std::string_view, Visit>>;

    void add(const YAML::Node& node, std::string message) {
        constexpr std::size_t kEnough = 50;
        if (problems_.size() >= kEnough) return;
        problems_.push_back(
            {fmt::format("{}:{}", file_, node.Mark().line + 1), std::move(message), {}});
    }

    // Unknown and repeated keys are findings: a typo in "killSwitch" must not pass for "off".
    void each(const YAML::Node& node, std::string_view what, const Members& members) {
        if (!node.IsMap()) return add(node, fmt::format("{} must be a mapping", what));
        std::vector<std::string> seen;
        for (const auto& entry : node) {
            const auto key = scalar(entry.first, "a key");
            if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
                add(entry.first, fmt::format("\"{}\" stands here a second time", key));
            }
            const auto known =
                std::find_if(members.begin(), members.end(),
                             [&](const auto& member) { return member.first == key; });
            if (known == members.end()) {
                std::string names;
                for (const auto& member : members) {
                    names += names.empty() ? "" : ", ";
                    names += member.first;
                }
                add(entry.first,
                    fmt::format("\"{}\" is not known in {}; known are: {}", key, what, names));
            } else {
                known->second(entry.second);
            }
            seen.push_back(key);
        }
    }

    std::string scalar(const YAML::Node& node, std::string_view what) {
        if (node.IsScalar()) return node.Scalar();
        add(node, fmt::format("{} must be one word", what));
        return {};
    }

    bool boolean(const YAML::Node& node, std::string_view what) {
        const auto word = node.IsScalar() ? node.Scalar() : std::string();
        if (word != "true" && word != "false")
            add(node, fmt::format("{} must be true or false", what));
        return word == "true";
    }

    void read_mode(const YAML::Node& node, Policy& policy) {
        std::string percent;
        if (node.IsMap()) {
            each(node, "mode",
                 {{"canary", [&](const auto& value) { percent = scalar(value, "canary"); }}});
        } else {
            const auto word = scalar(node, "mode");
            if (word == "observe") policy.mode_ = Policy::Mode::observe;
            if (word == "observe" || word == "enforce") return;
            constexpr std::string_view kCanary = "canary:";
            if (word.compare(0, kCanary.size(), kCanary) == 0) {
                percent =
                    word.substr(std::min(word.find_first_not_of(' ', kCanary.size()), word.size()));
            }
        }
        policy.mode_ = Policy::Mode::canary;
        if (!percent.empty() && percent.back() == '%') percent.pop_back();
        std::uint32_t value = 0;
        const bool digits = !percent.empty() && percent.size() <= 3 &&
                            std::all_of(percent.begin(), percent.end(),
                                        [](char c) { return c >= '0' && c <= '9'; });
        for (const char c : digits ? percent : std::string()) {
            value = value * 10 + static_cast<std::uint32_t>(c - '0');
        }
        if (!digits || value > 100) {
            return add(node,
                       "mode must be observe, enforce, or \"canary: N%\" with N from 0 to 100");
        }
        policy.canary_percent_ = value;
    }

    void read_resources(const YAML::Node& node, Policy& policy) {
        if (!node.IsSequence()) return add(node, "resources must be a list, as [cpu, memory]");
        policy.resources_.clear();
        for (const auto& entry : node) {
            auto name = scalar(entry, "a resource");
            if (!is_oversellable(name)) {
                add(entry,
                    fmt::format(
                        "resource \"{}\" cannot be oversold: a pod that is promised it and does "
                        "not get it never starts",
                        name));
            }
            policy.resources_.push_back(std::move(name));
        }
    }

    Ratios read_ratios(const YAML::Node& node, std::string_view what) {
        Ratios ratios;
        if (!node.IsMap()) {
            add(node, fmt::format("{} must be a mapping, as {{cpu: \"2.0\"}}", what));
            return ratios;
        }
        for (const auto& entry : node) {
            auto resource = scalar(entry.first, "a resource");
            const auto text = scalar(entry.second, "a ratio");
            const auto ratio = Ratio::parse(text);
            if (!ratio) {
                add(entry.second,
                    fmt::format("{}: \"{}\" is no ratio: write a number from 1 to 100 with at most "
                                "six decimals, as \"1.5\"",
                                resource, text));
                continue;
            }
            const auto twice = [&](const auto& other) { return other.resource == resource; };
            if (std::any_of(ratios.begin(), ratios.end(), twice)) {
                add(entry.first, fmt::format("\"{}\" stands here a second time", resource));
            }
            used_.emplace_back(entry.first, resource);
            ratios.push_back({std::move(resource), *ratio});
        }
        std::sort(ratios.begin(), ratios.end(),
                  [](const auto& a, const auto& b) { return a.resource < b.resource; });
        return ratios;
    }

    void read_pools(const YAML::Node& node, Policy& policy) {
        if (!node.IsSequence()) return add(node, "pools must be a list");
        for (const auto& entry : node) {
            Pool pool;
            bool selected = false;
            each(entry, "a pool",
                 {{"name", [&](const auto& name) { pool.name = scalar(name, "name"); }},
                  {"selector",
                   [&](const auto& selector) {
                       selected = true;
                       read_selector(selector, pool.selector);
                   }},
                  {"ratios",
                   [&](const auto& ratios) { pool.ratios = read_ratios(ratios, "ratios"); }}});
            if (pool.name.empty()) add(entry, "a pool needs a name");
            if (!selected) add(entry, "a pool needs a selector; {} selects every node");
            const auto twice = [&](const auto& other) { return other.name == pool.name; };
            if (std::any_of(policy.pools_.begin(), policy.pools_.end(), twice)) {
                add(entry, fmt::format("a second pool named \"{}\"", pool.name));
            }
            policy.pools_.push_back(std::move(pool));
        }
    }

    void read_selector(const YAML::Node& node, Selector& selector) {
        each(node, "a selector",
             {{"matchLabels",
               [&](const auto& labels) {
                   if (!labels.IsMap()) return add(labels, "matchLabels must be a mapping");
                   for (const auto& label : labels) {
                       selector.requirements.push_back(
                           {.key = scalar(label.first, "a label"),
                            .op = Requirement::Operator::in,
                            .values = {scalar(label.second, "a label's value")}});
                   }
               }},
              {"matchExpressions", [&](const auto& expressions) {
                   if (!expressions.IsSequence())
                       return add(expressions, "matchExpressions must be a list");
                   for (const auto& expression : expressions) {
                       selector.requirements.push_back(read_requirement(expression));
                   }
               }}});
    }

    Requirement read_requirement(const YAML::Node& node) {
        Requirement requirement;
        std::string op;
        each(node, "an expression",
             {{"key", [&](const auto& key) { requirement.key = scalar(key, "key"); }},
              {"operator", [&](const auto& word) { op = scalar(word, "operator"); }},
              {"values", [&](const auto& values) {
                   if (!values.IsSequence()) return add(values, "values must be a list");
                   for (const auto& value : values)
                       requirement.values.push_back(scalar(value, "a value"));
               }}});
        if (requirement.key.empty()) add(node, "an expression needs a key");
        static const std::array<std::pair<std::string_view, Requirement::Operator>, 6> kOperators{
            {{"In", Requirement::Operator::in},
             {"NotIn", Requirement::Operator::not_in},
             {"Exists", Requirement::Operator::exists},
             {"DoesNotExist", Requirement::Operator::does_not_exist},
             {"Gt", Requirement::Operator::gt},
             {"Lt", Requirement::Operator::lt}}};
        const auto* known = std::find_if(kOperators.begin(), kOperators.end(),
                                         [&](const auto& entry) { return entry.first == op; });
        if (known == kOperators.end()) {
            add(node,
                fmt::format("operator \"{}\" is none of In, NotIn, Exists, DoesNotExist, Gt, Lt",
                            op));
            return requirement;
        }
        requirement.op = known->second;
        check_values(node, op, requirement);
        return requirement;
    }

    void check_values(const YAML::Node& node, std::string_view op, const Requirement& requirement) {
        const auto& values = requirement.values;
        switch (requirement.op) {
            case Requirement::Operator::in:
            case Requirement::Operator::not_in:
                if (values.empty()) add(node, fmt::format("{} needs values", op));
                break;
            case Requirement::Operator::exists:
            case Requirement::Operator::does_not_exist:
                if (!values.empty()) add(node, fmt::format("{} takes no values", op));
                break;
            case Requirement::Operator::gt:
            case Requirement::Operator::lt: {
                const auto whole = [](const std::string& text) {
                    const auto digits = text.substr(text.front() == '-' ? 1 : 0);
                    return !digits.empty() && digits.size() <= 18 &&
                           std::all_of(digits.begin(), digits.end(),
                                       [](char c) { return c >= '0' && c <= '9'; });
                };
                if (values.size() != 1 || values.front().empty() || !whole(values.front())) {
                    add(node, fmt::format("{} needs one value, a whole number", op));
                }
                break;
            }
        }
    }

    void check_bounds(const Policy& policy) {
        for (const auto& [node, resource] : used_) {
            if (!policy.allows(resource)) {
                add(node,
                    fmt::format(
                        "resource \"{}\" is not in \"resources\"; add it there to oversell it",
                        resource));
            }
        }
        const auto bound = [](const Ratios& ratios, const std::string& resource) -> const Ratio* {
            for (const auto& entry : ratios) {
                if (entry.resource == resource) return &entry.ratio;
            }
            return nullptr;
        };
        const auto check = [&](const Ratios& ratios, std::string_view where) {
            for (const auto& [resource, ratio] : ratios) {
                const auto* max = bound(policy.max_, resource);
                const auto* min = bound(policy.min_, resource);
                if ((max != nullptr && ratio > *max) || (min != nullptr && ratio < *min)) {
                    problems_.push_back({std::string(file_),
                                         fmt::format("{}: {} {} is outside minRatio and maxRatio",
                                                     where, resource, ratio.text()),
                                         {}});
                }
            }
        };
        check(policy.defaults_, "default");
        for (const auto& pool : policy.pools_)
            check(pool.ratios, fmt::format("pool {}", pool.name));
        for (const auto& [resource, min] : policy.min_) {
            const auto* max = bound(policy.max_, resource);
            if (max != nullptr && min > *max) {
                problems_.push_back({std::string(file_),
                                     fmt::format("minRatio of {} is above its maxRatio", resource),
                                     {}});
            }
        }
    }

    std::string_view file_;
    std::vector<base::Problem> problems_;
    std::vector<std::pair<YAML::Node, std::string>>
        used_;  // resources named, checked when all is read
};

Policy Policy::parse(std::string_view yaml, std::string_view file_name) {
    if (yaml.size() > kMaxFile) {
        throw Error(Errc::usage, "{}: the policy is larger than {} bytes", file_name, kMaxFile);
    }
    const auto unreadable = [&](int line, std::string_view why) {
        return Error(Errc::usage, "{}:{}: not readable as YAML: {}", file_name, line, why)
            .set_hint("correct the line named above in the policy's ConfigMap");
    };
    try {
        const auto documents = YAML::LoadAll(std::string(yaml));
        if (documents.size() != 1) throw unreadable(1, "it must hold exactly one document");
        auto policy = PolicyReader(file_name).read(documents.front());
        policy.generation_ = base::sha256(yaml).hex().substr(0, 8);
        return policy;
    } catch (const YAML::Exception& problem) {
        throw unreadable(problem.mark.line + 1, problem.msg);
    }
}

bool Policy::allows(std::string_view resource) const {
    return std::find(resources_.begin(), resources_.end(), resource) != resources_.end();
}

}  // namespace airlock::webhook
