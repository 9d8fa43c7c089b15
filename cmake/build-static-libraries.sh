#!/usr/bin/env bash
# Builds static libcurl (HTTP and HTTPS only), libarchive (tar and gzip only), simdjson, fmt and spdlog from Debian's
# source packages. Debian's libcurl.a requires Kerberos and LDAP, its libarchive.a libxml2 and ICU; the others are
# packaged as shared libraries only (simdjson: until Debian 13).
#   build-static-libraries.sh OUT    creates OUT/{include,lib}; about 100 s on 2 cores, once
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=build-once.sh
source "$(dirname "$(realpath "$0")")/build-once.sh"
begin_build "${1:?usage: build-static-libraries.sh OUT}" "static libraries" complete lib/lib{archive,curl,fmt,simdjson,spdlog}.a

# $result is renamed at the end, so nothing may store its path: the files for CMake and pkg-config are not used.
build() { # package, CMake options
  local package=$1 directory
  shift
  step "fetching $package's source" debian_source "$package"
  directory=$(find "$work" -maxdepth 1 -type d -name "$package-*")
  step "configuring $package" cmake -S "$directory" -B "$work/$package.build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_FLAGS=-w -DBUILD_SHARED_LIBS=OFF -DCMAKE_INSTALL_PREFIX="$result" -DCMAKE_INSTALL_LIBDIR=lib "$@"
  step "compiling $package" cmake --build "$work/$package.build" -j "$(nproc)"
  step "installing $package" cmake --install "$work/$package.build"
}

# Debian 13 packages a static simdjson.
packaged=$(dpkg -L libsimdjson-dev 2>/dev/null | grep '/libsimdjson_static\.a$' || true)
if [[ -n $packaged ]]; then
  install -D -m 644 "$packaged" "$result/lib/libsimdjson.a"
else
  build simdjson
fi
build fmtlib -DFMT_TEST=OFF -DFMT_DOC=OFF
build spdlog -DSPDLOG_FMT_EXTERNAL=ON -DSPDLOG_BUILD_EXAMPLE=OFF -Dfmt_DIR="$result/lib/cmake/fmt"
build curl -DBUILD_CURL_EXE=OFF -DHTTP_ONLY=ON -DCURL_USE_OPENSSL=ON -DOPENSSL_USE_STATIC_LIBS=ON \
  -DCURL_USE_LIBSSH2=OFF -DCURL_USE_LIBPSL=OFF -DUSE_LIBIDN2=OFF -DUSE_NGHTTP2=OFF \
  -DCURL_ZLIB=OFF -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF
unused=()
for feature in TEST TAR CPIO CAT NETTLE LIBXML2 EXPAT ACL XATTR LZMA BZip2 LZ4 ZSTD; do
  unused+=("-DENABLE_$feature=OFF")
done
build libarchive "${unused[@]}" -DENABLE_OPENSSL=ON
touch "$result/complete"
end_build
