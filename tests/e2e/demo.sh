#!/usr/bin/env bash
# The main job for real, stage by stage: from an internet registry through one file into an isolated cluster, and back.
#   make demo                                      on a cluster and registries of its own, taken down at the end
#   make demo KEEP=1                               leaves all up and prints how to look around
#   make demo KUBECONFIG=FILE REGISTRY=HOST:PORT/PREFIX   on yours; then REGISTRY_CA, REGISTRY_USERNAME and
#                                                  REGISTRY_PASSWORD in the environment say how to reach the registry
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=site.sh
source "$(dirname "$(realpath "$0")")/site.sh"
own_kubeconfig=${KUBECONFIG:-} own_registry=${REGISTRY:-} keep=${KEEP:-}
demo_started=$SECONDS stage=0 stages=12 stage_started=$SECONDS stage_words=

begin() { # words
  end_of_stage
  stage=$((stage + 1)) stage_started=$SECONDS stage_words=$1
  say ""
  say "[$stage/$stages] $1"
}

end_of_stage() {
  [[ -z $stage_words ]] || say "  done in $((SECONDS - stage_started)) s"
  stage_words=
}

# logged NAME COMMAND...: to the terminal and to a log of its own, which the error names.
logged() {
  local log=$site/log/$1.log
  shift
  "$@" 2>&1 | tee "$log" | sed -u 's/^/  /' || fail "$stage_words: failed" "$log"
}

expect_allocatable() { # resource test value words
  local node
  for node in "${nodes[@]}"; do wait_until 60 "$2" "$node" "$1" "$3" || fail "$4: $node still has $1 $(allocatable "$node" "$1")"; done
}

show_nodes() {
  local node
  for node in "${nodes[@]}"; do say "  $node: $(describe_allocatable "$node")"; done
}

at_exit() {
  local status=$?
  trap - EXIT INT TERM
  if ((status != 0)) && [[ -n $stage_words ]]; then
    say ""
    say "demo: stopped at [$stage/$stages] $stage_words (logs: $site/log)"
  fi
  [[ ! -d $site/cluster/log ]] || cp -r "$site/cluster/log" "$site/log/cluster" 2> /dev/null || true
  if [[ $keep == 1 ]]; then
    show_how_to_look
  elif [[ -n ${claimed:-} ]]; then
    undo_on_own_cluster "$status"
    take_down
    say "demo: nothing is left running; logs: $site/log"
  fi
  exit "$status"
}

# A demo that stopped half way must not leave somebody's cluster changed.
undo_on_own_cluster() { # status
  [[ -n $own_kubeconfig && $1 != 0 && -d $site/state ]] || return 0
  say "demo: putting your cluster back"
  roll_back || say "demo: rollback did not finish; run: $installer rollback --kubeconfig $KUBECONFIG"
}

install_again_to_look() {
  stages=13
  begin "install it again, for you to look at (KEEP=1)"
  logged install-again install_bundle "$site/kit.tar" --components "$components"
}

show_how_to_look() {
  cat << T

Left running (KEEP=1). Look around:
  export KUBECONFIG=$KUBECONFIG
  $KUBECTL get pods -A -o wide
  $KUBECTL describe node $(first_node)
  $installer status  --kubeconfig \$KUBECONFIG --state-dir $site/state
  $installer history --kubeconfig \$KUBECONFIG --state-dir $site/state
  $bundler inspect $site/kit.tar
Take it down:
  $root/tests/e2e/demo.sh down
T
}

# --- stages -----------------------------------------------------------------------------------------------------

find_programs() {
  begin "the four programs"
  require_programs
  local program
  for program in airlock-bundler airlock-installer node-oversell-webhook node-oversell-controller; do
    say "  $program: $(stat -c %s "$dist/$program") bytes, static"
  done
}

get_kubernetes() {
  if [[ -n $own_kubeconfig ]]; then
    begin "kubectl"
    KUBECTL=$(type -P kubectl || true)
    if [[ -z $KUBECTL ]]; then
      build_kubernetes
      KUBECTL=$kubernetes/kubectl
    fi
    export KUBECTL
    say "  $KUBECTL"
    return
  fi
  begin "Kubernetes (compiled once, 4 to 5 minutes; then it is in $cache)"
  build_kubernetes
}

get_cert_manager() {
  begin "the real cert-manager 1.8.2 (compiled once, 4 to 5 minutes; then it is in $cache)"
  if build_cached "$cluster/build-cert-manager.sh" cert-manager-1.8.2; then
    cert_manager=$cache/cert-manager-1.8.2 components=cert-manager,node-oversell
    say "  it is a component of the bundle, and the webhook's certificate comes from it"
  else
    cert_manager='' components="node-oversell"
    say "  left out: $cannot_build"
    say "  the installer signs the webhook's certificate itself"
  fi
}

start_site() {
  if [[ -n $own_kubeconfig ]]; then
    begin "your cluster"
    export KUBECONFIG=$own_kubeconfig
    kubectl get nodes > /dev/null || fail "your cluster does not answer ($own_kubeconfig)"
    ! kubectl get mutatingwebhookconfiguration "$namespace" > /dev/null 2>&1 ||
      fail "your cluster has node-oversell already: roll it back first, the demo shows it from the beginning"
    if kubectl get crd certificates.cert-manager.io > /dev/null 2>&1; then
      components="node-oversell"
      say "  it has a cert-manager, which is left as it is: the bundle brings none"
    fi
  else
    begin "a single-node cluster with no route to the internet"
    start_cluster "$kubernetes"
  fi
  mapfile -t nodes < <(kubectl get nodes -o name | sed 's#^node/##')
  say "  nodes: ${nodes[*]}"
}

start_registries() {
  begin "an internet registry with the upstream images, and the private registry with TLS and a password"
  start_internet "$cert_manager"
  if [[ -n $own_registry ]]; then
    registry=${own_registry#http*://}
    registry=${registry%%/*} registry_ca=${REGISTRY_CA:-}
    registry_username=${REGISTRY_USERNAME:-} registry_password=${REGISTRY_PASSWORD:-}
    [[ -z $registry_username ]] || login_to_registry "$registry"
    set_registry_options "$own_registry"
    say "  private registry: yours, $own_registry"
  else
    [[ -z $own_kubeconfig ]] || fail "a cluster of yours needs a registry that its nodes reach: REGISTRY=HOST:PORT/PREFIX"
    start_private_registry
    set_registry_options "$registry/airlock"
  fi
}

build_the_bundle() {
  begin "the bundle, from the internet registry"
  copy_kit demo
  logged build build_bundle "$kit" "$site/kit.tar" --components "$components"
  say "  $(stat -c %s "$site/kit.tar") bytes; a plain OCI image layout in a tar file"
}

record_before() {
  begin "what is there before: every API object, every registry tag"
  # In somebody's registry, only what the bundle will touch is looked at: it may hold millions of tags.
  [[ -z $own_registry ]] || mapfile -t dump_repositories < <(bundle_repositories)
  take_dump "$site/before" || fail "cannot dump" "$site/before.log"
  say "  $(grep -c '"apiVersion"' "$site/before") objects recorded"
  show_nodes
  raw_cpu=$(allocatable "${nodes[0]}" cpu)
  big_cpu=$(($(largest_cpu) * 5 / 4))m
  kubectl -n default run too-big --image=airlock.test/never-pulled --restart=Never --dry-run=client -o json |
    jq --arg cpu "$big_cpu" '.spec.containers[0].resources = {requests: {cpu: $cpu}}' | kubectl apply -f - > /dev/null
  wait_until 30 pod_unschedulable default too-big || fail "a pod that asks for $big_cpu CPU was expected to find no room"
  say "  a pod that asks for $big_cpu CPU: $(pod_message default too-big)"
  kubectl -n default delete pod too-big --grace-period=0 --force > /dev/null 2>&1
}

# An image keeps its path and loses its host, under the registry's prefix.
bundle_repositories() {
  local prefix=${own_registry#http*://}
  prefix=${prefix#"$registry"}
  prefix=${prefix#/}
  "$installer" inspect "$site/kit.tar" --format json | jq -r '.images[].reference' |
    sed -E "s#^[^/]*/#${prefix:+$prefix/}#; s#[:@].*##" | sort -u
}

largest_cpu() {
  local node largest=0 cpu
  for node in "${nodes[@]}"; do
    cpu=$(millicores "$(allocatable "$node" cpu)")
    ((cpu <= largest)) || largest=$cpu
  done
  echo "$largest"
}

install_it() {
  begin "install it, from the private registry alone"
  logged install install_bundle "$site/kit.tar" --components "$components"
  logged status run_installer status
}

show_oversold() {
  begin "the nodes' allocatable, raised; a pod that fits only because of it"
  expect_allocatable cpu allocatable_is_not "$raw_cpu" "the webhook is installed"
  oversold_cpu=$(allocatable "${nodes[0]}" cpu)
  show_nodes
  write_big_pod big "$big_cpu" | kubectl apply -f - > /dev/null
  wait_until 90 pod_ready "$namespace" big || fail "the pod does not run: $(pod_message "$namespace" big)"
  say "  a pod that asks for $big_cpu CPU runs on $(kubectl -n "$namespace" get pod big -o 'jsonpath={.spec.nodeName}')"
  # Before anything is taken back: a kubelet that restarts later would refuse a pod beyond the raw allocatable.
  kubectl -n "$namespace" delete pod big --grace-period=1 > /dev/null
}

disable_and_enable() {
  begin "node-oversell/disable=true on ${nodes[0]}, and off again"
  kubectl label node "${nodes[0]}" node-oversell/disable=true > /dev/null
  wait_until 60 resynced_allocatable_is "${nodes[0]}" cpu "$raw_cpu" || fail "disabled, but cpu is $(allocatable "${nodes[0]}" cpu)"
  say "  disabled: $(describe_allocatable "${nodes[0]}")"
  kubectl label node "${nodes[0]}" node-oversell/disable- > /dev/null
  wait_until 60 resynced_allocatable_is "${nodes[0]}" cpu "$oversold_cpu" || fail "enabled, but cpu is $(allocatable "${nodes[0]}" cpu)"
  say "  enabled:  $(describe_allocatable "${nodes[0]}")"
}

roll_it_back() {
  begin "roll back"
  logged history run_installer history
  logged rollback roll_back
  expect_allocatable cpu allocatable_is "$raw_cpu" "rolled back"
  show_nodes
}

compare() {
  begin "compare with what was there before"
  same_as "$site/before" 60 || fail "not everything is as it was" "$site/log/not_as_it_was.diff"
  say "  every API object and every registry tag is as it was:"
  say "  $(grep -c '"apiVersion"' "$site/before") objects, $(grep -c ' sha256:' "$site/before" || true) tags, no difference"
}

main() {
  site=${DEMO_FOLDER:-$cache/demo}
  if [[ ${1:-} == down ]]; then
    claim_site "$site"
    say "demo: taken down"
    return
  fi
  claim_site "$site"
  claimed=1
  rm -rf "$site/log"
  mkdir -p "$site/log"
  trap at_exit EXIT
  trap 'exit 130' INT TERM
  find_programs
  get_kubernetes
  get_cert_manager
  start_site
  start_registries
  build_the_bundle
  record_before
  install_it
  show_oversold
  disable_and_enable
  roll_it_back
  compare
  [[ $keep != 1 ]] || install_again_to_look
  end_of_stage
  say ""
  say "demo: done in $((SECONDS - demo_started)) s"
}

main "$@"
