// What a record of the journal announces. docs/state-format.md describes each one's fields.
#pragma once

#include <optional>
#include <string_view>

namespace airlock::installer {

enum class Act {
    install,        // an install begins
    move_tag,       // a tag of the registry is created or moved
    apply,          // an object is applied
    made,           // an object that was absent exists, with this uid
    inject,         // a webhook configuration gets the certificate authority
    commit,         // the generation is saved in the cluster
    undo,           // a rollback of this generation begins
    restore,        // an object is put back as it was
    remove,         // an object is deleted
    move_tag_back,  // a tag points again to what it did
    remove_tag,     // a tag is removed
};

// "move tag back"; as the journal has it.
std::string_view to_string(Act act);
std::optional<Act> parse_act(std::string_view text);

}  // namespace airlock::installer
