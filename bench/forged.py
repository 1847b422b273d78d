#!/usr/bin/env python3
"""Measures what is left of a genuine session when most of a capture's packets are forged: the table in SECURITY.md.

usage: bench/forged.py [NFLX [CAPTURE]]   (target/release/nflx tests/captures/player.pcap.gz)
"""

import gzip
import json
import struct
import subprocess
import sys
import tempfile

SHARES = [0, 50, 90, 99]
NETFLIX = bytes([23, 246, 11, 9])
SYN, ACK = 2, 0x10
REQUEST = b"GET / HTTP/1.1\r\nHost: a.netflix.com\r\n\r\n"
# What a segment's row says of the segment, whatever else there is.
SAME = ["client", "server", "kind", "bytes", "app_bytes", "pkts", "missing_bytes", "complete", "t_request"]


def internet(source, target, protocol, payload):
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0x4000, 64, protocol, 0, source, target)
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + header + payload


def tcp(source, target, ports, sequence, acknowledgement, flags, data=b""):
    header = struct.pack(">HHIIBBHHH", *ports, sequence & 0xffffffff, acknowledgement, 0x50, flags, 0xffff, 0, 0)
    return internet(source, target, 6, header + data)


def named(number, target):
    """A DNS answer by which an address of many is a server."""
    name = b"".join(bytes([len(label)]) + label for label in (b"a%d" % number, b"netflix", b"com")) + b"\0"
    message = struct.pack(">6H", 1, 0x8180, 1, 1, 0, 0) + name + b"\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + server(number)
    return internet(bytes([10, 0, 0, 53]), target, 17, struct.pack(">4H", 53, 40000, 8 + len(message), 0) + message)


def server(number):
    return struct.pack(">I", 0x64000000 + number)


def client(number):
    return bytes([172, 16, number >> 8 & 255, number & 255])


def netflix(number):
    return bytes([23, 246, number >> 3 & 63, number * 7 & 255])


def port(number):
    return 1024 + number % 60000


def forged(kind, number):
    one = client(number)
    if kind == "connections opened to anybody":
        return tcp(one, bytes([198, 18, number >> 10 & 255, number * 7 & 255]), (port(number), 443), number, 0, SYN)
    if kind == "connections opened to Netflix":
        return tcp(one, netflix(number), (port(number), 443), number, 0, SYN)
    if kind == "data from Netflix":
        return tcp(netflix(number), one, (443, port(number)), number, 5, ACK, b"\7" * 20)
    if kind == "servers named by DNS":
        return named(number, one)
    if kind == "servers named by DNS, each with a packet":
        at = number // 2
        return tcp(server(at), one, (443, 40000), at, 5, ACK, b"\7" * 20) if number & 1 else named(at, one)
    return tcp(one, NETFLIX, (port(number), 80), 1, 1, ACK, REQUEST)


KINDS = [
    "connections opened to anybody", "connections opened to Netflix", "data from Netflix", "servers named by DNS",
    "servers named by DNS, each with a packet", "requests to Netflix in clear",
]


def read(path):
    """Header and records of a capture in the classic format, in microseconds."""
    with gzip.open(path) as file:
        data = file.read()
    assert data[:4] == b"\xd4\xc3\xb2\xa1", "a pcap file of this machine's order"
    at, records = 24, []
    while at < len(data):
        seconds, micros, captured, original = struct.unpack_from("<4I", data, at)
        records.append((seconds, micros, original, data[at + 16:at + 16 + captured]))
        at += 16 + captured
    return data[:24], records


def rows(nflx, path, addresses=None):
    output = subprocess.run([nflx, "segments", "--format", "jsonl", path], capture_output=True, text=True, check=True)
    found = [json.loads(line) for line in output.stdout.splitlines()]
    if addresses is None:
        return found
    return [row for row in found if (row["client"], row["server"]) in addresses]


def main():
    nflx, capture = (sys.argv[1:] + ["target/release/nflx", "tests/captures/player.pcap.gz"][len(sys.argv) - 1:])[:2]
    header, records = read(capture)
    genuine = rows(nflx, capture)
    addresses = {(row["client"], row["server"]) for row in genuine}
    what = lambda row: json.dumps([row.get(name) for name in SAME])
    expected = sorted(map(what, genuine))
    print(f"| forged packets ({len(genuine)} genuine segments) | " + " | ".join(f"{share} %" for share in SHARES) + " |")
    print("|---|" + "---|" * len(SHARES))
    for kind in KINDS:
        cells = []
        for share in SHARES:
            each, number = share // (100 - share), 0
            with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
                file.write(header)
                # Half of the forged packets come before the session, the others during it.
                packets = [(seconds, micros, None) for seconds, micros, *_ in records[:1] * (len(records) * each // 2)]
                for at, (seconds, micros, *record) in enumerate(records):
                    packets.append((seconds, micros, record))
                    packets += [(seconds, micros, None)] * (each // 2 + (each & at & 1))
                for seconds, micros, record in packets:
                    if record is None:
                        frame = forged(kind, number)
                        record = [len(frame), frame]
                        number += 1
                    file.write(struct.pack("<4I", seconds, micros, len(record[1]), record[0]) + record[1])
                file.flush()
                found = rows(nflx, file.name, addresses)
            left = list(expected)
            same = 0
            for row in map(what, found):
                if row in left:
                    left.remove(row)
                    same += 1
            cells.append(f"{len(found)}, {same} the same")
        print(f"| {kind} | " + " | ".join(cells) + " |", flush=True)


main()
