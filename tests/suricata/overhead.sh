#!/usr/bin/env bash
# What the plugin adds to Suricata as Debian sets it up, without rules, where it works least; on generated traffic: CPU time, of
# which the fastest of the runs counts, since whatever else this machine does only adds to a run; and instructions, which
# do not depend on the machine. What an almost empty capture takes is taken off both.
# usage: overhead.sh REPOSITORY TARGET FOLDER [PACKETS [RUNS [COUNTED]]]     (500000 7 100000)
set -euo pipefail

target=$2 out=$3 packets=${4:-500000} runs=${5:-7}
# Instructions are counted under valgrind, which takes its time.
counted=${6:-100000}
command -v valgrind >/dev/null || apt-get install -y -qq valgrind >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp /etc/suricata/suricata.yaml "$work/without.yaml"
sed -e "s|^plugins:|plugins:\n  - $out/nflx.so|" -e '0,/^      types:/s//      types:\n        - nflx/' \
    "$work/without.yaml" >"$work/with.yaml"

run() { # run WITH-OR-WITHOUT CAPTURE [COMMAND...]: Suricata, by way of a command
    local configuration=$work/$1.yaml capture=$2
    shift 2
    rm -rf "$work/log"
    mkdir "$work/log"
    "$@" suricata -c "$configuration" -S /dev/null -k none -l "$work/log" -r "$capture" --runmode single \
        >"$work/said" 2>&1 || {
        cat "$work/said" >&2
        exit 1
    }
}
seconds() { # seconds WITH-OR-WITHOUT CAPTURE: the least of user and system time
    for _ in $(seq "$runs"); do
        run "$1" "$2" /usr/bin/time -f '%U %S' -o "$work/time"
        awk '{ print $1 + $2 }' "$work/time"
    done | sort -n | head -n 1
}
instructions() { # instructions WITH-OR-WITHOUT CAPTURE
    run "$1" "$2" valgrind --tool=callgrind --callgrind-out-file=/dev/null
    sed -nE 's/.*Collected : ([0-9]+).*/\1/p' "$work/said"
}
printf 'Netflix\ts without\ts with\tadded\tinstructions a packet without\twith\tadded\n'
for share in 0 10 100; do
    "$target/release/generate" "$packets" "$share" "$work/long.pcap"
    "$target/release/generate" "$counted" "$share" "$work/short.pcap"
    "$target/release/generate" 1 "$share" "$work/one.pcap"
    values=()
    for kind in without with; do
        values+=("$(seconds $kind "$work/long.pcap")" "$(seconds $kind "$work/one.pcap")"
            "$(instructions $kind "$work/short.pcap")" "$(instructions $kind "$work/one.pcap")")
    done
    awk -v share="$share" -v counted="$counted" -v values="${values[*]}" 'BEGIN {
        split(values, v, " ")
        time[0] = v[1] - v[2]; time[1] = v[5] - v[6]
        count[0] = (v[3] - v[4]) / counted; count[1] = (v[7] - v[8]) / counted
        printf "%d %%\t%.2f\t%.2f\t%+.1f %%\t%.0f\t%.0f\t%+.1f %%\n", share, time[0], time[1],
            100 * (time[1] / time[0] - 1), count[0], count[1], 100 * (count[1] / count[0] - 1) }'
done
