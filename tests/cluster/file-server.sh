#!/usr/bin/env bash
# Serves the files of ROOT by plain HTTP on 127.0.0.1: stands for the web sites that a kit's manifests come from.
#   file-server.sh up FOLDER ROOT    FOLDER/address is HOST:PORT
#   file-server.sh down FOLDER
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$(realpath "$0")")/lib.sh"
usage="usage: file-server.sh up FOLDER ROOT | down FOLDER"

answers() { curl -s -o /dev/null --max-time 2 "http://$1/"; }
check_start() { answers "$1" || ! daemon_runs files "$folder"; }

folder=$(realpath -m "${2:?$usage}")
case $1 in
  up)
    mkdir -p "$folder"
    ln -sfn "$(realpath "${3:?$usage}")" "$folder/root"
    for _ in 1 2 3; do
      address=127.0.0.1:$(free_port 127.0.0.1)
      start_daemon files "$folder" busybox httpd -f -p "$address" -h "$folder/root"
      wait_until 10 check_start "$address" || true
      if daemon_runs files "$folder" && answers "$address"; then
        echo "$address" > "$folder/address"
        say "file server: $address"
        exit 0
      fi
      stop_daemon files "$folder"
    done
    fail "the file server does not start" "$folder/files.log"
    ;;
  down)
    [[ ! -d $folder ]] || { stop_daemon files "$folder" && rm -rf "$folder"; }
    ;;
  *) fail "$usage" ;;
esac
