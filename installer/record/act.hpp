// The kinds of journal records. docs/state-format.md describes the fields of each.
#pragma once

#include <optional>
#include <string_view>

namespace airlock::installer {

enum class Act {
    install,        // an install begins
    move_tag,       // a tag of the registry is created or moved
    apply,          // an object is applied
    created,        // an object that was absent now exists, with this uid
    applied,        // an object that existed before now has this content
    inject,         // a webhook configuration receives the CA bundle
    commit,         // the generation is saved in the cluster
    undo,           // the undo of this generation begins
    restore,        // an object is restored from the snapshot
    remove,         // an object is deleted
    move_tag_back,  // a tag is pointed to the manifest of the snapshot
    remove_tag,     // a tag is removed
};

// As written to the journal: "move tag back".
std::string_view to_string(Act act);
std::optional<Act> parse_act(std::string_view text);

}  // namespace airlock::installer
