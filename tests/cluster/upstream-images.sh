#!/usr/bin/env bash
# Fills the "internet" registry with the images of a kit, at their original paths without the host:
#   upstream-images.sh REGISTRY [CERT_MANAGER]    REGISTRY: HOST:PORT, plain HTTP; CERT_MANAGER: output of build-cert-manager.sh
# jetstack/cert-manager-{controller,webhook,cainjector,acmesolver}:v1.8.2, with the layout of the originals, if
# CERT_MANAGER is given; and always, for tests: airlock-test/small:1 and :2 (three layers, two of them shared) and airlock-test/multi:1
# (an index of linux/amd64 and linux/arm64).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$(realpath "$0")")/lib.sh"
registry=${1:?usage: upstream-images.sh HOST:PORT [CERT_MANAGER]} cert_manager=${2:-}
scripts=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=$work/skopeo.log

push() { # tag repository:tag
  skopeo copy -q --all --dest-tls-verify=false "oci:$work/layout:$1" "docker://$registry/$2" > "$log" 2>&1 ||
    fail "skopeo cannot push $2 to $registry: $(tail -n 1 "$log")"
  say "  $registry/$2"
}

image() { "$scripts/oci-image.sh" image "$work/layout" "$@"; }

gcc -Os -static -s -o "$work/pause" "$scripts/pause.c"
for version in 1 2; do
  echo "version $version" > "$work/version"
  image "small-$version" /pause "$work/pause=/pause" "$scripts/lib.sh=/usr/share/one" "$work/version=/etc/version"
  push "small-$version" "airlock-test/small:$version"
done
image amd64 /pause "$work/pause=/pause"
IMAGE_ARCH=arm64 image arm64 /pause "$scripts/lib.sh=/pause"
"$scripts/oci-image.sh" index "$work/layout" multi amd64 arm64
push multi airlock-test/multi:1

[[ -n $cert_manager ]] || exit 0
for name in controller webhook cainjector acmesolver; do
  IMAGE_USER=1000 image "$name" "/app/cmd/$name/$name" "$cert_manager/$name=/app/cmd/$name/$name"
  push "$name" "jetstack/cert-manager-$name:v1.8.2"
done
