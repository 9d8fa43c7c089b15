# What the webhook does to a real node over time: outages, other writers, writes into etcd. One function a story,
# sourced by run.sh, never run. Version 1 is installed by the first and stays until the last.
# shellcheck shell=bash

webhook_is_installed() {
  install_bundle "$site/one.tar" --components "$components"
  expect_soon 30 "cpu is not raised" resynced_allocatable_is "$node" cpu "$(times "$raw_cpu" 2)"
}

dashboard_asks_for_what_there_is() {
  local series
  expect_soon 30 "the node's raw values are not told" metrics_tell_of_the_node
  kubectl -n "$namespace" get configmaps -o json | jq -r '.items[].data[]?' > "$site/monitoring"
  grep -oE 'node_oversell_[a-z_]+[a-z]' "$site/monitoring" | sed 's/_bucket$//' | sort -u > "$site/series"
  expect "neither dashboard nor rules were installed" test "$(wc -l < "$site/series")" -gt 8
  while read -r series; do
    expect "no series $series" grep -q "^# TYPE $series " "$site/metrics"
  done < "$site/series"
}

# One replica sees a node's heartbeats; which one is the API server's choice.
metrics_tell_of_the_node() {
  local pod
  resync_node "$node"
  for pod in $(kubectl -n "$namespace" get pods -l "app.kubernetes.io/name=$namespace" -o name); do
    kubectl get --raw "/api/v1/namespaces/$namespace/pods/${pod#pod/}:8080/proxy/metrics" > "$site/metrics"
    if grep -q "^node_oversell_raw{node=\"$node\"" "$site/metrics"; then return; fi
  done
  return 1
}

webhook_is_taken_out() {
  # What the stories wrote themselves.
  # shellcheck disable=SC2016 # $patch is a word of the API's
  with_proxy patch_status '{"status":{"conditions":[{"$patch":"delete","type":"AirlockTest"}]}}'
  roll_back_to_nothing
}

# --- watching a node --------------------------------------------------------------------------------------------

# watch_node FILE: a line for every write of the node, "TIME RESOURCE_VERSION CPU", until stop_watching.
watch_node() {
  "$KUBECTL" get --raw "/api/v1/nodes?watch=1&fieldSelector=metadata.name=$node&timeoutSeconds=900" 2> /dev/null {site_lock}>&- |
    jq --unbuffered -r '"\(now * 1000 | floor) \(.object.metadata.resourceVersion) \(.object.status.allocatable.cpu)"' > "$1" &
  watcher=$!
  wait_until 10 test -s "$1" || fail "the node cannot be watched"
}

stop_watching() {
  pkill -f "nodes[?]watch=1&fieldSelector=metadata.name=$node" || true
  wait "$watcher" 2> /dev/null || true
}

writes_in() { sort -u -k2,2 "$1" | wc -l; }

# never_leaves FILE CPU: no write that was watched holds another value.
never_leaves() {
  local other
  other=$(awk -v cpu="$2" '$3 != cpu' "$1")
  [[ -z $other ]] || fail "allocatable left $2: $other"
}

patch_status() { # JSON: a strategic merge patch of the node's status by another client
  curl -sS -o /dev/null --fail --max-time 10 --unix-socket "$site/proxy.sock" -X PATCH -d "$1" \
    -H 'Content-Type: application/strategic-merge-patch+json' "http://localhost/api/v1/nodes/$node/status"
}

with_proxy() { # function...
  local proxy status=0
  rm -f "$site/proxy.sock"
  "$KUBECTL" proxy --unix-socket="$site/proxy.sock" > /dev/null 2>&1 {site_lock}>&- &
  proxy=$!
  wait_until 10 test -S "$site/proxy.sock" || fail "kubectl proxy does not start"
  "$@"
  status=$?
  kill "$proxy"
  return $status
}

condition_patch() { # status of a condition that is nobody's
  printf '{"status":{"conditions":[{"type":"AirlockTest","status":"%s","reason":"Test","message":"m","lastHeartbeatTime":"%s","lastTransitionTime":"%s"}]}}' \
    "$1" "$(date -u +%FT%TZ)" "$(date -u +%FT%TZ)"
}

# --- never freezes, never compounds -----------------------------------------------------------------------------

# Somebody writes a wrong allocatable, so that the kubelet has something to say: its heartbeat must pass.
malformed_annotations_do_not_stop_heartbeats() {
  local bad
  for bad in 'node-oversell/state={broken' 'node-oversell/state={"v":1,"resources":{"cpu":{"raw":"-1"}}}' 'node-oversell/ratio=cpu=banana'; do
    say "$bad"
    kubectl annotate node "$node" --overwrite "$bad"
    with_proxy patch_status '{"status":{"allocatable":{"cpu":"1"}}}'
    expect_soon 20 "the kubelet's heartbeat does not pass" allocatable_is_not "$node" cpu 1
    kubectl annotate node "$node" "${bad%%=*}-"
  done
  expect_soon 30 "cpu is not raised again" resynced_allocatable_is "$node" cpu "$(times "$raw_cpu" 2)"
}

patch_conditions() { # seconds
  local end=$((SECONDS + $1)) status=True patches=0
  while ((SECONDS < end)); do
    patch_status "$(condition_patch "$status")"
    if [[ $status == True ]]; then status=False; else status=True; fi
    patches=$((patches + 1))
    tick
  done
  say "$patches patches"
  ((patches > $1 * 4)) || fail "only $patches patches in $1 s"
}

other_writers_do_not_compound() {
  watch_node "$site/watched"
  with_proxy patch_conditions 60
  stop_watching
  say "$(writes_in "$site/watched") writes"
  never_leaves "$site/watched" "$(times "$raw_cpu" 2)"
}

# --- no extra writes --------------------------------------------------------------------------------------------

oldest_heartbeat_age() {
  kubectl get node "$node" -o json | jq '[.status.conditions[] | select(.type != "AirlockTest") | .lastHeartbeatTime | fromdateiso8601] | min as $t | now - $t | floor'
}

node_is_ready() {
  [[ $(kubectl get node "$node" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') == True ]]
}

# Two minutes, in which the kubelet has its status to say at every tick.
heartbeats_are_not_written() {
  local tick_seconds ticks writes age second
  tick_seconds=$(sed -n 's/^nodeStatusUpdateFrequency: \([0-9]*\)s$/\1/p' "$site/cluster/kubelet.yaml")
  ticks=$((120 / tick_seconds))
  watch_node "$site/watched"
  for ((second = 0; second < 120; second += 5)); do
    sleep 5
    node_is_ready || fail "the node is not Ready"
    age=$(oldest_heartbeat_age)
    ((age < 300)) || fail "a heartbeat is $age s old"
  done
  stop_watching
  writes=$(($(writes_in "$site/watched") - 1)) # the first line is what was there
  say "$ticks ticks, $writes writes"
  ((writes * 10 <= ticks)) || fail "$writes writes for $ticks ticks"
  never_leaves "$site/watched" "$(times "$raw_cpu" 2)"
}

real_changes_pass_at_once() {
  with_proxy patch_status "$(condition_patch True)"
  [[ $(kubectl get node "$node" -o 'jsonpath={.status.conditions[?(@.type=="AirlockTest")].status}') == True ]]
  with_proxy patch_status "$(condition_patch False)"
  [[ $(kubectl get node "$node" -o 'jsonpath={.status.conditions[?(@.type=="AirlockTest")].status}') == False ]]
}

capacity_is() { [[ $(kubectl get node "$node" -o 'jsonpath={.status.capacity.pods}') == "$1" ]]; }

changed_capacity_passes_at_once() {
  "$cluster/cluster.sh" stop "$site/cluster" kubelet
  echo 'maxPods: 90' >> "$site/cluster/kubelet.yaml"
  "$cluster/cluster.sh" start "$site/cluster" kubelet
  expect_soon 40 "the new capacity does not arrive" capacity_is 90
  heartbeats_are_not_written
  "$cluster/cluster.sh" stop "$site/cluster" kubelet
  sed -i '/^maxPods: 90$/d' "$site/cluster/kubelet.yaml"
  "$cluster/cluster.sh" start "$site/cluster" kubelet
  expect_soon 40 "the old capacity does not come back" capacity_is 110
}

# --- outages ----------------------------------------------------------------------------------------------------

start_oversold_pod() { # name
  write_big_pod "$1" "$((($(millicores "$raw_cpu") * 5) / 4))m" | kubectl apply -f -
  wait_until 60 pod_ready "$namespace" "$1" || fail "the pod does not run: $(pod_message "$namespace" "$1")"
}

pod_identity() { kubectl -n "$namespace" get pod "$1" -o 'jsonpath={.metadata.uid} {.status.phase} {.status.containerStatuses[0].containerID}'; }

restarted_kubelet_keeps_oversold_pods() {
  local before
  start_oversold_pod keeper
  before=$(pod_identity keeper)
  "$cluster/cluster.sh" stop "$site/cluster" kubelet
  "$cluster/cluster.sh" start "$site/cluster" kubelet
  # Its first sync admits or rejects every pod; Ready is said after it.
  sleep 20
  expect_soon 60 "the node is not Ready" node_is_ready
  [[ $(pod_identity keeper) == "$before" ]] || fail "the pod was $before and is $(pod_identity keeper): $(pod_message "$namespace" keeper)"
  expect "cpu is not raised" allocatable_is "$node" cpu "$(times "$raw_cpu" 2)"
  kubectl -n "$namespace" delete pod keeper --grace-period=1
}

# With the kubelet's values stored, and nothing new to say for 5 minutes, only the reconciler asks the webhook again.
outage_of_the_webhook_is_made_up_for() {
  local started
  kubectl -n "$namespace" scale deployment "$namespace" --replicas=0
  expect_soon 60 "the node does not fall back to its real values" allocatable_is "$node" cpu "$raw_cpu"
  expect_exit 6 run_installer status
  expect_output 'scaled to no replica'
  kubectl -n "$namespace" scale deployment "$namespace" --replicas=2
  expect_soon 60 "a replica is missing" deployment_available "$namespace" 2
  started=$SECONDS
  expect_soon 20 "cpu is not raised" allocatable_is "$node" cpu "$(times "$raw_cpu" 2)"
  say "cpu is raised $((SECONDS - started)) s after the webhook is back"
}

# A Deployment, because a pod that is rejected stays rejected: what an operator has runs under a controller.
write_oversold_deployment() {
  write_big_pod oversold "$((($(millicores "$raw_cpu") * 5) / 4))m" | jq '
    {apiVersion: "apps/v1", kind: "Deployment", metadata: {name: "oversold", namespace: .metadata.namespace},
     spec: {replicas: 1, strategy: {type: "Recreate"}, selector: {matchLabels: .metadata.labels},
            template: {metadata: {labels: .metadata.labels}, spec: .spec}}}'
}

deployment_available() { [[ $(kubectl -n "$namespace" get deployment "$1" -o 'jsonpath={.status.readyReplicas}') == "$2" ]]; }
container_runs() { # selector: started after the power came back
  [[ $(kubectl -n "$namespace" get pods -l "$1" -o json | jq --argjson since "$power" '[.items[].status.containerStatuses[]?
    | select(.ready) | .state.running.startedAt | fromdateiso8601 | select(. >= $since)] | length') -ge 1 ]]
}

# The kubelet comes up before the webhook, says its real values, and has nothing new to say for up to 5 minutes
# (nodeStatusReportFrequency): the reconciler asks for it.
power_cut_brings_all_back() {
  local started
  write_oversold_deployment | kubectl apply -f -
  expect_soon 60 "the oversold workload does not run" deployment_available oversold 1
  "$cluster/cluster.sh" stop "$site/cluster" kubelet
  "$cluster/cluster.sh" stop "$site/cluster" containerd
  "$cluster/cluster.sh" exec "$site/cluster" pkill -KILL -f containerd-shim
  "$cluster/cluster.sh" exec "$site/cluster" pkill -KILL -f '^/node-oversell-webhook|^/airlock-installer|^/pause' || true
  power=$(date +%s) started=$SECONDS
  "$cluster/cluster.sh" start "$site/cluster" containerd
  "$cluster/cluster.sh" start "$site/cluster" kubelet
  expect_soon 60 "the webhook does not come back" container_runs "app.kubernetes.io/name=$namespace"
  say "the webhook is back after $((SECONDS - started)) s"
  expect "the oversold workload was first" not container_runs app=oversold
  expect_soon $((60 - SECONDS + started)) "the oversold workload does not come back: $(kubectl -n "$namespace" get pods -o wide)" \
    container_runs app=oversold
  say "the oversold workload is back after $((SECONDS - started)) s"
  expect_soon 30 "cpu is not raised" allocatable_is "$node" cpu "$(times "$raw_cpu" 2)"
  kubectl -n "$namespace" delete deployment oversold --wait
  kubectl -n "$namespace" delete pods -l app=oversold --ignore-not-found --grace-period=1
  expect_soon 90 "a replica is missing" deployment_available "$namespace" 2
}

# Kicks four times a second beside the kubelet's own heartbeats: a call that fails open shows the raw value.
resync_all_the_time() { # FLAG_FILE
  while [[ -e $1 ]]; do
    patch_status "$(condition_patch "$((RANDOM % 2))")" || say "a patch failed"
    tick
    tick
  done
}

# under_heartbeats COMMAND...: what the node showed meanwhile is in $site/watched.
under_heartbeats() {
  local resyncer
  touch "$site/resyncing"
  watch_node "$site/watched"
  with_proxy resync_all_the_time "$site/resyncing" &
  resyncer=$!
  "$@"
  sleep 3
  rm "$site/resyncing"
  wait "$resyncer"
  stop_watching
  say "$(writes_in "$site/watched") writes"
}

restart_in_turn() {
  kubectl -n "$namespace" rollout restart deployment "$namespace"
  kubectl -n "$namespace" rollout status deployment "$namespace" --timeout=180s
  # The last old pod drains.
  wait_until 60 only_new_pods || fail "an old pod does not end"
}
only_new_pods() { (($(kubectl -n "$namespace" get pods -l "app.kubernetes.io/name=$namespace" -o name 2> /dev/null | wc -l) == 2)); }

rolling_restart_never_fails_open() {
  under_heartbeats restart_in_turn
  never_leaves "$site/watched" "$(times "$raw_cpu" 2)"
}

evict_one() {
  local pod
  pod=$(kubectl -n "$namespace" get pods -l "app.kubernetes.io/name=$namespace" -o 'jsonpath={.items[0].metadata.name}')
  kubectl create --raw "/api/v1/namespaces/$namespace/pods/$pod/eviction" -f <(printf \
    '{"apiVersion":"policy/v1beta1","kind":"Eviction","metadata":{"name":"%s","namespace":"%s"}}' "$pod" "$namespace") > /dev/null
  wait_until 60 pod_is_gone "$pod" || fail "the pod does not go"
  expect_soon 60 "no replica comes in its place" deployment_available "$namespace" 2
}
pod_is_gone() { ! kubectl -n "$namespace" get pod "$1"; }

evicted_replica_never_fails_open() {
  under_heartbeats evict_one
  never_leaves "$site/watched" "$(times "$raw_cpu" 2)"
}

kill_one_replica() {
  local process
  process=$("$cluster/cluster.sh" exec "$site/cluster" pgrep -f '^/node-oversell-webhook serve' | head -n 1)
  "$cluster/cluster.sh" exec "$site/cluster" kill -KILL "$process"
  sleep 10
}

# From the first write that shows another value to the first that shows the right one again, summed.
time_away() { # FILE CPU: milliseconds
  awk -v cpu="$2" '$3 != cpu && !since {since = $1} $3 == cpu && since {away += $1 - since; since = 0} END {print away + 0}' "$1"
}

killed_replica_costs_at_most_five_seconds() {
  local away
  under_heartbeats kill_one_replica
  away=$(time_away "$site/watched" "$(times "$raw_cpu" 2)")
  say "raw values for $away ms"
  ((away <= 5000)) || fail "raw values for $away ms"
  expect_soon 60 "cpu is not raised" allocatable_is "$node" cpu "$(times "$raw_cpu" 2)"
  expect_soon 60 "a replica is missing" deployment_available "$namespace" 2
}
