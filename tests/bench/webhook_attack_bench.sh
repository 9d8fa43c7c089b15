#!/usr/bin/env bash
# Measures how much a hostile client delays reviews: the latency of 500 reviews a second, the heartbeats of 5,000 nodes,
# first quiet, then with 2,000 hostile connections from one other address (see webhook_attack.cpp) and /metrics scraped every
# second. Quiet and attacked rounds alternate, ROUNDS times each; the medians count, and their ratio is the result. The attacker
# shares the processors with the server and the load: it runs with nice 19, so that its own cost does not delay them. On a
# machine that does other work, or whose kernel lets a process of any priority finish its time slice, run all but
# the attacker in real time: chrt -r 20 webhook_attack_bench.sh BIN.
#   webhook_attack_bench.sh BIN    BIN holds node-oversell-webhook, webhook_load and webhook_attack
#   SECONDS_EACH (10), ROUNDS (3), CONNECTIONS (8), RATE (500), NODES (5000), HOSTILE (2000), and PAUSE_MS (1000), after
#   which a hostile connection that was closed connects again, by environment
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bin=${1:?usage: webhook_attack_bench.sh BIN}
each=${SECONDS_EACH:-10} rounds=${ROUNDS:-3} connections=${CONNECTIONS:-8} rate=${RATE:-500} nodes=${NODES:-5000}
hostile=${HOSTILE:-2000} pause=${PAUSE_MS:-1000}
review=$here/../data/webhook/admission-review-node-status.json

work=$(mktemp -d)
started=()
finish() {
  ((${#started[@]} == 0)) || kill "${started[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" \
  -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2> "$work/openssl.log"
cat > "$work/policy.yaml" <<'POLICY'
apiVersion: oversell.airlock.dev/v1
kind: Policy
default: {ratios: {cpu: "2.0", memory: "1.5"}}
POLICY

port=$((20000 + RANDOM % 10000)) metrics_port=$((30001 + RANDOM % 2000))
"$bin/node-oversell-webhook" serve --listen 127.0.0.1:$port --metrics-listen 127.0.0.1:$metrics_port --drain-seconds 0 \
  --tls-cert "$work/cert.pem" --tls-key "$work/key.pem" --policy "$work/policy.yaml" > "$work/server.log" 2>&1 &
server=$!
started+=("$server")
timeout 10 bash -c "until (exec 3<> /dev/tcp/127.0.0.1/$port) 2>/dev/null; do sleep 0.1; done" ||
  { cat "$work/server.log" >&2; echo "no server on port $port" >&2; exit 1; }

load() { "$bin/webhook_load" $port "$review" "$connections" "$each" $server "$nodes" "$rate"; }
scrape() {
  while sleep 1; do
    curl -sS -m 5 "http://127.0.0.1:$metrics_port/metrics" > "$work/metrics" || echo "a scrape failed" >&2
  done
}

load > "$work/first"  # all nodes are known from now on
for ((round = 0; round < rounds; ++round)); do
  load >> "$work/quiet"
  chrt --other 0 nice -n 39 "$bin/webhook_attack" $port "$hostile" $((each + 60)) "$pause" >> "$work/attack" &
  attack=$!
  scrape &
  scraper=$!
  started=("$server" "$attack" "$scraper")
  sleep 2  # until all of them have connected
  load >> "$work/attacked"
  kill "$attack" "$scraper" 2>/dev/null || true
  wait "$attack" "$scraper" 2>/dev/null || true
  started=("$server")
  sleep 1
done

known=$(grep -c '^node_oversell_raw{.*resource="cpu"' "$work/metrics" || true)
echo "each of $rounds rounds: $each s; $(nproc) processors; $rate reviews a second on $connections connections;" \
  "$known nodes; $hostile hostile connections, each again after $pause ms"
median() { # file column
  awk -v column="$2" '{print $column}' "$1" | sort -n | awk '{all[NR] = $1} END {print all[int((NR + 1) / 2)]}'
}
awk -v connects="$(median "$work/attack" 1)" -v handshakes="$(median "$work/attack" 2)" -v most="$(median "$work/attack" 3)" \
  'BEGIN {printf "attack: %s connections and %s TLS handshakes a second, at most %s at one time\n", connects, handshakes, most}'
column=0
for name in 'reviews/s' 'p50 us' 'p99 us' 'CPU us/review'; do
  column=$((column + 1))
  awk -v name="$name" -v quiet="$(median "$work/quiet" $column)" -v attacked="$(median "$work/attacked" $column)" \
    'BEGIN {printf "%-14s %8s quiet %8s attacked  ratio %.2f\n", name, quiet, attacked, attacked / quiet}'
done
