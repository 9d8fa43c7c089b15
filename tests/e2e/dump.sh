#!/usr/bin/env bash
# Dumps the state of a cluster or a registry as text, to compare two states.
#   dump.sh objects                             every API object that KUBECONFIG can list, by discovery
#   dump.sh tags HOST:PORT [REPOSITORY...]      every tag and its digest; of all repositories by default
# Environment: KUBECTL (kubectl); REGISTRY_AUTH_FILE and REGISTRY_CERTS (a directory with ca.crt) for tags.
# Excluded, because the server or a controller changes it at any time:
#   events, leases (except the installer's, which must be deleted) and metrics; resourceVersion, generation,
#   managedFields and timestamps; status, except of nodes; of a node, heartbeat times and cached images;
#   objects whose controller is in the dump too (a Deployment's ReplicaSets and Pods, a Service's EndpointSlices).
# uid is included: an object that was deleted and created again is a difference.
set -euo pipefail
umask 077

list_objects() {
  local types
  types=$("$KUBECTL" api-resources --verbs=list -o name | grep -vE '^(events|leases|componentstatuses)(\.|$)|\.metrics\.k8s\.io$' | sort -u | paste -sd,)
  "$KUBECTL" get "$types" --all-namespaces -o json
}

filter_objects() {
  # shellcheck disable=SC2016 # jq's own variables
  jq -S '
    [.items[] | select(.kind == "Service" and .spec.selector) | .metadata.namespace + "/" + .metadata.name] as $services
    | [.items[].metadata.uid] as $uids
    | .items
    | map(select([.metadata.ownerReferences // [] | .[] | select(.controller) | .uid | IN($uids[])] | any | not))
    | map(select(.kind != "Endpoints" or ((.metadata.namespace + "/" + .metadata.name) | IN($services[]) | not)))
    | map(del(.metadata.resourceVersion, .metadata.generation, .metadata.managedFields, .metadata.creationTimestamp,
        .metadata.selfLink, .metadata.annotations["deployment.kubernetes.io/revision"],
        .metadata.annotations["control-plane.alpha.kubernetes.io/leader"]))
    | map(if .kind == "Node" then
        del(.status.images, .status.volumesInUse, .status.volumesAttached)
        | .status.conditions |= map({type, status, reason})
      else del(.status) end)
    | sort_by(.kind, .apiVersion, .metadata.namespace, .metadata.name)[]'
}

list_repositories() { # host
  local password
  # Through a file descriptor, because every user can read argument lists.
  password=$(jq -r --arg host "$1" '.auths[$host].auth' "$REGISTRY_AUTH_FILE" | base64 -d)
  curl -sSf --max-time 20 --cacert "$REGISTRY_CERTS/ca.crt" --config <(printf 'user = "%s"\n' "$password") \
    "https://$1/v2/_catalog?n=1000" | jq -r '.repositories[]'
}

list_tags() { # host repository...
  local host=$1 repository tag tags
  shift
  local options=()
  [[ -z ${REGISTRY_CERTS:-} ]] || options=(--cert-dir "$REGISTRY_CERTS")
  for repository in "$@"; do
    # A repository that does not exist or has no tags has no lines.
    tags=$(skopeo list-tags "${options[@]}" "docker://$host/$repository" 2> /dev/null | jq -r '.Tags[]?') || continue
    for tag in $tags; do
      printf '%s/%s:%s sha256:%s\n' "$host" "$repository" "$tag" \
        "$(skopeo inspect --raw "${options[@]}" "docker://$host/$repository:$tag" | sha256sum | cut -d' ' -f1)"
    done
  done | sort
}

KUBECTL=${KUBECTL:-kubectl}
case ${1:-} in
  objects)
    objects=$(mktemp)
    trap 'rm -f "$objects"' EXIT
    list_objects > "$objects"
    filter_objects < "$objects"
    "$KUBECTL" -n kube-system get lease airlock-installer --ignore-not-found -o name
    ;;
  tags)
    host=${2:?usage: dump.sh tags HOST:PORT [REPOSITORY...]}
    shift 2
    if (($# == 0)); then mapfile -t repositories < <(list_repositories "$host"); else repositories=("$@"); fi
    list_tags "$host" "${repositories[@]}"
    ;;
  *)
    echo "usage: dump.sh objects | dump.sh tags HOST:PORT [REPOSITORY...]" >&2
    exit 2
    ;;
esac
