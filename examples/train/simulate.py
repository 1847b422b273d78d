#!/usr/bin/env python3
"""Makes sessions of a simulated player, so that the example runs anywhere: captures, and beside each what was played.

usage: simulate.py FOLDER [--sessions 24] [--seed 1]

A player asks a server for video and sound, segment by segment, over a link whose rate changes; it chooses each segment's
quality by the throughput of those before, fills its buffer, and stalls where the buffer runs dry. The capture holds the
packets of that (TCP and TLS headers as they are, data masked), NAME.player.jsonl a line a second: the height that is
fetched, the height on screen, whether the picture stands. Models of such sessions show how training works. They know
nothing of real players: train on recordings of those.
"""

import argparse
import gzip
import json
import math
import random
import struct
from pathlib import Path

CLIENT, SERVER = "10.0.0.2", "10.0.1.11"
NAME = b"ipv4-c001-zrh001-ix.1.oca.nflxvideo.net"
SEGMENT = 14_480  # Ten packets of 1,448 bytes, as the capture of a host with segmentation offload has them.
KEPT = 256  # Bytes of each packet that are captured.
HEIGHTS = [240, 360, 480, 720, 1080]
RECORD = 16_384
START = 1_790_000_000.0


def address(text):
    return bytes(map(int, text.split(".")))


class Capture:
    """Packets in order of time."""

    def __init__(self):
        self.packets = []

    def add(self, time, source, destination, sequence, acknowledgement, flags, data):
        options = b"\x02\x04\x05\xb4\x01\x03\x03\x07" if flags & 2 else b""
        tcp = struct.pack(">HHIIBBHHH", source[1], destination[1], sequence & 0xFFFFFFFF, acknowledgement & 0xFFFFFFFF,
                          (5 + len(options) // 4) << 4, flags, 64_000, 0, 0) + options
        length = 20 + len(tcp) + len(data)
        ip = struct.pack(">BBHHHBBH", 0x45, 0, length, 0, 0x4000, 64, 6, 0) + address(source[0]) + address(destination[0])
        frame = b"\x02" * 6 + b"\x04" * 6 + b"\x08\x00" + ip + tcp + bytes(data)
        self.packets.append((time, len(self.packets), frame))

    def write(self, path):
        self.packets.sort()
        with gzip.GzipFile(path, "wb", mtime=0) as file:
            file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, KEPT, 1))
            for time, _, frame in self.packets:
                seconds = math.floor(time)
                head = struct.pack("<IIII", seconds, int((time - seconds) * 1e9), min(len(frame), KEPT), len(frame))
                file.write(head + frame[:KEPT])


class Link:
    """One after the other, at the rate of the moment."""

    def __init__(self, rates, round_trip):
        self.rates, self.round_trip, self.free = rates, round_trip, 0.0

    def rate(self, time):
        return self.rates[min(int((time - START) / 10), len(self.rates) - 1)]

    def send(self, time, size):
        """When bytes that are ready at a time have arrived."""
        begin = max(time, self.free)
        self.free = begin + size * 8 / self.rate(begin)
        return self.free


class Connection:
    """TCP and TLS 1.3, with one request after the other."""

    def __init__(self, capture, link, port, time):
        self.capture, self.link = capture, link
        self.client, self.server = (CLIENT, port), (SERVER, 443)
        self.sent, self.received = 1_000 * port, 2_000 * port
        half = link.round_trip / 2
        capture.add(time, self.client, self.server, self.sent, 0, 0x02, b"")
        self.sent += 1
        capture.add(time + link.round_trip, self.server, self.client, self.received, self.sent, 0x12, b"")
        self.received += 1
        time += link.round_trip
        self.up(time, b"", 0x10)
        self.up(time + 0.001, hello(), 0x18)
        time += 0.001 + link.round_trip
        self.down(time, b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + bytes(32) + b"\x20" + bytes(32)
                  + b"\x13\x01\x00\x00\x2e\x00\x2b\x00\x02\x03\x04\x00\x33\x00\x24\x00\x1d\x00\x20" + bytes(32)
                  + b"\x14\x03\x03\x00\x01\x01" + record(3_100))
        self.up(time + half / 10, b"\x14\x03\x03\x00\x01\x01" + record(53), 0x18)
        self.ready = time + half / 10 + 0.001

    def up(self, time, data, flags=0x18):
        self.capture.add(time, self.client, self.server, self.sent, self.received, flags, data)
        self.sent += len(data)

    def down(self, time, data):
        self.capture.add(time, self.server, self.client, self.received, self.sent, 0x18, data)
        self.received += len(data)
        self.capture.add(time + 0.0001, self.client, self.server, self.sent, self.received, 0x10, b"")

    def fetch(self, time, size, chance):
        """Asks for a response; returns when it was asked for and when its last byte came."""
        time = max(time, self.ready)
        self.up(time, record(chance.randint(560, 640)))
        at = time + self.link.round_trip + chance.uniform(0.002, 0.01)
        data = b"".join(record(min(RECORD, size - done)) for done in range(0, size, RECORD))
        for done in range(0, len(data), SEGMENT):
            part = data[done:done + SEGMENT]
            at = self.link.send(at, len(part) * 1.04)
            self.down(at, part)
        self.ready = at + 0.0002
        return time, at


def record(size):
    """A record of TLS with data of this size, which is masked."""
    return b"\x17\x03\x03" + struct.pack(">H", size + 17) + bytes(size + 17)


def hello():
    name = struct.pack(">HBH", len(NAME) + 3, 0, len(NAME)) + NAME
    extensions = struct.pack(">HH", 0, len(name)) + name
    extensions += b"\x00\x2b\x00\x03\x02\x03\x04" + b"\x00\x33\x00\x26\x00\x24\x00\x1d\x00\x20" + bytes(32)
    body = b"\x03\x03" + bytes(32) + b"\x20" + bytes(32) + b"\x00\x02\x13\x01\x01\x00" + struct.pack(">H", len(extensions)) + extensions
    handshake = b"\x01" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\x03\x01" + struct.pack(">H", len(handshake)) + handshake


class Player:
    """What is fetched and what is on screen."""

    def __init__(self, chance):
        self.chance = chance
        self.bitrates = [rate * chance.uniform(0.85, 1.15) for rate in (250e3, 500e3, 1_000e3, 2_000e3, 4_000e3)]
        self.target = chance.choice([16, 24, 32])
        self.fetched = []  # When it was asked for and came, seconds of media, height.
        self.throughput = None

    def choose(self):
        if self.throughput is None:
            return 0
        fitting = [level for level, rate in enumerate(self.bitrates) if rate < 0.75 * self.throughput]
        return fitting[-1] if fitting else 0

    def session(self, capture, link, seconds):
        """Fetches for so long; returns the lines of what was played."""
        video, sound = (Connection(capture, link, port, START + 0.05 * place) for place, port in enumerate((40_001, 40_002)))
        length, sound_length, sound_rate = 4.0, 16.0, 96e3
        clock = Clock()
        at, sound_until = START + 0.2, 0.0
        while at < START + seconds:
            if sound_until <= clock.media:
                size = int(sound_rate * sound_length / 8 * self.chance.uniform(0.99, 1.01))
                _, at = sound.fetch(at, size, self.chance)
                sound_until += sound_length
            level = self.choose()
            size = int(self.bitrates[level] * length / 8 * self.chance.lognormvariate(0, 0.12))
            asked, came = video.fetch(at, size, self.chance)
            seen = size * 8 / (came - asked)
            self.throughput = seen if self.throughput is None else 0.7 * self.throughput + 0.3 * seen
            clock.arrive(came, length, HEIGHTS[level])
            self.fetched.append((asked, HEIGHTS[level]))
            # A full buffer waits until there is room for the next segment.
            at = came + max(0.0, clock.buffer(came) + length - self.target) + 0.01
        return self.lines(clock, seconds)

    def lines(self, clock, seconds):
        for second in range(1, int(seconds)):
            time = START + second
            fetched = [height for asked, height in self.fetched if asked <= time]
            height, state = clock.at(time)
            yield {"type": "tick", "t": time, "client_ip": CLIENT, "state": state, "stalled": state != "playing",
                   "height": height, "fetch_height": fetched[-1] if fetched else None}


class Clock:
    """Playback: begins with the first segment, and stands while there is none."""

    def __init__(self):
        self.plays = []  # From, to, height.
        self.media = 0.0

    def arrive(self, time, length, height):
        begin = max(time, self.plays[-1][1]) if self.plays else time
        self.plays.append((begin, begin + length, height))
        self.media += length

    def buffer(self, time):
        return max(0.0, self.plays[-1][1] - time) if self.plays else 0.0

    def at(self, time):
        before = [play for play in self.plays if play[0] <= time]
        if not before:
            return None, "startup"
        begin, end, height = before[-1]
        return height, "playing" if time < end else "stall"


def rates(chance, seconds):
    """Rates for ten seconds each: some links are steady, some change in steps, some have an outage."""
    base = math.exp(chance.uniform(math.log(0.6e6), math.log(9e6)))
    steps = []
    for _ in range(0, seconds + 60, 10):
        if chance.random() < 0.15:
            base = math.exp(chance.uniform(math.log(0.5e6), math.log(9e6)))
        steps.append(base * chance.uniform(0.8, 1.2) * (0.08 if chance.random() < 0.04 else 1))
    return steps


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--sessions", type=int, default=24)
    arguments.add_argument("--seconds", type=int, default=120)
    arguments.add_argument("--seed", type=int, default=1)
    arguments = arguments.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for number in range(arguments.sessions):
        chance = random.Random(arguments.seed * 10_000 + number)
        capture = Capture()
        link = Link(rates(chance, arguments.seconds), chance.uniform(0.01, 0.06))
        lines = list(Player(chance).session(capture, link, arguments.seconds))
        name = f"session-{number:03}"
        capture.write(arguments.folder / f"{name}.pcap.gz")
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (arguments.folder / f"{name}.player.jsonl").write_text(text)


if __name__ == "__main__":
    main()
