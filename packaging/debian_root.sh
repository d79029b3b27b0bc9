#!/bin/sh
# debian_root.sh ROOT.tar OPTION... - a minimal Debian of this machine's release and apt sources
#
# The options are those of mmdebstrap. apt reaches its sources as it does here, proxies included.
set -eu
root=$1
shift
options=$(mktemp)
trap 'rm -f "$options"' EXIT
apt-config dump | grep -E '^Acquire::(https?::|Check)' >"$options" || true
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
sources=$(ls /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
	/etc/apt/sources.list.d/*.sources 2>/dev/null || true)
# shellcheck disable=SC2086 # the sources are a list
mmdebstrap --quiet --aptopt="$options" "$@" "$release" "$root" $sources
