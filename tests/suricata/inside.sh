#!/usr/bin/env bash
# The tests of the plugin, in the Debian system that run.sh made.
# usage: inside.sh REPOSITORY TARGET FOLDER     FOLDER has nflx.so and headers, and gets eve/NAME.json
set -euo pipefail

root=$1 target=$2 out=$3
here=$root/tests/suricata
nflx=$target/release/nflx
work=$(mktemp -d)
eve=$out/eve
rm -rf "$eve"
mkdir -p "$eve"

fail() {
    echo "suricata: $*" >&2
    exit 1
}
say() { echo "suricata: $*" >&2; }
configuration() { # configuration PLUGIN [SED-EXPRESSION]...: prints a file's name
    local file plugin=$1
    shift
    file=$(mktemp -p "$work" XXXXXX.yaml)
    sed -e "s|PLUGIN|$plugin|" "${@/#/-e}" "$here/suricata.yaml" >"$file"
    echo "$file"
}
# Suricata's own words go to FOLDER/said.
read_file() { # read_file CONFIGURATION CAPTURE FOLDER [RUNMODE]
    mkdir -p "$3"
    suricata -c "$1" -S /dev/null -k none -l "$3" -r "$2" --runmode "${4:-single}" >"$3/said" 2>&1
}
capture_of() { # capture_of FILE[.gz]: prints the name of the plain one
    local plain=$work/captures/$(basename "$1" .gz)
    mkdir -p "$work/captures"
    case $1 in
    *.gz) zcat "$1" >"$plain" ;;
    *) ln -sf "$1" "$plain" ;;
    esac
    echo "$plain"
}
expect() { # expect LINE FILE: that it is there once
    [ "$(grep -c -- "$1" "$2")" = 1 ] || fail "one line with '$1' was expected: $(cat "$2")"
}

files() {
    local good file plain folder number=0 total=0 equal=0 late=0 unread=0
    good=$(configuration "$out/nflx.so")
    for file in "$root"/tests/captures/*.pcap.gz "$root"/../shared/captures/*.pcap* \
        "$root"/../shared/playback/*.pcap.gz "$root"/../shared/field/*.pcap.gz; do
        [ -e "$file" ] || continue
        plain=$(capture_of "$file")
        number=$((number + 1))
        folder=$work/files/$number-$(basename "$plain" .pcap)
        if ! read_file "$good" "$plain" "$folder" || grep -q 'datalink type' "$folder/said"; then
            grep -q 'datalink type .* not (yet) supported' "$folder/said" || fail "$file: $(cat "$folder/said")"
            unread=$((unread + 1))
            continue
        fi
        "$nflx" segments -f jsonl "$plain" >"$folder/rows" 2>"$folder/messages" || true
        total=$((total + $(wc -l <"$folder/rows")))
        if "$here/compare.py" "$folder/eve.json" "$folder/rows" >"$folder/compared"; then
            equal=$((equal + $(wc -l <"$folder/rows")))
        else
            # A name that comes late makes the command read a file twice, which nothing can that reads an interface.
            "$nflx" segments -f jsonl --live - <"$plain" >"$folder/once" 2>/dev/null || true
            "$here/compare.py" "$folder/eve.json" "$folder/once" >/dev/null ||
                fail "$file: $(cat "$folder/compared")"
            grep -q 'read.* twice\|second' "$folder/messages" || ! cmp -s "$folder/once" "$folder/rows" ||
                fail "$file: $(cat "$folder/compared")"
            late=$((late + 1))
        fi
        cp "$folder/eve.json" "$eve/$(basename "$folder").json"
        rm -f "$plain"
    done
    [ "$equal" -gt 200 ] || fail "only $equal segments were compared"
    say "$number files: $equal of $total segments equal; $late captures with names that come late," \
        "$unread of link types that Suricata does not read"
}

viewers() {
    local folder=$work/viewers capture model=$root/examples/train/example.onnx
    capture=$(capture_of "$root/tests/captures/player.pcap.gz")
    read_file "$(configuration "$out/nflx.so" "s|^nflx:|nflx:\n  model: $model|")" "$capture" "$folder" ||
        fail "$(cat "$folder/said")"
    "$nflx" sessions --live -f jsonl - <"$capture" >"$folder/sessions"
    "$nflx" quality --live --model "$model" -f jsonl - <"$capture" >"$folder/quality"
    "$here/viewers.py" "$folder/eve.json" "$folder/sessions" "$folder/quality" >&2 || fail "sessions or windows differ"
    cp "$folder/eve.json" "$eve/viewers.json"
}

counters() {
    local folder=$work/counters
    read_file "$(configuration "$out/nflx.so" 's/^nflx:/nflx:\n  max-segments: 16/')" \
        "$(capture_of "$root/tests/captures/player.pcap.gz")" "$folder" || fail "$(cat "$folder/said")"
    python3 - "$folder/eve.json" <<'PYTHON'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
nflx = [e["stats"]["nflx"] for e in events if e["event_type"] == "stats"][-1]
assert nflx["packets"] > 10000 and nflx["segments_evicted"] > 0 and nflx["segments"] > 0, nflx
assert nflx["settled_lost"] == 0 and nflx["clock_steps"] == 0 and nflx["quality_lost"] == 0, nflx
reasons = {e["nflx"]["reason"] for e in events if e["event_type"] == "nflx" and e["nflx"]["type"] == "server"}
assert {"interval", "flow_end"} <= reasons, reasons
flows = {e["flow_id"] for e in events if e["event_type"] == "flow"}
ours = {e["flow_id"] for e in events if e["event_type"] == "nflx" and e["nflx"]["type"] == "segment"}
assert ours and ours <= flows, (ours, flows)
PYTHON
    say "counters, summaries and flow_id are there"
}

refusals() {
    local capture said=$work/refused
    capture=$(capture_of "$root/tests/captures/tls13.pcap.gz")
    cp -r "$out/headers" "$work/headers"
    sed -i 's/^#define PACKAGE_VERSION .*/#define PACKAGE_VERSION "8.0.1"/' "$work/headers/include/autoconf.h"
    "$root/plugin/suricata/build.sh" "$work/headers" "$target/release/libnflx_ffi.a" "$work/other-version.so"
    read_file "$(configuration "$work/other-version.so")" "$capture" "$said" || true
    expect 'nflx: this plugin was built for Suricata 8.0.1 and this is ' "$said/said"

    cp "$out/headers/include/autoconf.h" "$work/headers/include"
    echo '#define PROFILING 1' >>"$work/headers/include/autoconf.h"
    "$root/plugin/suricata/build.sh" "$work/headers" "$target/release/libnflx_ffi.a" "$work/other-options.so"
    ! read_file "$(configuration "$work/other-options.so")" "$capture" "$said" || fail "other options are accepted"
    expect 'nflx: this Suricata was built with other options' "$said/said"

    ! read_file "$(configuration "$out/nflx.so" 's/max-flows: 100000/max-flows: many/')" "$capture" "$said" ||
        fail "a setting that is none is accepted"
    expect 'nflx: suricata.yaml, section nflx: .*max_flows' "$said/said"
    ! read_file "$(configuration "$out/nflx.so" 's|^nflx:|nflx:\n  model: /nowhere/model.onnx|')" "$capture" "$said" ||
        fail "a model that is not there is accepted"
    expect 'nflx: suricata.yaml, section nflx: the model /nowhere/model.onnx cannot be read' "$said/said"
    ! read_file "$(configuration "$out/nflx.so" "s|^nflx:|nflx:\n  model: $capture|")" "$capture" "$said" ||
        fail "a model that is none is accepted"
    expect 'nflx: suricata.yaml, section nflx: .*: The model is not an ONNX model' "$said/said"
    ! read_file "$(configuration "$out/nflx.so" 's/server-interval: 10/server-interval: soon/')" "$capture" "$said" ||
        fail "an interval that is none is accepted"
    expect 'server-interval is a number of seconds' "$said/said"
    ! read_file "$(configuration "$out/nflx.so" \
        's/^logging:/  - eve-log:\n      enabled: yes\n      filename: two.json\n      types: [nflx]\nlogging:/')" \
        "$capture" "$said" || fail "two eve-logs are accepted"
    expect 'nflx: a second eve-log has the type nflx' "$said/said"

    read_file "$(configuration "$out/nflx.so")" "$capture" "$said" autofp
    expect 'nflx: in runmode autofp flows overtake each other' "$said/said"
    read_file "$(configuration "$out/nflx.so" 's/^stream:/stream:\n  bypass: yes/')" "$capture" "$said"
    expect 'nflx: stream.bypass or encryption-handling: bypass is set' "$said/said"
    say "refusals and warnings are one line each"
}

[ -x "$nflx" ] || fail "there is no $nflx"
refusals
counters
viewers
files
unshare --net "$here/live.sh" "$nflx" "$(configuration "$out/nflx.so" 's/^nflx:/nflx:\n  settle-after: 2\n  segment-quiet: 1/')" \
    "$(capture_of "$root/tests/captures/player.pcap.gz")" "$work/live"
cp "$work/live/eve.json" "$eve/live.json"
rm -rf "$work"
