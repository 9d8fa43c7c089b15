#!/usr/bin/env bash
# A real single-node Kubernetes: etcd, kube-apiserver, controller manager, scheduler, kubelet on containerd and runc,
# kube-proxy, bridge CNI. The node is a set of namespaces (network, mount, PID): killing its process 1 ends everything
# in it, including its mounts, bridges and iptables rules. Its only route is to the machine's end of a veth pair,
# 10.99.N.1: it is air-gapped.
#   cluster.sh up BIN STATE          BIN: output of build-kubernetes.sh; STATE: a directory, new or from an earlier run
#   cluster.sh down STATE            removes everything but the logs and a few empty directories, whatever the state
#   cluster.sh status STATE
#   cluster.sh trust STATE HOST CA   the node's containerd accepts the registry HOST with this CA; no credentials
#   cluster.sh user STATE NAME [GROUP]   STATE/NAME.kubeconfig for a user with only the permissions of GROUP
#   cluster.sh exec STATE COMMAND...     in the node's namespaces
#   cluster.sh stop|start STATE kubelet|containerd|apiserver|…     one component, to test outages
# Afterwards set KUBECONFIG=STATE/admin.kubeconfig; STATE/host_address is the machine's address as seen by the node.
# Environment: HEARTBEAT (10s), the kubelet's nodeStatusUpdateFrequency; NODE (node-a), the name of the node.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$(realpath "$0")")/lib.sh"
scripts=$(dirname "$(realpath "$0")")
usage="usage: cluster.sh up BIN STATE | down STATE | status STATE | trust STATE HOST CA | user STATE NAME [GROUP] |
  exec STATE COMMAND... | stop|start STATE PART"
pods=10.244.0.0/24 services=10.96.0.0/16
parts=(etcd apiserver controller-manager scheduler containerd kubelet proxy)
# Directories that containerd, CNI and the kubelet always use, whatever their settings; the node mounts its own there. They
# stay, empty, when the cluster is down: removing one would unmount those of all other clusters on the machine.
host_directories=(/run/containerd /run/netns /var/lib/cni /var/lib/kubelet /var/log/pods /var/log/containers)

# --- the node: namespaces, network, cgroups -----------------------------------------------------------------------

# The PID of the node's process 1 on the machine. It is found by the path of its program, which is in STATE.
node_process() { pgrep -xf -- "$state/node-init" | head -n 1; }
node_runs() { [[ -n $(node_process) ]]; }
node_gone() { ! node_runs; }

in_node() { nsenter --target "$(node_process)" --mount --net --pid --root --wd -- "$@"; }

start_node() {
  gcc -Os -static -s -o node-init "$scripts/pause.c"
  start_daemon unshare "$state" unshare --mount --propagation unchanged --net --pid --fork --kill-child=KILL --mount-proc \
    -- "$state/node-init"
  wait_until 5 node_runs || fail "cannot create namespaces for the node (root and CAP_SYS_ADMIN are required)" "$state/unshare.log"
  # Mounts in the node must not propagate. Not through in_node: in a chroot, / is not a mount point.
  nsenter --target "$(node_process)" --mount -- mount --make-rprivate / 2> private.log ||
    fail "cannot make the node's mounts private" "$state/private.log"
  # The kubelet looks up the mount of its directory: in a chroot there is none.
  in_node mount --bind "$state" "$state"
  local directory
  for directory in "${host_directories[@]}"; do
    mkdir -p "$directory" "host$directory"
    in_node mount --bind "$state/host$directory" "$directory"
  done
}

# Uses the first N that is free, so that several clusters can run at the same time.
connect_node() {
  local n
  for n in {0..9}; do
    [[ $(ip -4 addr) != *" 10.99.$n."* ]] || continue
    echo "$n" > number
    ip link add "airlock$n" type veth peer name node0 netns "$(node_process)" 2> veth.log && break
    rm number
  done
  [[ -f number ]] || fail "cannot connect the node: 10.99.0.0 to 10.99.9.0 are in use, or the kernel does not support veth" "$state/veth.log"
  ip addr add "10.99.$n.1/24" dev "airlock$n"
  ip link set "airlock$n" up
  # The node has no default route, and the route to a Service's address is looked up before iptables translates it
  # to a pod's: so Services need a route.
  in_node sh -ec "ip link set lo up; ip addr add 10.99.$n.2/24 dev node0; ip link set node0 up; ip route add $services dev node0"
  # Required by Kubernetes; the second is absent if the kernel has no bridge filter.
  # shellcheck disable=SC2016 # expanded by the shell in the node
  in_node sh -c 'for f in ipv4/ip_forward bridge/bridge-nf-call-iptables; do echo 1 > /proc/sys/net/$f; done' 2> /dev/null || true
  echo "10.99.$n.1" > host_address
  echo "10.99.$n.2" > node_address
}

# The kubelet's cgroups are below a separate one: the machine may run another kubelet.
make_cgroups() {
  local group root file
  group=airlock$(cat number)
  for root in $(cgroup_roots); do
    mkdir -p "$root/$group"
    # Version 1: an empty cpuset accepts no process.
    for file in cpuset.cpus cpuset.mems; do
      [[ ! -f $root/release_agent || ! -f $root/$file ]] || cat "$root/$file" > "$root/$group/$file"
    done
    # Version 2: controllers must be enabled in the parent groups.
    [[ ! -f $root/cgroup.subtree_control || -f $root/release_agent ]] || enable_controllers "$root" "$group"
  done
}

enable_controllers() { # root group
  local controller
  while read -r controller; do
    echo "+$controller" > "$1/cgroup.subtree_control" || true
    echo "+$controller" > "$1/$2/cgroup.subtree_control" || true
  done < <(tr ' ' '\n' < "$1/cgroup.controllers") 2> /dev/null
}

cgroup_roots() { awk '$3 == "cgroup" || $3 == "cgroup2" {print $2}' /proc/mounts; }

# --- certificates and kubeconfigs -------------------------------------------------------------------------------

sign() { # name subject extension
  openssl req -newkey rsa:2048 -nodes -keyout "pki/$1.key" -subj "$2" -out "pki/$1.csr" 2> /dev/null
  openssl x509 -req -in "pki/$1.csr" -CA pki/ca.crt -CAkey pki/ca.key -CAcreateserial -days 365 -out "pki/$1.crt" \
    -extfile <(printf %s "$3") 2> /dev/null
}

client() { # name subject: creates a client certificate and its kubeconfig
  sign "$1" "$2" extendedKeyUsage=clientAuth
  cat > "$1.kubeconfig" << K
apiVersion: v1
kind: Config
clusters: [{name: local, cluster: {server: "https://$(cat node_address):6443", certificate-authority: $state/pki/ca.crt}}]
users: [{name: $1, user: {client-certificate: $state/pki/$1.crt, client-key: $state/pki/$1.key}}]
contexts: [{name: local, context: {cluster: local, user: $1}}]
current-context: local
K
}

make_certificates() {
  local names="DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:localhost,IP:127.0.0.1,IP:10.96.0.1"
  openssl req -x509 -newkey rsa:2048 -nodes -keyout pki/ca.key -out pki/ca.crt -days 3650 -subj /CN=kubernetes 2> /dev/null
  openssl genrsa -out pki/sa.key 2048 2> /dev/null
  sign apiserver /CN=kube-apiserver "subjectAltName=$names,IP:$(cat node_address)"
  client admin /O=system:masters/CN=admin
  client controller-manager /CN=system:kube-controller-manager
  client scheduler /CN=system:kube-scheduler
  client kubelet "/O=system:nodes/CN=system:node:$(cat node_name)"
  client proxy /CN=system:kube-proxy
}

# --- settings ---------------------------------------------------------------------------------------------------

write_cni() {
  cat > cni/net.d/10-bridge.conf << K
{"cniVersion": "0.3.1", "name": "pods", "type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true,
 "hairpinMode": true, "ipam": {"type": "host-local", "ranges": [[{"subnet": "$pods"}]], "routes": [{"dst": "0.0.0.0/0"}]}}
K
}

write_containerd() {
  # Overlayfs cannot be stacked on an overlay (in a container).
  local snapshotter=overlayfs restrict=true
  [[ $(stat -f -c %T .) != overlayfs ]] || snapshotter=native
  # Without CAP_SYS_RESOURCE runc cannot lower an OOM score: "can't get final child's PID from pipe".
  if can_lower_oom_score; then restrict=false; fi
  cat > containerd.toml << K
version = 2
root = "$state/containerd"
state = "$state/containerd-run"
[grpc]
  address = "$state/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "airlock.test/pause:1"
  restrict_oom_score_adj = $restrict
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "$snapshotter"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$state/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$state/certs.d"
K
}

# A kubelet requests -998 for sandboxes.
can_lower_oom_score() { in_node sh -c 'echo -998 > /proc/self/oom_score_adj' 2> /dev/null; }

write_kubelet() {
  cat > kubelet.yaml << K
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $state/pki/ca.crt}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
cgroupRoot: /airlock$(cat number)
volumePluginDir: $state/volume-plugins
failSwapOn: false
clusterDomain: cluster.local
clusterDNS: [10.96.0.10]
nodeStatusUpdateFrequency: ${HEARTBEAT:-10s}
# The default of real clusters; otherwise the line above would change it to 10 s too.
nodeStatusReportFrequency: 5m
evictionHard: {memory.available: 100Mi, nodefs.available: "1%", imagefs.available: "1%"}
imageGCHighThresholdPercent: 100
K
  (($(minor) < 24)) || printf 'containerRuntimeEndpoint: unix://%s/containerd.sock\nfailCgroupV1: false\n' "$state" >> kubelet.yaml
}

minor() { "$bin/kubelet" --version | sed 's/.*v1\.\([0-9]*\).*/\1/'; }

# --- components --------------------------------------------------------------------------------------------------

# The shell in the node writes its PID, as seen in the node, and executes the component.
run() { # component command...
  local part=$1
  shift
  # shellcheck disable=SC2016 # expanded by the shell in the node
  setsid nsenter --target "$(node_process)" --mount --net --pid --root --wd -- sh -c 'echo $$ > "$0"; exec "$@"' "$state/run/$part" "$@" \
    >> "log/$part.log" 2>&1 < /dev/null {never}>&- &
}

part_runs() { in_node kill -0 "$(cat "run/$1")"; }
part_gone() { ! part_runs "$1"; }

start_part() {
  local node_ip
  node_ip=$(cat node_address)
  case $1 in
    etcd)
      run etcd etcd --data-dir "$state/etcd" --logger zap --listen-client-urls http://127.0.0.1:2379 \
        --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380 --unsafe-no-fsync
      ;;
    apiserver)
      run apiserver "$bin/kube-apiserver" --advertise-address="$node_ip" --etcd-servers=http://127.0.0.1:2379 \
        --service-cluster-ip-range=$services --client-ca-file="$state/pki/ca.crt" --cert-dir="$state/pki/made" \
        --tls-cert-file="$state/pki/apiserver.crt" --tls-private-key-file="$state/pki/apiserver.key" \
        --service-account-key-file="$state/pki/sa.key" --service-account-signing-key-file="$state/pki/sa.key" \
        --service-account-issuer=https://kubernetes.default.svc --authorization-mode=Node,RBAC \
        --kubelet-client-certificate="$state/pki/admin.crt" --kubelet-client-key="$state/pki/admin.key" \
        --enable-admission-plugins=NodeRestriction --allow-privileged=true --kubelet-preferred-address-types=InternalIP
      ;;
    controller-manager)
      run controller-manager "$bin/kube-controller-manager" --kubeconfig="$state/controller-manager.kubeconfig" \
        --service-account-private-key-file="$state/pki/sa.key" --root-ca-file="$state/pki/ca.crt" \
        --cluster-signing-cert-file="$state/pki/ca.crt" --cluster-signing-key-file="$state/pki/ca.key" \
        --use-service-account-credentials --leader-elect=false
      ;;
    scheduler) run scheduler "$bin/kube-scheduler" --kubeconfig="$state/scheduler.kubeconfig" --leader-elect=false ;;
    containerd) run containerd containerd -c "$state/containerd.toml" ;;
    kubelet)
      local runtime=()
      (($(minor) >= 24)) || runtime=(--container-runtime=remote "--container-runtime-endpoint=unix://$state/containerd.sock"
        --network-plugin=cni --cni-bin-dir=/usr/lib/cni "--cni-conf-dir=$state/cni/net.d")
      run kubelet "$bin/kubelet" --config="$state/kubelet.yaml" --kubeconfig="$state/kubelet.kubeconfig" \
        --hostname-override="$(cat node_name)" --root-dir="$state/kubelet" --cert-dir="$state/pki/kubelet" --node-ip="$node_ip" \
        "${runtime[@]}"
      ;;
    proxy)
      run proxy "$bin/kube-proxy" --kubeconfig="$state/proxy.kubeconfig" --hostname-override="$(cat node_name)" \
        --proxy-mode=iptables --cluster-cidr=$pods --conntrack-max-per-core=0
      ;;
    *) fail "unknown component $1; components: ${parts[*]}" ;;
  esac
  wait_until 5 test -s "run/$1" || fail "$1 does not start" "$state/log/$1.log"
}

stop_part() {
  in_node kill -KILL "$(cat "run/$1")" 2> /dev/null || true
  wait_until 10 part_gone "$1" || fail "$1 does not exit"
  rm -f "run/$1"
}

api_ready() { [[ $(curl -sk --max-time 2 "https://$(cat node_address):6443/readyz") == ok ]]; }
containerd_ready() { in_node ctr -a "$state/containerd.sock" version; }
kubectl() { KUBECONFIG=$state/admin.kubeconfig "$bin/kubectl" "$@"; }
node_ready() {
  [[ $(kubectl get node "$(cat node_name)" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') == True ]]
}
default_account() { kubectl -n default get serviceaccount default; }

# The sandbox image is imported from a file, as on an air-gapped site: no registry has it.
import_sandbox_image() {
  IMAGE_NAME=airlock.test/pause:1 "$scripts/oci-image.sh" image pause-layout 1 /pause node-init=/pause
  tar -C pause-layout -cf pause.tar .
  in_node ctr -a "$state/containerd.sock" -n k8s.io images import "$state/pause.tar" > log/pause.log 2>&1 ||
    fail "containerd cannot import the sandbox image" "$state/log/pause.log"
}

# --- commands ------------------------------------------------------------------------------------------------------

up() {
  [[ -x $bin/kube-apiserver ]] || fail "no kube-apiserver in $bin; build it: tests/cluster/build-kubernetes.sh $bin"
  ((EUID == 0)) || fail "root is required"
  local started=$SECONDS
  mkdir -p "$state"
  cd "$state"
  down # whatever an earlier run left
  # The data and the registry configuration of an earlier run must not be reused.
  rm -rf etcd containerd containerd-run kubelet host pki run log certs.d cni pause-layout ./*.kubeconfig
  mkdir -p pki log run cni/net.d certs.d
  echo "$bin" > bin
  echo "${NODE:-node-a}" > node_name
  start_node
  connect_node
  make_cgroups
  start_part etcd
  write_cni
  write_containerd
  start_part containerd
  make_certificates
  start_part apiserver
  wait_until 20 containerd_ready || fail "containerd does not answer" "$state/log/containerd.log"
  import_sandbox_image
  wait_until 60 api_ready || fail "the API server does not become ready" "$state/log/apiserver.log"
  write_kubelet
  start_part controller-manager
  start_part scheduler
  start_part kubelet
  start_part proxy
  wait_until 90 node_ready || fail "the node does not become Ready: $(not_ready_reason)" "$state/log/kubelet.log"
  wait_until 30 default_account || fail "no default service account" "$state/log/controller-manager.log"
  say "Kubernetes $(kubectl get node "$(cat node_name)" -o 'jsonpath={.status.nodeInfo.kubeletVersion}') is up in $((SECONDS - started)) s"
}

not_ready_reason() {
  kubectl get node "$(cat node_name)" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].message}' 2>&1 || true
}

# A current kubelet exits when containerd does not answer.
start() {
  cd "$state"
  start_part "$1"
  [[ $1 != containerd ]] || wait_until 20 containerd_ready || fail "containerd does not answer" "$state/log/containerd.log"
}

down() {
  [[ -d $state ]] || return 0
  cd "$state"
  local process
  for process in $(pgrep -xf -- "$state/node-init"); do kill -KILL "$process" 2> /dev/null || true; done
  wait_until 20 node_gone || fail "process $(node_process) of the node does not exit"
  stop_daemon unshare "$state"
  if [[ -f number ]]; then
    ip link del "airlock$(cat number)" 2> /dev/null || true
    wait_until 20 remove_cgroups || fail "processes remain in cgroup airlock$(cat number)"
    rm -f number
  fi
  rm -f node_address host_address ./*.sock
}

# True if none remains. An exiting process stays in its group for a moment.
remove_cgroups() {
  local root group left=0
  group=airlock$(cat number)
  for root in $(cgroup_roots); do
    [[ ! -d $root/$group ]] || find "$root/$group" -depth -type d -exec rmdir {} + 2> /dev/null || left=1
  done
  return $left
}

status() {
  [[ -d $state ]] || fail "no cluster in $state"
  cd "$state"
  node_runs || fail "the cluster in $state is not running"
  local part
  for part in "${parts[@]}"; do
    if [[ -s run/$part ]] && part_runs "$part" 2> /dev/null; then say "$part: running"; else say "$part: not running"; fi
  done
  kubectl get node
}

trust() { # host ca
  mkdir -p "$state/certs.d/$1"
  cp "$2" "$state/certs.d/$1/ca.crt"
  printf 'server = "https://%s"\n[host."https://%s"]\n  ca = "%s"\n' "$1" "$1" "$state/certs.d/$1/ca.crt" > "$state/certs.d/$1/hosts.toml"
}

main() {
  local verb=${1:?$usage}
  if [[ $verb == up ]]; then
    bin=$(realpath "${2:?$usage}") state=$(realpath -m "${3:?$usage}")
    up
    return
  fi
  state=$(realpath -m "${2:?$usage}")
  bin=$(cat "$state/bin" 2> /dev/null || true)
  case $verb in
    down) down ;;
    status) status ;;
    trust) trust "${3:?$usage}" "${4:?$usage}" ;;
    user) cd "$state" && client "${3:?$usage}" "${4:+/O=$4}/CN=$3" ;;
    exec) in_node "${@:3}" ;;
    stop) cd "$state" && stop_part "${3:?$usage}" ;;
    start) start "${3:?$usage}" ;;
    *) fail "$usage" ;;
  esac
}

main "$@"
