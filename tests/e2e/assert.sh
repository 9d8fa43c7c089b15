# Test cases ("stories") and assertions of the end-to-end suite. Sourced, never run.
# shellcheck shell=bash

suite=
# One word per story, of all suites, which run in parallel.
results=$(mktemp)

# Suites share the machine. A story that measures time runs exclusively, so that containers of another suite do not
# distort it.
lock_machine() { # -s: shared; -x: exclusive
  tick # lets a waiting exclusive story go first
  exec {machine}> "$cache/e2e/machine"
  flock "$1" "$machine"
}
unlock_machine() { exec {machine}>&-; }

# story TITLE FUNCTION: prints one line of result. The function runs in a process of its own, which the first failing
# command ends; its output is shown on failure. Stories exchange data through files in $site. Always returns 0 and sets
# $story_passed: `set -e` has no effect inside a condition, so the result of story must not be used as one.
story() {
  local title=$1 function=$2 started
  local log=$site/log/$function.log
  (false; true) &
  if wait $!; then fail "story was called from a condition, where set -e has no effect"; fi
  story_passed=
  lock_machine "${machine_lock_mode:--s}"
  started=$SECONDS
  # Daemons that it starts must not inherit the lock.
  { unlock_machine; "$function"; } > "$log" 2>&1 &
  if wait $!; then
    unlock_machine
    echo passed >> "$results"
    story_passed=1
    say "ok   $suite: $title ($((SECONDS - started)) s)"
    return
  fi
  unlock_machine
  echo failed >> "$results"
  touch "$site/failed"
  say "FAIL $suite: $title ($((SECONDS - started)) s)"
  tail -n 25 "$log" | sed 's/^/     | /'
  say "     log: $log"
}

skip() { # title reason
  echo skipped >> "$results"
  say "skip $suite: $1: $2"
}

count_of() { grep -cx "$1" "$results" || true; }

print_summary() {
  say "$(count_of passed) passed, $(count_of failed) failed, $(count_of skipped) skipped"
  (($(count_of passed) > 0 && $(count_of failed) == 0))
}

# expect_exit CODE COMMAND...: keeps stdout and stderr in $site/output for expect_output.
expect_exit() {
  local wanted=$1 got=0
  shift
  "$@" > "$site/output" 2>&1 || got=$?
  cat "$site/output"
  [[ $got == "$wanted" ]] || fail "exit code $got instead of $wanted: $*"
}

expect_output() { # pattern
  grep -qiE -- "$1" "$site/output" || fail "the output does not match '$1'"
}

expect() { # message command...
  local message=$1
  shift
  "$@" || fail "$message"
}

expect_soon() { # seconds message command...
  local seconds=$1 message=$2
  shift 2
  wait_until "$seconds" "$@" || fail "$message (waited $seconds s)"
}

expect_same() { # file message
  matches_dump "$1" 60 || { head -n 60 "$site/log/differences.diff"; fail "$2; diff: $site/log/differences.diff"; }
}

not() { ! "$@"; }
