#include "images/layer.hpp"

namespace airlock::images {

Layer make_layer(const std::vector<base::TarFile>& files) {
    return {.gzip = base::make_tar_gzip(files), .diff_id = base::sha256(base::make_tar(files))};
}

}  // namespace airlock::images
