#!/usr/bin/env bash
# Adds an image to an OCI layout, built from files with bash, tar, gzip, sha256sum and jq. The same files give the same
# digest.
#   oci-image.sh image LAYOUT TAG ENTRYPOINT LAYER...    a LAYER is FILE=/path/in/image[,FILE=/path…]
#   oci-image.sh index LAYOUT TAG TAG_OF_PART...         an index of images in the layout
# Environment: IMAGE_USER (none), IMAGE_ARCH (amd64), IMAGE_NAME (sets containerd's name for `ctr images import`).
set -euo pipefail
usage="usage: oci-image.sh image LAYOUT TAG ENTRYPOINT LAYER... | index LAYOUT TAG TAG_OF_PART..."
verb=${1:?$usage} layout=${2:?$usage} tag=${3:?$usage}
shift 3
manifest_type=application/vnd.oci.image.manifest.v1+json
index_type=application/vnd.oci.image.index.v1+json
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

start_layout() {
  mkdir -p "$layout/blobs/sha256"
  echo '{"imageLayoutVersion":"1.0.0"}' > "$layout/oci-layout"
  [[ -e $layout/index.json ]] || jq -n --arg type "$index_type" \
    '{schemaVersion: 2, mediaType: $type, manifests: []}' > "$layout/index.json"
}

# add_blob FILE TYPE: moves it to the layout and prints its descriptor.
add_blob() {
  local hex size
  hex=$(sha256sum "$1" | cut -d' ' -f1) size=$(stat -c %s "$1")
  mv "$1" "$layout/blobs/sha256/$hex"
  jq -nc --arg type "$2" --arg digest "sha256:$hex" --argjson size "$size" '{mediaType: $type, digest: $digest, size: $size}'
}

# add_layer FILE=PATH[,FILE=PATH]: prints "diff_id descriptor".
add_layer() {
  local root entry diff
  root=$(mktemp -d "$work/root.XXXX")
  chmod 755 "$root"
  for entry in ${1//,/ }; do install -D -m 755 "${entry%%=*}" "$root${entry#*=}"; done
  tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u+rwX,go+rX -C "$root" -cf "$work/layer.tar" .
  diff=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
  gzip -1 -n -c "$work/layer.tar" > "$work/layer.gz"
  rm -rf "$root" "$work/layer.tar"
  echo "sha256:$diff $(add_blob "$work/layer.gz" application/vnd.oci.image.layer.v1.tar+gzip)"
}

# Adds a descriptor with a tag to index.json, replacing any previous one.
tag_descriptor() { # descriptor
  jq -c --arg tag "$tag" --arg name "${IMAGE_NAME:-}" --argjson descriptor "$1" '
    .manifests |= map(select(.annotations["org.opencontainers.image.ref.name"] != $tag)) + [$descriptor
      | .annotations = ({"org.opencontainers.image.ref.name": $tag}
          + if $name == "" then {} else {"io.containerd.image.name": $name} end)]' \
    "$layout/index.json" > "$work/index.json"
  mv "$work/index.json" "$layout/index.json"
}

add_image() { # entrypoint layer...
  local entrypoint=$1 layer diff descriptor diffs='[]' layers='[]' config
  shift
  for layer in "$@"; do
    read -r diff descriptor < <(add_layer "$layer")
    diffs=$(jq -c --arg diff "$diff" '. + [$diff]' <<< "$diffs")
    layers=$(jq -c --argjson layer "$descriptor" '. + [$layer]' <<< "$layers")
  done
  jq -nc --arg arch "${IMAGE_ARCH:-amd64}" --arg entrypoint "$entrypoint" --arg user "${IMAGE_USER:-}" --argjson diffs "$diffs" '
    {created: "1970-01-01T00:00:00Z", architecture: $arch, os: "linux",
     config: ({Entrypoint: [$entrypoint]} + if $user == "" then {} else {User: $user} end),
     rootfs: {type: "layers", diff_ids: $diffs}}' > "$work/config.json"
  config=$(add_blob "$work/config.json" application/vnd.oci.image.config.v1+json)
  jq -nc --arg type "$manifest_type" --argjson config "$config" --argjson layers "$layers" \
    '{schemaVersion: 2, mediaType: $type, config: $config, layers: $layers}' > "$work/manifest.json"
  tag_descriptor "$(add_blob "$work/manifest.json" "$manifest_type")"
}

add_index() { # tag of part...
  local part descriptor arch parts='[]'
  for part in "$@"; do
    descriptor=$(jq -c --arg tag "$part" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag)
      | del(.annotations)' "$layout/index.json")
    [[ -n $descriptor ]] || { echo "oci-image.sh: no image $part in $layout" >&2; exit 1; }
    arch=$(jq -r "$(blob_path_filter)" <<< "$descriptor")
    arch=$(jq -r .config.digest "$layout/blobs/sha256/$arch" | sed 's/sha256://')
    arch=$(jq -r .architecture "$layout/blobs/sha256/$arch")
    parts=$(jq -c --argjson part "$descriptor" --arg arch "$arch" \
      '. + [$part + {platform: {os: "linux", architecture: $arch}}]' <<< "$parts")
  done
  jq -nc --arg type "$index_type" --argjson parts "$parts" \
    '{schemaVersion: 2, mediaType: $type, manifests: $parts}' > "$work/image-index.json"
  tag_descriptor "$(add_blob "$work/image-index.json" "$index_type")"
}

blob_path_filter() { echo '.digest | sub("sha256:"; "")'; }

start_layout
case $verb in
  image) add_image "$@" ;;
  index) add_index "$@" ;;
  *) echo "$usage" >&2; exit 2 ;;
esac
