#!/usr/bin/env bash
# Ten images with a total of 700 MB, on three shared bases, in a registry's data directory: created once, reproducible,
# and kept in the cache.
#   bundle_corpus.sh    prints the directory: data (of docker-registry), names (one repository:tag per line)
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source-path=SCRIPTDIR source=../cluster/lib.sh
source "$here/../cluster/lib.sh"
directory=$(airlock_cache)/bundle-corpus-$(cat "$0" "$here/../cluster/oci-image.sh" | sha256sum | head -c 12)
if [[ -e $directory/done ]]; then
  echo "$directory"
  exit 0
fi
rm -rf "$directory"
mkdir -p "$directory/data"
work=$(mktemp -d)
trap 'stop_daemon registry "$work"; rm -rf "$work"' EXIT

# Incompressible data, like the compressed layers in a registry.
noise() { # name megabytes
  head -c "$(($2 * 1000000))" /dev/zero | openssl enc -aes-128-ctr -nosalt -pass "pass:$1" -pbkdf2 > "$work/$1"
}
noise base-0 150
noise base-1 80
noise base-2 30
address=127.0.0.1:$(free_port 127.0.0.1)
cat > "$work/config.yml" << C
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $directory/data}}
http: {addr: $address}
C
start_daemon registry "$work" docker-registry serve "$work/config.yml"
wait_until 15 curl -s -o /dev/null "http://$address/v2/" || fail "the registry does not start" "$work/registry.log"
for i in {0..9}; do
  say "  image $((i + 1)) of 10" >&2
  noise "app-$i" 40
  noise "config-$i" 4
  base=base-$((i % 3))
  "$here/../cluster/oci-image.sh" image "$work/layout" "$i" /app \
    "$work/$base=/base" "$work/app-$i=/app" "$work/config-$i=/config"
  skopeo copy -q --dest-tls-verify=false "oci:$work/layout:$i" "docker://$address/bench/image-$i:1"
  echo "bench/image-$i:1" >> "$directory/names"
done
touch "$directory/done"
echo "$directory"
