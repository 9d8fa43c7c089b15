#!/usr/bin/env bash
# Builds a current Kubernetes from its Go module: users run versions between this one and 1.20.
# Requires a Go module proxy and Go >= 1.26, which Debian 12 does not have; exits with 77 and the reason without them.
#   build-new-kubernetes.sh OUT [VERSION]    3 to 6 minutes on 2 cores, once
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../cmake/build-once.sh
source "$(dirname "$(realpath "$0")")/../../cmake/build-once.sh"
version=${2:-1.36.3}
names=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl)
programs=("${names[@]/#/k8s.io/kubernetes/cmd/}")
begin_build "${1:?usage: build-new-kubernetes.sh OUT [VERSION]}" "Kubernetes $version" "${names[@]}"

require_go 26
export CGO_ENABLED=0 GO111MODULE=on GOFLAGS=-mod=mod GOTOOLCHAIN=local
export GOCACHE=$work/cache GOMODCACHE=$work/modules
require_go_module "$go" "k8s.io/kubernetes@v$version"

# Its go.mod refers to ./staging, which is published as separate modules: v1.36.3 requires v0.36.3 of each.
write_module() {
  mkdir "$work/module" # Go would treat a module cache within a module as a part of it
  cd "$work/module"
  local module library
  module=$("$go" mod download -json "k8s.io/kubernetes@v$version" | jq -r .GoMod)
  {
    printf 'module new-kubernetes-for-tests\n\ngo 1.26.0\n\nrequire k8s.io/kubernetes v%s\n\nreplace (\n' "$version"
    sed -n 's#^\t\(k8s.io/[a-z-]*\) => ./staging.*#\1#p' "$module" | while read -r library; do
      printf '\t%s => %s v0.%s\n' "$library" "$library" "${version#1.}"
    done
    echo ')'
  } > go.mod
  {
    printf '//go:build tools\n\npackage deps\n\nimport (\n'
    printf '\t_ "%s"\n' "${programs[@]}"
    echo ')'
  } > deps.go
  "$go" list -deps "${programs[@]}" > packages
}

compile() {
  local flags="-s -w" package
  for package in component-base/version client-go/pkg/version; do
    flags+=" -X k8s.io/$package.gitVersion=v$version -X k8s.io/$package.gitMajor=1"
    flags+=" -X k8s.io/$package.gitMinor=$(cut -d. -f2 <<< "$version") -X k8s.io/$package.gitTreeState=clean"
  done
  cd "$work/module"
  "$go" build -v -trimpath -ldflags "$flags" -o "$result/" "${programs[@]}"
}

step "fetching its modules" write_module
counted_step "compiling" "$(wc -l < "$work/module/packages")" packages compile
"$result/kube-apiserver" --version
end_build
