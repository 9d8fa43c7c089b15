# The stories of the end-to-end suite, one function each. Sourced by run.sh, never run.
# Every story that passes leaves the cluster as the next one expects it: nothing installed, or version 1.
# shellcheck shell=bash

# --- bundles ----------------------------------------------------------------------------------------------------

build_bundles() {
  copy_kit one
  build_bundle "$kit" "$site/one.tar" --components "$components"
  copy_kit two
  make_version_two "$kit"
  build_bundle "$kit" "$site/two.tar" --components "$components"
}

# Version 1.1.0, with cpu ratio 3.0 instead of 2.0.
make_version_two() { # kit
  sed -i -E '/^metadata:/,/^[a-z]+:/ s/1\.0\.0/1.1.0/' "$1/bundle.yaml"
  grep -q '1\.1\.0' "$1/bundle.yaml"
  sed -i -E 's/(CPU_RATIO: *")2\.0/\13.0/' "$1/bundle.yaml"
  grep -q '"3\.0"' "$1/bundle.yaml"
}

bundle_is_reproducible() {
  copy_kit one
  build_bundle "$kit" "$site/again.tar" --components "$components"
  cmp "$site/one.tar" "$site/again.tar"
  rm "$site/again.tar"
}

skopeo_reads_the_bundle() {
  local reference
  tar -xOf "$site/one.tar" index.json | jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"] // empty' > "$site/references"
  expect "index.json has no image names" test -s "$site/references"
  while read -r reference; do
    skopeo inspect "oci-archive:$site/one.tar:$reference" | jq -r '.Digest'
  done < "$site/references"
}

missing_image_fails_the_build() {
  copy_kit missing
  local manifest=$kit/deployment.yaml
  sed -i -E 's#(image: *).*#\1quay.io/nobody/absent:v1#' "$manifest"
  expect_exit 1 build_bundle "$kit" "$site/missing.tar" --components "$components"
  expect_output 'deployment\.yaml'
  expect_output 'quay\.io/nobody/absent:v1'
  expect "a bundle was written" test ! -e "$site/missing.tar"
}

# expect_rejected FILE OPTION...: exits with 3 and the name of the file.
expect_rejected() {
  expect_exit 3 install_bundle "$@" --components "$components"
  expect_output "$(basename "$1")"
}

malformed_bundles_are_rejected() {
  local bad=$site/bad.tar size
  expect_rejected "$site/not-there.tar"
  : > "$bad"
  expect_rejected "$bad"
  head -c 100000 /dev/urandom > "$bad"
  expect_rejected "$bad"
  tar -C "$root" -cf "$bad" LICENSE
  expect_rejected "$bad"
  size=$(stat -c %s "$site/one.tar")
  for cut in 1000 $((size / 3)) $((size - 2000)); do
    head -c "$cut" "$site/one.tar" > "$bad"
    expect_rejected "$bad"
  done
  rm "$bad"
  expect_same "$site/before" "a rejected bundle changed something"
}

# In the index, the kit, a manifest, layers, and near the end.
corrupted_bytes_are_detected() {
  local bad=$site/flipped.tar size offset byte
  cp "$site/one.tar" "$bad"
  size=$(stat -c %s "$bad")
  for offset in 600 2600 $((size / 5)) $((size / 2)) $((size * 4 / 5)) $((size - 20000)); do
    byte=$(xxd -s "$offset" -l 1 -p "$bad")
    printf '%02x' $((0x$byte ^ 1)) | xxd -r -p | dd of="$bad" bs=1 seek="$offset" conv=notrunc status=none
    say "byte at $offset of $size flipped"
    expect_rejected "$bad"
    printf '%s' "$byte" | xxd -r -p | dd of="$bad" bs=1 seek="$offset" conv=notrunc status=none
  done
  cmp "$bad" "$site/one.tar"
  rm "$bad"
  expect_same "$site/before" "a corrupted byte was detected after something had changed"
}

make_key() { # name: keys/NAME.key and keys/NAME.pub
  mkdir -p "$site/keys"
  (cd "$site/keys" && "$bundler" keygen "$1")
}

wrong_key_is_rejected() {
  make_key ours
  make_key theirs
  copy_kit signed
  build_bundle "$kit" "$site/signed.tar" --components "$components" --key "$site/keys/ours.key"
  "$bundler" verify "$site/signed.tar" --key "$site/keys/ours.pub"
  expect_rejected "$site/signed.tar" --key "$site/keys/theirs.pub"
  expect_rejected "$site/one.tar" --key "$site/keys/ours.pub"
  # openssl can verify the signature without Airlock.
  tar -xOf "$site/signed.tar" index.json.sig | base64 -d > "$site/keys/signature"
  tar -xOf "$site/signed.tar" index.json | openssl dgst -sha256 -verify "$site/keys/ours.pub" -signature "$site/keys/signature"
  expect_same "$site/before" "a wrong key was rejected after something had changed"
}

# As on an empty host: no loader, no library, no /etc, no /dev.
installer_runs_in_an_empty_root() {
  local directory=$site/empty
  mkdir -p "$directory"
  tar -C "$directory" -xf "$site/one.tar" airlock-installer
  ln "$site/one.tar" "$registry_ca" "$directory/"
  kubectl config view --raw --flatten > "$directory/kubeconfig"
  env -i "$(command -v chroot)" "$directory" /airlock-installer verify /one.tar
  expect_exit 10 env -i "$(command -v chroot)" "$directory" /airlock-installer plan /one.tar --components "$components" --kubeconfig /kubeconfig --registry "$registry/airlock" \
    --registry-ca /ca.crt --username "$registry_username" --password-stdin <<< "$registry_password"
  expect_output "create Deployment $namespace/$namespace"
  rm -r "$directory"
}

# --- other bad input --------------------------------------------------------------------------------------------

wrong_password_changes_nothing() {
  registry_password=wrong
  expect_exit 1 install_bundle "$site/one.tar" --components "$components"
  expect_output "$registry"
  expect_same "$site/before" "a wrong password changed something"
}

unknown_certificate_changes_nothing() {
  registry_ca=
  set_registry_options "$registry/airlock"
  expect_exit 1 install_bundle "$site/one.tar" --components "$components"
  expect_output 'registry-ca'
  expect_same "$site/before" "an untrusted certificate changed something"
}

unreachable_api_server_changes_nothing() {
  sed 's#:6443#:6444#' "$KUBECONFIG" > "$site/dead.kubeconfig"
  KUBECONFIG=$site/dead.kubeconfig expect_exit 1 install_bundle "$site/one.tar" --components "$components"
  expect_output ':6444'
  expect_same "$site/before" "an unreachable API server changed something"
}

# The cause is only in the log of the new pods, not in an event.
invalid_value_is_reported() {
  expect_exit 4 install_bundle "$site/one.tar" --components "$components" --set CPU_RATIO=banana --timeout 60
  expect_output 'log of .*banana'
  expect_output 'not ready after 60 s'
  expect_same "$site/before" "not restored"
}

no_permission_changes_nothing() {
  "$cluster/cluster.sh" user "$site/cluster" nobody
  KUBECONFIG=$site/cluster/nobody.kubeconfig expect_exit 1 install_bundle "$site/one.tar" --components "$components"
  expect_output 'permission denied'
  expect_same "$site/before" "an installer without permission changed something"
}

# --- the main job -----------------------------------------------------------------------------------------------

install_version_one() {
  install_bundle "$site/one.tar" --components "$components"
  expect_soon 30 "cpu is not raised" allocatable_is "$node" cpu "$(multiply_cpu "$raw_cpu" 2)"
  expect_soon 30 "the webhook is not ready" webhook_is_ready
  expect "the cluster is still locked" not lock_is_held
  take_dump "$site/installed"
  expect "the dump does not differ after an install" differs "$site/before" "$site/installed"
}

differs() { ! cmp -s "$1" "$2"; }

multiply_cpu() { # cpu factor: 2 or 1500m
  local all=$(($(millicores "$1") * $2))
  if ((all % 1000 == 0)); then echo $((all / 1000)); else echo "${all}m"; fi
}

webhook_is_ready() {
  local ip
  ip=$(kubectl -n "$namespace" get service "$namespace" -o 'jsonpath={.spec.clusterIP}')
  [[ $("$cluster/cluster.sh" exec "$site/cluster" curl -sk --max-time 5 "https://$ip/readyz") == ok ]]
}

certificate_comes_from_cert_manager() {
  kubectl -n "$namespace" wait --for=condition=Ready certificate/serving-cert --timeout=30s
  kubectl get mutatingwebhookconfiguration "$namespace" -o 'jsonpath={.webhooks[*].clientConfig.caBundle}' | grep -q .
  kubectl -n "$namespace" get secret webhook-server-cert -o json | jq -e '.metadata.annotations["cert-manager.io/certificate-name"] == "serving-cert"'
}

images_come_from_the_private_registry() {
  kubectl get pods -A -o json | jq -r '.items[].spec | .containers[], .initContainers[]? | .image' | sort -u > "$site/images"
  cat "$site/images"
  expect "an image from another registry" test -z "$(grep -vE "^$registry/airlock/.*@sha256:" "$site/images")"
}

oversold_pod_runs() {
  write_big_pod big "$((($(millicores "$raw_cpu") * 5) / 4))m" | kubectl apply -f -
  wait_until 60 pod_ready "$namespace" big || fail "the pod is not running: $(pod_message "$namespace" big)"
  kubectl -n "$namespace" delete pod big --grace-period=1
}

disable_label_disables_oversell() {
  kubectl label node "$node" node-oversell/disable=true
  expect_soon 30 "the label has no effect" resynced_allocatable_is "$node" cpu "$raw_cpu"
  kubectl label node "$node" node-oversell/disable-
  expect_soon 30 "without the label nothing is raised" resynced_allocatable_is "$node" cpu "$(multiply_cpu "$raw_cpu" 2)"
}

install_twice_changes_nothing() {
  resource_versions > "$site/versions.before"
  install_bundle "$site/one.tar" --components "$components" 2>&1 | tee "$site/output"
  expect_output 'nothing to change'
  resource_versions > "$site/versions.after"
  diff "$site/versions.before" "$site/versions.after"
  run_installer plan "$site/one.tar" --components "$components" "${registry_options[@]}" <<< "$registry_password" | tee "$site/output"
  expect_output '^nothing to change$'
}

# Of all objects except those that change at any time: nodes, leases, events, and leader election records.
resource_versions() {
  kubectl get "$(kubectl api-resources --verbs=list -o name | grep -vE '^(events|leases|componentstatuses|nodes)(\.|$)|\.metrics\.k8s\.io$' | sort -u | paste -sd,)" \
    --all-namespaces -o json | jq -r '.items[] | select(.metadata.annotations["control-plane.alpha.kubernetes.io/leader"] | not)
      | "\(.kind) \(.metadata.namespace)/\(.metadata.name) \(.metadata.resourceVersion)"' | sort
}

upgrade_to_version_two() {
  install_bundle "$site/two.tar" --components "$components"
  expect_soon 60 "cpu is not raised by 3.0" resynced_allocatable_is "$node" cpu "$(multiply_cpu "$raw_cpu" 3)"
  run_installer history
}

roll_back_to_version_one() {
  roll_back 1
  expect_soon 60 "cpu is not raised by 2.0" resynced_allocatable_is "$node" cpu "$(multiply_cpu "$raw_cpu" 2)"
  expect_same "$site/installed" "the state differs from version 1"
}

uninstall_completely() {
  run_installer uninstall --yes "${registry_options[@]}" <<< "$registry_password"
  expect_soon 60 "cpu is not restored" allocatable_is "$node" cpu "$raw_cpu"
  expect_same "$site/before" "the state differs from before the first install"
}

# --- kill -9 ----------------------------------------------------------------------------------------------------

journal_size() { find "$site/state" -type f -name '*journal*' -exec cat {} + 2> /dev/null | wc -l; }

journal_has() { (($(journal_size) >= $1)) || ! kill -0 "$2" 2> /dev/null; }

# killed_at_record RECORDS FUNCTION...: starts it and kills it with SIGKILL as soon as the journal has RECORDS more records.
# True when it was killed, false when it had finished before.
killed_at_record() {
  local records=$(($(journal_size) + $1)) pid
  shift
  "$@" &
  pid=$!
  wait_until 240 journal_has "$records" "$pid"
  # Kills the program first, then the shell that runs the function.
  pkill -KILL -P "$pid" || true
  kill -KILL "$pid" 2> /dev/null || true
  ! wait "$pid"
}

install_one() { install_bundle "$site/one.tar" --components "$components"; }

killed_install_is_continued() {
  local records
  for records in 1 3 6 10; do
    if killed_at_record "$records" install_one; then say "killed after $records more records"; fi
  done
  install_one
  expect_soon 60 "cpu is not raised" resynced_allocatable_is "$node" cpu "$(multiply_cpu "$raw_cpu" 2)"
  uninstall_completely
}

killed_install_is_rolled_back() {
  local records
  for records in 1 2 4 8 16; do
    killed_at_record "$records" install_one || say "finished before record $records"
    say "killed after $records records; rolling back"
    roll_back
    expect_same "$site/before" "not restored, killed after $records records"
  done
}

killed_rollback_is_continued() {
  install_one
  killed_at_record 3 roll_back || say "finished before"
  roll_back || true
  expect_same "$site/before" "not restored, rollback killed"
}

# Kills the installer at its Nth fsync: a record has just become durable, and its change is not made yet.
# True when it was killed, false when it had finished before.
killed_at_fsync() { # N installer's arguments...
  local status=0
  strace -f -qq -o /dev/null -e trace=fsync,fdatasync -e "inject=fsync,fdatasync:signal=KILL:when=$1" \
    "$installer" "${@:2}" --kubeconfig "$KUBECONFIG" --state-dir "$site/state" --yes "${registry_options[@]}" \
    <<< "$registry_password" || status=$?
  case $status in
    137) return 0 ;;
    0) return 1 ;;
    *) fail "exit code $status, neither killed nor successful" ;;
  esac
}

# With a kit without pods. After an odd number of records the install is continued first, after an even number it is
# rolled back, so both cover every kind of record; rollback is killed at as many of its own records. Every CRASH_STEPth
# record, by default the 5th; the suites begin at different ones. `make crash-matrix` tries each.
killed_at_records() {
  local step=${CRASH_STEP:-5} more=1 tried=0 n=1
  [[ $step == 1 || $suite == 1.20.2 ]] || n=3
  kubectl -n default create configmap theirs --from-literal=key=theirs
  build_small
  take_dump "$site/before-small"
  while [[ -n $more ]]; do
    killed_at_fsync "$n" install "$site/small.tar" || more=
    say "fsync $n"
    if ((n % 2 == 1)); then install_small; fi
    if killed_at_fsync "$n" rollback; then roll_back; fi
    expect_same "$site/before-small" "not restored, killed at fsync $n"
    expect "the run is unfinished" test ! -e "$(state_dir)/pending.json"
    expect "the cluster is still locked" not lock_is_held
    n=$((n + step)) tried=$((tried + 1))
  done
  say "$tried points"
  expect "only $n records were found" test "$n" -gt 10
  kubectl -n default delete configmap theirs
}

# Interrupted before the first change; then another user creates an object that the kit has as well.
objects_created_meanwhile_are_restored() {
  local n=0
  build_small
  until [[ -e $(state_dir)/pending.json ]]; do
    n=$((n + 1))
    killed_at_fsync "$n" install "$site/small.tar" || fail "it finished before"
  done
  kubectl -n default create configmap small --from-literal=key=mine
  take_dump "$site/before-mine"
  # The cluster lock of the interrupted run.
  sed -i '/^lease\./d' "$site/before-mine"
  install_small
  roll_back
  expect_same "$site/before-mine" "the object that was created meanwhile is not restored"
  kubectl -n default delete configmap small
  expect_same "$site/before" "not restored"
}

moved_tag_is_kept() {
  local digest
  build_small
  install_small
  expect_exit 2 run_installer rollback 7 --yes
  expect_output 'generation 7 does not exist: 1 is the newest'
  skopeo copy -q --src-cert-dir "$REGISTRY_CERTS" --dest-cert-dir "$REGISTRY_CERTS" \
    "docker://$registry/airlock/other/image:1" "docker://$registry/airlock/small:1.0.0"
  digest=$(skopeo inspect --cert-dir "$REGISTRY_CERTS" --format '{{.Digest}}' "docker://$registry/airlock/small:1.0.0")
  expect_exit 5 roll_back
  expect_output "it was moved to $digest since"
  [[ $(skopeo inspect --cert-dir "$REGISTRY_CERTS" --format '{{.Digest}}' "docker://$registry/airlock/small:1.0.0") == "$digest" ]]
  skopeo delete --cert-dir "$REGISTRY_CERTS" "docker://$registry/airlock/small:1.0.0"
  expect_same "$site/before" "not restored"
}

config_map_is() { # JSON of the data of ConfigMap theirs
  [[ $(kubectl -n default get configmap theirs -o json | jq -cS .data) == "$1" ]] ||
    fail "its data is $(kubectl -n default get configmap theirs -o json | jq -cS .data), not $1"
}

# The small kit sets `key` of a ConfigMap that exists. Others edit the same object before it is rolled back.
edits_of_others_survive_a_rollback() {
  local copy
  kubectl -n default create configmap theirs --from-literal=key=theirs
  build_small
  install_small
  kubectl -n default patch configmap theirs -p '{"data": {"added": "since"}}'
  roll_back
  config_map_is '{"added":"since","key":"theirs"}'
  install_small
  kubectl -n default patch configmap theirs -p '{"data": {"key": "edited"}}'
  expect_exit 5 roll_back
  expect_output 'ConfigMap default/theirs: it was edited since: data.key'
  config_map_is '{"added":"since","key":"edited"}'
  copy=$(state_dir)/left/generation-1/ConfigMap_default_theirs.json
  [[ $(jq -r .data.key "$copy") == theirs ]] || fail "the recorded content is not in $copy"
  rm -r "$(state_dir)/left"
  install_small
  kubectl -n default patch configmap theirs -p '{"data": {"key": "edited again"}}'
  roll_back --force
  config_map_is '{"added":"since","key":"edited"}'
  kubectl -n default delete configmap theirs
  expect_same "$site/before" "not restored"
}

# Two admin hosts, each with its own state directory: an unfinished run of one locks the other out.
other_host_is_locked_out() {
  local pid status=0
  build_small
  killed_at_fsync 8 install "$site/small.tar" || fail "it finished before"
  expect "the run is finished" test -e "$(state_dir)/pending.json"
  take_dump "$site/half"
  expect_exit 1 install_small_elsewhere
  expect_output "another installer holds the cluster lock: .*$(state_dir),"
  expect_same "$site/half" "an installer that was locked out changed something"
  expect_exit 6 run_installer status
  expect_output 'generation 1 .* was interrupted'
  expect_exit 6 "$installer" status --kubeconfig "$KUBECONFIG" --state-dir "$site/elsewhere"
  expect_output "is unfinished on .*$(state_dir),"
  roll_back
  # Both at the same time: one installs, the other fails.
  strace -f -qq -o /dev/null -e trace=fsync -e inject=fsync:delay_exit=300000 \
    "$installer" install "$site/small.tar" --yes --kubeconfig "$KUBECONFIG" --state-dir "$site/state" \
    "${registry_options[@]}" <<< "$registry_password" &
  pid=$!
  wait_until 20 lock_is_held
  expect_exit 1 install_small_elsewhere
  expect_output 'another installer holds the cluster lock'
  expect_exit 6 run_installer status
  expect_output 'is running'
  wait "$pid" || status=$?
  expect "the first installer failed" test "$status" == 0
  expect "the cluster is still locked" not lock_is_held
  "$installer" rollback --yes --kubeconfig "$KUBECONFIG" --state-dir "$site/elsewhere" "${registry_options[@]}" <<< "$registry_password"
  rm -r "$site/elsewhere"
  expect_same "$site/before" "not restored"
}

install_small_elsewhere() {
  "$installer" install "$site/small.tar" --yes --kubeconfig "$KUBECONFIG" --state-dir "$site/elsewhere" \
    "${registry_options[@]}" <<< "$registry_password"
}

lock_is_held() { kubectl -n kube-system get lease airlock-installer > /dev/null 2>&1; }

# --- faults during a run ----------------------------------------------------------------------------------------

install_small() { run_installer install "$site/small.tar" --yes "${registry_options[@]}" <<< "$registry_password"; }

build_small() {
  [[ -f $site/small.tar ]] || "$bundler" build "$root/tests/e2e/small-kit/bundle.yaml" -o "$site/small.tar"
}

interrupted_install_is_rolled_back() {
  local pid records
  records=$(($(journal_size) + 6))
  "$installer" install "$site/one.tar" --yes --components "$components" --kubeconfig "$KUBECONFIG" --state-dir "$site/state" \
    "${registry_options[@]}" <<< "$registry_password" > "$site/output" 2>&1 &
  pid=$!
  wait_until 60 journal_has "$records" "$pid"
  kill -INT "$pid"
  expect_exit 130 wait "$pid"
  expect_same "$site/before" "not restored, interrupted"
}

full_disk_changes_nothing() {
  local full=$site/full room
  build_small
  mkdir -p "$full"
  # Space for nothing, for the directory only, and for the journal as well.
  for room in 0 4 8; do
    mount -t tmpfs -o size=64k tmpfs "$full"
    head -c "$((64 - room))k" /dev/zero > "$full/filler"
    expect_exit 1 "$installer" install "$site/small.tar" --yes --kubeconfig "$KUBECONFIG" --state-dir "$full" \
      "${registry_options[@]}" <<< "$registry_password"
    umount "$full"
    expect_output 'no space left'
    expect_output "$full"
  done
  expect_same "$site/before" "a full disk changed something"
}

# The registry stops before the tags move; the installer cannot restore them either, and reports that.
registry_fails_during_install() {
  build_small
  expect_exit 5 install_without "$site/private/registry.pid"
  expect_output "registry $registry"
  # The cluster is restored nevertheless.
  expect "the cluster is not restored" not kubectl get clusterrole small
  restart_private_registry ''
  roll_back
  expect_same "$site/before" "not restored after the registry failed"
}

# install_without PID_FILE: kills that process when the journal announces the first change. Delays every fsync, so that
# the install cannot finish before.
install_without() {
  local pid
  strace -f -qq -o /dev/null -e trace=fsync -e inject=fsync:delay_exit=400000 \
    "$installer" install "$site/small.tar" --yes --kubeconfig "$KUBECONFIG" --state-dir "$site/state" \
    "${registry_options[@]}" <<< "$registry_password" &
  pid=$!
  wait_until 20 journal_has 1 "$pid"
  kill -KILL "$(cat "$1")"
  wait "$pid"
}

api_server_fails_during_rollback() {
  build_small
  local pid
  killed_at_fsync 12 install "$site/small.tar" || fail "it finished before"
  "$cluster/cluster.sh" stop "$site/cluster" apiserver
  expect_exit 1 roll_back
  expect_output 'API server'
  "$cluster/cluster.sh" start "$site/cluster" apiserver
  expect_soon 60 "the API server does not restart" kubectl get --raw /readyz
  roll_back
  expect_same "$site/before" "not restored after the API server failed"
}

# Deletion is disabled by default in Distribution. The rollback lists the tags that it keeps, once.
registry_without_deletion() {
  build_small
  restart_private_registry 's/delete: {enabled: true}/delete: {enabled: false}/'
  install_small 2>&1 | tee "$site/output"
  expect_output 'does not allow deletion'
  expect_exit 5 roll_back
  expect_output 'airlock/small:1.0.0'
  run_installer history | tee "$site/output"
  expect_output 'nothing is installed'
  restart_private_registry 's/delete: {enabled: false}/delete: {enabled: true}/'
  skopeo delete --cert-dir "$REGISTRY_CERTS" "docker://$registry/airlock/small:1.0.0"
  expect_same "$site/before" "more than the tag remains"
}

restart_private_registry() { # sed command for its configuration
  stop_daemon registry "$site/private"
  sed -i "$1" "$site/private/config.yml"
  (
    unset "${!REGISTRY_@}"
    start_daemon registry "$site/private" docker-registry serve "$site/private/config.yml" {site_lock}>&-
  )
  expect_soon 10 "the registry does not restart" curl -sk -o /dev/null "https://$registry/v2/"
}
