#!/usr/bin/env bash
# A real registry (Distribution, Debian's docker-registry) with its data in DIRECTORY.
#   registry.sh up internet DIRECTORY            plain HTTP on 127.0.0.1: stands for the internet's registries
#   registry.sh up private DIRECTORY ADDRESS     HTTPS with its own CA, and a password: the registry of the air-gapped site
#   registry.sh down DIRECTORY                   removes its data too; does nothing if it is not running
# Afterwards DIRECTORY has address (HOST:PORT), and for a private one ca.crt, username and password.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$(realpath "$0")")/lib.sh"
usage="usage: registry.sh up internet DIRECTORY | up private DIRECTORY ADDRESS | down DIRECTORY"

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
  # On standard input: arguments are visible to all users.
  htpasswd -Bin operator < password > htpasswd
}

write_config() { # kind host:port
  cat << C
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: $directory/data}
  delete: {enabled: true}
http:
  addr: $2
C
  [[ $1 == private ]] || return 0
  cat << C
  tls: {certificate: $directory/server.crt, key: $directory/server.key}
auth:
  htpasswd: {realm: private, path: $directory/htpasswd}
C
}

# Any response will do, including a 401.
answers() { curl -sk -o /dev/null --max-time 2 "$1/v2/"; }

start() { # kind ip address
  local kind=$1 address scheme=http
  [[ $kind == internet ]] || scheme=https
  # Another process may take the free port before it is used: retry with another one.
  for _ in 1 2 3; do
    address=$2:$(free_port "$2")
    write_config "$kind" "$address" > config.yml
    start_daemon registry "$directory" docker-registry serve "$directory/config.yml"
    wait_until 15 check_start "$scheme://$address" || true
    if daemon_runs registry "$directory" && answers "$scheme://$address"; then
      echo "$address" > address
      return
    fi
    stop_daemon registry "$directory"
  done
  fail "the $kind registry does not start on $2" "$directory/registry.log"
}

check_start() { answers "$1" || ! daemon_runs registry "$directory"; }

# Distribution treats every REGISTRY_… variable as a setting, including REGISTRY_AUTH_FILE, which is for skopeo.
unset "${!REGISTRY_@}"
umask 077
case ${1:-} in
  up)
    kind=${2:?$usage} directory=$(realpath -m "${3:?$usage}")
    mkdir -p "$directory/data"
    cd "$directory"
    if daemon_runs registry "$directory"; then fail "a registry is already running in $directory; stop it: registry.sh down $directory"; fi
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
    directory=$(realpath -m "${2:?$usage}")
    [[ ! -d $directory ]] || { stop_daemon registry "$directory" && rm -rf "$directory"; }
    ;;
  *) fail "$usage" ;;
esac
