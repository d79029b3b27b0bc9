#!/usr/bin/env bash
# mutants.sh BUILD [EVERY [TABLE...]] - plants the faults of mutants*.txt; a check must find each
#
# A table has an entry for each fault: CHECK FILE NAME, what is replaced (-) and by what (+). Of the
# kernels CHECK is a level: `libvit check` must report failed cases. Of the server it is serve:TEST,
# a test of check-serve, which runs where the server is built. Otherwise it is the suite, or
# suite/test, of the test program that must fail; a test that is skipped finds nothing. With EVERY,
# only each EVERY-th is built and checked; of the others the text must still exist. Two work side by
# side, each in a copy of its own.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
build_directory=$1 every=${2:-1}
shift $(($# < 2 ? $# : 2))
[ $# != 0 ] || set -- tests/mutants*.txt
declare -a checks=() files=() names=() olds=() news=()
workers=2 patience=900 # seconds, of a check that hangs

# --- the tables

check='' file='' name='' old='' new=''
while IFS= read -r line; do
  case $line in
    '#'*) ;;
    -*) old+="${line#-} " ;;
    +*) new+="${line#+} " ;;
    ?*) read -r check file name <<<"$line" ;;
    '')
      if [ -n "$check" ]; then
        checks+=("$check") files+=("$file") names+=("$name") olds+=("$old") news+=("$new")
      fi
      check='' old='' new=''
      ;;
  esac
done < <(for table in "$@"; do cat "$table" && echo; done)

is_planned() { ((($1 + 1) % every == 0)); } # INDEX
kernel_checks=" simd $(sed -n 's/^ *LEVEL(\([a-z0-9]*\),.*/\1/p' kernels/levels.h | tr '\n' ' ')"
is_kernel() { [[ $kernel_checks == *" ${checks[$1]} "* ]]; }
is_server() { [[ $1 == serve:* ]]; } # CHECK
has_server=$(pkg-config --exists libmicrohttpd 2>/dev/null && command -v python3)
# Whether what the fault needs is here.
is_runnable() { # INDEX
  if is_kernel "$1"; then [[ $levels == *" ${checks[$1]} "* ]]
  else ! is_server "${checks[$1]}" || [ -n "$has_server" ]; fi
}
any_kernel() {
  for i in "${!checks[@]}"; do is_planned "$i" && is_kernel "$i" && return; done
  return 1
}

# --- the copy, and one of the sources that stays as it is

# Only files that differ are written, so that make builds no more than it must, and again what an
# interrupted run left. Tests read models, docs and the README.
mkdir -p "$build_directory/mutants/vit"
work=$(cd "$build_directory/mutants" && pwd)
log=$work/log
directories=(include kernels lib image check tools server measure tests models docs)
files_beside=(Makefile README.md ./*/Makefile.inc bindings/*/Makefile.inc mk/*.mk)
while IFS= read -r copy; do
  [ -e "$copy" ] || rm "$work/vit/$copy"
done < <(cd "$work/vit" && find "${directories[@]}" -type f 2>/dev/null)
while IFS= read -r source; do
  cmp -s "$source" "$work/vit/$source" || install -D "$source" "$work/vit/$source"
done < <(printf '%s\n' "${files_beside[@]}" && find "${directories[@]}" -type f)
rm -rf "$work/original" && mkdir "$work/original" &&
  cp -R kernels lib image tools server measure "$work/original"
cd "$work/vit" || exit

# Tests that fail leave their files for inspection.
TMPDIR=$(mktemp -d /tmp/vit-mutants-XXXXXX) || exit
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# --- builds and checks

export OMP_WAIT_POLICY=passive # a worker's threads that wait leave the cores to the other's

# -O1: a third of the time to compile, and what is computed is the same
compile() { # VARIABLE=VALUE... TARGET...
  make --no-print-directory -j2 CFLAGS=-O1 KERNEL_CFLAGS= "$@" >"$log" 2>&1
}

emulator='' levels=' scalar simd ' best=scalar
build_level() { # LEVEL, or native
  case $1$emulator in
    neon?*) compile ARCH=aarch64 BUILD=build-aarch64 build-aarch64/libvit ;;
    *) compile BUILD=build build/libvit ;;
  esac
}
check_level() { # LEVEL, or native: all levels
  case $1$emulator in
    native* | scalar*) timeout "$patience" build/libvit check ;;
    simd*) timeout "$patience" build/libvit check --isa "$best" ;;
    neon?*)
      OMP_NUM_THREADS=2 timeout "$patience" "$emulator" build-aarch64/libvit check --isa neon \
        --cases 300
      ;;
    *) timeout "$patience" build/libvit check --isa "$1" ;;
  esac >"$log" 2>&1
}

build_tests() { # CHECK
  if is_server "$1"; then compile BUILD=build build/libvit build/libvit-serve
  else compile BUILD=build build/libvit build/tests/run; fi
}
run_tests() { # SUITE[/TEST], or serve:NAME
  local filter=$1
  if is_server "$1"; then
    SERVE_TIMEOUT=20 VIT_BUILD=build timeout "$patience" \
      python3 tests/unittests.py tests/serve "${1#serve:}" >"$log" 2>&1
    return
  fi
  [[ $filter == */* ]] || filter+='/*'
  VIT_BUILD=build timeout "$patience" build/tests/run --filter "$filter" >"$log" 2>&1
}
some_passed='Tested: .*[1-9]|^[1-9][0-9]* of [0-9]+ run'
some_failed='(Failing|Crashing): .*[1-9]|^FAILED \('

# What is checked must pass as it is.
begin_kernels() {
  if ! build_level native || ! check_level native; then
    cat "$log"
    echo 'mutants: the kernels themselves do not pass'
    return 1
  fi
  for level in $(build/libvit info | sed -n 's/^  \([a-z0-9]*\) *\(usable\|chosen\)$/\1/p'); do
    levels+="$level " best=$level
  done
  [ "$best" != scalar ] || levels=' scalar '
  if [[ $levels != *' neon '* ]] && emulator=$(command -v qemu-aarch64-static); then
    { build_level neon && check_level neon && levels+='neon '; } || emulator=
  fi
}
begin_tests() {
  local -A passed=()
  local i
  for i in "${!checks[@]}"; do
    if ! is_planned "$i" || is_kernel "$i" || ! is_runnable "$i" ||
      [ -n "${passed[${checks[i]}]:-}" ]; then
      continue
    fi
    passed[${checks[i]}]=1
    if ! build_tests "${checks[i]}" || ! run_tests "${checks[i]}" ||
      ! grep -qE "$some_passed" "$log"; then
      cat "$log"
      echo "mutants: ${checks[i]} does not pass, or is no test"
      return 1
    fi
  done
}

# --- one fault

# plant FILE OLD NEW: the first place that is OLD, whatever its spaces, becomes NEW
plant() {
  perl -0777 -e 'my ($file, $old, $new) = @ARGV;
    my $pattern = join q(\s+), map { quotemeta } split q( ), $old;
    open my $in, "<", $file or die; my $text = <$in>;
    $text =~ s/$pattern/$new/ or exit 1;
    open my $out, ">", $file or die; print $out $text;' "$@"
}

# Prints what became of the planted fault.
verdict_of() { # INDEX
  local check=${checks[$1]}
  if is_kernel "$1"; then
    build_level "$check" || { echo UNBUILT && return; }
    check_level "$check"
    # 2: it exited normally; its output shows failed cases
    [ $? = 2 ] && grep -qE '[0-9] cases failed$|outside its operands' "$log" && echo found && return
  else
    build_tests "$check" || { echo UNBUILT && return; }
    run_tests "$check"
    case $? in
      1) grep -qE "$some_failed" "$log" && echo found && return ;;
      124) echo HUNG && return ;;
    esac
  fi
  echo SURVIVED
}

try() { # INDEX
  local file=${files[$1]} verdict
  planned=$((planned + 1))
  if ! plant "$file" "${olds[$1]}" "${news[$1]}" || cmp -s "$file" "$work/original/$file"; then
    verdict=STALE
  elif ! is_planned "$1" || ! is_runnable "$1"; then
    verdict='not run'
  else
    verdict=$(verdict_of "$1")
    [ "$verdict" = UNBUILT ] || ran=$((ran + 1))
  fi
  printf '%-9s %-7s %s: %s\n' "$verdict" "${checks[$1]}" "$file" "${names[$1]}"
  case $verdict in
    found) found=$((found + 1)) ;;
    'not run') ;;
    *) failed=$((failed + 1)) ;;
  esac
  case $verdict in UNBUILT | SURVIVED | HUNG) tail -5 "$log" ;; esac
  cmp -s "$work/original/$file" "$file" || cp "$work/original/$file" "$file"
}

# --- the workers

# Tries a worker's share of the faults in the copy, and writes the counts to the file COUNTS.
work_in() { # COPY NUMBER COUNTS
  local i planned=0 ran=0 found=0 failed=0
  cd "$1" || return
  log=$work/log-$2
  for i in "${!checks[@]}"; do
    [ "$((i / every % workers))" != "$2" ] || try "$i"
  done
  echo "$planned $ran $found $failed" >"$3"
}

if any_kernel; then begin_kernels || exit; fi
begin_tests || exit
for ((w = 0; w < workers; w++)); do # all copies before the first fault
  rm -rf "$work/vit-$w" "$work/counts-$w" && cp -a "$work/vit" "$work/vit-$w" || exit
done
for ((w = 0; w < workers; w++)); do
  work_in "$work/vit-$w" "$w" "$work/counts-$w" &
done
wait
cat "$work"/counts-* | awk -v all=${#checks[@]} '
  { planned += $1; ran += $2; found += $3; failed += $4 }
  END {
    printf "%d of %d mutants ran, %d found\n", ran, all, found
    exit failed || planned != all
  }'
