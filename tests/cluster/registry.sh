#!/usr/bin/env bash
# A real registry (Distribution, Debian's docker-registry) that lives in FOLDER.
#   registry.sh up internet FOLDER            plain HTTP on 127.0.0.1: stands for the internet's registries
#   registry.sh up private FOLDER ADDRESS     HTTPS by a CA of its own, with a password: the isolated site's registry
#   registry.sh down FOLDER                   its data goes too; nothing to do when nothing runs
# Then FOLDER holds address (HOST:PORT), and for a private one ca.crt, username and password.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$(realpath "$0")")/lib.sh"
usage="usage: registry.sh up internet FOLDER | up private FOLDER ADDRESS | down FOLDER"

write_certificate() { # ip address
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=private registry's CA" \
    -keyout ca.key -out ca.crt 2> /dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout server.key -out server.csr 2> /dev/null
  openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out server.crt \
    -extfile <(printf 'subjectAltName=IP:%s,DNS:localhost' "$1") 2> /dev/null
}

write_password() {
  echo operator > username
  openssl rand -hex 16 > password
  # shellcheck disable=SC2094 # it reads `password` and writes `htpasswd`
  # On standard input: an argument list is for everybody to read.
  htpasswd -Bin operator < password > htpasswd
}

write_config() { # kind host:port
  cat << C
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: $folder/data}
  delete: {enabled: true}
http:
  addr: $2
C
  [[ $1 == private ]] || return 0
  cat << C
  tls: {certificate: $folder/server.crt, key: $folder/server.key}
auth:
  htpasswd: {realm: private, path: $folder/htpasswd}
C
}

# Any answer will do: a registry that asks for a password is up.
answers() { curl -sk -o /dev/null --max-time 2 "$1/v2/"; }

start() { # kind ip address
  local kind=$1 address scheme=http
  [[ $kind == internet ]] || scheme=https
  # Between the look for a free port and its use, somebody else may take it: the next try takes another.
  for _ in 1 2 3; do
    address=$2:$(free_port "$2")
    write_config "$kind" "$address" > config.yml
    start_daemon registry "$folder" docker-registry serve "$folder/config.yml"
    wait_until 15 check_start "$scheme://$address" || true
    if daemon_runs registry "$folder" && answers "$scheme://$address"; then
      echo "$address" > address
      return
    fi
    stop_daemon registry "$folder"
  done
  fail "the $kind registry does not start on $2" "$folder/registry.log"
}

check_start() { answers "$1" || ! daemon_runs registry "$folder"; }

# Distribution takes every REGISTRY_… of its environment for a setting: REGISTRY_AUTH_FILE, which skopeo reads, too.
unset "${!REGISTRY_@}"
umask 077
case ${1:-} in
  up)
    kind=${2:?$usage} folder=$(realpath -m "${3:?$usage}")
    mkdir -p "$folder/data"
    cd "$folder"
    if daemon_runs registry "$folder"; then fail "a registry runs in $folder already; end it: registry.sh down $folder"; fi
    case $kind in
      internet) start internet 127.0.0.1 ;;
      private)
        write_certificate "${4:?$usage}"
        write_password
        start private "$4"
        ;;
      *) fail "$usage" ;;
    esac
    say "$kind registry: $(cat address)"
    ;;
  down)
    folder=$(realpath -m "${2:?$usage}")
    [[ ! -d $folder ]] || { stop_daemon registry "$folder" && rm -rf "$folder"; }
    ;;
  *) fail "$usage" ;;
esac
