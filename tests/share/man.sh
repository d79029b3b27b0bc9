#!/bin/bash
# man.sh BUILD - a page for each subcommand has every word of its --help, and its examples work
# shellcheck source=tests/share/common.sh
source "$(dirname "$0")/common.sh"
planned=0 ran=0

# The text of a page without roff's escapes: a word a line.
words_of() {
  grep -v '^\.\\"' "$1" | sed -e 's/\\f[BIR]//g; s/\\-/-/g; s/\\e/\\/g; s/\\&//g; s/\\(aq/'\''/g' \
    -e 's/\\(ga/`/g; s/\\(ha/^/g; s/\\(ti/~/g; s/\\\[u2026\]/…/g' | tr -s ' ' '\n' | sort -u
}

# --- the pages

verbs=$subcommands
[ -n "$verbs" ] || fail 'libvit --help: expected subcommands, found none'
[ -e "$build/libvit-serve" ] || verbs=$(grep -vx serve <<<"$verbs")
# shellcheck disable=SC2086 # a list of words
{
  echo libvit.1
  printf 'libvit-%s.1\n' $verbs
} | sort >"$work/expected"
find "$build/man" -name '*.1' -printf '%f\n' | sort | diff "$work/expected" - ||
  fail 'BUILD/man: expected a page for each subcommand (<), found others (>)'

options=0
while read -r page; do
  verb=${page#libvit} verb=${verb#-} verb=${verb%.1}
  case $verb in
    '') "$build/libvit" --help ;;
    serve) "$build/libvit-serve" --help ;;
    *) "$build/libvit" "$verb" --help ;;
  esac >"$work/help"
  words_of "$build/man/$page" >"$work/words"
  # headings and the names of subcommands have another form
  sed 's/^\(Usage\|Subcommands\|Options\): *//; /^Subcommands/,/^$/s/^  [a-z]*//' "$work/help" |
    tr -s ' ' '\n' | grep . | sort -u >"$work/wanted"
  sed -i 's/^subcommand:$/subcommand/' "$work/wanted"
  missing=$(comm -23 "$work/wanted" "$work/words")
  [ -z "$missing" ] || fail "$page: expected every word of --help, found no $missing"
  while read -r option; do
    options=$((options + 1))
    # the option opens an entry
    grep -A 1 '^\.TP$' "$build/man/$page" | sed 's/\\f[BIR]//g; s/\\-/-/g' |
      grep -qxF -e "$option" || fail "$page: expected an entry $option, found none"
  done < <(sed -n 's/^  \(-.*\)/\1/p' "$work/help" | sed 's/  .*//')
  name=${page%.1}
  sed -n '/^.SH NAME/{n;p;}' "$build/man/$page" | grep -q "^${name//-/\\\\-} \\\\- [a-zA-Z]" ||
    fail "$page: expected its name in NAME"
done <"$work/expected"
[ "$options" -gt 100 ] || fail "expected more than 100 options, found $options"

# --- what prints them finds no fault

lint() { # NAME COMMAND...
  local name=$1
  shift
  planned=$((planned + 1))
  command -v "$1" >/dev/null || {
    echo "skipped: $name, which is not installed"
    return
  }
  found=$("$@" 2>&1) || fail "$name: $found"
  [ -z "$found" ] || fail "$name: expected no message, found $found"
  ran=$((ran + 1))
}
print_pages() {
  for page in "$build"/man/*.1; do
    LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" >/dev/null
  done
}
lint mandoc mandoc -Tlint -Wall "$build"/man/*.1
if command -v man >/dev/null; then
  lint man print_pages
else
  lint man man
fi

# --- the date and the build

# The pages of the same command, in another directory, at another time.
again() { # DATE OPTIONS...
  date=$1
  shift
  rm -rf "$work/again"
  make -s BUILD="$work/again" COMMAND="$build/libvit" SERVER="$build/libvit-serve" \
    -o "$build/libvit" -o "$build/libvit-serve" "$@" man >"$work/log" 2>&1 ||
    fail "make man: $(cat "$work/log")"
  for page in "$work"/again/man/*.1; do
    grep -q "^\.TH [^ ]* 1 \"$date\"" "$page" ||
      fail "$page: expected the date $date, found $(grep '^\.TH' "$page")"
    diff <(grep -v '^\.TH' "$page") <(grep -v '^\.TH' "$build/man/${page##*/}") ||
      fail "$page: expected the same page from another build"
  done
}
SOURCE_DATE_EPOCH=86400 again 1970-01-02
make -s BUILD="$build" MAN=no man | grep -q '^no man pages: expected' ||
  fail 'MAN=no: expected a message'
: >"$work/empty"
! awk -f packaging/man.awk -v page=libvit "$work/empty" "$work/empty" packaging/examples.txt \
  >/dev/null 2>"$work/log" || fail 'man.awk: expected an error without a text'
grep -q 'expected the text of --help, found none' "$work/log" || fail "$(cat "$work/log")"

# What roff would take for a macro or an escape is text.
# shellcheck disable=SC2016 # the quotes are text
special='.npy \n `a` ^b ~c it'"'"'s -1 …'
printf 'Usage: libvit check X\n\n%s\n\nOptions:\n  --x N  text\n' "$special" >"$work/help"
"$build/libvit" --help >"$work/overview"
awk -f packaging/man.awk -v page=libvit-check "$work/overview" "$work/help" \
  packaging/examples.txt >"$work/special.1"
! grep '^\.npy' "$work/special.1" || fail 'man.awk: expected no line that begins with .npy'
words_of "$work/special.1" >"$work/words"
for word in $special; do
  grep -qxF -e "$word" "$work/words" || fail "man.awk: expected the word $word, found none"
done

# --- the examples

mkdir "$work/examples"
ln -s "$PWD/models/digits" "$work/examples/digits"
ln -s "$PWD/models/digits/test" "$work/examples/photos"
cp models/digits/test/3/0060.png "$work/examples/three.png"
cp tests/golden/series-t2t/config.json "$work/examples/series.json"
# the vector of a text: that of an image has the same width
ln -s "$PWD/tests/golden/text-clip-pair" "$work/examples/clip"
(cd "$work/examples" && "$build/libvit" preprocess three.png --model clip -o in.npy &&
  "$build/libvit" run clip in.npy -o texts.npy && echo 'the digit three' >texts.txt) ||
  fail "texts.npy: expected an array, found none"
examples=0
while read -r line; do
  verb=${line#libvit } verb=${verb%% *}
  echo "$verb" >>"$work/shown"
  [ "$verb" != serve ] || continue # check-serve has its tests
  (cd "$work/examples" && PATH=$build:$PATH bash -c "$line" >"$work/log" 2>&1) ||
    fail "$line: $(cat "$work/log")"
  examples=$((examples + 1))
done < <(grep '^libvit ' packaging/examples.txt)
for verb in $verbs; do
  grep -qx "$verb" "$work/shown" || fail "examples.txt: expected an example of $verb, found none"
done
echo "$(wc -l <"$work/expected") man pages, $options options, $examples examples;" \
  "$ran of $planned checks of the format run"
