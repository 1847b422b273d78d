#!/usr/bin/env bash
# Builds the Debian packages in a Debian system, then installs, uses and removes them in one that has next to nothing.
# Root; a Rust toolchain that is a folder of its own, as rustup's are.
# usage: run.sh [SUITE]     (bookworm)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
suite=${1:-bookworm}
out=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")/deb-$suite

say() { echo "packages: $*" >&2; }

# shellcheck source=tests/rust_in_chroot.sh
. "$root/tests/rust_in_chroot.sh"
mkdir -p "$out"

say "building in $suite"
"$chroot" make "$suite-build"
within "$suite-build" --write "$out" --keep -- bash -euc '
    plugin/wireshark/prerequisites.sh deb
    command -v lintian >/dev/null || apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends lintian >/dev/null
    debian/build.sh "$1"
    # What is wrong is shown, and errors end it.
    lintian --allow-root --fail-on error "$1"/*.changes 2>&1 | tee "$1/lintian"
    exit "${PIPESTATUS[0]}"' - "$out"

say "installing, using and removing in $suite"
"$chroot" make "$suite"
"$chroot" run "$suite" --read "$out" --read "$root/tests" -- "$here/inside.sh" "$out" "$root/tests"

# Another suite has another Wireshark, whose libraries the plugin's package does not find there.
other=trixie
[ "$suite" != trixie ] || other=bookworm
"$chroot" make "$other"
if said=$("$chroot" run "$other" --read "$out" -- bash -c 'apt-get update -qq && apt-get install -s "$1"/wireshark-nflx_*.deb' - "$out" 2>&1); then
    say "the plugin of $suite can be installed in $other"
    exit 1
fi
grep -E 'wireshark-nflx : Depends: lib(wireshark|wiretap|wsutil)' <<<"$said" >&2 ||
    { say "the plugin of $suite is refused in $other for another reason: $said"; exit 1; }
say "the packages of $suite install, work and go away again; they are in $out"
