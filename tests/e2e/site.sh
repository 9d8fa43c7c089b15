# The environment of the demo and the end-to-end tests: the upstream side (a registry, a web server) and the air-gapped
# site (a cluster, a private registry). Sourced, never run. All files are in $site, a directory outside the checkout.
# shellcheck shell=bash

root=$(realpath "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../..")
cluster=$root/tests/cluster
# shellcheck source-path=SCRIPTDIR source=../cluster/lib.sh
source "$cluster/lib.sh"
dist=${AIRLOCK_DIST:-$root/dist} # for example a sanitizer build
bundler=$dist/airlock-bundler installer=$dist/airlock-installer
cache=$(airlock_cache)
namespace="node-oversell-webhook"

require_programs() {
  local program
  for program in airlock-bundler airlock-installer node-oversell-webhook node-oversell-controller; do
    [[ -x $dist/$program ]] || fail "$dist/$program does not exist; run make dist"
  done
}

# --- the cache --------------------------------------------------------------------------------------------------

# build_cached SCRIPT DIRECTORY: true when DIRECTORY exists in the cache afterwards; false, with the reason in
# $cannot_build, when this machine cannot build it. A build that fails ends the script.
# shellcheck disable=SC2034 # read by the scripts that source this
build_cached() {
  local status=0 output
  output=$(mktemp)
  "$1" "$cache/$2" 2>&1 | tee "$output" || status=$?
  cannot_build=$(sed -n 's/^cannot build //p' "$output")
  rm -f "$output"
  case $status in
    0) return 0 ;;
    77) return 1 ;;
    *) fail "$(basename "$1") failed" "$cache/$2.log" ;;
  esac
}

# build_kubernetes: sets $kubernetes to the directory of 1.20.2 or, where that cannot be built, of a current one.
build_kubernetes() {
  kubernetes=$cache/kubernetes-1.20.2
  ! build_cached "$cluster/build-kubernetes.sh" kubernetes-1.20.2 || return 0
  say "no Kubernetes 1.20.2: $cannot_build"
  kubernetes=$cache/kubernetes-1.36.3
  build_cached "$cluster/build-new-kubernetes.sh" kubernetes-1.36.3 || fail "$cannot_build"
}

# --- start and stop ----------------------------------------------------------------------------------------------

# Allows one run at a time in a directory, and removes what a killed run left in it.
claim_site() { # directory
  site=$1
  mkdir -p "$site"
  chmod 700 "$site"
  exec {site_lock}> "$site/lock"
  flock -n "$site_lock" || fail "another run uses $site; wait until it has finished"
  take_down
}

# Daemons must not inherit the locks of the site and the machine, so commands that start daemons close them.
unlocked() {
  local machine=${machine:-$site_lock}
  "$@" {site_lock}>&- {machine}>&-
}

start_upstream() { # the directory of cert-manager, or nothing
  unlocked "$cluster/registry.sh" up internet "$site/internet"
  internet=$(cat "$site/internet/address")
  "$cluster/upstream-images.sh" "$internet" "${1:-}"
  mkdir -p "$site/web"
  [[ -z ${1:-} ]] || cp "$1/cert-manager.yaml" "$site/web/"
  unlocked "$cluster/file-server.sh" up "$site/files" "$site/web"
  web=$(cat "$site/files/address")
}

start_cluster() { # the directory of Kubernetes
  unlocked "$cluster/cluster.sh" up "$1" "$site/cluster"
  export KUBECONFIG=$site/cluster/admin.kubeconfig KUBECTL=$1/kubectl
}

start_private_registry() {
  unlocked "$cluster/registry.sh" up private "$site/private" "$(cat "$site/cluster/host_address")"
  registry=$(cat "$site/private/address")
  registry_ca=$site/private/ca.crt registry_username=$(cat "$site/private/username") registry_password=$(cat "$site/private/password")
  "$cluster/cluster.sh" trust "$site/cluster" "$registry" "$registry_ca"
  login_to_registry "$registry"
  seed_private_registry
}

# What a private registry has before: images of other users, in other repositories and under a tag that the kit moves.
seed_private_registry() {
  local tag
  for tag in other/image:1 node-oversell-webhook:1.0.0 node-oversell-webhook:keep jetstack/cert-manager-webhook:v1.8.2; do
    skopeo copy -q --src-tls-verify=false --dest-cert-dir "$REGISTRY_CERTS" \
      "docker://$internet/airlock-test/small:1" "docker://$registry/airlock/$tag"
  done
}

# Only for the dumps; the installer receives the password through stdin.
login_to_registry() { # host
  export REGISTRY_AUTH_FILE=$site/auth.json REGISTRY_CERTS=$site/certs
  mkdir -p "$REGISTRY_CERTS"
  [[ -z $registry_ca ]] || cp "$registry_ca" "$REGISTRY_CERTS/ca.crt"
  skopeo login --cert-dir "$REGISTRY_CERTS" -u "$registry_username" --password-stdin "$1" <<< "$registry_password" > /dev/null
}

take_down() {
  ! mountpoint -q "$site/full" || umount "$site/full"
  "$cluster/registry.sh" down "$site/internet"
  "$cluster/registry.sh" down "$site/private"
  "$cluster/file-server.sh" down "$site/files"
  "$cluster/cluster.sh" down "$site/cluster"
  find "$site" -mindepth 1 -maxdepth 1 ! -name lock ! -name log -exec rm -rf {} +
}

# --- kits and bundles -------------------------------------------------------------------------------------------

# copy_kit NAME: copies the kit and its programs, and replaces the checksum of cert-manager's manifest by that of the
# locally rendered file.
copy_kit() {
  kit=$site/kits/$1
  rm -rf "$kit"
  mkdir -p "$site/kits"
  cp -r "$root/manifests/node-oversell" "$kit"
  cp "$dist/node-oversell-webhook" "$dist/node-oversell-controller" "$kit/"
  [[ -f $site/web/cert-manager.yaml ]] || return 0
  local checksum
  checksum=$(sha256sum "$site/web/cert-manager.yaml" | cut -d' ' -f1)
  # The URL is unchanged; --mirror redirects it to the local server.
  sed -i -E "s#^( *)- url: .*/cert-manager\.yaml\$#&\n\1  sha256: $checksum#" \
    "$kit/bundle.yaml"
}

build_bundle() { # directory of the kit, file, options of the bundler...
  local directory=$1 file=$2
  shift 2
  "$bundler" build "$directory/bundle.yaml" -o "$file" --mirror "quay.io=$internet" \
    --mirror "https://github.com/cert-manager/cert-manager/releases/download/v1.8.2=http://$web" --plain-http "$internet" --plain-http "$web" "$@"
}

# --- the installer ----------------------------------------------------------------------------------------------

# The installer's directory of this cluster.
state_dir() { echo "$site/state/$("$KUBECTL" get namespace kube-system -o 'jsonpath={.metadata.uid}')"; }

# run_installer COMMAND ARGUMENT...: with the cluster and the state directory of this site.
run_installer() { "$installer" "$@" --kubeconfig "$KUBECONFIG" --state-dir "$site/state"; }

install_bundle() { # file, options...
  local file=$1
  shift
  run_installer install "$file" --yes "$@" "${registry_options[@]}" <<< "$registry_password"
}

set_registry_options() { # [http://]HOST:PORT[/PREFIX]
  registry_options=(--registry "$1")
  [[ -z $registry_username ]] || registry_options+=(--username "$registry_username" --password-stdin)
  [[ -z $registry_ca ]] || registry_options+=(--registry-ca "$registry_ca")
}

# shellcheck disable=SC2120 # the generation is optional
roll_back() { # generation or nothing, options...
  run_installer rollback "$@" --yes "${registry_options[@]}" <<< "$registry_password"
}

# --- inspection ------------------------------------------------------------------------------------------------

kubectl() { "$KUBECTL" "$@" 2> >(grep -v '^Warning: ' >&2); }

first_node() { kubectl get nodes -o 'jsonpath={.items[0].metadata.name}'; }

allocatable() { # node resource
  kubectl get node "$1" -o "jsonpath={.status.allocatable.$2}"
}

allocatable_is() { [[ $(allocatable "$1" "$2") == "$3" ]]; }
allocatable_is_not() { ! allocatable_is "$@"; }

describe_allocatable() { # node
  echo "cpu $(allocatable "$1" cpu), memory $(allocatable "$1" memory)"
}

millicores() { # 2 or 1500m
  case $1 in *m) echo "${1%m}" ;; *) echo $((${1} * 1000)) ;; esac
}

# Sends an empty patch of the node's status, so that the API server calls the webhooks before the kubelet's next full
# report (kubectl 1.20 cannot patch a status).
resync_node() { # node
  local socket=$site/proxy.sock
  rm -f "$socket"
  "$KUBECTL" proxy --unix-socket="$socket" > /dev/null 2>&1 {site_lock}>&- &
  local proxy=$!
  wait_until 10 test -S "$socket" || fail "kubectl proxy does not start"
  curl -sS -o /dev/null --fail --max-time 10 --unix-socket "$socket" -X PATCH -d '{}' \
    -H 'Content-Type: application/merge-patch+json' "http://localhost/api/v1/nodes/$1/status" || true
  kill "$proxy" 2> /dev/null || true
  wait "$proxy" 2> /dev/null || true
  rm -f "$socket"
}

# One resync right after a change of a label or a policy may be too early, so callers retry this.
resynced_allocatable_is() { resync_node "$1" && allocatable_is "$1" "$2" "$3"; }

# write_big_pod NAME CPU: a pod like those of the webhook, to reuse its image and pull secret, but not selected by the
# Service, that requests CPU. Without a priority, so that it preempts no pod.
write_big_pod() {
  kubectl -n "$namespace" get deployment "$namespace" -o json | jq --arg name "$1" --arg cpu "$2" '
    {apiVersion: "v1", kind: "Pod",
     metadata: {name: $name, namespace: .metadata.namespace, labels: {app: $name}},
     spec: (.spec.template.spec | del(.affinity, .topologySpreadConstraints, .priorityClassName)
       | .containers |= map(.resources.requests = {cpu: $cpu, memory: "16Mi"} | del(.resources.limits)))}'
}

pod_ready() { # namespace name
  [[ $(kubectl -n "$1" get pod "$2" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') == True ]]
}

pod_unschedulable() { # namespace name
  [[ $(kubectl -n "$1" get pod "$2" -o 'jsonpath={.status.conditions[?(@.type=="PodScheduled")].reason}') == Unschedulable ]]
}

pod_message() { # namespace name
  kubectl -n "$1" get pod "$2" -o json | jq -r '[.status.conditions[]?, .status.containerStatuses[]?.state.waiting // empty]
    | map(.message // empty) | join("; ")'
}

# --- dumps ------------------------------------------------------------------------------------------------------

# take_dump FILE: dumps every object and every tag; only of $dump_repositories, when it is not empty.
take_dump() {
  { "$root/tests/e2e/dump.sh" objects && "$root/tests/e2e/dump.sh" tags "$registry" "${dump_repositories[@]}"; } > "$1.new" 2> "$1.log" || {
    cat "$1.log" >&2
    return 1
  }
  mv "$1.new" "$1"
}
dump_repositories=()

dump_equals() { # file: the current state equals FILE
  take_dump "$site/dump.now" && cmp -s "$1" "$site/dump.now"
}

# matches_dump FILE SECONDS: waits until controllers have finished; writes log/differences.diff if the state differs.
matches_dump() {
  if wait_until "$2" dump_equals "$1"; then return 0; fi
  diff -u "$1" "$site/dump.now" > "$site/log/differences.diff" || true
  return 1
}
