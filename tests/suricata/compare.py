#!/usr/bin/env python3
"""Compares the segments of an EVE file with rows of `nflx segments`, field by field.

usage: compare.py EVE ROWS [--renumbered] [--spans SECONDS]

  --renumbered    live: each program counts frames for itself, and of requests at the same moment on two connections either
                  may be first; segments are compared by connection and order there
  --spans         how far times and spans may lie apart (0.0000011: Suricata cuts times to microseconds)
"""

import argparse
import datetime
import ipaddress
import json
import sys

# What only the whole of a capture tells, and what names files.
NOT_IN_EVE = {"capture", "media_s", "bitrate_bps", "first_capture", "last_capture"}
TIMES = {"t_request", "t_first", "t_last"}
SPANS = {"ttfb_s", "duration_s"}
NUMBERS = {"request_frame", "first_frame", "last_frame", "segment", "index"}
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def seconds(text):
    """Microseconds are exact in a float for some centuries."""
    return (datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z") - EPOCH) / datetime.timedelta(seconds=1)


def from_eve(event):
    """The row that an event stands for; checks what it says twice."""
    row = dict(event["nflx"])
    assert row.pop("type") == "segment"
    assert event["event_type"] == "nflx" and seconds(event["timestamp"]) > 0
    assert event["proto"] == ("TCP" if row["transport"] == "tcp" else "UDP"), event
    assert event["dest_ip"] == row["server"], event
    row["server"] = str(ipaddress.ip_address(row["server"]))
    row["server_port"] = event["dest_port"]
    row["client"] = str(ipaddress.ip_address(event["src_ip"]))
    row["client_port"] = event["src_port"]
    for key in TIMES & row.keys():
        row[key] = seconds(row[key])
    return row


def same(key, ours, theirs, apart):
    if ours is None or theirs is None:
        return ours is theirs
    if key in TIMES | SPANS:
        return abs(ours - theirs) <= apart
    if key == "throughput_bps":
        return True  # follows from bytes and times, which are compared; its rounding does not
    return ours == theirs


def throughput_follows(row):
    given = row.get("throughput_bps")
    if given is None:
        return True
    expected = 8 * row["bytes"] / (row["t_last"] - row["t_first"])
    return abs(given - expected) <= 1e-2 * expected or row["t_last"] - row["t_first"] < 0.001


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("eve")
    parser.add_argument("rows")
    parser.add_argument("--renumbered", action="store_true")
    parser.add_argument("--spans", type=float, default=0.0000011)
    arguments = parser.parse_args()
    events = [json.loads(line) for line in open(arguments.eve)]
    ours = [from_eve(e) for e in events if e["event_type"] == "nflx" and e["nflx"]["type"] == "segment"]
    theirs = [json.loads(line) for line in open(arguments.rows)]
    for rows in (ours, theirs):
        if arguments.renumbered:
            rows.sort(key=lambda row: (row["client"], row["client_port"], row["server"], row["t_request"]))
        else:
            rows.sort(key=lambda row: row["segment"])
    wrong = 0 if len(ours) == len(theirs) else 1
    for mine, row in zip(ours, theirs):
        ignored = NOT_IN_EVE | (NUMBERS if arguments.renumbered else set())
        keys = (mine.keys() | row.keys()) - ignored
        different = [k for k in sorted(keys) if not same(k, mine.get(k), row.get(k), arguments.spans)]
        if not throughput_follows(mine):
            different.append("throughput_bps")
        for key in different[:4]:
            print(f"segment {row['segment']}: {key} is {mine.get(key)!r} in EVE, {row.get(key)!r} by nflx segments")
        wrong += bool(different)
    print(f"{len(ours)} segments in EVE, {len(theirs)} by nflx segments, {wrong} different")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
