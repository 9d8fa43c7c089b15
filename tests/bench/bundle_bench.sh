#!/usr/bin/env bash
# Builds, verifies, inspects and pushes a bundle of 10 images and 700 MB, compared with the alternatives: crane or skopeo
# and tar, openssl. They run alternately, ROUNDS times each, so that the load of the machine affects all of them; the
# medians count. Absolute times depend on the machine: the ratios are the result.
#   bundle_bench.sh BIN    BIN holds airlock-bundler and airlock-installer
#   ROUNDS (3), CONCURRENCY (the program's own) by environment; the registry's data is cached in AIRLOCK_CACHE
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source-path=SCRIPTDIR source=../cluster/lib.sh
source "$here/../cluster/lib.sh"
bin=$(realpath "${1:?usage: bundle_bench.sh BIN}")
rounds=${ROUNDS:-3}
concurrency=(${CONCURRENCY:+--concurrency "$CONCURRENCY"})
corpus=$("$here/bundle_corpus.sh")
mapfile -t names < "$corpus/names"

# Without it, its row is omitted.
crane=$(airlock_cache)/crane-0.20.2/crane
"$here/build-crane.sh" "$(dirname "$crane")" || [[ $? == 77 ]]

work=$(mktemp -d)
end() {
  stop_daemon source "$work/source"
  stop_daemon target "$work/target"
  rm -rf "$work"
}
trap end EXIT

# registry NAME DATA: prints HOST:PORT.
registry() {
  local address
  mkdir -p "$work/$1"
  address=127.0.0.1:$(free_port 127.0.0.1)
  cat > "$work/$1/config.yml" << C
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $2}}
http: {addr: $address}
C
  start_daemon "$1" "$work/$1" docker-registry serve "$work/$1/config.yml"
  wait_until 15 curl -s -o /dev/null "http://$address/v2/" || fail "the registry does not start" "$work/$1/$1.log"
  echo "$address"
}

# Starts an empty private registry; prints HOST:PORT.
fresh_target() {
  stop_daemon target "$work/target"
  rm -rf "$work/target"
  registry target "$work/target/data"
}

# measure NAME COMMAND...: seconds and KiB resident at most, a line of $work/NAME.times.
measure() {
  local name=$1
  shift
  /usr/bin/time -a -o "$work/$name.times" -f '%e %M' "$@" > "$work/output" 2>&1 || fail "$name failed" "$work/output"
}
median() { sort -n "$work/$1.times" | awk -v column="$2" '{v[NR] = $column} END {print v[int((NR + 1) / 2)]}'; }
most() { sort -n -k2 "$work/$1.times" | tail -n 1 | cut -d' ' -f2; }
row() { # work ours theirs target
  printf '%-26s %8.2f s %8.2f s   %5.2fx   %s\n' "$1" "$(median "$2" 1)" "$(median "$3" 1)" \
    "$(awk -v a="$(median "$2" 1)" -v b="$(median "$3" 1)" 'BEGIN {print a / b}')" "$4"
}

source_address=$(registry source "$corpus/data")
cd "$work"
{
  printf 'apiVersion: airlock.dev/v1\nkind: Bundle\nmetadata: {name: bench, version: 1.0.0}\ncomponents:\n'
  printf '  - name: all\n    images:\n'
  for name in "${names[@]}"; do echo "      - ref: $source_address/$name"; done
} > bundle.yaml

build() {
  rm -f kit.tar
  measure build "$bin/airlock-bundler" build bundle.yaml -o kit.tar --plain-http "$source_address" "${concurrency[@]}" \
    --installer "$bin/airlock-installer"
}
# A single script, so that its time and peak memory are measured as a whole.
cat > skopeo-build << S
set -e
for name in ${names[*]}; do
  skopeo copy -q --src-tls-verify=false "docker://$source_address/\$name" "oci:layout:\$name"
done
tar -cf skopeo.tar -C layout .
S
skopeo_build() {
  rm -rf layout skopeo.tar
  measure skopeo-build bash skopeo-build
}
crane_build() {
  rm -rf crane-layout crane.tar
  measure crane-build bash -c "$crane pull --insecure --format oci $(printf "$source_address/%s " "${names[@]}") crane-layout &&
    tar -cf crane.tar -C crane-layout ."
}
for ((i = 0; i < rounds; i++)); do
  build
  skopeo_build
  if [[ -x $crane ]]; then crane_build; fi
done
size=$(stat -c %s kit.tar)
left=$(find . -name 'kit.tar*' -printf '%s\n' | awk '{sum += $1} END {print sum}')

printf '%-26s %10s %10s   %6s   %s\n' work ours theirs ratio "target (design.md)"
row "build / skopeo + tar" build skopeo-build "0.26x (0.4x of crane + tar)"
[[ ! -s crane-build.times ]] || row "build / crane + tar" build crane-build 0.40x
printf '%-26s %8.1f MiB   (skopeo + tar: %.1f MiB)   under 64 MiB\n' "build, resident" \
  "$(awk -v k="$(most build)" 'BEGIN {print k / 1024}')" "$(awk -v k="$(most skopeo-build)" 'BEGIN {print k / 1024}')"
printf '%-26s %8d bytes over the bundle (%d)   0\n' "build, disk" "$((left - size))" "$size"

for ((i = 0; i < rounds; i++)); do
  measure verify "$bin/airlock-bundler" verify kit.tar
  measure openssl openssl dgst -sha256 kit.tar
  measure inspect "$bin/airlock-bundler" inspect kit.tar
done
row "verify / openssl dgst" verify openssl 0.60x
strace -f -qq -e trace=read,pread64 -o reads.log "$bin/airlock-bundler" inspect kit.tar > /dev/null
read_bytes=$(awk '$NF ~ /^[0-9]+$/ {sum += $NF} END {print sum + 0}' reads.log)
printf '%-26s %8.0f ms, %s bytes read   under 50 ms, 1 MiB\n' inspect \
  "$(awk -v s="$(median inspect 1)" 'BEGIN {print s * 1000}')" "$read_bytes"

cat > skopeo-push << S
set -e
mkdir unpacked
tar -xf skopeo.tar -C unpacked
for name in ${names[*]}; do
  skopeo copy -q --dest-tls-verify=false "oci:unpacked:\$name" "docker://\$1/\$name"
done
S
for ((i = 0; i < rounds; i++)); do
  target=$(fresh_target)
  measure push "$bin/airlock-installer" push kit.tar --registry "http://$target" "${concurrency[@]}"
  measure again "$bin/airlock-installer" push kit.tar --registry "http://$target" "${concurrency[@]}"
  rm -rf unpacked
  target=$(fresh_target)
  measure skopeo-push bash skopeo-push "$target"
done
row "push / untar + skopeo" push skopeo-push "0.46x (0.5x of untar + oras)"
printf '%-26s %8.2f s   under 0.1 s\n' "push again" "$(median again 1)"
printf '%-26s %8.1f MiB\n' "push, resident" "$(awk -v k="$(most push)" 'BEGIN {print k / 1024}')"
