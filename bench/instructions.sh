#!/usr/bin/env bash
# Counts the instructions that the engine takes for packets of ordinary traffic and of captures made to cost time, and
# compares them with bench/instructions.txt: more than 5 % above is an error. Counts depend on the compiler: only those of
# the same rustc are compared. Of no compiler may a crafted capture take more than 20 times as many for each of its bytes
# as packets of one byte in order do (or what is allowed to its kind), nor a packet more because more connections hold
# something.
# usage: instructions.sh check|record
set -euo pipefail
cd "$(dirname "$0")/.."

committed=bench/instructions.txt
workloads=(other netflix mixed tagged)
# Crafted captures, the reference first, and how many times as much as that one they may take for each byte.
hostile=(tiny dns-names dns-addresses dns-over-tcp quic-refused quic-new-ids quic-growing quic-offsets pipelined chunks
    spans pieces cover judged judged-at-once http2-open http2-shared http2-read-again flows netflix-flows held evicted
    quic-shared quic-read-again two-taps)
most=20
# Kinds that may take more: a new connection ID of QUIC costs the keys of its Initial packets, ten blocks of SHA-256, for
# which valgrind shows no instructions of the processor's own.
# Requests of HTTP/3 without answers cost a segment each and have their client judged, and what came at once is told
# apart: by time less than 20 times as much (make hostile), by instructions slightly more.
declare -A most_of=([quic-new-ids]=40 [quic-shared]=22 [quic-read-again]=25)
# Kinds with connections that hold something, numbers of them, and how much more work with most of them a packet may be than with fewest, in percent.
growing=(held evicted)
connections=(10 1000 100000)
growth=25
compiler=$(rustc --version --verbose | awk '/^release:/ { release = $2 } /^host:/ { host = $2 } END { print release, host }')

fail() {
    echo "instructions: $*" >&2
    exit 1
}

count() { # count WORKLOAD: instructions of its measured packets
    collect "$release/workload" "$1" | awk '/Collected/ { print $NF }'
}

count_hostile() { # count_hostile KIND [CONNECTIONS]: instructions, bytes and packets
    collect "$release/hostile" count "$@" | awk '/packets/ { packets = $1; bytes = $3 } /Collected/ { print $NF, bytes, packets }'
}

count_all() { # count_all: all that is counted, as many at once as there are processors; a file for each in $counts
    local name
    {
        for name in "${workloads[@]}"; do echo "count $name"; done
        for name in "${hostile[@]}"; do echo "count_hostile $name"; done
        for name in "$@"; do echo "count_hostile $name"; done
    } | xargs -P "$(nproc)" -I{} bash -euo pipefail -c '{} >"$counts/$(tr " " - <<<"{}")"'
}

counted() { # counted COMMAND ...: what it printed
    cat "$counts/$(tr ' ' - <<<"$*")"
}

collect() { # collect COMMAND ...: what valgrind and the command say
    local out
    out=$(valgrind --tool=callgrind --collect-atstart=no '--toggle-collect=*measured*' --callgrind-out-file=/dev/null \
        "$@" 2>&1) || fail "$* does not run: $out"
    echo "$out"
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f", a / b }'; }

command -v valgrind >/dev/null || fail "valgrind is missing: apt-get install valgrind"
# The profile that users get, whatever the machine says of profiles.
export CARGO_PROFILE_RELEASE_LTO=thin CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=4
release=${CARGO_TARGET_DIR:-target}/release
cargo build --config 'profile.release.package.nflx-core.codegen-units=1' --quiet --locked --release -p nflx-bench \
    --bin workload --bin hostile

counts=$(mktemp -d)
trap 'rm -rf "$counts"' EXIT
export counts release
export -f fail collect count count_hostile

case ${1:-check} in
record)
    count_all
    kept=$(grep -v "^$compiler " "$committed" 2>/dev/null || echo "# rustc, host, workload, instructions; written by bench/instructions.sh record")
    {
        echo "$kept"
        for workload in "${workloads[@]}"; do echo "$compiler $workload $(counted count "$workload")"; done
        for kind in "${hostile[@]}"; do
            read -r now _ < <(counted count_hostile "$kind")
            echo "$compiler $kind $now"
        done
    } >"$committed.new"
    mv "$committed.new" "$committed"
    ;;
check)
    if ! grep -q "^$compiler " "$committed"; then
        echo "instructions: $committed has no counts for rustc $compiler, and those of others say nothing about it:" \
            "NOT CHECKED. Run bench/instructions.sh record on a tree that is known to be good."
        exit 0
    fi
    of_connections=()
    for kind in "${growing[@]}"; do
        for number in "${connections[@]}"; do of_connections+=("$kind $number"); done
    done
    count_all "${of_connections[@]}"
    slower=0
    compare() { # compare WORKLOAD INSTRUCTIONS
        local expected
        expected=$(awk -v key="$compiler $1" '$1 " " $2 " " $3 == key { print $4 }' "$committed")
        [ -n "$expected" ] || fail "$committed has no count for $1: run bench/instructions.sh record"
        echo "$1: $2 instructions, $(awk -v a="$2" -v b="$expected" 'BEGIN { printf "%+.1f %%", (a / b - 1) * 100 }')"
        [ "$(($2 * 100))" -le "$((expected * 105))" ] || slower=1
    }
    for workload in "${workloads[@]}"; do compare "$workload" "$(counted count "$workload")"; done
    for kind in "${hostile[@]}"; do
        read -r now bytes _ < <(counted count_hostile "$kind")
        compare "$kind" "$now"
        each=$((now * 1000 / bytes))
        tiny=${tiny:-$each}
        allowed=${most_of[$kind]:-$most}
        [ "$each" -le "$((tiny * allowed))" ] ||
            fail "$kind takes $((each / 1000)) instructions a byte, $(ratio "$each" "$tiny") times as many as ${hostile[0]}: more than $allowed"
    done
    for kind in "${growing[@]}"; do
        few=
        for number in "${connections[@]}"; do
            read -r now _ packets < <(counted count_hostile "$kind" "$number")
            echo "$kind, $number connections: $((now / packets)) instructions a packet"
            few=${few:-$now}
            [ "$((now * 100))" -le "$((few * (100 + growth)))" ] ||
                fail "$kind: a packet takes $(ratio "$now" "$few") times as many instructions with $number connections"
        done
    done
    [ "$slower" = 0 ] || fail "more than 5 % above $committed. If that is worth it, run bench/instructions.sh record" \
        "and say why in the commit."
    ;;
*) fail "usage: instructions.sh check|record" ;;
esac
