# The webhook's node under pressure, a replica that is lost with its node, and pods that are resized on an oversold
# node; and the webhook next to each API server. One function per story; sourced by run.sh, never run.
# shellcheck shell=bash

webhook_pods() { kubectl -n "$namespace" get pods -l "app.kubernetes.io/name=$namespace" -o json; }

containers() { "$cluster/cluster.sh" exec "$site/cluster" ctr -a "$site/cluster/containerd.sock" -n k8s.io "$@"; }

# --- out of memory and out of CPU ---------------------------------------------------------------------------------

# What the kubelet requested from the container runtime.
requested_oom_score() { # container
  containers containers info "$1" | jq -r '.Extensions["io.cri-containerd.container.metadata"].value' | base64 -d |
    jq '.Metadata.Config.linux.resources.oom_score_adj'
}

webhook_is_ended_last() {
  local container process effective checked=0
  for container in $(webhook_pods | jq -r '.items[].status.containerStatuses[].containerID | sub("containerd://"; "")'); do
    process=$(containers tasks list | awk -v id="$container" '$1 == id {print $2}')
    effective=$("$cluster/cluster.sh" exec "$site/cluster" cat "/proc/$process/oom_score_adj")
    say "process $process: the kubelet requested $(requested_oom_score "$container"), effective: $effective"
    [[ $(requested_oom_score "$container") == -997 ]] || fail "the kubelet did not request -997"
    if grep -q '^ *restrict_oom_score_adj = false' "$site/cluster/containerd.toml"; then
      [[ $effective == -997 ]] || fail "oom_score_adj of the webhook is $effective"
    else
      say "the effective value cannot be checked here: without CAP_SYS_RESOURCE no process can lower it"
    fi
    checked=$((checked + 1))
  done
  ((checked == 2)) || fail "$checked replicas are running instead of 2"
}

import_stress_image() {
  gcc -Os -static -s -o "$site/stress" "$root/tests/cluster/stress.c"
  rm -rf "$site/stress-layout"
  IMAGE_NAME=airlock.test/stress:1 "$root/tests/cluster/oci-image.sh" image "$site/stress-layout" 1 /stress "$site/stress=/stress"
  tar -C "$site/stress-layout" -cf "$site/stress.tar" .
  containers images import "$site/stress.tar"
}

# Two busy loops per processor, and memory up to a limit of 2 GiB, because the node shares its machine with others.
# In another namespace, because Pod Security admits no such pod to the webhook's.
write_stress_pod() {
  jq -n --arg processes "$((2 * $(nproc)))" '
    {apiVersion: "v1", kind: "Pod", metadata: {name: "stress", namespace: "default"},
     spec: {enableServiceLinks: false, automountServiceAccountToken: false, terminationGracePeriodSeconds: 1,
       containers: [{name: "stress", image: "airlock.test/stress:1", imagePullPolicy: "Never", args: [$processes, "1000000"],
         resources: {requests: {cpu: "1m", memory: "16Mi"}, limits: {memory: "2Gi"}}}]}}'
}

idle_centiseconds() { awk '$1 == "cpu" {print $5 + $6}' /proc/stat; } # of all processors

stress_node() { # seconds
  local kills idle
  write_stress_pod | kubectl apply -f -
  expect_soon 60 "the stress pod does not run: $(pod_message default stress)" pod_ready default stress
  idle=$(idle_centiseconds)
  sleep "$1"
  idle=$(($(idle_centiseconds) - idle))
  kills=$(kubectl -n default logs stress | grep -c 'out of memory' || true)
  say "processors idle: $((idle / $1 / $(nproc))) %; $kills times out of memory"
  kubectl -n default delete pod stress --grace-period=1 --wait
  ((idle <= $1 * $(nproc) * 5)) || fail "the CPU was not under pressure"
  ((kills >= 1)) || fail "the memory was not under pressure: out of memory $kills times"
}

pressure_never_fails_open() {
  import_stress_image
  under_heartbeats stress_node 30
  containers images remove airlock.test/stress:1
  expect_constant_cpu "$site/watched" "$(multiply_cpu "$raw_cpu" 2)"
  [[ $(webhook_pods | jq '[.items[].status.containerStatuses[].restartCount] | add') == 0 ]] || fail "the webhook was restarted"
}

# --- the loss of one node -----------------------------------------------------------------------------------------

fleet_size=20 fleet_cpu=7

# Nodes without a kubelet, to which no pod is scheduled. The controller manager of 1.20.2 panics on a node without a Ready
# condition if a node of the same name was not Ready before.
create_fleet() {
  local n
  for ((n = 1; n <= fleet_size; n++)); do
    jq -n --arg name "fleet-$n" --arg cpu "$fleet_cpu" --arg now "$(date -u +%FT%TZ)" '
      {apiVersion: "v1", kind: "Node", metadata: {name: $name},
       spec: {unschedulable: true, taints: [{key: "airlock.test/fleet", effect: "NoExecute"}]},
       status: (({cpu: $cpu, memory: "16Gi", pods: "110"} | {capacity: ., allocatable: .}) +
         {conditions: [{type: "Ready", status: "True", reason: "Test", message: "m", lastHeartbeatTime: $now, lastTransitionTime: $now}]})}'
  done | kubectl create -f - > /dev/null
}

delete_fleet() {
  local n names=()
  for ((n = 1; n <= fleet_size; n++)); do names+=("fleet-$n"); done
  kubectl delete node "${names[@]}" --ignore-not-found > /dev/null
}

# One heartbeat of every node of the fleet, all at the same time: a changed condition and the real allocatable, as a
# kubelet reports them. The answer of the API server has the real value if the call of the webhook failed open. Appends
# "NODE CPU" for each answer to $site/fleet.answers, and the duration of each to $site/fleet.seconds.
send_heartbeats() {
  rm -rf "$site/fleet"
  mkdir "$site/fleet"
  curl -sS -Z --parallel-immediate --parallel-max "$fleet_size" --max-time 10 --unix-socket "$site/proxy.sock" \
    -X PATCH -H 'Content-Type: application/strategic-merge-patch+json' -d "$(heartbeat_patch "$((RANDOM % 2))" "$fleet_cpu")" \
    -o "$site/fleet/#1" -w '%{time_total}\n' "http://localhost/api/v1/nodes/fleet-[1-$fleet_size]/status" >> "$site/fleet.seconds" 2> "$site/fleet.log" || cat "$site/fleet.log"
  jq -r 'select(.kind == "Node") | "\(.metadata.name) \(.status.allocatable.cpu)"' "$site"/fleet/* >> "$site/fleet.answers"
}

# About one heartbeat per node and second.
send_heartbeats_for() { # seconds
  local end=$((SECONDS + $1)) second
  while ((SECONDS < end)); do
    second=$SECONDS
    send_heartbeats
    while ((SECONDS == second)); do tick; done
  done
}

# measure_fleet SECONDS [COMMAND...]: meanwhile runs the command. Sets $failed, and $slowest to milliseconds.
measure_fleet() {
  local calls nodes sender
  : > "$site/fleet.answers"
  : > "$site/fleet.seconds"
  with_proxy send_heartbeats_for "$1" &
  sender=$!
  "${@:2}"
  wait "$sender"
  read -r calls failed nodes < <(awk -v raw="$fleet_cpu" '{calls++} $2 == raw {failed++; nodes += !seen[$1]++}
    END {print calls + 0, failed + 0, nodes + 0}' "$site/fleet.answers")
  slowest=$(awk '$1 > most {most = $1} END {print int(most * 1000)}' "$site/fleet.seconds")
  say "$failed of $calls calls failed open, $(awk "BEGIN {printf \"%.1f\", 100 * $failed / ($calls + !$calls)}") %, of $nodes of $fleet_size nodes; slowest call: $slowest ms"
  ((calls >= fleet_size * $1 / 3)) || fail "only $calls calls in $1 s"
}

# Drops what the host, and so the API server, sends to an address, until stop_dropping.
start_dropping() { # address condition...
  dropped=("$@")
  iptables_in_node -I OUTPUT -d "${dropped[@]}" -j DROP
}

stop_dropping() {
  [[ -z ${dropped[*]} ]] || iptables_in_node -D OUTPUT -d "${dropped[@]}" -j DROP
  dropped=()
}

iptables_in_node() { "$cluster/cluster.sh" exec "$site/cluster" iptables -w "$@"; }

dropped_packets() { iptables_in_node -L OUTPUT -vnx | awk -v to="${dropped[0]}" '$3 == "DROP" && $9 == to {print $1}'; }

end_fleet() {
  stop_dropping
  delete_fleet
}

start_fleet() {
  local failed slowest
  create_fleet
  measure_fleet 5
  ((failed == 0)) || fail "calls fail open before the loss"
}

# As if the node of one replica had died. The kubelet's probes pass, so the replica stays an endpoint, as it does for
# 40 s and more after the death of a node.
lost_replica_fails_open() {
  local failed slowest dropped=() packets service
  trap end_fleet EXIT
  start_fleet
  service=$(kubectl -n "$namespace" get service "$namespace" -o 'jsonpath={.spec.clusterIP}')
  start_dropping "$(webhook_pods | jq -r '.items[0].status.podIP')" -p tcp --dport 8443 -m conntrack --ctorigdst "$service"
  measure_fleet 30
  packets=$(dropped_packets)
  say "$packets packets to ${dropped[0]} dropped"
  ((packets > 0)) || fail "no packet was dropped"
  (($(kubectl -n "$namespace" get endpoints "$namespace" -o json | jq '[.subsets[].addresses[]?] | length') == 2)) ||
    fail "the lost replica is no longer an endpoint"
  stop_dropping
  expect_soon 30 "the nodes do not return to the webhook's values" fleet_is_raised
}

fleet_is_raised() {
  [[ $(kubectl get nodes -o json | jq -r '[.items[] | select(.metadata.name | startswith("fleet-")) | .status.allocatable.cpu] | unique | join(" ")') == "$(multiply_cpu "$fleet_cpu" 2)" ]]
}

# --- in-place resize ----------------------------------------------------------------------------------------------

resize_pod() { # name CPU
  local container
  container=$(kubectl -n "$namespace" get pod "$1" -o 'jsonpath={.spec.containers[0].name}')
  kubectl -n "$namespace" patch pod "$1" --subresource resize --type strategic \
    -p "{\"spec\":{\"containers\":[{\"name\":\"$container\",\"resources\":{\"requests\":{\"cpu\":\"$2\"}}}]}}"
}

allocated_cpu_is() { # name CPU
  [[ $(kubectl -n "$namespace" get pod "$1" -o 'jsonpath={.status.containerStatuses[0].allocatedResources.cpu}') == "$2" ]]
}

pending_resize() { # name: reason and message of a resize that the kubelet did not admit
  kubectl -n "$namespace" get pod "$1" -o json | jq -r '.status.conditions[] | select(.type == "PodResizePending") | "\(.reason): \(.message)"'
}
resize_is_pending() { [[ -n $(pending_resize "$1") ]]; }

# The kubelet admits what is above the real allocatable. It defers what does not fit beside the other pods, and the API
# server refuses what is above the oversold allocatable.
oversold_pod_is_resized() {
  local before cpu
  cpu=$((($(millicores "$raw_cpu") * 5) / 4))m
  write_big_pod resized 100m | kubectl apply -f -
  wait_until 60 pod_ready "$namespace" resized || fail "the pod does not run: $(pod_message "$namespace" resized)"
  before=$(pod_identity resized)
  expect "no allocated resources" allocated_cpu_is resized 100m
  resize_pod resized "$cpu"
  wait_until 60 allocated_cpu_is resized "$cpu" || fail "not resized: $(pending_resize resized)"
  kubectl -n "$namespace" get pod resized -o json | jq -c '.status.containerStatuses[0] | {allocatedResources, resources}'
  expect "the resize is pending" not resize_is_pending resized
  [[ $(pod_identity resized) == "$before" ]] || fail "the pod was $before and is $(pod_identity resized)"
  resize_pod resized "$(($(millicores "$raw_cpu") * 2 - 50))m"
  expect_soon 60 "more than is left was admitted" resize_is_pending resized
  pending_resize resized
  expect "more than is left was allocated" allocated_cpu_is resized "$cpu"
  expect_exit 1 resize_pod resized "$(($(millicores "$raw_cpu") * 2 + 50))m"
  expect_output "allocatable: $(($(millicores "$raw_cpu") * 2))"
  kubectl -n "$namespace" delete pod resized --grace-period=1
}

# --- the webhook next to each API server --------------------------------------------------------------------------

webhook_url() { kubectl get mutatingwebhookconfiguration "$namespace" -o 'jsonpath={.webhooks[*].clientConfig.url}'; }

auto_places_webhook_next_to_api_server() {
  kubectl label node "$node" node-role.kubernetes.io/control-plane=
  take_dump "$site/before-control-plane"
  install_bundle "$site/one.tar" --components "$components" --set OVERSELL_CONTROL_PLANE=true
  expect_soon 30 "cpu is not raised" resynced_allocatable_is "$node" cpu "$(multiply_cpu "$raw_cpu" 2)"
  [[ $(webhook_url) == https://127.0.0.1:* ]] || fail "the webhook is called at '$(webhook_url)'"
  expect "there is a Deployment as well" not kubectl -n "$namespace" get deployment "$namespace"
  # The same as when it is asked for.
  install_bundle "$site/one.tar" --components "$components" --set OVERSELL_CONTROL_PLANE=true --set PLACEMENT=control-plane 2>&1 | tee "$site/output"
  expect_output 'nothing to change'
}

# Everything that the host sends to pods is lost, on any node, and so are all Services.
lost_nodes_fail_nothing_open() {
  local failed slowest dropped=()
  trap end_fleet EXIT
  start_fleet
  start_dropping 10.244.0.0/16 -m conntrack --ctdir ORIGINAL
  measure_fleet 30
  ((failed == 0)) || fail "$failed calls failed open"
}

roll_out_daemon_set() {
  kubectl -n "$namespace" rollout restart daemonset "$namespace"
  kubectl -n "$namespace" rollout status daemonset "$namespace" --timeout=60s
}

# While the only replica next to this API server is replaced, its calls are refused at once.
rollout_next_to_api_server_is_repaired() {
  local failed slowest dropped=()
  trap end_fleet EXIT
  start_fleet
  measure_fleet 20 roll_out_daemon_set
  ((failed > 0)) || fail "no call failed open: nothing was measured"
  ((slowest < 1500)) || fail "a call was not refused at once: $slowest ms"
  expect_soon 15 "the nodes do not return to the webhook's values" fleet_is_raised
  expect "cpu is not raised" allocatable_is "$node" cpu "$(multiply_cpu "$raw_cpu" 2)"
}

webhook_next_to_api_server_is_uninstalled() {
  roll_back
  expect_soon 60 "cpu is not restored" allocatable_is "$node" cpu "$raw_cpu"
  expect_same "$site/before-control-plane" "the state differs from before the install"
  kubectl label node "$node" node-role.kubernetes.io/control-plane-
}
