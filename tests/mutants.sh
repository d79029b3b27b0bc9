#!/usr/bin/env bash
# mutants.sh BUILD - plants the faults of mutants.txt in a copy of the kernels; vit check must find each
set -uo pipefail
cd "$(dirname "$0")/.."
work=$1/mutants table=tests/mutants.txt
mkdir -p "$work"
work=$(cd "$work" && pwd)
log=$work/log
planned=0 ran=0 failed=0

# Into the copy go only files that differ, so that make builds no more than it must.
for folder in include kernels lib check tools; do
  rm -rf "$work/new" && cp -R "$folder" "$work/new" && mkdir -p "$work/$folder"
  diff -rq "$work/new" "$work/$folder" >/dev/null || { rm -rf "$work/${folder:?}" && mv "$work/new" "$work/$folder"; }
done
cp -p Makefile "$work"

# Where a level's mutants are built and run: nothing if not here.
emulator=
build() { # LEVEL
  local to=build cross=
  [ "$1" != neon ] || [ -z "$emulator" ] || { to=build-aarch64 cross=ARCH=aarch64; }
  # -O1: the faults are in what is computed, and the compiler takes a third of the time
  make -C "$work" --no-print-directory $cross BUILD=$to CFLAGS=-O1 KERNEL_CFLAGS= $to/vit >"$log" 2>&1
}
check() { # LEVEL
  case $1 in
    neon) OMP_NUM_THREADS=2 timeout 300 $emulator "$work/build${emulator:+-aarch64}/vit" check ${emulator:+--cases 300} ;;
    *) timeout 300 "$work/build/vit" check ;;
  esac >"$log" 2>&1
}

if ! build native || ! check native; then
  cat "$log"
  echo "mutants: the kernels themselves do not pass"
  exit 1
fi
levels=" scalar simd $("$work/build/vit" info | sed -n 's/^  \([a-z0-9]*\) *\(usable\|chosen\)$/\1/p' | tr '\n' ' ')"
if [[ $levels != *' neon '* ]]; then
  emulator=$(command -v qemu-aarch64-static) && build neon && check neon && levels+='neon ' || emulator=
fi

# plant FILE OLD NEW: the first place in the copy that is OLD, whatever its spaces, becomes NEW
plant() {
  perl -0777 -e 'my ($file, $old, $new) = @ARGV;
    my $pattern = join q(\s+), map { quotemeta } split q( ), $old;
    open my $in, "<", $file or die; my $text = <$in>;
    $text =~ s/$pattern/$new/ or exit 1;
    open my $out, ">", $file or die; print $out $text;' "$work/$1" "$2" "$3"
}

try() { # LEVEL FILE NAME OLD NEW
  planned=$((planned + 1))
  if ! plant "$2" "$4" "$5" || cmp -s "$2" "$work/$2"; then
    failed=$((failed + 1))
    echo "STALE     $1: $3: $2 does not have it"
  elif [[ $levels != *" $1 "* ]]; then
    echo "not run   $1: $3"
  elif ! build "$1"; then
    failed=$((failed + 1))
    echo "UNBUILT   $1: $3" && tail -5 "$log"
  else
    ran=$((ran + 1))
    check "$1"
    if [ $? = 2 ] && grep -qE 'cases failed$|outside its operands' "$log"; then
      echo "found     $1: $3"
    else
      failed=$((failed + 1))
      echo "SURVIVED  $1: $3" && tail -2 "$log"
    fi
  fi
  cp -p "$2" "$work/$2"
  touch "$work/$2"
}

level= old= new=
flush() {
  [ -z "$level" ] || try "$level" "$file" "$name" "$old" "$new"
  level= old= new=
}
while IFS= read -r line <&3; do
  case $line in
    '#'*) ;;
    '') flush ;;
    -*) old+="${line#-} " ;;
    +*) new+="${line#+} " ;;
    *) read -r level file name <<<"$line" ;;
  esac
done 3<"$table"
flush
echo "$ran of $planned mutants ran, $((ran - (failed < ran ? failed : ran))) found"
[ "$failed" = 0 ]
