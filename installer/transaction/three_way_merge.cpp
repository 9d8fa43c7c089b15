#include "installer/transaction/three_way_merge.hpp"

#include <map>
#include <optional>
#include <set>

namespace airlock::installer {
namespace {

using base::Json;
using Value = std::optional<Json>;  // of a field that may be absent

Value field(const Json& object, const std::string& key) {
    const auto at = object.find(key);
    return at == object.end() ? Value() : Value(*at);
}

// By name; absent unless it is a list of objects with unique names.
std::optional<std::map<std::string, Json>> by_name(const Json& list) {
    if (!list.is_array()) return std::nullopt;
    std::map<std::string, Json> out;
    for (const auto& entry : list) {
        auto name = base::text_at(entry, {"name"});
        if (name.empty() || !out.emplace(std::move(name), entry).second) return std::nullopt;
    }
    return out;
}

class Merge {
  public:
    Value value(const std::string& path, const Value& recorded, const Value& ours,
                const Value& live) {
        if (ours == recorded) return live;
        if (live == ours || live == recorded) return recorded;
        if (ours && live) {
            // What was absent is merged as if it had been empty, and is absent again if it stays so.
            const auto base = recorded.value_or(ours->is_array() ? Json::array() : Json::object());
            if (auto merged = inside(path, base, *ours, *live))
                return !recorded && merged->empty() ? Value() : merged;
        }
        conflicts.push_back(path);
        return recorded;
    }

    std::vector<std::string> conflicts;

  private:
    // Of objects, or of lists by name; absent for other values.
    Value inside(const std::string& path, const Json& recorded, const Json& ours,
                 const Json& live) {
        if (recorded.is_object() && ours.is_object() && live.is_object())
            return object(path, recorded, ours, live);
        const auto of_recorded = by_name(recorded);
        const auto of_ours = by_name(ours);
        const auto of_live = by_name(live);
        if (!of_recorded || !of_ours || !of_live) return std::nullopt;
        return list(path, recorded, live, *of_recorded, *of_ours, *of_live);
    }

    Json object(const std::string& path, const Json& recorded, const Json& ours, const Json& live) {
        std::set<std::string> keys;
        for (const auto* each : {&recorded, &ours, &live}) {
            for (const auto& [key, _] : each->items())
                keys.insert(key);
        }
        Json out = Json::object();
        for (const auto& key : keys) {
            auto merged = value(path.empty() ? key : path + "." + key, field(recorded, key),
                                field(ours, key), field(live, key));
            if (merged) out[key] = *std::move(merged);
        }
        return out;
    }

    // In the order of `live`; what it lacks comes last, in the order of `recorded`.
    Json list(const std::string& path, const Json& recorded, const Json& live,
              const std::map<std::string, Json>& of_recorded,
              const std::map<std::string, Json>& of_ours,
              const std::map<std::string, Json>& of_live) {
        const auto entry = [](const std::map<std::string, Json>& entries, const std::string& name) {
            const auto at = entries.find(name);
            return at == entries.end() ? Value() : Value(at->second);
        };
        Json out = Json::array();
        std::set<std::string> done;
        for (const auto* order : {&live, &recorded}) {
            for (const auto& element : *order) {
                const auto name = base::text_at(element, {"name"});
                if (!done.insert(name).second) continue;
                auto merged = value(path + "[" + name + "]", entry(of_recorded, name),
                                    entry(of_ours, name), entry(of_live, name));
                if (merged) out.push_back(*std::move(merged));
            }
        }
        return out;
    }
};

}  // namespace

ThreeWayMerge merge_three_way(const Json& recorded, const Json& ours, const Json& live) {
    Merge merge;
    auto merged = merge.value({}, recorded, ours, live);
    return {.merged = merged.value_or(Json()), .conflicts = std::move(merge.conflicts)};
}

}  // namespace airlock::installer
