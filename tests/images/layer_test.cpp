#include "images/layer.hpp"

#include "tests/support/process.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace airlock::images {
namespace {

TEST(MakeLayer, HasTheDigestOfTheUncompressedTar) {
    const test::TempFolder folder;
    const auto layer = make_layer({{.path = "usr/bin/app", .content = "binary", .mode = 0755},
                                   {.path = "usr/bin/other", .content = ""}});
    folder.write("layer.tar.gz", layer.gzip);
    EXPECT_EQ(test::run({"sh", "-c", "gunzip -c \"$1\" | sha256sum | cut -c1-64", "sh",
                         folder / "layer.tar.gz"}),
              std::string(layer.diff_id.hex()) + "\n");
}

TEST(MakeLayer, IsTheSameForTheSameFiles) {
    const base::TarFile app{.path = "usr/bin/app", .content = std::string(100'000, 'x')};
    const base::TarFile settings{.path = "etc/app.conf", .content = "a=b\n", .mode = 0644};
    const auto one = make_layer({app, settings});
    const auto other = make_layer({settings, app});
    EXPECT_EQ(one.gzip, other.gzip);
    EXPECT_EQ(one.diff_id, other.diff_id);
    EXPECT_NE(make_layer({app}).diff_id, one.diff_id);
}

}  // namespace
}  // namespace airlock::images
