#!/usr/bin/env python3
"""Peak memory and time of `nflx servers` on captures that ask for more than there is room for.

usage: tests/bounds/run.py [--bin FOLDER] [--most MEGABYTES] [--share N] [KIND ...]

Each kind of capture is made with 1/10, 2/10, 4/10 and all of its packets; --share 100 makes all of them a hundred times
smaller. Prints a line for each, and fails if any takes more than --most (256) MB of memory. Times are beside those of
the smallest capture: 1, 2, 4 and 10 where time is linear.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time

# Packets of each kind: 10 million flows, 5 million names, a million pieces …
PACKETS = {
    "flows": 10_000_000,
    "names": 5_000_000,
    "segment": 10_000_000,
    "pieces": 1_000_000,
    "holes": 2_000_000,
    "heads": 1_000_000,
    "hellos": 2_000_000,
    "messages": 20_000,
    "requests": 10_000_000,
}
STEPS = (1, 2, 4, 10)


def measured(command):
    """Seconds of processor time and peak memory in MB of a command that must succeed."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode().strip()
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)}: ended with {child.returncode}: {text}")
    return used.ru_utime + used.ru_stime, time.monotonic() - began, used.ru_maxrss / 1024, text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="target/release")
    parser.add_argument("--most", type=float, default=256)
    parser.add_argument("--share", type=int, default=1)
    parser.add_argument("kinds", nargs="*", metavar="KIND", default=list(PACKETS))
    options = parser.parse_args()
    bounds, nflx = (os.path.join(options.bin, name) for name in ("bounds", "nflx"))
    too_much = []
    print(f"{'capture':<10}{'packets':>12}{'file':>9}{'memory':>9}{'time':>9}{'ratio':>8}")
    for kind in options.kinds:
        first = None
        for step in STEPS:
            count = max(PACKETS[kind] * step // 10 // options.share, 1)
            with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
                subprocess.run([bounds, "write", kind, str(count)], stdout=file, check=True)
                seconds, _, memory, said = measured([nflx, "servers", "--format", "jsonl", file.name])
                size = os.path.getsize(file.name) / 1e6
            first = first or seconds
            print(f"{kind:<10}{count:>12}{size:>6.0f} MB{memory:>6.0f} MB{seconds:>7.2f} s{seconds / first:>8.1f}", flush=True)
            if memory > options.most:
                too_much.append(f"{kind} with {count} packets: {memory:.0f} MB")
        if said:
            print(f"{'':<10}{said}")
    if too_much:
        sys.exit("more than %g MB: %s" % (options.most, "; ".join(too_much)))


if __name__ == "__main__":
    main()
