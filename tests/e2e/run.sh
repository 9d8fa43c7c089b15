#!/usr/bin/env bash
# The end-to-end suite: the release programs on a real cluster. `make test` runs it.
#   run.sh [SUITE...]     suites: 1.20.2 (issuer installer), 1.20.2-cert-manager, 1.20.2-webhook (the webhook
#                         over time, in both placements), 1.36.3 (with cert-manager where it builds), 1.36.3-webhook
# Suites run in parallel, SUITES_AT_A_TIME (2), each with its own cluster and registries. The last line is
# `N passed, N failed, N skipped`. STORIES=REGEX runs only the stories (functions of the *stories.sh)
# that match, and the ones that they need; KEEP=1 leaves the clusters running.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=site.sh
source "$(dirname "$(realpath "$0")")/site.sh"
# shellcheck source-path=SCRIPTDIR source=assert.sh
source "$root/tests/e2e/assert.sh"
# shellcheck source-path=SCRIPTDIR source=stories.sh
source "$root/tests/e2e/stories.sh"
# shellcheck source-path=SCRIPTDIR source=webhook_stories.sh
source "$root/tests/e2e/webhook_stories.sh"
# shellcheck source-path=SCRIPTDIR source=node_stories.sh
source "$root/tests/e2e/node_stories.sh"
stories=${STORIES:-.}

run_story() { # title function
  if [[ $2 =~ $stories ]]; then story "$@"; fi
}

maybe_exclusive() { machine_lock_mode=-x run_story "$@"; }

# Sets the variables that stories read; each story runs in a process of its own.
set_up() { # directory of Kubernetes, directory of cert-manager or nothing
  HEARTBEAT=2s start_cluster "$1"
  start_upstream "$2"
  start_private_registry
  set_registry_options "$registry/airlock"
  node=$(first_node) raw_cpu=$(allocatable "$node" cpu)
  # A cluster that has just started may still reject a list.
  wait_until 30 take_dump "$site/before" || fail "cannot dump the state" "$site/before.log"
}

bundles_and_invalid_input() {
  run_story "builds are reproducible" bundle_is_reproducible
  run_story "skopeo reads every image of the bundle" skopeo_reads_the_bundle
  run_story "a manifest with an image outside the bundle fails the build" missing_image_fails_the_build
  run_story "missing, empty, truncated and foreign files are rejected" malformed_bundles_are_rejected
  run_story "a corrupted byte is detected before anything changes" corrupted_bytes_are_detected
  run_story "the installer runs in an empty root directory" installer_runs_in_an_empty_root
  run_story "a wrong key is rejected; openssl verifies the right one" wrong_key_is_rejected
  run_story "a wrong password changes nothing" wrong_password_changes_nothing
  run_story "an untrusted registry certificate changes nothing" unknown_certificate_changes_nothing
  run_story "an unreachable API server changes nothing" unreachable_api_server_changes_nothing
  run_story "missing permissions in the cluster change nothing" no_permission_changes_nothing
  run_story "a value that the webhook rejects is reported and rolled back" invalid_value_is_reported
}

lifecycle() {
  run_story "install raises allocatable, and the webhook is ready" install_version_one
  if [[ $components == *cert-manager* ]]; then
    run_story "the webhook's certificate comes from cert-manager" certificate_comes_from_cert_manager
  fi
  run_story "every image is pulled from the private registry by digest" images_come_from_the_private_registry
  run_story "a pod that requires oversold capacity runs" oversold_pod_runs
  run_story "node-oversell/disable=true disables oversell, removing it enables it" disable_label_disables_oversell
  run_story "installing twice changes nothing" install_twice_changes_nothing
  run_story "upgrade to a second version" upgrade_to_version_two
  run_story "roll back to the first version" roll_back_to_version_one
  run_story "uninstall restores every object and tag" uninstall_completely
}

crashes() {
  run_story "install and rollback killed at records of the journal" killed_at_records
  run_story "an install that is killed repeatedly is continued" killed_install_is_continued
  run_story "an install that was killed is rolled back completely" killed_install_is_rolled_back
  run_story "a rollback that was killed is continued" killed_rollback_is_continued
  run_story "objects created while an install was interrupted are restored" objects_created_meanwhile_are_restored
  run_story "a rollback keeps what others have edited since" edits_of_others_survive_a_rollback
  run_story "another admin host is locked out until the run is finished" other_host_is_locked_out
  run_story "a tag that another user moved since is kept" moved_tag_is_kept
}

faults() {
  run_story "Ctrl-C during an install rolls back completely" interrupted_install_is_rolled_back
  run_story "a full disk changes nothing" full_disk_changes_nothing
  run_story "a registry that fails during an install: rolled back when it is available again" registry_fails_during_install
  run_story "an API server that fails during a rollback: rolled back when it is available again" api_server_fails_during_rollback
  run_story "a registry without deletion: the rollback lists the tags that it keeps" registry_without_deletion
}

webhook_over_time() {
  run_story "the webhook is installed" webhook_is_installed
  run_story "the webhook has every metric of the installed dashboard and rules" dashboard_metrics_exist
  run_story "malformed annotations do not stop a node's heartbeats" malformed_annotations_do_not_stop_heartbeats
  run_story "another client patches conditions for a minute: allocatable stays constant" other_writers_do_not_compound
  run_story "two minutes of heartbeats: at least 9 of 10 are not written" unchanged_heartbeats_are_not_written
  run_story "a changed condition is written immediately" changed_conditions_are_written
  run_story "a changed capacity is written immediately, unchanged heartbeats are not" changed_capacity_is_written
  run_story "the kernel ends the webhook last on a node that is out of memory" webhook_is_ended_last
  maybe_exclusive "a node that is out of CPU and memory: no call fails open" pressure_never_fails_open
  maybe_exclusive "one of two replicas is lost with its node: the share of calls that fail open" lost_replica_fails_open
  if [[ $suite != 1.20.2-* ]]; then # pods/resize exists since 1.33
    run_story "a running pod is resized above the node's real allocatable" oversold_pod_is_resized
  fi
  maybe_exclusive "a kubelet that restarts while the webhook is up keeps its oversold pods" restarted_kubelet_keeps_oversold_pods
  maybe_exclusive "during a rolling restart no call fails open" rolling_restart_never_fails_open
  maybe_exclusive "during an eviction no call fails open" evicted_replica_never_fails_open
  maybe_exclusive "a replica killed with SIGKILL causes at most 5 s of raw values" killed_replica_costs_at_most_five_seconds
  run_story "a node recovers automatically after an outage of the webhook" node_recovers_after_a_webhook_outage
  maybe_exclusive "after a power loss the webhook recovers, then the oversold workload" everything_recovers_after_a_power_loss
  run_story "uninstalling the webhook restores every object and tag" webhook_is_uninstalled
}

webhook_next_to_api_server() {
  run_story "PLACEMENT=auto chooses the control plane, where the API server calls 127.0.0.1" auto_places_webhook_next_to_api_server
  maybe_exclusive "the loss of all other nodes fails no call open" lost_nodes_fail_nothing_open
  maybe_exclusive "during a rollout calls are refused at once, and the controller resyncs" rollout_next_to_api_server_is_repaired
  run_story "uninstalling from the control plane restores every object and tag" webhook_next_to_api_server_is_uninstalled
}

# run_suite NAME KUBERNETES CERT_MANAGER PART...: runs in a process of its own.
run_suite() {
  suite=$1
  local kubernetes=$2 cert_manager=$3 part
  shift 3
  trap suite_exit EXIT
  trap "exit 143" TERM
  components=${cert_manager:+cert-manager,}node-oversell
  [[ $suite != *-webhook ]] || components+=,monitoring
  claim_site "$cache/e2e/$suite"
  rm -rf "$site/log"
  mkdir -p "$site/log"
  say "     $suite: starting the cluster and the registries (log: $site/log/set_up.log)"
  lock_machine -s
  set_up "$kubernetes" "$cert_manager" > "$site/log/set_up.log" 2>&1
  unlock_machine
  is_up=1
  story "the bundler builds two versions" build_bundles
  if [[ -n $story_passed ]]; then
    for part in "$@"; do "$part"; done
  fi
}

suite_exit() {
  local status=$?
  trap - EXIT
  if [[ -z ${is_up:-} ]]; then
    echo failed >> "$results"
    say "FAIL $suite: the cluster or a registry does not start"
    tail -n 12 "$site/log/set_up.log" || true
  fi
  if [[ -d ${site:-}/cluster/log && (-z ${is_up:-} || -e $site/failed) ]]; then
    cp -r "$site/cluster/log" "$site/log/cluster"
    say "     $suite: cluster logs: $site/log/cluster"
  fi
  [[ ${KEEP:-} == 1 || -z ${site:-} ]] || take_down
  exit "$status"
}

# start_suite NAME ARGUMENT...: starts it when fewer than SUITES_AT_A_TIME are running.
start_suite() {
  while (($(jobs -rp | wc -l) >= ${SUITES_AT_A_TIME:-2})); do tick; done
  run_suite "$@" &
}

at_exit() {
  local status=$? suites
  trap - EXIT INT TERM
  suites=$(jobs -rp)
  # shellcheck disable=SC2086 # one argument per process
  [[ -z $suites ]] || kill -TERM $suites
  wait
  rm -f "$results"
  exit "$status"
}

wanted() { # NAME WANTED...: every suite by default
  local name=$1
  shift
  [[ $# == 0 || " $* " == *" $name "* ]]
}

main() {
  local cert_manager='' no_cert_manager='' old='' no_old='' new=''
  require_programs
  trap at_exit EXIT
  trap 'exit 130' INT TERM
  if build_cached "$cluster/build-kubernetes.sh" kubernetes-1.20.2; then old=$cache/kubernetes-1.20.2
  else no_old=$cannot_build; fi
  if build_cached "$cluster/build-cert-manager.sh" cert-manager-1.8.2; then cert_manager=$cache/cert-manager-1.8.2
  else no_cert_manager=$cannot_build; fi
  if wanted 1.36.3 "$@" || wanted 1.36.3-webhook "$@"; then
    if build_cached "$cluster/build-new-kubernetes.sh" kubernetes-1.36.3; then new=$cache/kubernetes-1.36.3
    else suite=1.36.3 skip "everything on a current Kubernetes" "$cannot_build"; fi
  fi

  [[ -n $old ]] || suite=1.20.2 skip "everything on the oldest Kubernetes" "$no_old"
  [[ -n $old$new ]] || fail "no Kubernetes can be built here: $no_old"
  if [[ -n $old ]] && wanted 1.20.2 "$@"; then start_suite 1.20.2 "$old" "" bundles_and_invalid_input lifecycle crashes faults; fi
  if [[ -n $old ]] && wanted 1.20.2-webhook "$@"; then start_suite 1.20.2-webhook "$old" "" webhook_over_time webhook_next_to_api_server; fi
  if [[ -n $new ]] && wanted 1.36.3-webhook "$@"; then start_suite 1.36.3-webhook "$new" "" webhook_over_time webhook_next_to_api_server; fi
  if [[ -n $new ]] && wanted 1.36.3 "$@"; then start_suite 1.36.3 "$new" "$cert_manager" bundles_and_invalid_input lifecycle crashes; fi
  if [[ -n $old ]] && wanted 1.20.2-cert-manager "$@"; then
    if [[ -n $cert_manager ]]; then start_suite 1.20.2-cert-manager "$old" "$cert_manager" lifecycle
    else suite=1.20.2-cert-manager skip "lifecycle with the real cert-manager" "$no_cert_manager"; fi
  fi
  wait
  print_summary
}

main "$@"
