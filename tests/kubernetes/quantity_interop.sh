#!/usr/bin/env bash
# Compares our canonical quantities with those of k8s.io/apimachinery, for random texts.
#   quantity_interop.sh QUANTITY_LINES [COUNT] [SEED]    1,000,000 texts by default
# Exits with 77 where no Go or no module proxy provides apimachinery.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source-path=SCRIPTDIR source=../../cmake/build-once.sh
source "$here/../../cmake/build-once.sh"
lines=${1:?usage: quantity_interop.sh QUANTITY_LINES [COUNT] [SEED]}
count=${2:-1000000} seed=${3:-1}
cache=${AIRLOCK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/airlock}
# A changed source gives another build.
rival=$cache/quantity-rival-$(cat "$here"/quantity_rival/* | sha256sum | head -c 12)

compile() { cd "$work" && GOFLAGS=-mod=readonly CGO_ENABLED=0 "$go" build -o "$result/quantity_rival" .; }

# In a shell of its own, since begin_build ends it when there is nothing to build.
(
  begin_build "$rival" "apimachinery's quantities" quantity_rival
  require_go 24
  cp "$here"/quantity_rival/* "$work/"
  require_go_module "$go" k8s.io/apimachinery@v0.36.3
  step "compiling" compile
  end_build
)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$lines" generate "$count" "$seed" > "$work/texts"
"$lines" < "$work/texts" > "$work/ours"
"$rival/quantity_rival" < "$work/texts" > "$work/theirs"
[[ $(wc -l < "$work/ours") == "$count" && $(wc -l < "$work/theirs") == "$count" ]]
# Rejected on purpose (kubernetes/quantity.hpp): texts without a digit, which Kubernetes takes for 0, more than 30 digits,
# and more than 1e28 units. From 1e21 on, Kubernetes prints some values without their suffix. Everything else must be equal,
# rejections too.
paste -d' ' "$work/texts" "$work/ours" "$work/theirs" | awk '
  function digits(text) { sub(/[eE].*/, "", text); return gsub(/[0-9]/, "", text) }
  function size(text,  suffix, unit) {
    suffix = text
    sub(/^[-+]?[0-9]*[.]?[0-9]*/, "", suffix)
    unit = suffix ~ /^[eE]./ ? 10 ^ substr(suffix, 2) : suffix && index("kMGTPE", suffix) ? 1000 ^ index("kMGTPE", suffix) : 1
    sub(/[eE].*/, "", text)
    return (text + 0 < 0 ? -text : text + 0) * unit
  }
  {text = NF < 3 ? "" : $1; ours = $(NF - 1); theirs = $NF}
  ours == theirs {next}
  ours == "invalid" && (!digits(text) || digits(text) > 30 || size(text) > 1e28) {next}
  ours == "invalid" && theirs ~ /^-?9223372036854775807$/ {next} # a fraction of binary units that 128 bits do not hold
  ours != "invalid" && size(ours) >= 1e21 {next}
  {print}' > "$work/different"
if [[ -s $work/different ]]; then
  echo "quantity_interop: $(wc -l < "$work/different") of $count differ: TEXT OURS KUBERNETES" >&2
  head -n 20 "$work/different" >&2
  exit 1
fi
echo "quantity_interop: $count quantities, $(grep -c invalid "$work/ours") of them invalid: no difference"
