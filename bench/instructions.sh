#!/usr/bin/env bash
# Counts the instructions that the engine takes per packet, and compares them with bench/instructions.txt: more than 5 %
# above is an error. Counts depend on the compiler: only those of the same rustc are compared.
# usage: instructions.sh check|record
set -euo pipefail
cd "$(dirname "$0")/.."

committed=bench/instructions.txt
workloads=(other netflix mixed tagged)
compiler=$(rustc --version --verbose | awk '/^release:/ { release = $2 } /^host:/ { host = $2 } END { print release, host }')

fail() {
    echo "instructions: $*" >&2
    exit 1
}

count() { # count WORKLOAD: instructions of its measured packets
    local out
    out=$(valgrind --tool=callgrind --collect-atstart=no '--toggle-collect=*measured*' --callgrind-out-file=/dev/null \
        "$release/workload" "$1" 2>&1) || fail "$1 does not run: $out"
    awk '/Collected/ { print $NF }' <<<"$out"
}

command -v valgrind >/dev/null || fail "valgrind is missing: apt-get install valgrind"
# The profile that users get, whatever the machine says of profiles; apart, so that nothing else is built anew for it.
export CARGO_PROFILE_RELEASE_LTO=thin CARGO_PROFILE_RELEASE_DEBUG=1
release=${CARGO_TARGET_DIR:-target}/instructions/release
cargo build --quiet --locked --release -p nflx-bench --bin workload --target-dir "${release%/release}"

case ${1:-check} in
record)
    kept=$(grep -v "^$compiler " "$committed" 2>/dev/null || echo "# rustc, host, workload, instructions; written by bench/instructions.sh record")
    {
        echo "$kept"
        for workload in "${workloads[@]}"; do echo "$compiler $workload $(count "$workload")"; done
    } >"$committed.new"
    mv "$committed.new" "$committed"
    ;;
check)
    if ! grep -q "^$compiler " "$committed"; then
        echo "instructions: $committed has no counts for rustc $compiler, and those of others say nothing about it:" \
            "NOT CHECKED. Run bench/instructions.sh record on a tree that is known to be good."
        exit 0
    fi
    slower=0
    for workload in "${workloads[@]}"; do
        expected=$(awk -v key="$compiler $workload" '$1 " " $2 " " $3 == key { print $4 }' "$committed")
        [ -n "$expected" ] || fail "$committed has no count for $workload: run bench/instructions.sh record"
        now=$(count "$workload")
        echo "$workload: $now instructions, $(awk -v a="$now" -v b="$expected" 'BEGIN { printf "%+.1f %%", (a / b - 1) * 100 }')"
        [ "$((now * 100))" -le "$((expected * 105))" ] || slower=1
    done
    [ "$slower" = 0 ] || fail "more than 5 % above $committed. If that is worth it, run bench/instructions.sh record" \
        "and say why in the commit."
    ;;
*) fail "usage: instructions.sh check|record" ;;
esac
