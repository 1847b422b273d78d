#!/usr/bin/env python3
"""Hours of traffic in minutes, piped into `nflx segments --live -`: memory at intervals, and whether every segment came.

usage: bench/replay.py [--release DIRECTORY] [--packets N] [--every SECONDS] [--without-engine]

The traffic is that of `bounds replay`: recorded conversations over and over with fresh addresses and ports, among floods of
short flows and of small requests, by the clock of the recordings. Fails if memory still grows in the second half, if a
segment's number is missing or comes twice, or if segments and bytes differ from those of an engine that gets the same packets
directly.
"""

import argparse
import atexit
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
# How much memory may grow in the second half, in parts of all: allocators keep books of their own.
TOLERATED = 32
NUMBER = re.compile(rb'"segment":(\d+),')
BYTES = re.compile(rb'"bytes":(\d+),')


def status(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


def read_so_far(pid):
    line = pathlib.Path(f"/proc/{pid}/io").read_text().splitlines()[0]
    return int(line.split()[1])


class Rows:
    """What came: each number once."""

    def __init__(self):
        self.count = self.bytes = self.twice = 0
        self.seen = bytearray()

    def take(self, line):
        number = int(NUMBER.search(line).group(1))
        if number >= len(self.seen):
            self.seen.extend(bytes(max(number + 1 - len(self.seen), 1 << 20)))
        self.twice += self.seen[number]
        self.seen[number] = 1
        self.count += 1
        self.bytes += int(BYTES.search(line).group(1))

    def missing(self):
        """Numbers below the highest that did not come."""
        return self.seen.rindex(1) - self.count + self.twice


def replay(release, packets, every):
    source = subprocess.Popen([release / "bounds", "replay", str(packets)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    nflx = subprocess.Popen(
        [release / "nflx", "segments", "--live", "--format", "jsonl", "-"],
        stdin=source.stdout,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    source.stdout.close()
    rows, began, due, memory = Rows(), time.monotonic(), 0, []
    print(f"{'seconds':>8} {'read':>9} {'rows':>11} {'memory':>9}")
    for line in nflx.stdout:
        rows.take(line)
        # Clocks cost more than rows.
        if rows.count % 1000 == 0 and time.monotonic() - began >= due:
            memory.append(status(nflx.pid, "VmRSS"))
            print(
                f"{time.monotonic() - began:>8.0f} {read_so_far(nflx.pid) / 1e9:>6.2f} GB {rows.count:>11,} {memory[-1] / 1e6:>6.1f} MB",
                flush=True,
            )
            due += every
    said = nflx.stderr.read().decode().strip() + "\n" + source.stderr.read().decode().strip()
    print(said)
    if nflx.wait() or source.wait():
        sys.exit("the replay failed")
    return rows, memory, time.monotonic() - began


def begin_straight(release, packets):
    """An engine that gets the same packets directly, beside the replay, and ends with this program."""
    engine = subprocess.Popen(
        [release / "bounds", "engine", str(packets)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    atexit.register(engine.kill)
    return engine


def straight(engine):
    """Segments and bytes of the same packets."""
    # What it has against so short a run, whose memory still grows, is no matter here.
    said, complaint = engine.communicate()
    found = re.search(r"(\d+) segments of (\d+) bytes settled", said)
    return (int(found.group(1)), int(found.group(2))) if found else sys.exit(complaint)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=pathlib.Path, default=HERE.parent / "target" / "release")
    parser.add_argument("--packets", type=int, default=100_000_000)
    parser.add_argument("--every", type=float, default=20)
    parser.add_argument("--without-engine", action="store_true")
    arguments = parser.parse_args()
    engine = None if arguments.without_engine else begin_straight(arguments.release, arguments.packets)
    rows, memory, seconds = replay(arguments.release, arguments.packets, arguments.every)
    print(f"{arguments.packets:,} packets in {seconds:.0f} s, {rows.count:,} segments of {rows.bytes:,} bytes")
    wrong = []
    if rows.twice or rows.missing():
        wrong.append(f"{rows.twice} segments came twice, {rows.missing()} never")
    half = len(memory) // 2
    if half > 1 and max(memory[half:]) > max(memory[:half]) * (1 + 1 / TOLERATED):
        wrong.append(f"memory still grows: {max(memory[:half])} bytes in the first half, {max(memory[half:])} in the second")
    if engine:
        expected = straight(engine)
        if expected != (rows.count, rows.bytes):
            wrong.append("%d segments of %d bytes were expected" % expected)
    if wrong:
        sys.exit("; ".join(wrong))
    print("every segment came once, with all its bytes; memory is flat")


if __name__ == "__main__":
    main()
