# Builds that take minutes and whose results are kept in the cache directory. Sourced by the build scripts, never run.
# A build works in a temporary directory and renames it at the end, so an interrupted build leaves no partial result. A
# lock prevents concurrent builds of the same thing.
# shellcheck shell=bash

kCannotBuildHere=77 # exit code of a build that is not possible on this machine; callers skip it with the reason

airlock_cache() { echo "${AIRLOCK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/airlock}"; }

say() { printf '%s\n' "$*"; }

cannot_build_here() { # reason
  say "cannot build $build_title here: $1"
  exit "$kCannotBuildHere"
}

# begin_build OUT TITLE FILE...: exits if OUT contains every FILE; otherwise sets $work, $result and $build_log.
begin_build() {
  out=$(realpath -m "$1") build_title=$2
  shift 2
  result_files=("$@")
  if is_complete; then say "$build_title: already built in $out"; exit 0; fi
  mkdir -p "$(dirname "$out")"
  exec {build_lock}> "$out.lock"
  if ! flock -n "$build_lock"; then
    say "$build_title: another run is building it; waiting for it to finish"
    flock "$build_lock"
    if is_complete; then say "$build_title: built by the other run in $out"; exit 0; fi
  fi
  remove_tree "$out".partial.*
  work=$(mktemp -d "$out.partial.XXXXXX")
  chmod 755 "$work" # apt reads it as the user _apt
  result=$work/result build_log=$out.log
  mkdir "$result"
  : > "$build_log"
  trap 'stop_running_step; remove_tree "$work"' EXIT
  trap 'exit 130' INT TERM
}

is_complete() {
  local file
  for file in "${result_files[@]}"; do [[ -e $out/$file ]] || return 1; done
}

# Go's module cache is read-only.
remove_tree() {
  local tree
  for tree in "$@"; do
    [[ -e $tree ]] || continue
    chmod -R u+w "$tree" 2>/dev/null || true
    rm -rf "$tree"
  done
}

end_build() {
  is_complete_in_result || { say "$build_title: the build did not create all files; log: $build_log" >&2; exit 1; }
  remove_tree "$out"
  mv -T "$result" "$out"
  say "$build_title: done in $out"
}

is_complete_in_result() {
  local out=$result
  is_complete
}

running_step=

# In the background, because `set -e` is ignored inside a condition; in its own process group, so that an interrupt
# also stops the compilers.
start_step() {
  set -m
  "$@" >> "$build_log" 2>&1 < /dev/null &
  running_step=$!
  set +m
}

stop_running_step() {
  [[ -z $running_step ]] || kill -TERM -- "-$running_step" 2>/dev/null || true
}

finish_step() { # words started
  wait "$running_step" || fail_step "$1"
  running_step=
  say "$build_title: $1: $((SECONDS - $2)) s"
}

# step WORDS COMMAND...: prints what it does and how long it took; the command's output goes to the log.
step() {
  local words=$1 started=$SECONDS
  shift
  say "$build_title: $words"
  start_step "$@"
  finish_step "$words" "$started"
}

# counted_step WORDS TOTAL NOUN COMMAND...: the same, with progress: the command prints one line per item.
counted_step() {
  local words=$1 total=$2 noun=$3 started=$SECONDS before made
  shift 3
  before=$(wc -l < "$build_log")
  say "$build_title: $words ($total $noun)"
  start_step "$@"
  while ! wait_for_exit "$running_step" 10; do
    made=$(($(wc -l < "$build_log") - before))
    say "$build_title: $((made < total ? made : total)) of $total $noun, $((SECONDS - started)) s"
  done
  finish_step "$words" "$started"
}

wait_for_exit() { # pid seconds: true if the process has exited
  timeout "$2" tail --pid="$1" -f /dev/null && return 0
  ! kill -0 "$1" 2>/dev/null
}

fail_step() {
  tail -n 15 "$build_log" >&2
  say "$build_title: failed: $1; full log: $build_log" >&2
  exit 1
}

# debian_source PACKAGE: unpacks Debian's source package, with patches applied, into $work. Uses the machine's own
# mirror, with source packages enabled for this call only.
debian_source() {
  local list=$work/sources.list lists=$work/apt-lists
  mkdir -p "$lists/partial"
  if [[ -f /etc/apt/sources.list.d/debian.sources ]]; then
    list=$work/debian.sources
    sed 's/^Types:.*/Types: deb-src/' /etc/apt/sources.list.d/debian.sources > "$list"
  else
    sed -n 's/^deb /deb-src /p' /etc/apt/sources.list > "$list" # as debootstrap writes it
  fi
  local options=(-o Dir::Etc::sourcelist="$list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State::lists="$lists" -o APT::Sandbox::User=root)
  [[ -e $lists/lock ]] || apt-get -q "${options[@]}" update
  (cd "$work" && apt-get -q "${options[@]}" source "$@")
}

# go_minor GO: 19 for Go 1.19; 0 if it does not run.
go_minor() { "$1" version 2>/dev/null | sed -n 's/.* go1\.\([0-9]*\).*/\1/p' | grep . || echo 0; }

# require_go MINOR: sets $go to a Go that is new enough; Debian 12 has 1.19.
require_go() {
  for go in "$(command -v go || true)" /usr/local/go/bin/go; do
    if [[ -x $go ]] && (($(go_minor "$go") >= $1)); then return; fi
  done
  cannot_build_here "Go 1.$1 or newer is required on PATH"
}

# Requests a small file, so that a machine without a module proxy fails within seconds.
require_go_module() { # go module@version
  local answer
  if ! answer=$(cd "$work" && GO111MODULE=on GOFLAGS=-mod=mod timeout 30 "$1" list -m "$2" 2>&1); then
    cannot_build_here "no Go module proxy provides $2 (${answer##*$'\n'}); set GOPROXY to one that does"
  fi
}
