#!/usr/bin/env bash
# Serves the files in ROOT over plain HTTP on 127.0.0.1: stands for the web sites of a kit's manifests.
#   file-server.sh up DIRECTORY ROOT    DIRECTORY/address is HOST:PORT
#   file-server.sh down DIRECTORY
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$(realpath "$0")")/lib.sh"
usage="usage: file-server.sh up DIRECTORY ROOT | down DIRECTORY"

answers() { curl -s -o /dev/null --max-time 2 "http://$1/"; }
check_start() { answers "$1" || ! daemon_runs files "$directory"; }

directory=$(realpath -m "${2:?$usage}")
case $1 in
  up)
    mkdir -p "$directory"
    ln -sfn "$(realpath "${3:?$usage}")" "$directory/root"
    for _ in 1 2 3; do
      address=127.0.0.1:$(free_port 127.0.0.1)
      start_daemon files "$directory" busybox httpd -f -p "$address" -h "$directory/root"
      wait_until 10 check_start "$address" || true
      if daemon_runs files "$directory" && answers "$address"; then
        echo "$address" > "$directory/address"
        say "file server: $address"
        exit 0
      fi
      stop_daemon files "$directory"
    done
    fail "the file server does not start" "$directory/files.log"
    ;;
  down)
    [[ ! -d $directory ]] || { stop_daemon files "$directory" && rm -rf "$directory"; }
    ;;
  *) fail "$usage" ;;
esac
