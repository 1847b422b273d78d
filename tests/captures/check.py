#!/usr/bin/env python3
"""Checks the captures of this folder against their truth, with tshark's view of the packets.

usage: python3 tests/captures/check.py [NAME ...]      (all by default; needs tshark; about 10 s)

For each capture: tshark reads it without complaint, finds as many frames as meta.json says, no malformed packet and (in
whole frames) no wrong checksum; the servers' connections in the packets are those in the truth; the bytes of each connection
are those of its responses and a little more for TLS or QUIC; each request has a packet of the client right after
t_request and, where requests of HTTP/1.1 follow each other, the bytes up to the next request are those of the response;
the names in the DNS log are in the packets.
"""
import collections
import glob
import json
import os
import subprocess
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
FIELDS = ("frame.time_epoch", "frame.cap_len", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport", "tcp.seq_raw",
          "tcp.len", "tcp.flags", "udp.srcport", "udp.dstport", "udp.length", "dns.qry.name")
Frame = collections.namedtuple("Frame", "time captured src dst sport dport proto seq size syn name")


def tshark(path, *arguments):
    command = ["tshark", "-n", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.desegment_tcp_streams:FALSE",
               "-r", path, *arguments]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True)
    trouble = [x for x in result.stderr.splitlines() if not x.startswith("Running as user")]
    if result.returncode or trouble:
        raise AssertionError(f"tshark: {result.returncode} {trouble}")
    return result.stdout.splitlines()


def frames(path):
    out, last = [], 0.0
    for line in tshark(path, "-T", "fields", *(x for f in FIELDS for x in ("-e", f))):
        v = line.split("\t")
        last = float(v[0]) if v[0] else last  # simple packet blocks have no time
        src, dst = v[2] or v[4], v[3] or v[5]
        if v[6]:
            out.append(Frame(last, int(v[1]), src, dst, int(v[6]), int(v[7]), "tcp", int(v[8]), int(v[9] or 0), int(v[10], 16) & 2, v[14]))
        elif v[11] and "," not in v[11]:
            out.append(Frame(last, int(v[1]), src, dst, int(v[11]), int(v[12]), "udp", 0, int(v[13]) - 8, 0, v[14]))
        else:
            out.append(Frame(last, int(v[1]), src, dst, 0, 0, "", 0, 0, 0, ""))
    return out


class New:
    """Counts the bytes of one direction of a TCP connection which were not there before."""

    def __init__(self):
        self.seen, self.base = [], None

    def take(self, frame):
        if frame.proto == "udp":
            return frame.size
        self.base = frame.seq if self.base is None else self.base
        start = (frame.seq - self.base + 2**31) % 2**32 - 2**31 + frame.syn
        end, new, rest = start + frame.size, frame.size, []
        for a, b in self.seen:
            new -= max(0, min(b, end) - max(a, start))
            if b < start or a > end:
                rest.append((a, b))
            else:
                start, end = min(a, start), max(b, end)
        self.seen = rest + [(start, end)]
        return new


def check(path):
    base = path.rsplit(".pcap", 1)[0]
    with open(base + ".meta.json", encoding="utf-8") as handle:
        meta = json.load(handle)
    with open(base + ".truth.jsonl", encoding="utf-8") as handle:
        truth = [json.loads(line) for line in handle]
    found = frames(path)
    assert len(found) == meta["packets"], f"{len(found)} frames, meta says {meta['packets']}"
    assert len(truth) == meta["requests"], "requests"
    if meta["snaplen"]:
        assert max(f.captured for f in found) == meta["snaplen"], "snaplen"
    else:
        bad = tshark(path, "-Y", "_ws.malformed || tcp.checksum.status == 0 || udp.checksum.status == 0 || ip.checksum.status == 0")
        assert not bad, f"{len(bad)} bad packets, the first: {bad[0]}"
    asked = {n for f in found for n in f.name.split(",") if n}
    logged = {d["qname"] for d in meta["dns_log"]}
    assert meta["snaplen"] or asked == logged, f"names {asked ^ logged}"

    up, down, new = collections.defaultdict(list), collections.defaultdict(list), collections.defaultdict(New)
    for f in found:
        if f.sport in (80, 443):
            key = f.src, f.sport, f.dst, f.dport, f.proto
            down[key].append((f.time, new[key].take(f)))
        elif f.dport in (80, 443):
            up[f.dst, f.dport, f.src, f.sport, f.proto].append((f.time, f.size))
    rows = collections.defaultdict(list)
    for r in truth:
        rows[r["server_ip"], r["server_port"], r["client_ip"], r["client_port"], {"tcp": "tcp", "quic": "udp"}[r["transport"]]].append(r)
    assert set(rows) == set(down), f"connections {set(rows) ^ set(down)}"
    worst = 0.0
    for key, mine in rows.items():
        want = sum(r["response_bytes"] or r["response_body_bytes"] for r in mine if not r.get("partial"))
        have = sum(size for _, size in down[key])
        quic = key[4] == "udp"
        most = want * (1.05 if quic else 1.006) + 9000 + 400 * len(mine)
        assert want <= have, f"{key}: {have} bytes for {want}"
        assert meta["scenario"] == "midstream" or have <= most, f"{key}: {have} bytes for {want}"
        for number, r in enumerate(mine):
            after = min((t - r["t_request"] for t, size in up[key] if size and t >= r["t_request"] - 5e-5), default=9)
            assert after < 0.02, f"{r['rid']}: no packet of the client after the request, the next is {after:.4f} s later"
            if r["http"] != "1.1" or r.get("pipelined") or r.get("partial"):
                continue
            until = mine[number + 1]["t_request"] if number + 1 < len(mine) else r["t_end"] + 0.01
            size = sum(s for t, s in down[key] if r["t_request"] <= t < until)
            extra = size - r["response_bytes"] - r.get("interim_bytes", 0)
            assert 0 <= extra <= 900 + 0.002 * size, f"{r['rid']}: {size} bytes for {r['response_bytes']}"
            if r["response_bytes"] > 10_000:
                worst = max(worst, extra / r["response_bytes"])
    largest = os.path.getsize(path)
    assert largest < 300_000, f"{largest} bytes as stored"
    print(f"ok  {os.path.basename(path):28} {largest / 1000:4.0f} kB {len(found):6} frames {len(truth):3} requests {len(rows)} connections"
          f"  {sum(r['response_body_bytes'] for r in truth) / 1e6:5.1f} MB" + (f"  framing at most {worst:.2%}" if worst else ""))


def main():
    paths = sorted(glob.glob(FOLDER + "/*.pcap*.gz"))
    names = sys.argv[1:]
    failed = 0
    for path in paths:
        if not names or os.path.basename(path).split(".")[0] in names:
            try:
                check(path)
            except AssertionError as error:
                failed += 1
                print(f"BAD {os.path.basename(path)}: {error}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
