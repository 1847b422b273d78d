#!/usr/bin/env bash
# Plays a capture to an interface that Suricata watches with two workers, and compares its events with `nflx segments` of
# the same packets, which tcpdump writes meanwhile; each of the two stamps a packet when it gets it. Runs in a network namespace of its own.
# usage: live.sh NFLX CONFIGURATION CAPTURE FOLDER
set -euo pipefail

nflx=$1 configuration=$2 capture=$3 folder=$4
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"
fail() {
    echo "suricata: live: $*" >&2
    exit 1
}

ip link add sender type veth peer name watched
for device in sender watched; do
    # Nobody but the capture speaks.
    echo 1 >"/proc/sys/net/ipv6/conf/$device/disable_ipv6"
    ip link set "$device" mtu 9000 up
done

tcpdump -i watched -B 65536 -U -Z root -w "$folder/seen.pcap" 2>"$folder/tcpdump" &
tcpdump=$!
suricata -c "$configuration" -S /dev/null -k none -l "$folder" --af-packet=watched --runmode workers \
    >"$folder/said" 2>&1 &
suricata=$!
trap 'kill "$tcpdump" "$suricata" 2>/dev/null || true' EXIT
for _ in $(seq 300); do
    ! grep -q 'Engine started' "$folder/said" || break
    sleep 0.1
done
grep -q 'Engine started' "$folder/said" || fail "Suricata does not start: $(cat "$folder/said")"
grep -qE 'W: 2 ' "$folder/said" || fail "there are not two workers: $(cat "$folder/said")"

tcpreplay --quiet --multiplier 2 -i sender "$capture" >"$folder/tcpreplay" 2>&1
# Before the end: what settled while packets came.
during=$(grep -c '"type":"segment"' "$folder/eve.json" || true)
sleep 1
kill -INT "$tcpdump"
wait "$tcpdump" || true
kill -INT "$suricata"
wait "$suricata" || fail "Suricata ended with an error: $(cat "$folder/said")"
trap - EXIT

grep -q '^0 packets dropped by kernel' "$folder/tcpdump" || fail "tcpdump lost packets: $(cat "$folder/tcpdump")"
[ "$during" -gt 0 ] || fail "no event came while it ran"
"$nflx" segments --live -f jsonl --set settle_after=2 --set segment_quiet=1 - <"$folder/seen.pcap" >"$folder/rows"
"$here/compare.py" "$folder/eve.json" "$folder/rows" --renumbered --spans 0.01 >"$folder/compared" ||
    fail "$(cat "$folder/compared")"
python3 - "$folder/eve.json" <<'PYTHON'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
stats = [e["stats"] for e in events if e["event_type"] == "stats"][-1]
assert stats["capture"]["kernel_drops"] == 0 and stats["capture"]["kernel_packets"] > 0, stats["capture"]
assert stats["nflx"]["packets"] == stats["decoder"]["pkts"], stats["nflx"]
assert stats["nflx"]["settled_lost"] == 0, stats["nflx"]
assert all(e["in_iface"] == "watched" for e in events
           if e["event_type"] == "nflx" and e["nflx"]["type"] == "segment"), "in_iface"
PYTHON
echo "suricata: live: two workers, no drop, $during events while it ran; $(cat "$folder/compared")" >&2
