#!/usr/bin/env bash
# Shows what the plugin adds to tshark on a capture of the project, without touching the user's Wireshark settings.
# usage: demo.sh DIRECTORY_OF_BUILT_FILES [CAPTURE]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
built=$1
capture=${2:-$here/../../tests/captures/player.pcap.gz}

if ! command -v tshark >/dev/null; then
    echo "demo: tshark is not installed (Debian and Ubuntu: apt install tshark)." >&2
    exit 1
fi
# A home of its own: the plugin is loaded from there, and nothing of the user's is read or written.
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
version=$(tshark --version 2>/dev/null | sed -nE '1s/.* ([0-9]+\.[0-9]+)\.[0-9]+.*/\1/p')
folder=$home/.local/lib/wireshark/plugins/$version/epan
mkdir -p "$folder"
cp "$built/libnflx_plugin.so" "$folder/"
cp "$capture" "$home/"
capture=$home/$(basename "$capture")
chmod -R a+rX "$home"

run() { # tshark ignores personal plugins when it runs as root
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=65534 --regid=65534 --clear-groups env -i PATH="$PATH" HOME="$home" LC_ALL=C.UTF-8 "$@"
    else
        env -u XDG_CONFIG_HOME HOME="$home" "$@"
    fi
}

fields() { # fields FILTER FIELD...: tab-separated values of the packets that pass the filter, from two passes
    local filter=$1 arguments=() field
    shift
    for field in "$@"; do arguments+=(-e "$field"); done
    run tshark -2 -r "$capture" -Y "$filter" -T fields -E occurrence=f "${arguments[@]}"
}

echo "== Netflix servers of $(basename "$capture"), from the last packet of each (nflx.server.*) =="
{
    printf 'address\tname\tevidence\trole\tin_pkts\tout_pkts\tin_bytes\tout_bytes\n'
    fields nflx nflx.server.ipv4 nflx.server.ipv6 nflx.server.name nflx.server.evidence nflx.server.role \
        nflx.server.in_pkts nflx.server.out_pkts nflx.server.in_bytes nflx.server.out_bytes |
        awk -F'\t' -v OFS='\t' '{ last[$1 $2] = ($1 $2) OFS $3 OFS $4 OFS $5 OFS $6 OFS $7 OFS $8 OFS $9; }
            END { for (address in last) print last[address] }' | sort -t$'\t' -k7,7nr
} | column -t -s $'\t'
echo
echo "== First segments, from the packets that request them (nflx.segment.*) =="
{
    printf 'segment\tframe\tserver\tkind\tbytes\tapp_bytes\tpkts\tttfb\tduration\tthroughput\tcomplete\n'
    fields 'nflx.request' nflx.segment frame.number nflx.server.ipv4 nflx.segment.kind nflx.segment.bytes \
        nflx.segment.app_bytes nflx.segment.pkts nflx.segment.ttfb nflx.segment.duration \
        nflx.segment.throughput nflx.segment.complete | head -n 15
} | column -t -s $'\t'
echo
echo "== The same capture, read by the command: nflx servers =="
run "$built/nflx" servers --format table "$capture" 2>/dev/null || "$built/nflx" servers --format table "$capture"
echo
echo "Next: 'make install', then filter on nflx.segment in Wireshark."
