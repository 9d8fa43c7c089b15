# What the end-to-end suite shows, one function a story. Sourced by run.sh, never run.
# Every story that succeeds leaves the site as the next one expects it: nothing installed, or version 1.
# shellcheck shell=bash

# --- bundles ----------------------------------------------------------------------------------------------------

build_bundles() {
  copy_kit one
  build_bundle "$kit" "$site/one.tar" --components "$components"
  copy_kit two
  make_version_two "$kit"
  build_bundle "$kit" "$site/two.tar" --components "$components"
}

# Another version, other ratios: cpu 3.0 instead of 2.0.
make_version_two() { # kit
  sed -i -E '/^metadata:/,/^[a-z]+:/ s/1\.0\.0/1.1.0/' "$1/bundle.yaml"
  grep -q '1\.1\.0' "$1/bundle.yaml"
  sed -i -E 's/(CPU_RATIO: *")2\.0/\13.0/' "$1/bundle.yaml"
  grep -q '"3\.0"' "$1/bundle.yaml"
}

bundle_is_the_same_twice() {
  copy_kit one
  build_bundle "$kit" "$site/again.tar" --components "$components"
  cmp "$site/one.tar" "$site/again.tar"
  rm "$site/again.tar"
}

skopeo_reads_the_bundle() {
  local reference
  tar -xOf "$site/one.tar" index.json | jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"] // empty' > "$site/references"
  expect "index.json names no image" test -s "$site/references"
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
  expect "a bundle was left" test ! -e "$site/missing.tar"
}

# refused FILE OPTION...: exit 3, and nothing in the cluster or the registry has changed.
refused() {
  expect_exit 3 install_bundle "$@" --components "$components"
  expect_output "$(basename "$1")"
}

bad_bundles_are_refused() {
  local bad=$site/bad.tar size
  refused "$site/not-there.tar"
  : > "$bad"
  refused "$bad"
  head -c 100000 /dev/urandom > "$bad"
  refused "$bad"
  tar -C "$root" -cf "$bad" LICENSE
  refused "$bad"
  size=$(stat -c %s "$site/one.tar")
  for cut in 1000 $((size / 3)) $((size - 2000)); do
    head -c "$cut" "$site/one.tar" > "$bad"
    refused "$bad"
  done
  rm "$bad"
  expect_same "$site/before" "a refused bundle changed something"
}

# In the index, in the kit, in a manifest, in the middle of layers, near the end.
flipped_bytes_are_found() {
  local bad=$site/flipped.tar size offset byte
  cp "$site/one.tar" "$bad"
  size=$(stat -c %s "$bad")
  for offset in 600 2600 $((size / 5)) $((size / 2)) $((size * 4 / 5)) $((size - 20000)); do
    byte=$(xxd -s "$offset" -l 1 -p "$bad")
    printf '%02x' $((0x$byte ^ 1)) | xxd -r -p | dd of="$bad" bs=1 seek="$offset" conv=notrunc status=none
    say "byte at $offset of $size flipped"
    refused "$bad"
    printf '%s' "$byte" | xxd -r -p | dd of="$bad" bs=1 seek="$offset" conv=notrunc status=none
  done
  cmp "$bad" "$site/one.tar"
  rm "$bad"
  expect_same "$site/before" "a flipped byte was found after something had changed"
}

make_key() { # name: keys/NAME.key and keys/NAME.pub
  mkdir -p "$site/keys"
  (cd "$site/keys" && "$bundler" keygen "$1")
}

wrong_key_is_refused() {
  make_key ours
  make_key theirs
  copy_kit signed
  build_bundle "$kit" "$site/signed.tar" --components "$components" --key "$site/keys/ours.key"
  "$bundler" verify "$site/signed.tar" --key "$site/keys/ours.pub"
  refused "$site/signed.tar" --key "$site/keys/theirs.pub"
  refused "$site/one.tar" --key "$site/keys/ours.pub"
  # The signature is what openssl alone can check.
  tar -xOf "$site/signed.tar" index.json.sig | base64 -d > "$site/keys/signature"
  tar -xOf "$site/signed.tar" index.json | openssl dgst -sha256 -verify "$site/keys/ours.pub" -signature "$site/keys/signature"
  expect_same "$site/before" "a wrong key was found after something had changed"
}

# As on a host with nothing on it: no loader, no library, no /etc, no /dev.
installer_works_in_an_empty_folder() {
  local folder=$site/empty
  mkdir -p "$folder"
  tar -C "$folder" -xf "$site/one.tar" airlock-installer
  ln "$site/one.tar" "$registry_ca" "$folder/"
  kubectl config view --raw --flatten > "$folder/kubeconfig"
  env -i "$(command -v chroot)" "$folder" /airlock-installer verify /one.tar
  env -i "$(command -v chroot)" "$folder" /airlock-installer plan /one.tar --components "$components" --kubeconfig /kubeconfig --registry "$registry/airlock" \
    --registry-ca /ca.crt --username "$registry_username" --password-stdin <<< "$registry_password" > "$site/output"
  expect_output "create Deployment $namespace/$namespace"
  rm -r "$folder"
}

# --- other bad input --------------------------------------------------------------------------------------------

wrong_password_changes_nothing() {
  registry_password=wrong
  expect_exit 1 install_bundle "$site/one.tar" --components "$components"
  expect_output "$registry"
  expect_same "$site/before" "a refused password changed something"
}

unknown_certificate_changes_nothing() {
  registry_ca=
  set_registry_options "$registry/airlock"
  expect_exit 1 install_bundle "$site/one.tar" --components "$components"
  expect_output 'registry-ca'
  expect_same "$site/before" "an unknown certificate changed something"
}

dead_api_server_changes_nothing() {
  sed 's#:6443#:6444#' "$KUBECONFIG" > "$site/dead.kubeconfig"
  KUBECONFIG=$site/dead.kubeconfig expect_exit 1 install_bundle "$site/one.tar" --components "$components"
  expect_output ':6444'
  expect_same "$site/before" "an API server that is down changed something"
}

# The cause is in the log of the pods that are new, not in an event.
bad_value_is_named() {
  expect_exit 4 install_bundle "$site/one.tar" --components "$components" --set CPU_RATIO=banana --timeout 60
  expect_output 'log of .*banana'
  expect_output 'not ready after 60 s'
  expect_same "$site/before" "not as before"
}

no_permission_changes_nothing() {
  "$cluster/cluster.sh" user "$site/cluster" nobody
  KUBECONFIG=$site/cluster/nobody.kubeconfig expect_exit 1 install_bundle "$site/one.tar" --components "$components"
  expect_output 'permission|forbidden|not allowed|may not'
  expect_same "$site/before" "an installer without permission changed something"
}

# --- the main job -----------------------------------------------------------------------------------------------

install_version_one() {
  install_bundle "$site/one.tar" --components "$components"
  expect_soon 30 "cpu is not raised" allocatable_is "$node" cpu "$(times "$raw_cpu" 2)"
  expect_soon 30 "the webhook does not answer ok" webhook_says_ok
  expect "the cluster is locked still" not lock_is_held
  take_dump "$site/installed"
  expect "the dump does not see an installed kit" differs "$site/before" "$site/installed"
}

differs() { ! cmp -s "$1" "$2"; }

times() { # cpu factor: 2 or 1500m
  local all=$(($(millicores "$1") * $2))
  if ((all % 1000 == 0)); then echo $((all / 1000)); else echo "${all}m"; fi
}

webhook_says_ok() {
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
  expect "an image from elsewhere" test -z "$(grep -vE "^$registry/airlock/.*@sha256:" "$site/images")"
}

big_pod_runs() {
  write_big_pod big "$((($(millicores "$raw_cpu") * 5) / 4))m" | kubectl apply -f -
  wait_until 60 pod_ready "$namespace" big || fail "the pod does not run: $(pod_message "$namespace" big)"
  kubectl -n "$namespace" delete pod big --grace-period=1
}

disable_label_takes_it_off() {
  kubectl label node "$node" node-oversell/disable=true
  expect_soon 30 "the label has no effect" resynced_allocatable_is "$node" cpu "$raw_cpu"
  kubectl label node "$node" node-oversell/disable-
  expect_soon 30 "without the label nothing is raised" resynced_allocatable_is "$node" cpu "$(times "$raw_cpu" 2)"
}

install_twice_changes_nothing() {
  resource_versions > "$site/versions.before"
  install_bundle "$site/one.tar" --components "$components" 2>&1 | tee "$site/output"
  expect_output 'no change|nothing to (do|change)|unchanged|up to date'
  resource_versions > "$site/versions.after"
  diff "$site/versions.before" "$site/versions.after"
}

# Of all objects but those that change by themselves: nodes and their leases, events, and leader election's records.
resource_versions() {
  kubectl get "$(kubectl api-resources --verbs=list -o name | grep -vE '^(events|leases|componentstatuses|nodes)(\.|$)|\.metrics\.k8s\.io$' | sort -u | paste -sd,)" \
    --all-namespaces -o json | jq -r '.items[] | select(.metadata.annotations["control-plane.alpha.kubernetes.io/leader"] | not)
      | "\(.kind) \(.metadata.namespace)/\(.metadata.name) \(.metadata.resourceVersion)"' | sort
}

upgrade_to_version_two() {
  install_bundle "$site/two.tar" --components "$components"
  expect_soon 60 "cpu is not raised three times" resynced_allocatable_is "$node" cpu "$(times "$raw_cpu" 3)"
  run_installer history
}

roll_back_to_version_one() {
  roll_back 1
  expect_soon 60 "cpu is not raised two times" resynced_allocatable_is "$node" cpu "$(times "$raw_cpu" 2)"
  expect_same "$site/installed" "not as after version 1"
}

roll_back_to_nothing() {
  roll_back
  expect_soon 60 "cpu is not what it was" allocatable_is "$node" cpu "$raw_cpu"
  expect_same "$site/before" "not as before the first install"
}

# --- kill -9 ----------------------------------------------------------------------------------------------------

journal_size() { find "$site/state" -type f -name '*journal*' -exec cat {} + 2> /dev/null | wc -l; }

journal_has() { (($(journal_size) >= $1)) || ! kill -0 "$2" 2> /dev/null; }

# killed_at RECORDS FUNCTION...: starts it and ends it with -9 as soon as the journal has so many records more.
# True when it was killed, false when it had ended before.
killed_at() {
  local records=$(($(journal_size) + $1)) pid
  shift
  "$@" &
  pid=$!
  wait_until 240 journal_has "$records" "$pid"
  # The shell that runs the function and the program under it: the program is what must die at once.
  pkill -KILL -P "$pid" || true
  kill -KILL "$pid" 2> /dev/null || true
  ! wait "$pid"
}

install_one() { install_bundle "$site/one.tar" --components "$components"; }

killed_install_is_continued() {
  local records
  for records in 1 3 6 10; do
    if killed_at "$records" install_one; then say "killed after $records more records"; fi
  done
  install_one
  expect_soon 60 "cpu is not raised" resynced_allocatable_is "$node" cpu "$(times "$raw_cpu" 2)"
  roll_back_to_nothing
}

killed_install_is_rolled_back() {
  local records
  for records in 1 2 4 8 16; do
    killed_at "$records" install_one || say "it had ended before record $records"
    say "killed after $records records; rolling back"
    roll_back
    expect_same "$site/before" "not as before, killed after $records records"
  done
}

killed_rollback_is_continued() {
  install_one
  killed_at 3 roll_back || say "it had ended before"
  roll_back || true
  expect_same "$site/before" "not as before, rollback killed"
}

# The installer, killed at its Nth fsync: a record has just become durable, and the act that it announces is not done.
# True when it was killed, false when it came to its end before.
killed_at_fsync() { # N installer's arguments...
  local status=0
  strace -f -qq -o /dev/null -e trace=fsync,fdatasync -e "inject=fsync,fdatasync:signal=KILL:when=$1" \
    "$installer" "${@:2}" --kubeconfig "$KUBECONFIG" --state-dir "$site/state" --yes "${registry_options[@]}" \
    <<< "$registry_password" || status=$?
  case $status in
    137) return 0 ;;
    0) return 1 ;;
    *) fail "exit code $status, neither killed nor done" ;;
  esac
}

# With a kit that has no pods. Even records are rolled back, odd ones continued first; so both rules meet every kind of
# record, and rollback is killed at each of its own.
killed_at_every_record() {
  local n=0 more=1
  kubectl -n default create configmap theirs --from-literal=key=theirs
  build_small
  take_dump "$site/before-small"
  while [[ -n $more ]]; do
    n=$((n + 1))
    killed_at_fsync "$n" install "$site/small.tar" || more=
    say "fsync $n"
    if ((n % 2 == 1)); then install_small; fi
    if killed_at_fsync "$n" rollback; then roll_back; fi
    expect_same "$site/before-small" "not as before, killed at fsync $n"
    expect "it is not finished" test ! -e "$site/state/pending.json"
    expect "the cluster is locked still" not lock_is_held
  done
  expect "only $n records were tried" test "$n" -gt 10
  kubectl -n default delete configmap theirs
}

# Cut off before anything changed; then somebody makes an object that the kit has as well.
what_others_made_meanwhile_comes_back() {
  local n=0
  build_small
  until [[ -e $site/state/pending.json ]]; do
    n=$((n + 1))
    killed_at_fsync "$n" install "$site/small.tar" || fail "it had ended before"
  done
  kubectl -n default create configmap small --from-literal=key=mine
  take_dump "$site/before-mine"
  # The installer's lock, which the run that was cut off has left.
  sed -i '/^lease\./d' "$site/before-mine"
  install_small
  roll_back
  expect_same "$site/before-mine" "what was made meanwhile is not as it was"
  kubectl -n default delete configmap small
  expect_same "$site/before" "not as before"
}

tag_that_somebody_moved_stays() {
  local digest
  build_small
  install_small
  expect_exit 2 run_installer rollback 7 --yes
  expect_output 'no generation 7: 1 is the newest'
  skopeo copy -q --src-cert-dir "$REGISTRY_CERTS" --dest-cert-dir "$REGISTRY_CERTS" \
    "docker://$registry/airlock/somebody/else:1" "docker://$registry/airlock/small:1.0.0"
  digest=$(skopeo inspect --cert-dir "$REGISTRY_CERTS" --format '{{.Digest}}' "docker://$registry/airlock/small:1.0.0")
  expect_exit 5 roll_back
  expect_output "somebody else moved it to $digest"
  [[ $(skopeo inspect --cert-dir "$REGISTRY_CERTS" --format '{{.Digest}}' "docker://$registry/airlock/small:1.0.0") == "$digest" ]]
  skopeo delete --cert-dir "$REGISTRY_CERTS" "docker://$registry/airlock/small:1.0.0"
  expect_same "$site/before" "not as before"
}

# Two admin hosts, each with a state folder of its own: what one is at, or was cut off at, keeps the other out.
other_host_is_kept_out() {
  local pid status=0
  build_small
  killed_at_fsync 8 install "$site/small.tar" || fail "it had ended before"
  expect "it is finished" test -e "$site/state/pending.json"
  take_dump "$site/half"
  expect_exit 1 install_small_elsewhere
  expect_output "another installer is at work in this cluster: .*$site/state,"
  expect_same "$site/half" "an installer that was kept out changed something"
  expect_exit 6 run_installer status
  expect_output 'generation 1 .* was cut off'
  expect_exit 6 "$installer" status --kubeconfig "$KUBECONFIG" --state-dir "$site/elsewhere"
  expect_output "is not finished on .*$site/state,"
  roll_back
  # Both at once: one installs, the other is told so, whichever was first.
  strace -f -qq -o /dev/null -e trace=fsync -e inject=fsync:delay_exit=300000 \
    "$installer" install "$site/small.tar" --yes --kubeconfig "$KUBECONFIG" --state-dir "$site/state" \
    "${registry_options[@]}" <<< "$registry_password" &
  pid=$!
  wait_until 20 lock_is_held
  expect_exit 1 install_small_elsewhere
  expect_output 'another installer is at work'
  expect_exit 6 run_installer status
  expect_output 'now$'
  wait "$pid" || status=$?
  expect "the first one failed" test "$status" == 0
  expect "the cluster is locked still" not lock_is_held
  "$installer" rollback --yes --kubeconfig "$KUBECONFIG" --state-dir "$site/elsewhere" "${registry_options[@]}" <<< "$registry_password"
  rm -r "$site/elsewhere"
  expect_same "$site/before" "not as before"
}

install_small_elsewhere() {
  "$installer" install "$site/small.tar" --yes --kubeconfig "$KUBECONFIG" --state-dir "$site/elsewhere" \
    "${registry_options[@]}" <<< "$registry_password"
}

lock_is_held() { kubectl -n kube-system get lease airlock-installer > /dev/null 2>&1; }

# --- faults in the middle ---------------------------------------------------------------------------------------

install_small() { run_installer install "$site/small.tar" --yes "${registry_options[@]}" <<< "$registry_password"; }

build_small() {
  [[ -f $site/small.tar ]] || "$bundler" build "$root/tests/e2e/small-kit/bundle.yaml" -o "$site/small.tar"
}

interrupted_install_is_put_back() {
  local pid records
  records=$(($(journal_size) + 6))
  "$installer" install "$site/one.tar" --yes --components "$components" --kubeconfig "$KUBECONFIG" --state-dir "$site/state" \
    "${registry_options[@]}" <<< "$registry_password" > "$site/output" 2>&1 &
  pid=$!
  wait_until 60 journal_has "$records" "$pid"
  kill -INT "$pid"
  expect_exit 130 wait "$pid"
  expect_same "$site/before" "not as before, interrupted"
}

no_space_changes_nothing() {
  local full=$site/full room
  build_small
  mkdir -p "$full"
  # For nothing, for the folder's name, and for the journal as well.
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

# The registry's process ends before the tags move; the installer cannot put them back either, and says so.
registry_dies_in_the_middle() {
  build_small
  expect_exit 5 install_without "$site/private/registry.pid"
  expect_output "the registry $registry"
  # The cluster does not wait for it.
  expect "the cluster is not put back" not kubectl get clusterrole small
  restart_private_registry ''
  roll_back
  expect_same "$site/before" "not as before, after the registry had died"
}

# install_without PID_FILE: ends that process when the journal announces the first change. Every fsync takes a while, so
# that the install cannot be done before.
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

api_server_dies_in_the_middle() {
  build_small
  local pid
  killed_at_fsync 12 install "$site/small.tar" || fail "it had ended before"
  "$cluster/cluster.sh" stop "$site/cluster" apiserver
  expect_exit 1 roll_back
  expect_output 'API server'
  "$cluster/cluster.sh" start "$site/cluster" apiserver
  expect_soon 60 "the API server does not come back" kubectl get --raw /readyz
  roll_back
  expect_same "$site/before" "not as before, after the API server had died"
}

# Distribution's default: nothing can be deleted. The rollback says which tags it leaves, once.
registry_that_does_not_delete() {
  build_small
  restart_private_registry 's/delete: {enabled: true}/delete: {enabled: false}/'
  install_small 2>&1 | tee "$site/output"
  expect_output 'does not delete'
  expect_exit 5 roll_back
  expect_output 'airlock/small:1.0.0'
  run_installer history | tee "$site/output"
  expect_output 'nothing is installed'
  restart_private_registry 's/delete: {enabled: false}/delete: {enabled: true}/'
  skopeo delete --cert-dir "$REGISTRY_CERTS" "docker://$registry/airlock/small:1.0.0"
  expect_same "$site/before" "more than the tag was left"
}

restart_private_registry() { # sed's command for its configuration
  stop_daemon registry "$site/private"
  sed -i "$1" "$site/private/config.yml"
  (
    unset "${!REGISTRY_@}"
    start_daemon registry "$site/private" docker-registry serve "$site/private/config.yml" {site_lock}>&-
  )
  expect_soon 10 "the registry does not come back" curl -sk -o /dev/null "https://$registry/v2/"
}
