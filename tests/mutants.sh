#!/usr/bin/env bash
# mutants.sh BUILD [EVERY] - plants the faults of mutants.txt; libvit check must find each
#
# With EVERY, only each EVERY-th is built and checked; of the others the text must still exist.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
table=$PWD/tests/mutants.txt
mkdir -p "$1/mutants/vit"
work=$(cd "$1/mutants" && pwd)
log=$work/log
every=${2:-1} planned=0 ran=0 found=0 failed=0

# The copy, and one of the kernels that stays as it is. Only files that differ are written, so that
# make builds no more than it must, and again what an interrupted run left.
directories=(include kernels lib image check tools measure)
for file in $(cd "$work/vit" && find "${directories[@]}" -type f 2>/dev/null); do
  [ -e "$file" ] || rm "$work/vit/$file"
done
for file in Makefile ./*/Makefile.inc mk/*.mk $(find "${directories[@]}" -type f); do
  cmp -s "$file" "$work/vit/$file" || install -D "$file" "$work/vit/$file"
done
rm -rf "$work/original" && cp -R kernels "$work/original"
cd "$work/vit" || exit

emulator='' levels=' scalar simd '
build() { # LEVEL, or native
  local into=build cross=
  [ "$1$emulator" = neon ] || [ "$1" != neon ] || { into=build-aarch64 cross=ARCH=aarch64; }
  # -O1: a third of the time to compile, and what is computed is the same
  make --no-print-directory $cross BUILD=$into CFLAGS=-O1 KERNEL_CFLAGS= $into/libvit >"$log" 2>&1
}
check() { # LEVEL, or native: all levels
  case $1$emulator in
    native* | scalar*) timeout 300 build/libvit check ;;
    simd*) timeout 300 build/libvit check --isa "$best" ;;
    neon?*)
      OMP_NUM_THREADS=2 timeout 300 "$emulator" build-aarch64/libvit check --isa neon --cases 300
      ;;
    *) timeout 300 build/libvit check --isa "$1" ;;
  esac >"$log" 2>&1
}

if ! build native || ! check native; then
  cat "$log"
  echo 'mutants: the kernels themselves do not pass'
  exit 1
fi
for level in $(build/libvit info | sed -n 's/^  \([a-z0-9]*\) *\(usable\|chosen\)$/\1/p'); do
  levels+="$level " best=$level
done
[ "$best" != scalar ] || levels=' scalar '
if [[ $levels != *' neon '* ]] && emulator=$(command -v qemu-aarch64-static); then
  { build neon && check neon && levels+='neon '; } || emulator=
fi

# plant FILE OLD NEW: the first place that is OLD, whatever its spaces, becomes NEW
plant() {
  perl -0777 -e 'my ($file, $old, $new) = @ARGV;
    my $pattern = join q(\s+), map { quotemeta } split q( ), $old;
    open my $in, "<", $file or die; my $text = <$in>;
    $text =~ s/$pattern/$new/ or exit 1;
    open my $out, ">", $file or die; print $out $text;' "$@"
}

try() { # LEVEL FILE NAME OLD NEW
  local verdict
  planned=$((planned + 1))
  if ! plant "$2" "$4" "$5" || cmp -s "$2" "$work/original/${2#kernels/}"; then
    verdict=STALE
  elif [[ $levels != *" $1 "* ]] || ((planned % every)); then
    verdict='not run'
  elif ! build "$1"; then
    verdict=UNBUILT
  else
    ran=$((ran + 1))
    check "$1"
    # 2: it exited normally; its output shows failed cases
    if [ $? = 2 ] && grep -qE '[0-9] cases failed$|outside its operands' "$log"; then
      verdict=found found=$((found + 1))
    else
      verdict=SURVIVED
    fi
  fi
  printf '%-9s %-7s %s: %s\n' "$verdict" "$1" "${2#kernels/}" "$3"
  case $verdict in STALE | UNBUILT | SURVIVED) failed=$((failed + 1)) ;; esac
  case $verdict in UNBUILT | SURVIVED) tail -5 "$log" ;; esac
  cp "$work/original/${2#kernels/}" "$2"
}

level='' old='' new=''
while IFS= read -r line <&3; do
  case $line in
    '#'*) ;;
    -*) old+="${line#-} " ;;
    +*) new+="${line#+} " ;;
    ?*) read -r level file name <<<"$line" ;;
    '')
      [ -z "$level" ] || try "$level" "$file" "$name" "$old" "$new"
      level='' old='' new=''
      ;;
  esac
done 3< <(cat "$table" && echo)
echo "$ran of $planned mutants ran, $found found"
[ "$failed" = 0 ]
