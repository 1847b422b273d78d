#!/usr/bin/env python3
"""Compares the sessions and the windows of an EVE file with rows of `nflx sessions --live` and `nflx quality --live`.

usage: viewers.py EVE SESSIONS QUALITY
"""

import ipaddress
import json
import sys

from compare import seconds

# What names the capture, what EVE does not have, and numbers of sessions, which those that end at one moment share out
# differently.
IGNORED = {"session": {"capture", "stalls_at", "session"}, "quality": {"capture"}}
TIMES = {"t_start", "t_end", "from", "to"}
# EVE has microseconds, and six digits of numbers with a fraction.
APART = 2e-6


def same(key, ours, theirs):
    if ours is None or theirs is None:
        return ours is theirs
    if key in TIMES:
        return abs(seconds(ours) - theirs) <= APART
    if isinstance(theirs, float):
        return abs(ours - theirs) <= APART * max(1, abs(theirs))
    return ours == theirs


def compare(kind, events, path):
    ours = [event for event in events if event["event_type"] == "nflx" and event["nflx"]["type"] == kind]
    theirs = [json.loads(line) for line in open(path)]
    assert len(ours) == len(theirs) > 0, f"{len(ours)} events of {kind}, {len(theirs)} rows"
    order = (lambda row: row["t_start"]) if kind == "session" else (lambda row: (row["session"], row["window"]))
    for event, row in zip(sorted(ours, key=lambda event: order(event["nflx"])), sorted(theirs, key=order)):
        mine = event["nflx"]
        assert str(ipaddress.ip_address(event["src_ip"])) == row["client"], event
        for key in (mine.keys() | row.keys()) - IGNORED[kind] - {"type", "client"}:
            assert same(key, mine.get(key), row.get(key)), f"{kind} {row}: {key} is {mine.get(key)!r} in EVE"
    return len(ours)


def main():
    eve, sessions, quality = sys.argv[1:]
    events = [json.loads(line) for line in open(eve)]
    counts = compare("session", events, sessions), compare("quality", events, quality)
    stats = [event["stats"]["nflx"] for event in events if event["event_type"] == "stats"][-1]
    assert stats["windows"] > 0 and stats["sessions"] <= counts[0] and stats["windows"] <= counts[1], stats
    print("suricata: %d sessions and %d windows are those of the command" % counts)


if __name__ == "__main__":
    main()
