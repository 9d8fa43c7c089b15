#!/usr/bin/env bash
# Builds Kubernetes 1.20.2, the oldest supported version, from Debian 12's source package with Debian's Go 1.19.
#   build-kubernetes.sh OUT    creates the programs listed below in OUT; 4 to 5 minutes on 2 cores, once
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../cmake/build-once.sh
source "$(dirname "$(realpath "$0")")/../../cmake/build-once.sh"
programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl)
begin_build "${1:?usage: build-kubernetes.sh OUT}" "Kubernetes 1.20.2" "${programs[@]}"

[[ -x /usr/lib/go-1.19/bin/go && $(sed -n 's/^VERSION_ID="\(.*\)"/\1/p' /etc/os-release) == 12 ]] ||
  cannot_build_here "only Debian 12 has its source package and golang-1.19"

# The tree builds in GOPATH mode only: its modules are symbolic links into staging/.
export GOPATH=$work/go GO111MODULE=off GOFLAGS='' GOCACHE=$work/cache CGO_ENABLED=0
export PATH=/usr/lib/go-1.19/bin:$PATH
tree=$GOPATH/src/k8s.io/kubernetes

unpack() {
  debian_source --download-only kubernetes
  mkdir -p "$(dirname "$tree")"
  tar -xf "$work"/kubernetes_*.orig.tar.gz -C "$work"
  mv "$work/kubernetes-1.20.2" "$tree"
  # The vendored reflect2 1.0.1, compiled by Go >= 1.18, crashes the API server when it first calls a mutating
  # webhook. Debian packages 1.0.2.
  rm -rf "$tree/vendor/github.com/modern-go/reflect2"
  cp -r /usr/share/gocode/src/github.com/modern-go/reflect2 "$tree/vendor/github.com/modern-go/"
}

# zz_generated.openapi.go is not in the tarball; its inputs are the packages that request it by a comment.
generate_openapi() {
  cd "$tree"
  local libraries=(api apimachinery kube-aggregator apiextensions-apiserver component-base apiserver
    kube-controller-manager kube-proxy kube-scheduler kubelet metrics cloud-provider client-go)
  local inputs
  inputs=$(find -L "${libraries[@]/#/vendor/k8s.io/}" pkg cmd -name '*.go' -not -name '*_test.go' -print0 |
    { xargs -0 grep -l '+k8s:openapi-gen=' || true; } | xargs -n1 dirname | sort -u |
    grep -vE 'sample|code-generator|/testing' | sed 's#^#k8s.io/kubernetes/#' | paste -sd,)
  go build -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
  "$work/openapi-gen" -O zz_generated.openapi --go-header-file hack/boilerplate/boilerplate.generatego.txt \
    --output-base "$GOPATH/src" --output-package k8s.io/kubernetes/pkg/generated/openapi -i "$inputs" -r /dev/null
}

compile() {
  local flags="-s -w" package variable
  for package in component-base/version client-go/pkg/version; do
    variable=k8s.io/kubernetes/vendor/k8s.io/$package
    flags+=" -X $variable.gitVersion=v1.20.2 -X $variable.gitMajor=1 -X $variable.gitMinor=20"
    flags+=" -X $variable.gitTreeState=clean"
  done
  cd "$tree"
  go build -v -ldflags "$flags" -o "$result/" "${programs[@]/#/./cmd/}"
}

step "fetching Debian's source" unpack
step "generating the OpenAPI definitions" generate_openapi
total=$(cd "$tree" && go list -deps "${programs[@]/#/./cmd/}" | wc -l)
counted_step "compiling" "$total" packages compile
"$result/kube-apiserver" --version
end_build
