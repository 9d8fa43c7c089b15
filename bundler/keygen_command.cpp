#include "bundler/keygen_command.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "base/signature.hpp"

#include <sys/stat.h>

#include <iostream>

namespace airlock::bundler {

using base::Errc;
using base::Error;
using base::ExitCode;
using base::Format;
using base::Json;

ExitCode keygen_command(const KeygenArguments& arguments) {
    const auto secret = arguments.name.string() + ".key";
    const auto open = arguments.name.string() + ".pub";
    for (const auto& path : {secret, open}) {
        if (std::filesystem::exists(path)) {
            throw Error(Errc::usage, "{} already exists", path)
                .set_hint(
                    "a lost key cannot be recovered, so none is overwritten; choose another name");
        }
    }
    const auto key = base::generate_signing_key();
    base::write_file_durably(secret, key.private_pem, S_IRUSR | S_IWUSR);
    base::write_file_durably(open, key.public_pem, 0644);
    std::cout << (arguments.format == Format::json
                      ? base::dump_json(Json{{"privateKey", secret}, {"publicKey", open}}, 2)
                      : secret + "\n" + open)
              << "\n";
    return ExitCode::done;
}

}  // namespace airlock::bundler
