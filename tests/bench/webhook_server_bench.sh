#!/usr/bin/env bash
# Compares the webhook with a plain Go server, over TLS on loopback: requests a second, latency, CPU time a request, resident
# memory, for a review of 6.8 and one of 26.5 kB with 1, 8 and 64 connections. They run alternately, ROUNDS
# times each, so that the load of the machine affects both; the medians count. Absolute numbers depend on the machine: the
# ratios are the result.
#   webhook_server_bench.sh BIN    BIN holds node-oversell-webhook and webhook_load
#   SECONDS_EACH (3), ROUNDS (3), CONNECTIONS ("1 8 64") by environment
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bin=${1:?usage: webhook_server_bench.sh BIN}
each=${SECONDS_EACH:-3} rounds=${ROUNDS:-3}
read -ra connections <<< "${CONNECTIONS:-1 8 64}"
data=$here/../data/webhook
cache=${AIRLOCK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/airlock}
# A changed source gives another build.
rival=$cache/webhook-rival-$(cat "$here/webhook_rival/main.go" "$here/build-webhook-rival.sh" | sha256sum | head -c 12)
"$here/build-webhook-rival.sh" "$rival"

work=$(mktemp -d)
servers=()
stop_servers() {
  ((${#servers[@]} == 0)) || kill "${servers[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  servers=()
}
trap 'stop_servers; rm -rf "$work"' EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" \
  -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2> "$work/openssl.log"
cat > "$work/policy.yaml" <<'POLICY'
apiVersion: oversell.airlock.dev/v1
kind: Policy
default: {ratios: {cpu: "2.0", memory: "1.5"}}
POLICY

ours_port=$((20000 + RANDOM % 10000)) theirs_port=$((30001 + RANDOM % 2000))
start_servers() {
  "$bin/node-oversell-webhook" serve --listen 127.0.0.1:$ours_port --metrics-listen 127.0.0.1:0 --drain-seconds 0 \
    --tls-cert "$work/cert.pem" --tls-key "$work/key.pem" --policy "$work/policy.yaml" > "$work/ours.log" 2>&1 &
  servers=("$!")
  "$rival/webhook_rival" -listen 127.0.0.1:$theirs_port -tls-cert "$work/cert.pem" -tls-key "$work/key.pem" \
    > "$work/theirs.log" 2>&1 &
  servers+=("$!")
  local port
  for port in $ours_port $theirs_port; do
    timeout 10 bash -c "until (exec 3<> /dev/tcp/127.0.0.1/$port) 2>/dev/null; do sleep 0.1; done" ||
      { cat "$work"/*.log >&2; echo "no server on port $port" >&2; exit 1; }
  done
}

median() { # file column
  awk -v column="$2" '{print $column}' "$1" | sort -n | awk '{all[NR] = $1} END {print all[int((NR + 1) / 2)]}'
}

echo "each of $rounds rounds: $each s; $(nproc) processors; ours / theirs = ratio"
printf '%-8s %-5s %-24s %-22s %-24s %-20s %s\n' review conns 'requests/s' 'p50 us' 'p99 us' 'CPU us/request' 'resident MiB'
for file in admission-review-node-status.json admission-review-node-status-50-images.json; do
  size=$(awk -v bytes="$(stat -c %s "$data/$file")" 'BEGIN {printf "%.1fkB", bytes / 1000}')
  for count in "${connections[@]}"; do
    start_servers
    : > "$work/ours"; : > "$work/theirs"
    for ((round = 0; round < rounds; ++round)); do
      "$bin/webhook_load" $ours_port "$data/$file" "$count" "$each" "${servers[0]}" >> "$work/ours"
      "$bin/webhook_load" $theirs_port "$data/$file" "$count" "$each" "${servers[1]}" >> "$work/theirs"
    done
    stop_servers
    line=$(printf '%-8s %-5s' "$size" "$count")
    for column in 1 2 3 4 5; do
      line+=" $(awk -v ours="$(median "$work/ours" $column)" -v theirs="$(median "$work/theirs" $column)" \
        -v unit="$([[ $column == 5 ]] && echo 1024 || echo 1)" 'BEGIN {
          printf "%-24s", sprintf("%.*f / %.*f = %.3f", unit > 1, ours / unit, unit > 1, theirs / unit, ours / theirs)}')"
    done
    echo "$line"
  done
done
