#!/usr/bin/env bash
# Builds crane, which the bundler is compared with: Debian does not package it.
# Requires a Go module proxy and Go >= 1.22; exits with 77 and the reason without them.
#   build-crane.sh OUT    creates crane in OUT; a minute, once
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../cmake/build-once.sh
source "$(dirname "$(realpath "$0")")/../../cmake/build-once.sh"
version=0.20.2
begin_build "${1:?usage: build-crane.sh OUT}" "crane $version" crane
require_go 22
export CGO_ENABLED=0 GO111MODULE=on GOFLAGS=-mod=mod GOTOOLCHAIN=local
export GOCACHE=$work/cache GOMODCACHE=$work/modules GOBIN=$result
require_go_module "$go" "github.com/google/go-containerregistry@v$version"
step "fetching and compiling" "$go" install "github.com/google/go-containerregistry/cmd/crane@v$version"
end_build
