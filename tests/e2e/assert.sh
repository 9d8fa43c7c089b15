# Stories and expectations of the end-to-end suite. Sourced, never run.
# shellcheck shell=bash

suite=
# One word a story, of all suites: they run beside one another.
results=$(mktemp)

# Suites share the machine. A story that measures what two seconds decide has it alone: another suite that starts its
# containers meanwhile would be what is measured.
hold_machine() { # -s: beside others; -x: alone
  tick # who waits for all of it goes first
  exec {machine}> "$cache/e2e/machine"
  flock "$1" "$machine"
}
release_machine() { exec {machine}>&-; }

# story WORDS FUNCTION: one line of result. The function runs by itself in a process, where any command that fails
# ends it; what it prints is shown when it fails. What one story leaves for another is in files of $site. Returns 0
# either way and sets $story_passed: `set -e` has no force inside a condition, nor in what a condition calls, so
# nobody may ask for story's own result.
story() {
  local words=$1 function=$2 started
  local log=$site/log/$function.log
  (false; true) &
  if wait $!; then fail "this story was called from a condition: no command that fails would end it"; fi
  story_passed=
  hold_machine "${machine_share:--s}"
  started=$SECONDS
  # Daemons that it starts must not hold the machine.
  { release_machine; "$function"; } > "$log" 2>&1 &
  if wait $!; then
    release_machine
    echo passed >> "$results"
    story_passed=1
    say "ok   $suite: $words ($((SECONDS - started)) s)"
    return
  fi
  release_machine
  echo failed >> "$results"
  touch "$site/failed"
  say "FAIL $suite: $words ($((SECONDS - started)) s)"
  tail -n 25 "$log" | sed 's/^/     | /'
  say "     log: $log"
}

skip() { # words reason
  echo skipped >> "$results"
  say "skip $suite: $1: $2"
}

count_of() { grep -cx "$1" "$results" || true; }

end_of_stories() {
  say "$(count_of passed) passed, $(count_of failed) failed, $(count_of skipped) skipped"
  (($(count_of passed) > 0 && $(count_of failed) == 0))
}

# expect_exit CODE COMMAND...: the output of both kinds stays in $site/output for expect_output.
expect_exit() {
  local wanted=$1 got=0
  shift
  "$@" > "$site/output" 2>&1 || got=$?
  cat "$site/output"
  [[ $got == "$wanted" ]] || fail "exit code $got, not $wanted, of: $*"
}

expect_output() { # pattern
  grep -qiE -- "$1" "$site/output" || fail "the output does not say '$1'"
}

expect() { # words command...
  local words=$1
  shift
  "$@" || fail "$words"
}

expect_soon() { # seconds words command...
  local seconds=$1 words=$2
  shift 2
  wait_until "$seconds" "$@" || fail "$words (waited $seconds s)"
}

expect_same() { # file words
  same_as "$1" 60 || { head -n 60 "$site/log/not_as_it_was.diff"; fail "$2; diff: $site/log/not_as_it_was.diff"; }
}

not() { ! "$@"; }
