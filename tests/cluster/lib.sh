# Shared by the scripts in tests/cluster and tests/e2e: messages, waiting, daemons, the cache. Sourced, never run.
# shellcheck shell=bash

airlock_cache() { echo "${AIRLOCK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/airlock}"; }

# Connections to the addresses of the tests must not go through a proxy.
export NO_PROXY="${NO_PROXY:+$NO_PROXY,}127.0.0.0/8,10.99.0.0/16" no_proxy="${no_proxy:+$no_proxy,}127.0.0.0/8,10.99.0.0/16"

say() { printf '%s\n' "$*"; }

fail() { # what failed [log]
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  if [[ -n ${2:-} ]]; then
    [[ ! -s $2 ]] || tail -n 12 "$2" | sed 's/^/  | /' >&2
    printf '%s: log: %s\n' "$(basename "$0")" "$2" >&2
  fi
  exit 1
}

# Sleeps a tenth of a second without a process: nothing is ever written to this pipe.
exec {never}<> <(:)
tick() { read -rt 0.1 -u "$never" || true; }

# wait_until SECONDS COMMAND...: true as soon as the command succeeds, false at the deadline.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" > /dev/null 2>&1; do
    ((SECONDS < deadline)) || return 1
    tick
  done
}

# start_daemon NAME DIRECTORY COMMAND...: writes DIRECTORY/NAME.pid and DIRECTORY/NAME.log. The command line must contain
# DIRECTORY, so that stop_daemon can recognize the process.
start_daemon() {
  local name=$1 directory=$2
  shift 2
  setsid "$@" > "$directory/$name.log" 2>&1 < /dev/null {never}>&- &
  echo $! > "$directory/$name.pid"
}

daemon_runs() { # name directory
  local pid
  pid=$(cat "$2/$1.pid" 2> /dev/null) || return 1
  [[ -r /proc/$pid/cmdline ]] && tr '\0' ' ' < "/proc/$pid/cmdline" | grep -qF -- "$2"
}

daemon_gone() { ! daemon_runs "$@"; }

stop_daemon() { # name directory
  if daemon_runs "$1" "$2"; then
    kill -TERM "$(cat "$2/$1.pid")" 2> /dev/null || true
    wait_until 3 daemon_gone "$1" "$2" || kill -KILL "$(cat "$2/$1.pid")" 2> /dev/null || true
    wait_until 5 daemon_gone "$1" "$2" || fail "$1 does not exit: process $(cat "$2/$1.pid")"
  fi
  rm -f "$2/$1.pid"
}

# A free port on ADDRESS, from 20000 on: below the range of ephemeral ports.
free_port() { # address
  local port
  for _ in {1..50}; do
    port=$((20000 + RANDOM % 12000))
    (exec 3<> "/dev/tcp/$1/$port") 2> /dev/null || { echo "$port"; return; }
  done
  fail "no free port on $1"
}
