#!/bin/bash
# common.sh - sourced by the scripts of tests/share, whose $1 is BUILD: where they work, and what
# subcommands the command has
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset MAKEFLAGS MAKELEVEL

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# A line each.
# shellcheck disable=SC2034 # the scripts use it
subcommands=$("$build/libvit" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
