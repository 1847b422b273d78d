#!/usr/bin/env python3
"""How time and memory of `nflx servers` grow with ten times the packets, and what a second core is worth to four files.

usage: bench/growth.py [--release DIRECTORY] [--packets N] [--rounds N]

On generated captures, a tenth of them Netflix; the variants take turns. Prints one line each, with the smallest times.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent


def run(*words):
    """Wall time in seconds, memory in bytes."""
    start = time.monotonic()
    child = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = child.stderr.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = status
    if status:
        sys.exit(f"growth.py: {' '.join(map(str, words))}: {said}")
    return time.monotonic() - start, usage.ru_maxrss * 1024


def best(rounds, at):
    return min(each[at][0] for each in rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", type=pathlib.Path, default=HERE.parent / "target" / "release")
    parser.add_argument("--packets", type=int, default=502_040, help="of the smaller capture")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    nflx = arguments.release / "nflx"
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        one, ten, four = place / "one.pcap", place / "ten.pcap", place / "four"
        for packets, capture in ((arguments.packets, one), (10 * arguments.packets, ten)):
            subprocess.run([arguments.release / "generate", str(packets), "10", capture], check=True)
        four.mkdir()
        for name in "abcd":
            os.link(one, four / f"{name}.pcap")
        for capture in (one, ten):
            run("cat", capture)
        rounds = [[run(nflx, "servers", "--format", "jsonl", capture) for capture in (one, ten)]
                  for _ in range(arguments.rounds)]
        print(f"{arguments.packets} packets: {best(rounds, 0):.3f} s, {rounds[-1][0][1] / 1e6:.1f} MB; ten times as many: "
              f"{best(rounds, 1):.3f} s, {rounds[-1][1][1] / 1e6:.1f} MB: {best(rounds, 1) / best(rounds, 0):.1f} times the "
              "time")
        rounds = [[run(nflx, "servers", "--format", "jsonl", "-j", jobs, four) for jobs in (1, 2)]
                  for _ in range(arguments.rounds)]
        print(f"Four files: {best(rounds, 0):.3f} s by one worker, {best(rounds, 1):.3f} s by two: "
              f"{best(rounds, 0) / best(rounds, 1):.2f} times as fast, on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
