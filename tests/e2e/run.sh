#!/usr/bin/env bash
# The end-to-end suite: the shipped programs on a real cluster. `make test` runs it.
#   run.sh [SUITE...]     suites: 1.20.2 (issuer installer), 1.20.2-cert-manager, 1.20.2-webhook (what it does to a node
#                         over time), 1.34.3 (with cert-manager where it builds)
# Suites run beside one another, SUITES_AT_A_TIME (2), each on a site of its own. The last line is
# `N passed, N failed, N skipped`. STORIES=REGEX runs only the stories (functions of stories.sh and webhook_stories.sh)
# that match, and what they need; KEEP=1 leaves the sites up.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=site.sh
source "$(dirname "$(realpath "$0")")/site.sh"
# shellcheck source-path=SCRIPTDIR source=assert.sh
source "$root/tests/e2e/assert.sh"
# shellcheck source-path=SCRIPTDIR source=stories.sh
source "$root/tests/e2e/stories.sh"
# shellcheck source-path=SCRIPTDIR source=webhook_stories.sh
source "$root/tests/e2e/webhook_stories.sh"
stories=${STORIES:-.}

maybe() { # words function
  if [[ $2 =~ $stories ]]; then story "$@"; fi
}

maybe_alone() { machine_share=-x maybe "$@"; }

# Variables that stories read come from here: each story is a process of its own.
set_up() { # kubernetes' folder, cert-manager's folder or nothing
  HEARTBEAT=2s start_cluster "$1"
  start_internet "$2"
  start_private_registry
  set_registry_options "$registry/airlock"
  node=$(first_node) raw_cpu=$(allocatable "$node" cpu)
  # A cluster that has just come up may still refuse a list.
  wait_until 30 take_dump "$site/before" || fail "what is there cannot be listed" "$site/before.log"
}

bundles_and_bad_input() {
  maybe "the same kit gives the same bytes" bundle_is_the_same_twice
  maybe "skopeo reads every image of the bundle" skopeo_reads_the_bundle
  maybe "a manifest that names an image outside the bundle fails the build" missing_image_fails_the_build
  maybe "missing, empty, cut and foreign files are refused" bad_bundles_are_refused
  maybe "a flipped byte anywhere is found before anything changes" flipped_bytes_are_found
  maybe "the installer works where nothing else is" installer_works_in_an_empty_folder
  maybe "a wrong key is refused, openssl verifies the right one" wrong_key_is_refused
  maybe "a refused password changes nothing" wrong_password_changes_nothing
  maybe "a registry with an unknown certificate: nothing changes" unknown_certificate_changes_nothing
  maybe "an API server that is down: nothing changes" dead_api_server_changes_nothing
  maybe "no permission in the cluster: nothing changes" no_permission_changes_nothing
  maybe "a value that the webhook refuses: its own words, and rolled back" bad_value_is_named
}

main_job() {
  maybe "install: allocatable rises, the webhook answers" install_version_one
  if [[ $components == *cert-manager* ]]; then
    maybe "the webhook's certificate comes from cert-manager" certificate_comes_from_cert_manager
  fi
  maybe "every image comes from the private registry, by digest" images_come_from_the_private_registry
  maybe "a pod that fits only because of the oversell runs" big_pod_runs
  maybe "node-oversell/disable=true takes it off, and back" disable_label_takes_it_off
  maybe "installing twice changes nothing" install_twice_changes_nothing
  maybe "upgrade to a second version" upgrade_to_version_two
  maybe "roll back to the first version" roll_back_to_version_one
  maybe "roll back to nothing: every object and tag as it was" roll_back_to_nothing
}

crashes() {
  maybe "install and rollback killed at every record of the journal" killed_at_every_record
  maybe "install killed again and again is continued" killed_install_is_continued
  maybe "install killed, then rolled back: every object and tag as it was" killed_install_is_rolled_back
  maybe "rollback killed is continued" killed_rollback_is_continued
  maybe "what others made while an install was cut off comes back" what_others_made_meanwhile_comes_back
  maybe "another admin host is kept out until all is finished" other_host_is_kept_out
  maybe "a tag that somebody moved since stays" tag_that_somebody_moved_stays
}

faults() {
  maybe "Ctrl-C in the middle of an install: every object and tag as it was" interrupted_install_is_put_back
  maybe "no space for the state: nothing changes" no_space_changes_nothing
  maybe "a registry that dies in the middle: rolled back when it is there again" registry_dies_in_the_middle
  maybe "an API server that dies in the middle: rolled back when it is there again" api_server_dies_in_the_middle
  maybe "a registry that does not delete: the rollback says what it leaves" registry_that_does_not_delete
}

webhook_over_time() {
  maybe "the webhook is installed" webhook_is_installed
  maybe "the webhook has every series that the installed dashboard and rules ask for" dashboard_asks_for_what_there_is
  maybe "malformed annotations do not stop a node's heartbeats" malformed_annotations_do_not_stop_heartbeats
  maybe "another client patches conditions for a minute: allocatable never leaves its value" other_writers_do_not_compound
  maybe "two minutes of heartbeats: at least 9 of 10 are not written" heartbeats_are_not_written
  maybe "a real change of a condition passes at once" real_changes_pass_at_once
  maybe "a changed capacity passes at once, and its heartbeats are not written" changed_capacity_passes_at_once
  maybe_alone "a kubelet restarted with the webhook up keeps its oversold pods" restarted_kubelet_keeps_oversold_pods
  maybe_alone "a rolling restart under heartbeats: no call fails open" rolling_restart_never_fails_open
  maybe_alone "an evicted replica under heartbeats: no call fails open" evicted_replica_never_fails_open
  maybe_alone "a replica killed with -9 costs at most 5 s" killed_replica_costs_at_most_five_seconds
  maybe "an outage of the webhook is made up for with no hand" outage_of_the_webhook_is_made_up_for
  maybe_alone "after a power cut the webhook comes back, then the oversold workload, with no hand" power_cut_brings_all_back
  maybe "the webhook is taken out: every object and tag as it was" webhook_is_taken_out
}

# run_suite NAME KUBERNETES CERT_MANAGER PART...: in a process of its own; who calls it waits for it.
run_suite() {
  suite=$1
  local kubernetes=$2 cert_manager=$3 part
  shift 3
  trap at_end_of_suite EXIT
  trap "exit 143" TERM
  components=${cert_manager:+cert-manager,}node-oversell
  [[ $suite != *-webhook ]] || components+=,reconciler,monitoring
  claim_site "$cache/e2e/$suite"
  rm -rf "$site/log"
  mkdir -p "$site/log"
  say "     $suite: starting the cluster and the registries (log: $site/log/set_up.log)"
  hold_machine -s
  set_up "$kubernetes" "$cert_manager" > "$site/log/set_up.log" 2>&1
  release_machine
  is_up=1
  story "the bundler builds two versions" build_bundles
  if [[ -n $story_passed ]]; then
    for part in "$@"; do "$part"; done
  fi
}

at_end_of_suite() {
  local status=$?
  trap - EXIT
  if [[ -z ${is_up:-} ]]; then
    echo failed >> "$results"
    say "FAIL $suite: the site does not start"
    tail -n 12 "$site/log/set_up.log" || true
  fi
  if [[ -d ${site:-}/cluster/log && (-z ${is_up:-} || -e $site/failed) ]]; then
    cp -r "$site/cluster/log" "$site/log/cluster"
    say "     $suite: the logs of its cluster: $site/log/cluster"
  fi
  [[ ${KEEP:-} == 1 || -z ${site:-} ]] || take_down
  exit "$status"
}

# start_suite NAME ARGUMENT...: as soon as fewer than SUITES_AT_A_TIME run.
start_suite() {
  while (($(jobs -rp | wc -l) >= ${SUITES_AT_A_TIME:-2})); do tick; done
  run_suite "$@" &
}

at_exit() {
  local status=$? suites
  trap - EXIT INT TERM
  suites=$(jobs -rp)
  # shellcheck disable=SC2086 # one argument for each process
  [[ -z $suites ]] || kill -TERM $suites
  wait
  rm -f "$results"
  exit "$status"
}

wanted() { # NAME WANTED...: every suite when none is named
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
  if wanted 1.34.3 "$@"; then
    if build_cached "$cluster/build-new-kubernetes.sh" kubernetes-1.34.3; then new=$cache/kubernetes-1.34.3
    else suite=1.34.3 skip "everything on a current Kubernetes" "$cannot_build"; fi
  fi

  [[ -n $old ]] || suite=1.20.2 skip "everything on the oldest Kubernetes" "$no_old"
  [[ -n $old$new ]] || fail "no Kubernetes can be built here: $no_old"
  if [[ -n $old ]] && wanted 1.20.2 "$@"; then start_suite 1.20.2 "$old" "" bundles_and_bad_input main_job crashes faults; fi
  if [[ -n $old ]] && wanted 1.20.2-webhook "$@"; then start_suite 1.20.2-webhook "$old" "" webhook_over_time; fi
  if [[ -n $old ]] && wanted 1.20.2-cert-manager "$@"; then
    if [[ -n $cert_manager ]]; then start_suite 1.20.2-cert-manager "$old" "$cert_manager" main_job
    else suite=1.20.2-cert-manager skip "the main job with the real cert-manager" "$no_cert_manager"; fi
  fi
  if [[ -n $new ]]; then start_suite 1.34.3 "$new" "$cert_manager" bundles_and_bad_input main_job crashes; fi
  wait
  end_of_stories
}

main "$@"
