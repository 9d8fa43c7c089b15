#!/usr/bin/env bash
# Copies stripped programs to DIRECTORY. Fails if one is not static: an air-gapped machine may lack its loader or
# libraries.
#   collect-programs.sh FROM DIRECTORY PROGRAM...
set -euo pipefail
from=${1:?usage: collect-programs.sh FROM DIRECTORY PROGRAM...} directory=${2:?}
shift 2
mkdir -p "$directory"
for program in "$@"; do
  segments=$(readelf -lW "$from/$program")
  if grep -qE '^ +(INTERP|DYNAMIC) ' <<< "$segments"; then
    echo "$from/$program is not static: it needs a loader or shared libraries (readelf -lW shows INTERP or DYNAMIC)" >&2
    exit 1
  fi
  # Atomic: a program may be running.
  strip -o "$directory/.$program.new" "$from/$program"
  mv "$directory/.$program.new" "$directory/$program"
  echo "$directory/$program: static, $(stat -c %s "$directory/$program") bytes"
done
