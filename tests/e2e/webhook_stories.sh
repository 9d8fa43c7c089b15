# The webhook on a real node over time: outages, other writers, writes to etcd. One function per story; sourced by
# run.sh, never run. Version 1 is installed by the first story and uninstalled by the last.
# shellcheck shell=bash

webhook_is_installed() {
  install_bundle "$site/one.tar" --components "$components"
  expect_soon 30 "cpu is not raised" resynced_allocatable_is "$node" cpu "$(multiply_cpu "$raw_cpu" 2)"
}

dashboard_metrics_exist() {
  local series
  expect_soon 30 "the metrics do not include the node" metrics_include_the_node
  kubectl -n "$namespace" get configmaps -o json | jq -r '.items[].data[]?' > "$site/monitoring"
  grep -oE 'node_oversell_[a-z_]+[a-z]' "$site/monitoring" | sed 's/_bucket$//' | sort -u > "$site/series"
  expect "the dashboard or the rules are not installed" test "$(wc -l < "$site/series")" -gt 8
  while read -r series; do
    expect "no metric $series" grep -q "^# TYPE $series " "$site/metrics"
  done < "$site/series"
}

# One replica receives the heartbeats of a node; the API server chooses which.
metrics_include_the_node() {
  local pod
  resync_node "$node"
  for pod in $(kubectl -n "$namespace" get pods -l "app.kubernetes.io/name=$namespace" -o name); do
    kubectl get --raw "/api/v1/namespaces/$namespace/pods/${pod#pod/}:8080/proxy/metrics" > "$site/metrics"
    if grep -q "^node_oversell_raw{node=\"$node\"" "$site/metrics"; then return; fi
  done
  return 1
}

webhook_is_uninstalled() {
  # Removes what the stories wrote.
  # shellcheck disable=SC2016 # $patch is a directive of the API
  with_proxy patch_status '{"status":{"conditions":[{"$patch":"delete","type":"AirlockTest"}]}}'
  uninstall_completely
}

# --- watching a node --------------------------------------------------------------------------------------------

# watch_node FILE: writes a line for every write of the node, "TIME RESOURCE_VERSION CPU", until stop_watching. With
# resourceVersion=0 it begins with what the API server's cache has. Without, a current API server waits until its cache of
# nodes is as new as the last write of any object, and may refuse the watch meanwhile.
watch_node() {
  : > "$1"
  write_changes "$1" &
  watcher=$!
  wait_until 10 test -s "$1" || fail "the node cannot be watched"
}

write_changes() { # FILE
  "$KUBECTL" --kubeconfig "$KUBECONFIG" get --raw "/api/v1/nodes?watch=1&resourceVersion=0&fieldSelector=metadata.name=$node&timeoutSeconds=900" 2> /dev/null {site_lock}>&- |
    jq --unbuffered -r 'if .type == "ERROR" then error(.object | tojson) else . end
      | "\(now * 1000 | floor) \(.object.metadata.resourceVersion) \(.object.status.allocatable.cpu)"' > "$1"
}

stop_watching() {
  [[ $'\n'$(jobs -rp)$'\n' == *$'\n'"$watcher"$'\n'* ]] || fail "the watch of the node ended early"
  # Only of this cluster: another suite may watch a node of the same name.
  pkill -f "kubeconfig $KUBECONFIG get --raw /api/v1/nodes[?]watch=1" || true
  wait "$watcher" 2> /dev/null || true
}

count_writes() { sort -u -k2,2 "$1" | wc -l; }

# expect_constant_cpu FILE CPU: fails if a watched write has another value.
expect_constant_cpu() {
  local other
  other=$(awk -v cpu="$2" '$3 != cpu' "$1")
  [[ -z $other ]] || fail "allocatable was not always $2: $other"
}

patch_status() { # JSON: a strategic merge patch of the node's status as another client
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

condition_patch() { # status of a condition that no other client uses
  printf '{"status":{"conditions":[{"type":"AirlockTest","status":"%s","reason":"Test","message":"m","lastHeartbeatTime":"%s","lastTransitionTime":"%s"}]}}' \
    "$1" "$(date -u +%FT%TZ)" "$(date -u +%FT%TZ)"
}

# The same with an allocatable, as a kubelet reports it: only a call of the webhook stores another value.
heartbeat_patch() { # status cpu
  condition_patch "$1" | jq -c --arg cpu "$2" '.status.allocatable.cpu = $cpu'
}

# --- heartbeats and other writers -------------------------------------------------------------------------------

# Another client writes a wrong allocatable, so that the kubelet reports its own: its heartbeat must be written.
malformed_annotations_do_not_stop_heartbeats() {
  local bad
  for bad in 'node-oversell/state={broken' 'node-oversell/state={"v":1,"resources":{"cpu":{"raw":"-1"}}}' 'node-oversell/ratio=cpu=banana'; do
    say "$bad"
    kubectl annotate node "$node" --overwrite "$bad"
    with_proxy patch_status '{"status":{"allocatable":{"cpu":"1"}}}'
    expect_soon 20 "the kubelet's heartbeat is not written" allocatable_is_not "$node" cpu 1
    kubectl annotate node "$node" "${bad%%=*}-"
  done
  expect_soon 30 "cpu is not raised again" resynced_allocatable_is "$node" cpu "$(multiply_cpu "$raw_cpu" 2)"
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
  say "$(count_writes "$site/watched") writes"
  expect_constant_cpu "$site/watched" "$(multiply_cpu "$raw_cpu" 2)"
}

# --- no extra writes --------------------------------------------------------------------------------------------

oldest_heartbeat_age() {
  kubectl get node "$node" -o json | jq '[.status.conditions[] | select(.type != "AirlockTest") | .lastHeartbeatTime | fromdateiso8601] | min as $t | now - $t | floor'
}

node_is_ready() {
  [[ $(kubectl get node "$node" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') == True ]]
}

# For two minutes, or as given, in which the kubelet reports its status at every tick.
unchanged_heartbeats_are_not_written() { # [seconds]
  local tick_seconds ticks writes age second
  tick_seconds=$(sed -n 's/^nodeStatusUpdateFrequency: \([0-9]*\)s$/\1/p' "$site/cluster/kubelet.yaml")
  ticks=$((${1:-120} / tick_seconds))
  watch_node "$site/watched"
  for ((second = 0; second < ${1:-120}; second += 5)); do
    sleep 5
    node_is_ready || fail "the node is not Ready"
    age=$(oldest_heartbeat_age)
    ((age < 300)) || fail "a heartbeat is $age s old"
  done
  stop_watching
  writes=$(($(count_writes "$site/watched") - 1)) # the first line is the initial state
  say "$ticks ticks, $writes writes"
  ((writes * 10 <= ticks)) || fail "$writes writes for $ticks ticks"
  expect_constant_cpu "$site/watched" "$(multiply_cpu "$raw_cpu" 2)"
}

changed_conditions_are_written() {
  with_proxy patch_status "$(condition_patch True)"
  [[ $(kubectl get node "$node" -o 'jsonpath={.status.conditions[?(@.type=="AirlockTest")].status}') == True ]]
  with_proxy patch_status "$(condition_patch False)"
  [[ $(kubectl get node "$node" -o 'jsonpath={.status.conditions[?(@.type=="AirlockTest")].status}') == False ]]
}

capacity_is() { [[ $(kubectl get node "$node" -o 'jsonpath={.status.capacity.pods}') == "$1" ]]; }

changed_capacity_is_written() {
  "$cluster/cluster.sh" stop "$site/cluster" kubelet
  echo 'maxPods: 90' >> "$site/cluster/kubelet.yaml"
  "$cluster/cluster.sh" start "$site/cluster" kubelet
  expect_soon 40 "the new capacity is not reported" capacity_is 90
  unchanged_heartbeats_are_not_written 60
  "$cluster/cluster.sh" stop "$site/cluster" kubelet
  sed -i '/^maxPods: 90$/d' "$site/cluster/kubelet.yaml"
  "$cluster/cluster.sh" start "$site/cluster" kubelet
  expect_soon 40 "the old capacity is not restored" capacity_is 110
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
  # Its first sync admits or rejects every pod, before the node is Ready.
  sleep 20
  expect_soon 60 "the node is not Ready" node_is_ready
  [[ $(pod_identity keeper) == "$before" ]] || fail "the pod was $before and is $(pod_identity keeper): $(pod_message "$namespace" keeper)"
  expect "cpu is not raised" allocatable_is "$node" cpu "$(multiply_cpu "$raw_cpu" 2)"
  kubectl -n "$namespace" delete pod keeper --grace-period=1
}

# The kubelet's values are stored and the kubelet reports nothing new for 5 minutes, so only the controller triggers
# the webhook.
node_recovers_after_a_webhook_outage() {
  local started
  kubectl -n "$namespace" scale deployment "$namespace" --replicas=0
  expect_soon 60 "allocatable does not return to its real value" allocatable_is "$node" cpu "$raw_cpu"
  expect_exit 6 run_installer status
  expect_output 'scaled to zero'
  kubectl -n "$namespace" scale deployment "$namespace" --replicas=2
  expect_soon 60 "not all replicas are available" deployment_available "$namespace" 2
  started=$SECONDS
  expect_soon 20 "cpu is not raised" allocatable_is "$node" cpu "$(multiply_cpu "$raw_cpu" 2)"
  say "cpu is raised $((SECONDS - started)) s after the webhook is available"
}

# A Deployment, because a rejected pod is not restarted, and workloads of operators have controllers, too.
write_oversold_deployment() {
  write_big_pod oversold "$((($(millicores "$raw_cpu") * 5) / 4))m" | jq '
    {apiVersion: "apps/v1", kind: "Deployment", metadata: {name: "oversold", namespace: .metadata.namespace},
     spec: {replicas: 1, strategy: {type: "Recreate"}, selector: {matchLabels: .metadata.labels},
            template: {metadata: {labels: .metadata.labels}, spec: .spec}}}'
}

deployment_available() { [[ $(kubectl -n "$namespace" get deployment "$1" -o 'jsonpath={.status.readyReplicas}') == "$2" ]]; }
container_runs() { # selector: started after the power loss
  [[ $(kubectl -n "$namespace" get pods -l "$1" -o json | jq --argjson since "$power" '[.items[].status.containerStatuses[]?
    | select(.ready) | .state.running.startedAt | fromdateiso8601 | select(. >= $since)] | length') -ge 1 ]]
}

# The kubelet starts before the webhook, reports its real values, and then nothing new for up to 5 minutes
# (nodeStatusReportFrequency), so the controller triggers the webhook.
everything_recovers_after_a_power_loss() {
  local started
  write_oversold_deployment | kubectl apply -f -
  expect_soon 60 "the oversold workload is not running" deployment_available oversold 1
  "$cluster/cluster.sh" stop "$site/cluster" kubelet
  "$cluster/cluster.sh" stop "$site/cluster" containerd
  "$cluster/cluster.sh" exec "$site/cluster" pkill -KILL -f containerd-shim
  "$cluster/cluster.sh" exec "$site/cluster" pkill -KILL -f '^/node-oversell-webhook|^/node-oversell-controller|^/pause' || true
  power=$(date +%s) started=$SECONDS
  "$cluster/cluster.sh" start "$site/cluster" containerd
  "$cluster/cluster.sh" start "$site/cluster" kubelet
  expect_soon 60 "the webhook does not restart" container_runs "app.kubernetes.io/name=$namespace"
  say "the webhook is available after $((SECONDS - started)) s"
  expect "the oversold workload started first" not container_runs app=oversold
  expect_soon $((60 - SECONDS + started)) "the oversold workload does not restart: $(kubectl -n "$namespace" get pods -o wide)" \
    container_runs app=oversold
  say "the oversold workload is available after $((SECONDS - started)) s"
  expect_soon 30 "cpu is not raised" allocatable_is "$node" cpu "$(multiply_cpu "$raw_cpu" 2)"
  kubectl -n "$namespace" delete deployment oversold --wait
  kubectl -n "$namespace" delete pods -l app=oversold --ignore-not-found --grace-period=1
  expect_soon 90 "not all replicas are available" deployment_available "$namespace" 2
}

# Patches the status four times a second with the real value, besides the kubelet's heartbeats: a call that fails open
# stores it.
patch_continuously() { # FLAG_FILE
  while [[ -e $1 ]]; do
    patch_status "$(heartbeat_patch "$((RANDOM % 2))" "$raw_cpu")" || say "a patch failed"
    tick
    tick
  done
}

# under_heartbeats COMMAND...: records the writes of the node meanwhile in $site/watched.
under_heartbeats() {
  local resyncer
  touch "$site/resyncing"
  watch_node "$site/watched"
  with_proxy patch_continuously "$site/resyncing" &
  resyncer=$!
  "$@"
  sleep 3
  rm "$site/resyncing"
  wait "$resyncer"
  stop_watching
  say "$(count_writes "$site/watched") writes"
}

rolling_restart() {
  kubectl -n "$namespace" rollout restart deployment "$namespace"
  kubectl -n "$namespace" rollout status deployment "$namespace" --timeout=180s
  # The last old pod is draining.
  wait_until 60 only_new_pods || fail "an old pod does not terminate"
}
only_new_pods() { (($(kubectl -n "$namespace" get pods -l "app.kubernetes.io/name=$namespace" -o name 2> /dev/null | wc -l) == 2)); }

rolling_restart_never_fails_open() {
  under_heartbeats rolling_restart
  expect_constant_cpu "$site/watched" "$(multiply_cpu "$raw_cpu" 2)"
}

# policy/v1beta1 before Kubernetes 1.22, policy/v1 since.
eviction_version() { kubectl get --raw /api/v1 | jq -r '.resources[] | select(.name == "pods/eviction") | "\(.group)/\(.version)"'; }

evict_one() {
  local pod
  pod=$(kubectl -n "$namespace" get pods -l "app.kubernetes.io/name=$namespace" -o 'jsonpath={.items[0].metadata.name}')
  kubectl create --raw "/api/v1/namespaces/$namespace/pods/$pod/eviction" -f <(printf \
    '{"apiVersion":"%s","kind":"Eviction","metadata":{"name":"%s","namespace":"%s"}}' "$(eviction_version)" "$pod" "$namespace") > /dev/null
  wait_until 60 pod_is_gone "$pod" || fail "the pod is not evicted"
  expect_soon 60 "the replica is not replaced" deployment_available "$namespace" 2
}
pod_is_gone() { ! kubectl -n "$namespace" get pod "$1"; }

evicted_replica_never_fails_open() {
  under_heartbeats evict_one
  expect_constant_cpu "$site/watched" "$(multiply_cpu "$raw_cpu" 2)"
}

kill_one_replica() {
  local process
  process=$("$cluster/cluster.sh" exec "$site/cluster" pgrep -f '^/node-oversell-webhook serve' | head -n 1)
  "$cluster/cluster.sh" exec "$site/cluster" kill -KILL "$process"
  sleep 10
}

# Sums the periods from a write with another value to the next one with the right value.
duration_without_value() { # FILE CPU: milliseconds
  awk -v cpu="$2" '$3 != cpu && !since {since = $1} $3 == cpu && since {away += $1 - since; since = 0} END {print away + 0}' "$1"
}

killed_replica_costs_at_most_five_seconds() {
  local away
  under_heartbeats kill_one_replica
  away=$(duration_without_value "$site/watched" "$(multiply_cpu "$raw_cpu" 2)")
  say "raw values for $away ms"
  ((away <= 5000)) || fail "raw values for $away ms"
  expect_soon 60 "cpu is not raised" allocatable_is "$node" cpu "$(multiply_cpu "$raw_cpu" 2)"
  expect_soon 60 "not all replicas are available" deployment_available "$namespace" 2
}
