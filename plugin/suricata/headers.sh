#!/usr/bin/env bash
# Makes the headers that a plugin for the installed Suricata is compiled with. Distributions ship none: they come from the
# source of the same version, configured as `suricata --build-info` says that program was.
# usage: headers.sh FOLDER     which stays as it is while it is newer than the program
#
#   SURICATA          the program (suricata)
#   SURICATA_SOURCE   an unpacked source of the same version; without it, apt fetches Debian's
#
# Configuring needs what building Suricata needs: `apt-get build-dep suricata`.
set -euo pipefail

fail() {
    echo "suricata headers: $*" >&2
    exit 1
}
[ $# -eq 1 ] || fail "usage: headers.sh FOLDER"
folder=$(realpath -m "$1")
program=$(command -v "${SURICATA:-suricata}") || fail "there is no ${SURICATA:-suricata} to make a plugin for."
info=$("$program" --build-info)
version=$(sed -nE 's/^This is Suricata version ([^ ]+).*/\1/p' <<<"$info")
[ -n "$version" ] || fail "$program --build-info names no version."
if [ -e "$folder/version" ] && [ "$folder/version" -nt "$program" ] && [ "$(cat "$folder/version")" = "$version" ]; then
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Only the original archive: Debian's patches change no header, and the plugin tries the layout before it believes in it.
fetch() {
    local package uri file checksum
    command -v apt-get >/dev/null || fail "there is no apt here: set SURICATA_SOURCE to the unpacked source of $version."
    package=$(dpkg-query -W -f '${source:Version}' suricata 2>/dev/null) ||
        fail "$program is no package of Debian's: set SURICATA_SOURCE to the unpacked source of $version."
    read -r uri file _ checksum < <(apt-get source --print-uris -qq --only-source "suricata=$package" |
        grep -E '\.orig\.tar\.[a-z0-9]+.? ' | tr -d "'") ||
        fail "apt knows no source of suricata $package: add a deb-src line, then apt-get update."
    echo "suricata headers: fetching $file" >&2
    # As root so that the sandbox user's lack of access to the folder is no warning.
    /usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file "$uri" "$work/$file" "$checksum" >/dev/null ||
        fail "$uri cannot be fetched."
    mkdir "$work/source"
    tar -C "$work/source" --strip-components 1 -xf "$work/$file"
}
if [ -n "${SURICATA_SOURCE:-}" ]; then
    cp -a "$SURICATA_SOURCE" "$work/source"
else
    fetch
fi
cd "$work/source"
there=$(sed -nE "s/^PACKAGE_VERSION='(.*)'$/\1/p" configure)
[ "$there" = "$version" ] || fail "the source is of Suricata $there, the program is $version."

# What the program says of itself, as options; what configure decides by itself is compared afterwards.
options=(--prefix=/usr --sysconfdir=/etc --localstatedir=/var --disable-suricata-update --disable-gccmarch-native)
said() { sed -nE "s/^ *$1: +(yes|no).*/\1/p" <<<"$info" | head -n 1; }
while read -r option label; do
    case $(said "$label") in
    yes) options+=("--enable-$option") ;;
    no) options+=("--disable-$option") ;;
    esac
done <<'OPTIONS'
af-packet AF_PACKET support
af-xdp AF_XDP support
dpdk DPDK support
ebpf eBPF support
pfring PF_RING support
nfqueue NFQueue support
nflog NFLOG support
ipfw IPFW support
netmap Netmap support
dag DAG enabled
napatech Napatech enabled
unix-socket Unix socket enabled
libmagic Libmagic support
hiredis hiredis support
geoip GeoIP2 support
ja3 JA3 support
ja4 JA4 support
hwloc Hwloc support
profiling Profiling enabled
profiling-locks Profiling locks enabled
unittests Unit tests enabled
debug Debug output enabled
debug-validation Debug validation enabled
OPTIONS
[ "$(said 'Detection enabled')" != no ] || options+=(--disable-detection)
echo "suricata headers: configuring Suricata $version" >&2
./configure "${options[@]}" >"$work/configure.log" 2>&1 ||
    fail "configure failed: $(tail -n 3 "$work/configure.log"); apt-get build-dep suricata brings what it needs."

features() { # features FILE: what decides on the layout of structs
    sed -nE 's/^"? *([A-Za-z0-9_ ]+ (support|enabled)): +(yes|no).*/\1: \3/p' "$1" | grep -v '^GCC '
}
if ! differences=$(diff <(features src/build-info.h) <(features <(echo "$info"))); then
    fail "the source was configured otherwise than $program:"$'\n'"$differences"
fi

rm -rf "$folder"
mkdir -p "$folder/include"
cp src/*.h "$folder/include"
cp -r rust/dist/. "$folder/include"
[ ! -d rust/gen ] || cp -r rust/gen/. "$folder/include"
# What the headers of libraries need: where they are, and what they are to be told.
sed -nE 's/^(CFLAGS|CPPFLAGS|PCAP_CFLAGS) = (.*)/\2/p' src/Makefile | tr -s ' ' '\n' |
    sed -nE 's/^-(I\/.*|DOS_.*|march=.*|mrtm)$/-\1/p; /^-include$/{n;s/^/-include /p}' | sort -u >"$folder/flags"
echo "$version" >"$folder/version"
