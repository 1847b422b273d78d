#!/usr/bin/env bash
# Whole programs on generated captures: nflx beside cat, cp and whatever of capinfos, tshark, ndpiReader, nfstream and scapy
# is installed. Prints tables in Markdown.
# usage: compare.sh [PACKETS] [FILE...]   (502040 packets; further captures may be named)
set -euo pipefail
cd "$(dirname "$0")/.."
release=${CARGO_TARGET_DIR:-target}/release
packets=${1:-502040}
shift || true
command -v hyperfine >/dev/null || { echo "compare: hyperfine is missing: make bench installs it" >&2; exit 1; }

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
files=("$@")
for share in 0 10 100; do
    "$release/generate" "$packets" "$share" "$place/netflix-$share.pcap"
    files+=("$place/netflix-$share.pcap")
done
"$release/generate" "$packets" 100 "$place/netflix-100-short.pcap" short
files+=("$place/netflix-100-short.pcap")

absent=()
for peer in capinfos ndpiReader tshark; do command -v "$peer" >/dev/null || absent+=("$peer"); done
for peer in nfstream scapy; do python3 -c "import $peer" 2>/dev/null || absent+=("$peer"); done
[ ${#absent[@]} -eq 0 ] || echo "Not installed, and so not measured: ${absent[*]}."
echo "$(date +%F), $(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) cores," \
    "load $(cut -d' ' -f1 /proc/loadavg), $(rustc --version | cut -d' ' -f1,2)"
for file in "${files[@]}"; do
    one="taskset -c 0"
    # Hyperfine takes lines as a shell writes them.
    printf -v input %q "$file"
    printf -v copy %q "$place/copy"
    printf -v annotated %q "$place/annotated.pcapng"
    printf -v table %q "$place/packets.parquet"
    printf -v nflx %q "$release/nflx"
    commands=(-n cat "$one cat $input" -n cp "$one cp $input $copy"
        -n "nflx servers" "$one $nflx servers --format jsonl $input"
        -n "nflx segments" "$one $nflx segments --format jsonl $input"
        -n "nflx annotate" "$one $nflx annotate $input $annotated"
        -n "nflx packets, Parquet" "$one $nflx packets -o $table $input")
    slow=()
    command -v capinfos >/dev/null && commands+=(-n capinfos "$one capinfos $input")
    command -v ndpiReader >/dev/null && slow+=(-n ndpiReader "$one ndpiReader -q -i $input")
    command -v tshark >/dev/null && slow+=(-n "tshark conversations" "$one tshark -q -z conv,tcp -r $input")
    python3 -c 'import nfstream' 2>/dev/null && slow+=(-n nfstream
        "$one python3 -c 'import nfstream, sys; print(sum(1 for _ in nfstream.NFStreamer(source=sys.argv[1], n_meters=1)))' $input")
    python3 -c 'import scapy' 2>/dev/null && slow+=(-n "scapy, a tenth of it"
        "$one python3 bench/classic.py $input $((packets / 10))")
    echo
    echo "$(basename "$file"): $packets packets, $(stat -c %s "$file") bytes"
    hyperfine -N -i --warmup 1 --runs 7 --output null --export-markdown "$place/fast.md" "${commands[@]}" >/dev/null 2>&1
    cat "$place/fast.md"
    if [ ${#slow[@]} -gt 0 ]; then
        hyperfine -i --warmup 0 --runs 3 --output null --export-markdown "$place/slow.md" "${slow[@]}" >/dev/null 2>&1
        tail -n +3 "$place/slow.md"
    fi
done
