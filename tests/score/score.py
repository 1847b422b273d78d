#!/usr/bin/env python3
"""Scores detected segments against the servers' own records, beside the rules that other tools use.

usage: score.py [--nflx PATH] [--markdown] [--min-bytes N] [DIRECTORY | CAPTURE ...]

Reads every capture with a NAME.truth.jsonl beside it in tests/captures (and in ../shared/captures, where that is
there), runs `nflx segments` on it and prints one table. Needs Python 3.9 and tshark (for the other tools' rules).

Rules compared:
  nflx      this project, default settings
  classic   per server address, any uplink TCP packet with payload starts a segment and every downlink payload byte
            adds to it: `nflx segments --segment-rule server`
  payload   per flow, uplink TCP payload > 0 bytes or UDP payload > 100 bytes starts a segment, downlink payload adds
            to it (the rule of Traffic Refinery): computed here from tshark's fields

Matching: within one server address and client port, detected segments and requests are paired in order of time, at
most 0.5 s apart, with as many pairs as possible and then the least time between them. Not scored either way: requests
that are not Netflix's, whose response is smaller than --min-bytes, that were aborted, or that only the server recorded.
Size: app_bytes (bytes for the other rules) against head and body where known, else body.
"""
import argparse
import collections
import glob
import json
import math
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
WINDOW = 0.5


def rows(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def is_scored(request, min_bytes):
    return (request.get("netflix", True) and (request.get("response_body_bytes") or 0) >= min_bytes
            and not request.get("aborted") and request.get("time_source", "client") != "server")


def pair(requests, segments):
    """Pairs in order: most pairs first, then least total distance (dynamic programming over two sorted lists)."""
    requests = sorted(requests, key=lambda r: r["t_request"])
    segments = sorted(segments, key=lambda s: float(s["t_request"]))
    best = [[(0, 0.0)] * (len(segments) + 1) for _ in range(len(requests) + 1)]
    for i, request in enumerate(requests, 1):
        for j, segment in enumerate(segments, 1):
            options = [best[i - 1][j], best[i][j - 1]]
            gap = abs(request["t_request"] - float(segment["t_request"]))
            if gap <= WINDOW:
                count, distance = best[i - 1][j - 1]
                options.append((count + 1, distance - gap))
            best[i][j] = max(options)
    pairs, i, j = [], len(requests), len(segments)
    while i and j:
        if best[i][j] == best[i - 1][j]:
            i -= 1
        elif best[i][j] == best[i][j - 1]:
            j -= 1
        else:
            pairs.append((requests[i - 1], segments[j - 1]))
            i, j = i - 1, j - 1
    return pairs


def score(truth, found, min_bytes):
    """Precision, recall, F1, size error at the median and 95th percentile, share of right kinds."""
    groups = collections.defaultdict(lambda: ([], []))
    for request in truth:
        if request.get("t_request") is not None or request.get("t_request_srv") is not None:
            request = dict(request, t_request=request.get("t_request") or request["t_request_srv"])
            groups[request["server_ip"], int(request["client_port"])][0].append(request)
    for segment in found:
        groups[segment["server"], int(segment["client_port"])][1].append(segment)
    wanted = detected = matched = 0
    errors, kinds = [], []
    for requests, segments in groups.values():
        wanted += sum(is_scored(r, min_bytes) for r in requests)
        pairs = pair(requests, segments)
        taken = {id(s) for _, s in pairs}
        alone = [s for s in segments if id(s) not in taken and s["bytes"] >= min_bytes]
        pairs = [(r, s) for r, s in pairs if is_scored(r, min_bytes)]
        detected += len(pairs) + len(alone)
        matched += len(pairs)
        for request, segment in pairs:
            if request.get("kind") in ("video", "audio") and segment.get("kind"):
                kinds.append(segment["kind"] == request["kind"])
            if not request.get("partial"):
                size = request.get("response_bytes") or request["response_body_bytes"]
                errors.append(abs((segment.get("app_bytes") or segment["bytes"]) - size) / size)
    recall = matched / wanted if wanted else 1.0
    precision = matched / detected if detected else 1.0
    f1 = 2 * recall * precision / (recall + precision) if recall + precision else 0.0
    return {"truth": wanted, "f1": f1, "p50": quantile(errors, 0.5), "p95": quantile(errors, 0.95),
            "kind": sum(kinds) / len(kinds) if kinds else None}


def quantile(values, q):
    values = sorted(values)
    return values[max(0, math.ceil(q * len(values)) - 1)] if values else None


def nflx(binary, capture, prefixes, *options):
    command = [binary, "segments", "--format", "jsonl", *options, capture]
    if prefixes:
        command += ["--prefixes", ",".join(prefixes)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"score.py: {' '.join(command)}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def payload_rule(capture, servers):
    """The per-flow payload rule, from what tshark says of each packet; servers are given to it."""
    fields = ["frame.time_epoch", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "tcp.srcport", "tcp.dstport", "tcp.len",
              "udp.srcport", "udp.dstport", "udp.length"]
    command = ["tshark", "-n", "-r", capture, "-Y", "tcp or udp", "-T", "fields", "-E", "occurrence=l"]
    lines = subprocess.run(command + [x for f in fields for x in ("-e", f)], capture_output=True, text=True,
                           check=False).stdout
    current, found = {}, []
    for line in lines.splitlines():
        time, s4, s6, d4, d6, tsp, tdp, tlen, usp, udp, ulen = (line.split("\t") + [""] * 11)[:11]
        source, destination = s4 or s6, d4 or d6
        size = int(tlen) if tlen else int(ulen or 8) - 8
        sport, dport = tsp or usp, tdp or udp
        if destination in servers and sport:
            key = (source, sport, destination, dport)
            if size > (0 if tlen else 100):
                current[key] = segment = {"server": destination, "client_port": int(sport), "t_request": float(time),
                                          "bytes": 0}
                found.append(segment)
        elif source in servers and dport and (destination, dport, source, sport) in current:
            current[destination, dport, source, sport]["bytes"] += size
    return [segment for segment in found if segment["bytes"] > 0]


def captures(places):
    for place in places:
        files = [place] if os.path.isfile(place) else sorted(glob.glob(os.path.join(place, "*.pcap*")))
        for path in files:
            if not path.endswith((".json", ".jsonl")):
                yield path


def truth_of(path):
    stem = os.path.basename(path).split(".pcap")[0]
    for name in (stem, stem.split("-snap")[0]):
        candidate = os.path.join(os.path.dirname(path), name + ".truth.jsonl")
        if os.path.exists(candidate):
            return stem, rows(candidate)
    return stem, None


def percent(value):
    return "-" if value is None else f"{100 * value:.2f} %"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("places", nargs="*", metavar="DIRECTORY | CAPTURE")
    parser.add_argument("--nflx", default=os.path.join(HERE, "../../target/release/nflx"))
    parser.add_argument("--min-bytes", type=int, default=10_000)
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    arguments = parser.parse_args()
    places = arguments.places
    if not places:
        places = [os.path.join(HERE, "../captures")]
        shared = os.path.join(HERE, "../../../shared/captures")
        if os.path.isdir(shared):
            places.append(shared)
        else:
            print("score.py: no further captures beside the project; its own are scored.", file=sys.stderr)
    header = ["capture", "requests", "F1", "size error p50", "p95", "kind", "classic F1", "p50", "p95", "payload F1",
              "p50", "p95"]
    table = []
    for path in captures(places):
        name, truth = truth_of(path)
        if truth is None:
            continue
        servers = sorted({r["server_ip"] for r in truth if r.get("netflix", True)})
        # Without names in the capture, the addresses are given.
        prefixes = servers if "snap" in name or "midstream" in name else []
        ours = score(truth, nflx(arguments.nflx, path, prefixes), arguments.min_bytes)
        classic_rows = nflx(arguments.nflx, path, servers, "--segment-rule", "server")
        for row in classic_rows:
            row.pop("app_bytes", None)
        classic = score(truth, classic_rows, arguments.min_bytes)
        payload = score(truth, payload_rule(path, set(servers)), arguments.min_bytes)
        table.append([name, str(ours["truth"]), f"{ours['f1']:.3f}", percent(ours["p50"]), percent(ours["p95"]),
                      "-" if ours["kind"] is None else f"{ours['kind']:.3f}"] +
                     [cell for s in (classic, payload) for cell in (f"{s['f1']:.3f}", percent(s["p50"]), percent(s["p95"]))])
    if arguments.markdown:
        print("| " + " | ".join(header) + " |\n|" + "---|" * len(header))
        for line in table:
            print("| " + " | ".join(line) + " |")
        return
    widths = [max(len(line[i]) for line in [header, *table]) for i in range(len(header))]
    for line in [header, *table]:
        print("  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths))))


if __name__ == "__main__":
    main()
