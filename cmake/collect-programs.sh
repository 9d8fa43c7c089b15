#!/usr/bin/env bash
# Copies programs to FOLDER, stripped, and refuses one that is not static: it would ask an isolated machine for a
# loader or a library that is not there.
#   collect-programs.sh FROM FOLDER PROGRAM...
set -euo pipefail
from=${1:?usage: collect-programs.sh FROM FOLDER PROGRAM...} folder=${2:?}
shift 2
mkdir -p "$folder"
for program in "$@"; do
  segments=$(readelf -lW "$from/$program")
  if grep -qE '^ +(INTERP|DYNAMIC) ' <<< "$segments"; then
    echo "$from/$program is not static: it names a loader or libraries (readelf -lW shows INTERP or DYNAMIC)" >&2
    exit 1
  fi
  # Beside, then renamed: a program that is running is never half written.
  strip -o "$folder/.$program.new" "$from/$program"
  mv "$folder/.$program.new" "$folder/$program"
  echo "$folder/$program: static, $(stat -c %s "$folder/$program") bytes"
done
