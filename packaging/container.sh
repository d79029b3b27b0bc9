#!/bin/sh
# container.sh BUILD VERSION [BASE] - an image of the server from the packages in BUILD/packages
#
# Without BASE, mmdebstrap makes BUILD/container/root.tar: a minimal Debian of this machine's
# release and sources, with the server. buildah makes BUILD/container/libvit-serve.tar, which docker
# load and podman load read. SOURCE_DATE_EPOCH, or the commit, has the time of its files.
set -eu
cd "$(dirname "$0")/.."
build=$1 version=$2 base=${3:-}
out=$build/container

fail() {
	echo "container.sh: $*" >&2
	exit 1
}

needs() { # PROGRAM
	command -v "$1" >/dev/null || fail "expected $1, found none (make deps-packages installs it)"
}

rm -rf "$out"
mkdir -p "$out/context"
for name in libvit0.2 libvit-serve; do
	set -- "$build/packages/${name}"_*.deb
	[ -e "$1" ] || fail "$build/packages: expected ${name}_*.deb, found none (make packages)"
	cp "$1" "$out/context"
done
out=$(cd "$out" && pwd)
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || echo 0)}"
TMPDIR=$(packaging/scratch.sh)
export SOURCE_DATE_EPOCH TMPDIR

# --- the root

if [ -z "$base" ]; then
	needs mmdebstrap
	set --
	for package in "$out"/context/*.deb; do set -- "$@" --include="$package"; done
	# The image does not keep how this machine reaches its sources.
	# shellcheck disable=SC2016 # "$1" is mmdebstrap's
	packaging/debian_root.sh "$out/root.tar" --variant=minbase "$@" \
		--hook-dir=/usr/share/mmdebstrap/hooks/file-mirror-automount \
		--dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-include=/usr/share/doc/*/copyright' \
		--customize-hook='rm -f "$1/etc/hostname" "$1/etc/apt/apt.conf.d/99mmdebstrap"' \
		--customize-hook=': >"$1/etc/resolv.conf"' >"$out/log" 2>&1 ||
		fail "mmdebstrap: expected $out/root.tar, but it ended with: $(tail -n 3 "$out/log")"
fi

# --- the image

# Files alone, without the user's own images, and without what needs a newer kernel.
storage=$(mktemp -d)
trap 'rm -rf "$storage"' EXIT
run_buildah() {
	buildah --storage-driver vfs --root "$storage/images" --runroot "$storage/run" "$@"
}
make_image() {
	if [ -z "$base" ]; then
		base=localhost/libvit-root
		container=$(run_buildah from scratch) &&
			run_buildah add -q "$container" "$out/root.tar" / >/dev/null &&
			run_buildah commit -q --timestamp "$SOURCE_DATE_EPOCH" --rm "$container" "$base" >/dev/null
	fi && run_buildah bud -q --isolation chroot --timestamp "$SOURCE_DATE_EPOCH" \
		--build-arg BASE="$base" --build-arg VERSION="$version" -t "libvit-serve:$version" \
		-f packaging/Containerfile "$out/context" &&
		run_buildah push -q "libvit-serve:$version" \
			"docker-archive:$out/libvit-serve.tar:localhost/libvit-serve:$version"
}
if ! command -v buildah >/dev/null; then
	failure='there is none (make deps-packages installs it)'
elif ! make_image >"$out/log" 2>&1; then
	failure="it ended with: $(tail -n 3 "$out/log")"
fi
[ -z "${failure:-}" ] || fail "buildah: expected an image, but $failure
docker import and podman import read the root alone, $out/root.tar"
echo "$out/libvit-serve.tar: localhost/libvit-serve:$version"
