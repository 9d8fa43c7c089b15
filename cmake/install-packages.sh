#!/usr/bin/env bash
# Installs the Debian packages in debian-packages.txt that are missing. If none is, it requires neither network nor
# root.
set -euo pipefail
list=$(dirname "$(realpath "$0")")/debian-packages.txt

mapfile -t wanted < <(sed 's/#.*//; s/[[:space:]]*$//' "$list" | grep .)
installed=$'\n'$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' | sed -n 's/ installed$//p')$'\n'
missing=()
for line in "${wanted[@]}"; do
  for package in ${line//|/ }; do [[ $installed != *$'\n'$package$'\n'* ]] || continue 2; done
  missing+=("$line")
done
if ((${#missing[@]} == 0)); then
  echo "deps: all ${#wanted[@]} Debian packages are installed"
  exit 0
fi
if ((EUID != 0)); then
  printf 'deps: missing: %s\n' "${missing[@]}" >&2
  echo "deps: run 'make deps' as root" >&2
  exit 1
fi

# Debian would start the servers that it installs (etcd, containerd, docker-registry). The tests start their own, on
# other ports, so a build must not start new services on the machine.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
echo "deps: installing ${#missing[@]} of ${#wanted[@]} Debian packages"
apt-get -q update
chosen=()
for line in "${missing[@]}"; do
  for package in ${line//|/ }; do
    if [[ -n $(apt-cache madison "$package") ]]; then chosen+=("$package"); continue 2; fi
  done
  echo "deps: this system has no package $line; Airlock is built on Debian 12 and 13" >&2
  exit 1
done
apt-get -q install -y --no-install-recommends "${chosen[@]}"
