#!/usr/bin/env bash
# Demonstrates the main scenario, stage by stage: from an upstream registry through one file into an air-gapped cluster,
# and a complete uninstall.
#   make demo                                      on a temporary cluster and registries, removed at the end
#   make demo KEEP=1                               leaves everything running and prints instructions
#   make demo KUBECONFIG=FILE REGISTRY=HOST:PORT/PREFIX   on yours; REGISTRY_CA, REGISTRY_USERNAME and
#                                                  REGISTRY_PASSWORD are environment variables for the registry
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=site.sh
source "$(dirname "$(realpath "$0")")/site.sh"
own_kubeconfig=${KUBECONFIG:-} own_registry=${REGISTRY:-} keep=${KEEP:-}
demo_started=$SECONDS stage=0 stages=12 stage_started=$SECONDS stage_title=

begin() { # title
  finish_stage
  stage=$((stage + 1)) stage_started=$SECONDS stage_title=$1
  say ""
  say "[$stage/$stages] $1"
}

finish_stage() {
  [[ -z $stage_title ]] || say "  done in $((SECONDS - stage_started)) s"
  stage_title=
}

# logged NAME COMMAND...: writes the output to the terminal and to a log file, which an error refers to.
logged() {
  local log=$site/log/$1.log
  shift
  "$@" 2>&1 | tee "$log" | sed -u 's/^/  /' || fail "$stage_title: failed" "$log"
}

expect_allocatable() { # resource test value message
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
  if ((status != 0)) && [[ -n $stage_title ]]; then
    say ""
    say "demo: stopped at [$stage/$stages] $stage_title (logs: $site/log)"
  fi
  [[ ! -d $site/cluster/log ]] || cp -r "$site/cluster/log" "$site/log/cluster" 2> /dev/null || true
  if [[ $keep == 1 ]]; then
    print_instructions
  elif [[ -n ${claimed:-} ]]; then
    roll_back_own_cluster "$status"
    take_down
    say "demo: everything stopped; logs: $site/log"
  fi
  exit "$status"
}

# A demo that fails must not leave the cluster of a user changed.
roll_back_own_cluster() { # status
  [[ -n $own_kubeconfig && $1 != 0 && -d $site/state ]] || return 0
  say "demo: rolling back your cluster"
  roll_back || say "demo: rollback incomplete; run: $installer rollback --kubeconfig $KUBECONFIG"
}

install_again() {
  stages=13
  begin "install again, to look around (KEEP=1)"
  logged install-again install_bundle "$site/kit.tar" --components "$components"
}

print_instructions() {
  cat << T

Left running (KEEP=1). Look around:
  export KUBECONFIG=$KUBECONFIG
  $KUBECTL get pods -A -o wide
  $KUBECTL describe node $(first_node)
  $installer status  --kubeconfig \$KUBECONFIG --state-dir $site/state
  $installer history --kubeconfig \$KUBECONFIG --state-dir $site/state
  $bundler inspect $site/kit.tar
Remove everything:
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
  begin "Kubernetes (compiled once, 4 to 5 minutes; cached in $cache)"
  build_kubernetes
}

get_cert_manager() {
  begin "the real cert-manager 1.8.2 (compiled once, 4 to 5 minutes; cached in $cache)"
  if build_cached "$cluster/build-cert-manager.sh" cert-manager-1.8.2; then
    cert_manager=$cache/cert-manager-1.8.2 components=cert-manager,node-oversell
    say "  it is a component of the bundle and issues the webhook's certificate"
  else
    cert_manager='' components="node-oversell"
    say "  omitted: $cannot_build"
    say "  the installer issues the webhook's certificate"
  fi
}

start_site() {
  if [[ -n $own_kubeconfig ]]; then
    begin "your cluster"
    export KUBECONFIG=$own_kubeconfig
    kubectl get nodes > /dev/null || fail "your cluster does not answer ($own_kubeconfig)"
    ! kubectl get mutatingwebhookconfiguration "$namespace" > /dev/null 2>&1 ||
      fail "node-oversell is already installed in your cluster: roll it back first"
    if kubectl get crd certificates.cert-manager.io > /dev/null 2>&1; then
      components="node-oversell"
      say "  cert-manager is already installed and left unchanged"
    fi
  else
    begin "a single-node cluster with no route to the internet"
    start_cluster "$kubernetes"
  fi
  mapfile -t nodes < <(kubectl get nodes -o name | sed 's#^node/##')
  say "  nodes: ${nodes[*]}"
}

start_registries() {
  begin "an upstream registry with the images, and the private registry with TLS and a password"
  start_upstream "$cert_manager"
  if [[ -n $own_registry ]]; then
    registry=${own_registry#http*://}
    registry=${registry%%/*} registry_ca=${REGISTRY_CA:-}
    registry_username=${REGISTRY_USERNAME:-} registry_password=${REGISTRY_PASSWORD:-}
    [[ -z $registry_username ]] || login_to_registry "$registry"
    set_registry_options "$own_registry"
    say "  private registry: yours, $own_registry"
  else
    [[ -z $own_kubeconfig ]] || fail "your cluster needs a registry that its nodes can reach: REGISTRY=HOST:PORT/PREFIX"
    start_private_registry
    set_registry_options "$registry/airlock"
  fi
}

build_the_bundle() {
  begin "build the bundle from the upstream registry"
  copy_kit demo
  logged build build_bundle "$kit" "$site/kit.tar" --components "$components"
  say "  $(stat -c %s "$site/kit.tar") bytes; a plain OCI image layout in a tar file"
}

record_state() {
  begin "record the state before: every API object, every registry tag"
  # In a registry of the user, only the repositories of the bundle: it may have millions of tags.
  [[ -z $own_registry ]] || mapfile -t dump_repositories < <(bundle_repositories)
  take_dump "$site/before" || fail "cannot dump" "$site/before.log"
  say "  $(grep -c '"apiVersion"' "$site/before") objects recorded"
  show_nodes
  raw_cpu=$(allocatable "${nodes[0]}" cpu)
  big_cpu=$(($(largest_cpu) * 5 / 4))m
  kubectl -n default run too-big --image=airlock.test/never-pulled --restart=Never --dry-run=client -o json |
    jq --arg cpu "$big_cpu" '.spec.containers[0].resources = {requests: {cpu: $cpu}}' | kubectl apply -f - > /dev/null
  wait_until 30 pod_unschedulable default too-big || fail "a pod that requests $big_cpu CPU was expected to be unschedulable"
  say "  a pod that requests $big_cpu CPU: $(pod_message default too-big)"
  kubectl -n default delete pod too-big --grace-period=0 --force > /dev/null 2>&1
}

# Images keep their path, without the host, under the prefix of the registry.
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
  begin "install, from the private registry only"
  logged install install_bundle "$site/kit.tar" --components "$components"
  logged status run_installer status
}

show_oversold() {
  begin "allocatable is raised; a pod runs that requires it"
  expect_allocatable cpu allocatable_is_not "$raw_cpu" "the webhook is installed"
  oversold_cpu=$(allocatable "${nodes[0]}" cpu)
  show_nodes
  write_big_pod big "$big_cpu" | kubectl apply -f - > /dev/null
  wait_until 90 pod_ready "$namespace" big || fail "the pod is not running: $(pod_message "$namespace" big)"
  say "  a pod that requests $big_cpu CPU runs on $(kubectl -n "$namespace" get pod big -o 'jsonpath={.spec.nodeName}')"
  # Deleted before the rollback: a kubelet that restarts later rejects pods beyond the raw allocatable.
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

uninstall_it() {
  begin "roll back"
  logged history run_installer history
  logged rollback roll_back
  expect_allocatable cpu allocatable_is "$raw_cpu" "rolled back"
  show_nodes
}

compare_state() {
  begin "compare with the state before"
  matches_dump "$site/before" 60 || fail "the state differs from before" "$site/log/differences.diff"
  say "  every API object and every registry tag is restored:"
  say "  $(grep -c '"apiVersion"' "$site/before") objects, $(grep -c ' sha256:' "$site/before" || true) tags, no difference"
}

main() {
  site=${DEMO_FOLDER:-$cache/demo}
  if [[ ${1:-} == down ]]; then
    claim_site "$site"
    say "demo: removed"
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
  record_state
  install_it
  show_oversold
  disable_and_enable
  uninstall_it
  compare_state
  [[ $keep != 1 ]] || install_again
  finish_stage
  say ""
  say "demo: done in $((SECONDS - demo_started)) s"
}

main "$@"
