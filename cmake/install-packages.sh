#!/usr/bin/env bash
# Installs from Debian what debian-packages.txt lists and the machine lacks. When nothing is missing it neither
# needs the network nor root.
set -euo pipefail
list=$(dirname "$(realpath "$0")")/debian-packages.txt

mapfile -t wanted < <(sed 's/#.*//' "$list" | tr -d ' ' | grep .)
installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' | sed -n 's/ installed$//p')
mapfile -t missing < <(grep -vxF -f <(printf '%s\n' "$installed") <(printf '%s\n' "${wanted[@]}") || true)
if ((${#missing[@]} == 0)); then
  echo "deps: all ${#wanted[@]} Debian packages are there"
  exit 0
fi
if ((EUID != 0)); then
  echo "deps: missing: ${missing[*]}" >&2
  echo "deps: run 'make deps' as root, or: apt-get install ${missing[*]}" >&2
  exit 1
fi

# Debian starts the servers it installs (etcd, containerd, docker-registry); the tests start their own, on ports
# of their own, so nobody's machine gets new servers from a build.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
echo "deps: installing ${#missing[@]} of ${#wanted[@]} Debian packages"
apt-get -q update
apt-get -q install -y --no-install-recommends "${missing[@]}"
