#!/usr/bin/env bash
# Builds the Debian packages for the Wireshark that is installed, from a copy of the source, so that this folder stays
# as it is. Needs what `plugin/wireshark/prerequisites.sh deb` installs.
# usage: build.sh [FOLDER]     (target/deb) the packages are put there
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
out=$(realpath -m "${1:-$target/deb}")
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")

if [ "$(sed -n '1s/.*(\(.*\)).*/\1/p' "$root/debian/changelog")" != "$version" ]; then
    echo "build.sh: debian/changelog does not begin with version $version, which Cargo.toml has." >&2
    exit 1
fi
mkdir -p "$out"
rm -f "$out"/*.deb "$out"/*.changes "$out"/*.buildinfo
work=$out
if [[ $out =~ [[:space:]] ]]; then
    # dpkg hands paths to compilers among flags, which are split at spaces.
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
fi
rm -rf "$work/source"
mkdir -p "$work/source"
tar -C "$root" --exclude-vcs --exclude=./target -c . | tar -C "$work/source" -x
cd "$work/source"
CARGO_TARGET_DIR=$work/cargo dpkg-buildpackage -b -us -uc >"$out/log" 2>&1 || {
    tail -n 30 "$out/log" >&2
    echo "build.sh: the packages do not build; $out/log says why." >&2
    exit 1
}
cd "$work"
rm -rf source
[ "$work" = "$out" ] || mv ./*.deb ./*.changes ./*.buildinfo "$out"
ls "$out"/*.deb
