#!/usr/bin/env bash
# CPU time of Suricata with and without the plugin on generated traffic, as a ratio: each is run in turns, and the fastest
# run of each counts, since whatever else this machine does only adds to a run.
# usage: overhead.sh REPOSITORY TARGET FOLDER [PACKETS [RUNS]]     (500000 7)
set -euo pipefail

root=$1 target=$2 out=$3 packets=${4:-500000} runs=${5:-7}
here=$root/tests/suricata
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed "s|PLUGIN|$out/nflx.so|" "$here/suricata.yaml" >"$work/with.yaml"
# The same but for the plugin: EVE's flows and statistics are written by both.
python3 - "$work/with.yaml" "$work/without.yaml" <<'PYTHON'
import re, sys
text = open(sys.argv[1]).read()
text = re.sub(r"plugins:\n  - .*\n", "", text)
text = re.sub(r"\nnflx:\n(  .*\n)+", "\n", text)
text = re.sub(r"        - nflx:\n            server-interval: 10\n", "", text)
assert "nflx" not in text.split("---", 1)[1].split("\n", 2)[2], text
open(sys.argv[2], "w").write(text)
PYTHON

seconds() { # seconds CONFIGURATION CAPTURE: user and system time
    rm -rf "$work/log"
    mkdir "$work/log"
    /usr/bin/time -f '%U %S' -o "$work/time" \
        suricata -c "$1" -S /dev/null -k none -l "$work/log" -r "$2" --runmode single >"$work/said" 2>&1 || {
        cat "$work/said" >&2
        exit 1
    }
    awk '{ print $1 + $2 }' "$work/time"
}
# What starting costs is no packet's.
printf 'Netflix\twithout\twith\tadded\n'
for share in 0 10 100; do
    "$target/release/generate" "$packets" "$share" "$work/$share.pcap"
    "$target/release/generate" 1 "$share" "$work/start.pcap"
    for kind in without with; do
        : >"$work/$kind"
        : >"$work/$kind.start"
    done
    for _ in $(seq "$runs"); do
        for kind in without with; do
            seconds "$work/$kind.yaml" "$work/$share.pcap" >>"$work/$kind"
            seconds "$work/$kind.yaml" "$work/start.pcap" >>"$work/$kind.start"
        done
    done
    least() { sort -n "$1" | head -n 1; }
    awk -v share="$share" -v a="$(least "$work/without")" -v a0="$(least "$work/without.start")" \
        -v b="$(least "$work/with")" -v b0="$(least "$work/with.start")" 'BEGIN {
            printf "%d %%\t%.2f s\t%.2f s\t%+.1f %%\n", share, a - a0, b - b0, 100 * ((b - b0) / (a - a0) - 1) }'
    rm -f "$work/$share.pcap"
done
