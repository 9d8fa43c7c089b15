#!/usr/bin/env bash
# What is there, as text that two moments can be compared by.
#   dump.sh objects                             every API object that KUBECONFIG can list, by discovery
#   dump.sh tags HOST:PORT [REPOSITORY...]      every tag and its digest; of all repositories when none is named
# Environment: KUBECTL (kubectl); REGISTRY_AUTH_FILE and REGISTRY_CERTS (a folder with ca.crt) for tags.
# Left out of the objects, because the server or a controller sets it and it changes by itself:
#   events, leases (but for the installer's own, which must be gone) and metrics; resourceVersion, generation, managedFields, times; status of all but nodes;
#   of a node the heartbeat's times, the list of images it has cached, and of its oversell record all but the newest
#   applied value: the older ones are there to know a late writer by;
#   objects whose controller is in the dump too (a Deployment's ReplicaSets and Pods, a Service's EndpointSlices).
# uid stays: who deletes an object and makes it again has not left it as it was.
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
        | .metadata.annotations["node-oversell/state"] |= (values | fromjson | .resources[].applied |= .[:1])
      else del(.status) end)
    | sort_by(.kind, .apiVersion, .metadata.namespace, .metadata.name)[]'
}

list_repositories() { # host
  local password
  # By a file descriptor: an argument list is for everybody to read.
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
    # A repository without a tag, or that does not exist, has nothing to compare.
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
