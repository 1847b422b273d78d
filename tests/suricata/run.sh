#!/usr/bin/env bash
# Tests the Suricata plugin in a Debian system that has Suricata 8: events of files and of an interface are compared with
# `nflx segments`, and what is refused is refused in one line. Root; needs room for some 2 GB.
# usage: run.sh [--overhead] [SUITE]     (forky)
#
#   --overhead   measure the CPU time that the plugin adds instead
#
# What is built stays in target/suricata, the system where tests/chroot.sh says.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
chroot=$root/tests/chroot.sh
target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
out=$target/suricata

overhead=''
[ "${1:-}" != --overhead ] || {
    overhead=yes
    shift
}
suite=${1:-forky}
system=$suite-suricata
mkdir -p "$out"
say() { echo "suricata: $*" >&2; }

say "a system of $suite with Suricata and what building it needs"
"$chroot" make "$system"
"$chroot" run "$system" --keep -- bash -euc '
    [ ! -e /nflx-suricata ] || exit 0
    suite=$1
    mirror=$(awk "\$1 == \"deb\" { print \$2; exit }" /etc/apt/sources.list)
    from=$suite
    # Suricata 8 came after trixie.
    if [ "$suite" = trixie ]; then
        from=trixie-backports
        echo "deb $mirror $from main" >/etc/apt/sources.list.d/suricata.list
    fi
    echo "deb-src $mirror $from main" >>/etc/apt/sources.list.d/suricata.list
    apt-get update -qq
    apt-get install -y -qq -t "$from" suricata
    apt-get build-dep -y -qq -t "$from" suricata
    apt-get install -y -qq tcpreplay tcpdump iproute2 python3 time
    apt-get clean
    touch /nflx-suricata' - "$suite" >"$out/system.log" 2>&1 || {
    say "the system cannot be made; $out/system.log says why: $(tail -n 2 "$out/system.log")"
    exit 1
}

# Built here: what an older system links runs on a newer one.
(cd "$root" && cargo build --locked --release -p nflx-ffi -p nflx-cli)
shown=(--read "$root" --write "$out")
for path in "$target/release" "$root/../shared"; do
    [ ! -e "$path" ] || shown+=(--read "$path")
done
say "compiling the plugin"
"$chroot" run "$system" "${shown[@]}" -- bash -euc '
    "$1/plugin/suricata/headers.sh" "$3/headers"
    CFLAGS=-Werror "$1/plugin/suricata/build.sh" "$3/headers" "$2/release/libnflx_ffi.a" "$3/nflx.so"' \
    - "$root" "$target" "$out"

if [ -n "$overhead" ]; then
    (cd "$root" && cargo build --locked --release -p nflx-bench --bin generate)
    exec "$chroot" run "$system" "${shown[@]}" -- "$here/overhead.sh" "$root" "$target" "$out"
fi
"$chroot" run "$system" "${shown[@]}" -- "$here/inside.sh" "$root" "$target" "$out"

say "EVE in DuckDB"
python=$("$root/tests/python/venv.sh")
"$python" "$root/tests/python/eve.py" "$root/examples/elastic" "$out"/eve/*.json
echo "suricata: all passed" >&2
