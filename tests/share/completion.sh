#!/bin/bash
# completion.sh BUILD - bash offers every subcommand and option of --help, values, directories
# shellcheck source=tests/share/common.sh
source "$(dirname "$0")/common.sh"
claims=0

# shellcheck source=packaging/completion/libvit.bash
source packaging/completion/libvit.bash

# What the function asks of bash beside COMPREPLY.
compopt() { asked+="$*;"; }

sorted() { tr -s ' \n' '\n' | sed '/^$/d' | sort | tr '\n' ' '; }

# offers EXPECTED WORD...: the last word is being typed. EXPECTED are the words offered, in any
# order; or "files", "directories", "nothing", which bash is asked for.
offers() {
  local expected=$1 asked='' found
  shift
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
  set +e +u +o pipefail # as in a user's shell
  _libvit
  set -euo pipefail
  found=$(sorted <<<"${COMPREPLY[*]}")
  case $found/$asked in
    /) found='files ' ;;
    /*dirnames*) found='directories ' ;;
    /*'+o default'*) found='nothing ' ;;
  esac
  expected=$(sorted <<<"$expected")
  [ "$found" = "$expected" ] || fail "${*:2}: expected $expected, found $found"
  claims=$((claims + 1))
}
vit() { offers "$1" "$build/libvit" "${@:2}"; }
options_of() { "$@" --help | sed -n 's/^  \(-[^ ,]*\).*/\1/p' | tr '\n' ' '; }

subcommands=${subcommands//$'\n'/ }
[ "$(wc -w <<<"$subcommands")" -gt 10 ] ||
  fail "expected more than ten subcommands, found $subcommands"
vit "$subcommands" ''
vit "$subcommands" --threads 2 ''
vit "$subcommands" --threads = 2 ''
vit "$subcommands" help ''
vit "$(options_of "$build/libvit") -h" -
vit 'classify compare check' c
vit nothing help run ''

for verb in $subcommands; do
  [ "$verb" != serve ] || continue
  vit "$(options_of "$build/libvit" "$verb") -h" "$verb" -
  vit "$(options_of "$build/libvit" "$verb") -h" "$verb" x --threads 2 -
  vit "$(options_of "$build/libvit" "$verb") -h" --isa = scalar "$verb" x -
done
vit directories classify -- -
vit files classify -- model -

# There is no such command, subcommand or option.
vit nothing frob ''
vit nothing frob -
vit nothing classify --frob
vit nothing x
offers nothing "$work/libvit" ''
offers nothing "$work/libvit" run -

# Values of a fixed set, from the text.
vit 'float32 float16 int8' run --precision ''
vit 'float32 float16' run --precision f
vit 'float32 float16' run --precision = f
vit 'float32 float16 int8' run --precision =
vit 'exif none model' classify a b --orientation ''
vit 'bicubic bilinear' preprocess --interpolation ''
vit 'center squash' preprocess --crop-mode ''
vit auto features --shard ''
outputs='logits patch_embedding block. last_hidden_state embedding t2t_block. attention.'
vit "$outputs" run m in --output ''
levels=$("$build/libvit" info | sed -n 's/^  \([a-z0-9]*\) *\(usable\|chosen\)$/\1/p')
vit "${levels//$'\n'/ }" info --isa ''
VIT_ISA=none vit scalar info --isa sc
vit 'softmax softmax.oracle softmax.hard.oracle' check --kernel softm

# Other values: a number or a name is not a file.
vit nothing classify --top ''
vit nothing classify --size ''
vit nothing run --keep ''
vit files run --packed ''
vit files run -o ''
vit files features --shards ''
vit directories preprocess --model ''

# Operands.
vit directories classify ''
vit directories classify --json ''
vit directories classify --top 3 ''
vit files classify model ''
vit files classify model picture ''
vit files verify ''
vit 'softmax' bench softm

if [ -e "$build/libvit-serve" ]; then
  server=$build/libvit-serve
  for words in "$server" "$build/libvit serve"; do
    # shellcheck disable=SC2086 # a list of words
    {
      offers "$(options_of $words)" $words -
      offers directories $words ''
      offers files $words model ''
      offers 'none explicit' $words --model-control-mode ''
      offers 'float32 float16 int8' $words --precision ''
      offers "${levels//$'\n'/ }" $words --isa ''
      offers files $words --certificate ''
      offers directories $words --model-repository ''
      offers directories $words --listen 127.0.0.1 : 80 ''
      offers nothing $words --max-batch ''
      offers files $words name = ''
    }
  done
else
  echo 'skipped: 0 of 22 claims about libvit-serve, which is not built'
fi

# In a terminal; and where bash-completion loads it by itself.
python3 tests/share/completion_tty.py "$build" "$work"
echo "$claims completions are as --help says"
