#!/usr/bin/env bash
# Man pages and shell completions of the programs, which print them from the definitions of their own options.
#   generate-command-docs.sh BIN OUT PROGRAM...    gives OUT/{man1,bash-completion,zsh,fish}
set -euo pipefail
bin=${1:?usage: generate-command-docs.sh BIN OUT PROGRAM...} out=${2:?}
shift 2
mkdir -p "$out"/{man1,bash-completion,zsh,fish}
for program in "$@"; do
  "$bin/$program" man > "$out/man1/$program.1"
  "$bin/$program" completion bash > "$out/bash-completion/$program"
  "$bin/$program" completion zsh > "$out/zsh/_$program"
  "$bin/$program" completion fish > "$out/fish/$program.fish"
done
