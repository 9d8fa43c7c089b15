#!/usr/bin/env bash
# Builds the Go server that the webhook is compared with. Its k8s.io/api comes from Debian's source package of
# Kubernetes, the only package that has it.
#   build-webhook-rival.sh OUT    creates webhook_rival in OUT; half a minute, once
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../cmake/build-once.sh
source "$(dirname "$(realpath "$0")")/../../cmake/build-once.sh"
begin_build "${1:?usage: build-webhook-rival.sh OUT}" "the webhook's rival" webhook_rival
source=$(dirname "$(realpath "$0")")/webhook_rival

# The tree builds in GOPATH mode only: its modules are symbolic links into staging/.
export GOPATH=$work/go GO111MODULE=off GOFLAGS='' GOCACHE=$work/cache CGO_ENABLED=0
export PATH=/usr/lib/go-1.19/bin:$PATH
tree=$GOPATH/src/k8s.io/kubernetes

unpack() {
  debian_source --download-only kubernetes
  mkdir -p "$tree"
  tar -xf "$work"/kubernetes_*.orig.tar.gz -C "$tree" --strip-components 1
  # Go >= 1.18 requires it instead of the vendored 1.0.1.
  rm -rf "$tree/vendor/github.com/modern-go/reflect2"
  cp -r /usr/share/gocode/src/github.com/modern-go/reflect2 "$tree/vendor/github.com/modern-go/"
  cp -r "$source" "$tree/cmd/"
}

compile() {
  cd "$tree"
  go build -o "$result/" ./cmd/webhook_rival
}

step "fetching Debian's source of Kubernetes" unpack
step "compiling" compile
end_build
