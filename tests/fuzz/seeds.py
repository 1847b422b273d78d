#!/usr/bin/env python3
"""Writes seeds for the fuzz targets: tests/fuzz/seeds.py FOLDER

From the captures of the tests: their frames, the messages in them, and the captures themselves. Each target's inputs
begin with a few bytes of its own; see its module.
"""
import glob
import gzip
import hashlib
import os
import random
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CAPTURES = os.path.join(HERE, "..", "captures")
MODELS = os.path.join(HERE, "..", "models")
# Positions in the lists of src/decode.rs and src/traffic.rs.
ETHERNET = 0
FRAME_OPERATION = 17


def frames(path):
    """Captured bytes and length of each packet of a pcap file."""
    with gzip.open(path) as file:
        data = file.read()
    at = 24
    while at + 16 <= len(data):
        captured, length = struct.unpack("<II", data[at + 8:at + 16])
        yield data[at + 16:at + 16 + captured], length
        at += 16 + captured


def payload(frame):
    """Protocol, ports and payload of an Ethernet frame with IPv4; None for others."""
    if frame[12:14] != b"\x08\x00" or len(frame) < 42:
        return None
    inner = frame[14 + (frame[14] & 15) * 4:]
    ports = struct.unpack(">HH", inner[:4])
    if frame[23] == 17:
        return "udp", ports, inner[8:]
    if frame[23] == 6 and len(inner) >= 20:
        return "tcp", ports, inner[(inner[12] >> 4) * 4:]
    return None


class Seeds:
    def __init__(self, folder):
        self.folder = folder

    def write(self, target, data):
        folder = os.path.join(self.folder, target)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, hashlib.sha1(data).hexdigest()[:16]), "wb") as file:
            file.write(data)


def from_capture(seeds, path):
    packets = list(frames(path))
    sequence = b""
    for number, (frame, length) in enumerate(packets[:60]):
        if number < 12:
            seeds.write("decode", struct.pack("<BHH", ETHERNET, min(length, 65535), len(frame) // 2) + frame)
        if len(sequence) + len(frame) < 7000 and len(frame) < 2048:
            sequence += struct.pack("<BBBBH", FRAME_OPERATION, 0, ETHERNET, min(255, length - len(frame)), len(frame)) + frame
        found = payload(frame)
        if not found or not found[2]:
            continue
        protocol, ports, data = found
        if 53 in ports:
            seeds.write("dns", b"\x80" + data)
        if protocol == "udp" and 443 in ports and number < 20:
            seeds.write("quic", b"\x02\x00\x00\x08" + data)
        if protocol == "tcp" and data[0] in (20, 21, 22, 23) and len(data) > 5:
            seeds.write("tls", b"\x40\x00\x00\x00\x01" + data[:3000])
            if data[:1] == b"\x16" and data[5] == 1:
                seeds.write("client_hello", b"\x80" + data[5:])
            if data[:1] == b"\x16" and data[5] == 2:
                seeds.write("tls", data[5:])
        if protocol == "tcp" and (data[:4] == b"GET " or data[:5] == b"HTTP/"):
            seeds.write("http", bytes([data[:1] == b"H", 10, 3, 200, 0, 0]) + data[:2000])
    seeds.write("engine", b"\x00\x00\x3f" + sequence)
    seeds.write("engine", b"\x10\x00\x3f" + sequence)
    seeds.write("abi", b"\x10\x00" + bytes([0, 1, 4, 20, 7, 0, 9, 0, 10, 0, 8, 0, 4, 20, 6, 1]) + sequence)


def made_up(seeds):
    """What the captures have none of, or too much at once."""
    seeds.write("config", b"domains=nflx,Netflix\nprefixes=198.51.100.0/24,2001:db8::/32\nevidence=dns,sni\n")
    seeds.write("config", b"segment_rule=server\nmax_flows=1_000\n4=16\n198.51.100.7\n::1/0\n")
    seeds.write("http", b"\x00\x05\x07\x01\x00\x00POST /a HTTP/1.1\r\nHost: x.nflxvideo.net\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n")
    seeds.write("http", b"\x01\x05\x07\x01\x00\x00HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                        b"5;x=y\r\nabcde\r\n0\r\nA: b\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
    packet = struct.pack("<IIII", 1, 2, 4, 4) + b"abcd"
    for magic in (0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34):
        file = struct.pack("<IHHiIII", magic, 2, 4, 0, 0, 262144, 1) + packet * 3
        seeds.write("capture", b"\x05" + file)
        seeds.write("annotate", b"\xaa\xaa\xaa\xaa" + file)
    for order in "<>":
        def block(kind, body):
            body += bytes(-len(body) % 4)
            return struct.pack(order + "II", kind, 12 + len(body)) + body + struct.pack(order + "I", 12 + len(body))
        section = block(0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1))
        options = struct.pack(order + "HHBxxxHHqHH", 9, 1, 9, 14, 8, 5, 0, 0)
        interface = block(1, struct.pack(order + "HHI", 1, 0, 0) + options)
        enhanced = block(6, struct.pack(order + "IIIII", 0, 1, 2, 4, 4) + b"abcd")
        simple, obsolete = block(3, struct.pack(order + "I", 4) + b"abcd"), block(2, struct.pack(order + "HHIIII", 0, 0, 1, 2, 4, 4) + b"abcd")
        file = section + interface + enhanced + simple + obsolete + block(5, bytes(8)) + section + interface + enhanced
        seeds.write("capture", b"\x05" + file)
        seeds.write("annotate", b"\xff\xff\xff\xff" + file)
        note = struct.pack(order + "HH", 1, 12) + b"nflx: in x y" + bytes(4)
        noted = block(6, struct.pack(order + "IIIII", 0, 1, 2, 4, 4) + b"abcd" + note)
        sized = block(0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, len(interface + noted)))
        seeds.write("annotate", b"\x55\x55\x55\x55" + sized + interface + noted + sized + interface + enhanced)
    generator = random.Random(1)
    for target in ("stream", "engine", "abi", "quic"):
        for _ in range(40):
            seeds.write(target, generator.randbytes(generator.choice((30, 100, 400))))
    # A page of each protocol: open, hellos, requests and responses.
    talk = b"".join(bytes(part) for part in ([0, 2, 0], [1, 2, 0], [2, 2, 0], *([3, 2, 0, 1], [5, 2, 0, 200, 0]) * 3, [16, 2, 0]))
    seeds.write("engine", b"\x00\x00\x3f" + talk)
    plain = b"".join(bytes(part) for part in ([0, 4, 0], *([7, 4, 0, 0, 0], [8, 4, 0, 0, 40, 0, 0]) * 3, [16, 4, 0]))
    seeds.write("engine", b"\x00\x00\x3f" + plain)
    quic = b"".join(bytes(part) for part in ([11, 2], [12, 2], *([13, 2, 0, 100, 0, 1], [14, 2, 12, 0xab, 5, 1]) * 4))
    seeds.write("engine", b"\x10\x00\x3f" + quic)
    answers = b"".join(bytes([10, 0, choice, name, 3]) for choice, name in ((4, 0), (10, 1), (0x46, 0)))
    seeds.write("engine", b"\x00\x00\x3f" + answers + plain + quic + talk)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    seeds = Seeds(sys.argv[1])
    for path in sorted(glob.glob(os.path.join(CAPTURES, "*.pcap.gz"))):
        from_capture(seeds, path)
    for path in glob.glob(os.path.join(CAPTURES, "*.pcapng.gz")):
        with gzip.open(path) as file:
            data = file.read(6000)
            seeds.write("capture", b"\xff" + data)
            seeds.write("annotate", b"\xff\x00\xff\xff" + data)
    # All have seven columns; the large ones would be cut.
    for path in glob.glob(os.path.join(MODELS, "*.onnx")):
        if os.path.getsize(path) < 8000:
            with open(path, "rb") as file:
                seeds.write("model", b"\x07d" + file.read())
    made_up(seeds)


if __name__ == "__main__":
    main()
