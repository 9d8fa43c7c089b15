#!/usr/bin/env bash
# Builds cert-manager v1.8.2, its programs and its installation manifest, from its Go module with Debian's Go 1.19.
# Requires a Go module proxy; exits with 77 and the reason without one.
#   build-cert-manager.sh OUT    creates OUT/{controller,webhook,cainjector,acmesolver,cert-manager.yaml}; 4 to 5 minutes, once
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../cmake/build-once.sh
source "$(dirname "$(realpath "$0")")/../../cmake/build-once.sh"
names=(controller webhook cainjector acmesolver)
module=github.com/cert-manager/cert-manager
programs=("${names[@]/#/$module/cmd/}")
begin_build "${1:?usage: build-cert-manager.sh OUT}" "cert-manager 1.8.2" "${names[@]}" cert-manager.yaml

export PATH=/usr/lib/go-1.19/bin:$PATH CGO_ENABLED=0 GO111MODULE=on GOFLAGS=-mod=mod
export GOCACHE=$work/cache GOMODCACHE=$work/modules
[[ $(go_minor go) != 0 ]] || cannot_build_here "Go is required (Debian's golang-1.19-go)"
require_go_module go "$module@v1.8.2"

# Helm renders the manifest, as in cert-manager's own release process, so its modules are required too.
write_module() {
  mkdir "$work/module" # Go would treat a module cache within a module as a part of it
  cd "$work/module"
  printf 'module cert-manager-for-tests\n\ngo 1.17\n\nrequire (\n\t%s v1.8.2\n\thelm.sh/helm/v3 v3.8.1\n)\n' \
    "$module" > go.mod
  {
    printf '//go:build tools\n\npackage deps\n\nimport (\n'
    printf '\t_ "%s"\n' "${programs[@]}" helm.sh/helm/v3/cmd/helm
    echo ')'
  } > deps.go
  go mod tidy
  go list -deps "${programs[@]}" helm.sh/helm/v3/cmd/helm > packages
}

compile() {
  cd "$work/module"
  go build -v -trimpath -ldflags "-s -w -X $module/pkg/util.AppVersion=v1.8.2" -o "$result/" "${programs[@]}"
  go build -v -trimpath -ldflags "-s -w" -o "$work/helm" helm.sh/helm/v3/cmd/helm
}

# The module has the chart as input of its release tool: a Chart.template.yaml, and the CRDs outside the templates.
render_manifest() {
  cd "$work/module"
  local deploy
  deploy=$(go list -m -f '{{.Dir}}' "$module")/deploy
  cp -r "$deploy/charts/cert-manager" chart
  chmod -R u+w chart
  rm -f chart/BUILD.bazel chart/templates/BUILD.bazel
  sed 's/v0\.1\.0/v1.8.2/; s/{{IS_PRERELEASE}}/false/' chart/Chart.template.yaml > chart/Chart.yaml
  rm chart/Chart.template.yaml
  cp "$deploy"/crds/crd-*.yaml chart/templates/
  chmod u+w chart/templates/*
  {
    cat "$deploy/manifests/01-namespace.yaml"
    "$work/helm" template cert-manager chart --namespace cert-manager --set installCRDs=true \
      --set startupapicheck.enabled=false --kube-version 1.20.2
  } > "$result/cert-manager.yaml"
}

step "fetching its modules" write_module
counted_step "compiling" "$(sort -u "$work/module/packages" | wc -l)" packages compile
step "rendering cert-manager.yaml" render_manifest
end_build
