#!/bin/sh
# makefile.sh - the Makefile is short, `make help` lists its targets, only `make deps` installs
set -eu
cd "$(dirname "$0")/.."
unset MAKEFLAGS MAKELEVEL

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "makefile.sh: $*" >&2
	exit 1
}

lines=$(wc -l <Makefile)
[ "$lines" -le 200 ] || fail "Makefile: expected at most 200 lines, found $lines"

# The targets that .PHONY declares, FORCE excepted, and those that help prints. A part may be left
# out where its library is missing.
parts=$(make -pq help | sed -n 's/^PARTS := //p')
# shellcheck disable=SC2086 # a list of files
sed -n ':join; /\\$/ { N; s/\\\n//; b join; }; s/^\.PHONY: //p' Makefile $parts |
	tr -s ' ' '\n' | grep -vx FORCE | sort >"$work/phony"
make -s help | sed -n 's/^make \([a-z0-9-]*\) .*/\1/p' | sort >"$work/help"
diff "$work/phony" "$work/help" || fail 'make help: not the targets of .PHONY'

# Objects touch each page of a large frame, so that no guard page is jumped over, where the compiler
# can. Kernels have no frame of a page.
if ! "${CC:-cc}" -fstack-clash-protection -xc -c /dev/null -o "$work/object" 2>/dev/null; then
	echo 'skipped: 0 of 1 look for -fstack-clash-protection, which the compiler lacks'
else
	make -nB BUILD=build build/image/decode.o build/lib/model/forward.o >"$work/log"
	[ "$(grep -c -e ' -fstack-clash-protection .* -c ' "$work/log")" = 2 ] ||
		fail "make: expected -fstack-clash-protection, found $(cat "$work/log")"
fi

# A user's text reaches the shell in a variable, which it splits but does not interpret. The command
# of bench-compare runs in spite of -n, because it calls make, and fails without a commit.
for use in 'bench BENCH' 'bench NEIGHBOR' 'bench-peers PEERS' 'bench-compare COMPARE' \
	'bench-compare BASE' 'test CHECK' 'check-serve SERVE' \
	'check-packages PACKAGE_TESTS'; do
	make -n "${use% *}" "${use#* }=x|exit 7" >"$work/log" 2>&1 || true
	grep -qF "\$${use#* }" "$work/log" || fail "make ${use% *}: expected \$${use#* } in its commands"
	! grep -F 'x|exit' "$work/log" || fail "make ${use% *}: expected ${use#* } not in its commands"
done

# A system where nothing is installed: pkg-config and dpkg-query find nothing, apt-get logs its
# arguments.
mkdir "$work/bin"
for tool in pkg-config dpkg-query; do
	printf '#!/bin/sh\nexit 1\n' >"$work/bin/$tool"
done
printf '#!/bin/sh\nexec "$@"\n' >"$work/bin/sudo"
printf '#!/bin/sh\necho "$@" >>%s/apt\n' "$work" >"$work/bin/apt-get"
chmod +x "$work"/bin/*
! PATH=$work/bin:$PATH make -s test >"$work/log" 2>&1 || fail 'make test: expected a failure'
for package in libjansson-dev libcriterion-dev; do
	grep -q "$package" "$work/log" || fail "make test: expected $package, found $(cat "$work/log")"
done
[ ! -e "$work/apt" ] || fail "make test: calls apt-get $(cat "$work/apt")"
PATH=$work/bin:$PATH make -s deps >"$work/log" 2>&1 || fail "make deps: $(cat "$work/log")"
grep -q 'install.* libcriterion-dev' "$work/apt" ||
	fail "make deps: calls apt-get $(cat "$work/apt")"
