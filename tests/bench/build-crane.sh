#!/usr/bin/env bash
# crane, which the bundler is measured against: Debian does not have it.
# Needs a Go module proxy and Go >= 1.22; exit code 77, with the reason, without them.
#   build-crane.sh OUT    gives crane in OUT; a minute, once
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
