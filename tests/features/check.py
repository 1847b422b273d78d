"""Compares the features that the program gives with those of the reference.
usage: check.py NFLX FOLDER WINDOW [CAPTURE...]     without captures, the one made by hand, written to FOLDER"""
import io
import json
import os
import subprocess
import sys

import pandas as pd

import capture
import reference


def nflx(program, *arguments):
    run = subprocess.run([program, *arguments], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"nflx {' '.join(arguments)} failed: {run.stderr}")
    return run.stdout


def by_hand(path, packets, meant, rows):
    """Segments as they were meant, with the frames of their packets; the program must have found the same."""
    frames = {time: frame for frame, (time, _) in enumerate(packets, 1)}
    found = [(r["client"], r["t_request"], r["t_last"], r["bytes"], r["complete"]) for r in rows]
    if sorted(found, key=str) != sorted(meant, key=str):
        sys.exit(f"{path}: segments\n{sorted(set(found) - set(meant))}\nexpected\n{sorted(set(meant) - set(found), key=str)}")
    kinds = {(r["client"], r["t_request"]): r["kind"] for r in rows}
    end = packets[-1][0]
    for client, requested, last, size, complete in meant:
        if kinds[client, requested] in ("video", "audio"):
            counts = size and (complete or end - last >= 10 * capture.S)
            yield client, frames[requested], requested, frames[last] if counts else None, last, size


def recorded(rows, servers):
    end = max(r["t_last"] for r in servers)
    for r in sorted(rows, key=lambda r: r["segment"]):
        if r["kind"] in ("video", "audio"):
            counts = r["bytes"] and (r["complete"] or end - r["t_last"] >= 10 * capture.S)
            yield r["client"], r["request_frame"], r["t_request"], r["last_frame"] if counts else None, r["t_last"], r["bytes"]


def prefixes(path):
    """Options with the servers that the capture's own records name, for captures that do not show names."""
    with open(path.replace(".pcap.gz", ".truth.jsonl")) as truth:
        servers = {r["server_ip"] for r in map(json.loads, truth) if r["netflix"]}
    return ["--prefixes", ",".join(f"{s}/{128 if ':' in s else 32}" for s in sorted(servers))]


def types(program, path, options):
    """Columns of CSV that pandas takes for another type than the one declared: readers guess from the values."""
    kinds = {c["name"]: c["type"] for c in map(json.loads, nflx(program, "columns", "--format", "jsonl").splitlines())}
    table = pd.read_csv(io.StringIO(nflx(program, "features", "--format", "csv", *options, path)))
    for name, kind in kinds.items():
        wanted = {"integer": "int64", "float": "float64", "time": "float64"}.get(kind)
        if wanted and table[name].dtype != wanted:
            yield f"{name} is read as {table[name].dtype}, not {wanted}"


def check(program, path, window, made=None):
    options = [] if made else prefixes(path)
    servers = list(reference.parse(nflx(program, "servers", "--format", "jsonl", *options, path)))
    rows = list(reference.parse(nflx(program, "segments", "--format", "jsonl", *options, path)))
    segments = by_hand(path, *made, rows) if made else recorded(rows, servers)
    roles = {s["server"]: s["role"] in ("video", "audio_video") for s in servers}
    packets = [reference.Packet(*p) for p in reference.read(path)]
    expected = {(r["session"], r["window"]): r for r in reference.features(packets, roles, list(segments), window)}
    windows = ["--window", str(window), "--format", "jsonl"]
    found = list(reference.parse(nflx(program, "features", *windows, *options, path)))
    wrong = []
    if sorted(expected) != sorted((r["session"], r["window"]) for r in found):
        wrong.append(f"windows {[(r['session'], r['window']) for r in found]}, expected {list(expected)}")
    for r in found:
        for difference in reference.differences(r, expected.get((r["session"], r["window"]), {})):
            wrong.append(f"session {r['session']} window {r['window']}: {difference}")
    wrong.extend(types(program, path, options))
    if not found:
        wrong.append("no rows")
    for line in wrong[:40]:
        print(f"{path}: {line}", file=sys.stderr)
    columns = len(found[0]) - 1 if found else 0
    print(f"{path}: {len(found)} rows of {columns} columns, {len(wrong)} differences")
    return bool(wrong), found


def main(program, folder, window, *paths):
    window = int(window)
    failed = False
    if not paths:
        packets, segments = capture.make()
        path = os.path.join(folder, "by-hand.pcap")
        capture.write(path, packets)
        failed, rows = check(program, path, window, (packets, segments))
        # That it holds what it was made for.
        empty = [c for c in rows[0] if all(r[c] in (None, 0, 0.0, []) for r in rows)]
        if empty:
            sys.exit(f"{path}: without a value in any row: {empty}")
    for path in paths:
        failed |= check(program, path, window)[0]
    sys.exit(failed)


main(*sys.argv[1:])
