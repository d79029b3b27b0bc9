#!/usr/bin/env bash
# abi_diff.sh - a library against the frozen ABI: additions are listed, anything else fails
#
#   tests/abi_diff.sh ABI FROZEN_HEADERS LIBRARY BUILD
#
# An addition is a new function, a new value at the end of an enum, or a new field that takes
# reserved bytes or follows them in a struct that begins with `size` (the ABI rule of vit/config.h).
# vit/kernels.h is left out: it may change with the minor version.
set -euo pipefail

abi=$1
frozen=$2
library=$3
build=$4
headers=$build/abi-headers
suppressions=$build/abi.suppr

mkdir -p "$headers"
rm -f "$headers"/*
cp include/vit/*.h "$headers"
rm "$headers/kernels.h"

# names FILE: the functions that a header declares, as alternatives of a regular expression
names() {
  tr '\n' ' ' <"$1" | grep -oE 'VIT_API[^;(]*\(' | grep -oE 'vit_[a-z_0-9]+\($' | tr -d '(' |
    paste -sd '|'
}
# growable: the structs whose first field is `size`
growable() {
  awk '/^struct vit_[a-z_]+ \{$/ { name = $2; first = 1; next }
       first && NF { if ($1 == "size_t" && $2 == "size;") print name; first = 0 }' include/vit/*.h |
    paste -sd '|'
}
# values DIRECTORY: the enum values of the stable headers below it
stable='#include "vit/vit.h"
#include "vit/inspect.h"
#include "vit/image.h"'
values() {
  "${CC:-cc}" -E -P "-I$1" - <<<"$stable" | grep -oE '\bVIT_[A-Z0-9_]+ = [0-9]+'
}
cat >"$suppressions" <<EOF
[suppress_function]
  symbol_name_regexp = ^($(names include/vit/kernels.h))\$
  change_kind = all
[suppress_type]
  type_kind = struct
  name_regexp = ^($(growable))\$
  has_data_member_inserted_between = {offset_of(reserved), end}
EOF

status=0
abidiff --headers-dir2 "$headers" --drop-private-types --suppressions "$suppressions" \
  --no-added-syms "$abi" "$library" >"$build/abi.diff" || status=$?
if [ "$status" != 0 ]; then
  cat "$build/abi.diff"
  echo "$library: expected the ABI of $abi and additions alone, found other changes (above)"
  exit 1
fi

# abidiff does not report an enum value that changed: a compiler compares the values.
{
  echo "$stable"
  values "$frozen" | sed -E 's/(.*) = (.*)/_Static_assert(\1 == \2, "\1 was \2");/'
} >"$build/abi_values.c"
"${CC:-cc}" -std=c11 -Iinclude -fsyntax-only "$build/abi_values.c" ||
  { echo "include/vit: expected the enum values of $frozen, found others (above)"; exit 1; }

{
  abidiff --headers-dir2 "$headers" --drop-private-types --suppressions "$suppressions" \
    --added-fns "$abi" "$library" || true # 4: the ABI has additions
} | sed -n 's/^ *\[A\] */added: /p'
{ diff <(values "$frozen") <(values include) || true; } | sed -n 's/^> /added: /p'
echo "$library: the ABI of $abi, with the additions above"
