#!/usr/bin/env python3
"""Damaged captures through the real tshark, with the plugin and without it.

usage: tests/fuzz/host.py --plugin FILE [--seconds N | --rounds N] [--seed N] [--valgrind]

Recorded captures with bytes changed (editcap -E), packets cut (editcap -s 1 to 200) and files cut, and random packets
(randpkt). With the plugin tshark must end as it does without it, say the same on standard error, and print the same but
for the plugin's own fields. Ends with 1, and a line for each difference; the capture is kept then.

--valgrind looks for errors and lost memory in calls of the plugin instead; that takes a minute for each capture.
"""
import argparse
import glob
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CAPTURES = os.path.join(HERE, "..", "captures")
# Packets of a capture that are looked at: tshark prints some 2 kB for each.
PACKETS = 250
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
MODES = (["-V"], ["-2", "-V"], ["-T", "json"], ["-2", "-T", "json"], ["-2", "-T", "pdml"], ["-q", "-z", "io,phs"])
# Where the plugin's fields begin, in each of these.
OURS = (b"\n[Netflix", b'"nflx": {', b'"nflx.evidence": {', b'"nflx.unfollowed": {', b'<proto name="nflx"', b" nflx ")
# What a packet says of a server, and what nothing can be read behind, in PDML: fields beside the protocols.
WRAPPED = rb'^  <proto name="fake-field-wrapper">\n    <field name="nflx\.(?:evidence|unfollowed)".*?^  </proto>\n'
STATISTICS = ["-q", "-z", "nflx,servers", "-z", "nflx,segments", "-z", "nflx,tree", "-z", "expert"]


class Tshark:
    """tshark with a home of its own."""

    def __init__(self, folder, plugin=None):
        self.home = folder
        os.makedirs(folder, exist_ok=True)
        self.environment = {"HOME": folder, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        if plugin:
            listed = self.run(["-G", "folders"]).stdout.decode()
            place = re.search(r"^Personal Plugins:\s*(.*)$", listed, re.M).group(1)
            os.makedirs(os.path.join(place, "epan"), exist_ok=True)
            shutil.copy(plugin, os.path.join(place, "epan", "libnflx_plugin.so"))
            subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
            if "libnflx_plugin.so" not in self.run(["-G", "plugins"]).stdout.decode():
                sys.exit("host.py: tshark does not load the plugin")

    def run(self, arguments, before=()):
        user = NOBODY if os.getuid() == 0 else []
        words = ["env", "-i", *(f"{name}={value}" for name, value in self.environment.items())]
        return subprocess.run([*user, *words, *before, "tshark", *arguments], capture_output=True, cwd=self.home)


def without_ours(mode, text):
    """What tshark printed, less the plugin's own fields."""
    kept, closing = [], None
    text = re.sub(rb'^(<pdml .*) time="[^"]*"', rb"\1", text, flags=re.M)
    text = re.sub(WRAPPED, b"", text, flags=re.M | re.S)
    for line in text.split(b"\n"):
        if closing is not None:
            if line.rstrip(b",") == closing or (closing == b"" and line == b""):
                if closing == b"":
                    kept.append(line)
                closing = None
        elif "-V" in mode and line.startswith(b"[Netflix"):
            closing = b""
        elif "json" in mode and line.strip() in OURS:
            closing = line[: len(line) - len(line.lstrip())] + b"}"
        elif "pdml" in mode and line.startswith(b'  <proto name="nflx"'):
            closing = b"  </proto>"
        else:
            # What is last in a list has no comma.
            kept.append(line.rstrip(b",") if "json" in mode else line)
    if "io,phs" in mode:
        # The plugin stands in the hierarchy, and what stands behind it there does so too.
        kept = [line.strip() for line in kept if not line.strip().startswith(b"nflx")]
    return b"\n".join(kept)


class Maker:
    """Makes damaged captures."""

    def __init__(self, folder, seed):
        self.folder, self.random = folder, random.Random(seed)
        self.sources = []
        for path in sorted(glob.glob(os.path.join(CAPTURES, "*.pcap*.gz"))):
            target = os.path.join(folder, os.path.basename(path)[: -len(".gz")])
            # From any place on, so that conversations are met in their middle.
            subprocess.run(["editcap", "-r", path, target, f"1-{PACKETS}"], check=True, stderr=subprocess.DEVNULL)
            self.sources.append(target)
        self.kinds = (self.changed, self.snapped, self.cut, self.random_packets, self.both, self.middle)

    def make(self, number):
        """A capture, and what was done to it."""
        target = os.path.join(self.folder, f"damaged-{number}")
        said = self.kinds[number % len(self.kinds)](target)
        os.chmod(target, 0o644)
        return target, said

    def source(self):
        return self.random.choice(self.sources)

    def editcap(self, target, *options, source=None, without=()):
        source = source or self.source()
        frames = [str(frame) for frame in without]
        subprocess.run(["editcap", *options, source, target, *frames], check=True, stderr=subprocess.DEVNULL)
        return f"{os.path.basename(source)} {' '.join(options)} {' '.join(frames)}"

    def changed(self, target):
        rate = self.random.choice(("0.0005", "0.002", "0.01", "0.05", "0.3"))
        return self.editcap(target, "-E", rate, "--seed", str(self.random.randrange(1 << 31)))

    def snapped(self, target):
        return self.editcap(target, "-s", str(self.random.randint(1, 200)))

    def both(self, target):
        self.editcap(target + "-", "-s", str(self.random.randint(40, 200)))
        said = self.editcap(target, "-E", "0.01", "--seed", str(self.random.randrange(1 << 31)), source=target + "-")
        os.remove(target + "-")
        return said

    def cut(self, target):
        source = self.source()
        length = self.random.randrange(os.path.getsize(source))
        with open(source, "rb") as whole, open(target, "wb") as part:
            part.write(whole.read(length))
        return f"{os.path.basename(source)} cut at {length}"

    def random_packets(self, target):
        kind = self.random.choice(("arp", "dns", "eth", "icmp", "ip", "ipv6", "llc", "sctp", "tcp", "udp", "fddi", "tr"))
        size = self.random.choice((60, 300, 2000))
        subprocess.run(["randpkt", "-b", str(size), "-c", "150", "-t", kind, target], check=True, capture_output=True)
        return f"randpkt -b {size} -t {kind}"

    def middle(self, target):
        """Packets left out, as a busy machine does."""
        return self.editcap(target, without=sorted(self.random.sample(range(1, PACKETS), 40)))


def differences(mode, bare, ours):
    if ours.returncode != bare.returncode:
        yield f"ends with {ours.returncode}, not {bare.returncode}: {ours.stderr.decode(errors='replace')[-2000:]}"
    elif ours.stderr != bare.stderr:
        yield f"says {ours.stderr.decode(errors='replace')[-2000:]}"
    expected, found = without_ours(mode, bare.stdout), without_ours(mode, ours.stdout)
    if expected != found:
        pairs = zip(expected.split(b"\n"), found.split(b"\n"))
        first = next(((a, b) for a, b in pairs if a != b), ("", "another length"))
        yield f"prints {first[1]!r} where tshark alone prints {first[0]!r}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--valgrind", action="store_true")
    options = parser.parse_args()
    until = time.monotonic() + options.seconds if options.seconds else None
    folder = tempfile.mkdtemp(prefix="host-fuzz-")
    os.chmod(folder, 0o755)
    bare = Tshark(os.path.join(folder, "bare"))
    ours = Tshark(os.path.join(folder, "ours"), os.path.abspath(options.plugin))
    subprocess.run(["chmod", "-R", "a+rwX", folder], check=True)
    maker = Maker(folder, options.seed)
    faults, number, netflix = 0, 0, 0
    while (time.monotonic() < until) if until else number < (options.rounds or 12):
        capture, said = maker.make(number)
        number += 1
        found = []
        if options.valgrind:
            found += valgrind(ours, capture)
        else:
            for mode in (MODES[number % len(MODES)], MODES[(number // len(MODES)) % len(MODES)]):
                arguments = ["-r", capture, "-n", *mode]
                output = ours.run(arguments)
                netflix += any(mark in output.stdout for mark in OURS)
                found += [f"{' '.join(mode)}: {what}" for what in differences(mode, bare.run(arguments), output)]
            statistics = ours.run(["-r", capture, *STATISTICS])
            # What cannot be read to its end ends tshark with 2, and with 14 since Wireshark 4.6.
            if statistics.returncode not in (0, 2, 14) or b"nflx" in statistics.stderr:
                found.append(f"statistics end with {statistics.returncode}: {statistics.stderr.decode(errors='replace')[-2000:]}")
        for what in found:
            print(f"seed {options.seed}, {said}: {what}\n  {capture}")
        faults += len(found)
        if not found:
            os.remove(capture)
    print(f"{number} captures, the plugin had something to say in {netflix} runs, {faults} differences (seed {options.seed})")
    if faults == 0:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if faults else 0)


def valgrind(tshark, capture):
    """Errors and lost memory in whose stacks the plugin stands."""
    log = capture + ".valgrind"
    before = ["valgrind", "--leak-check=full", "--show-leak-kinds=definite,indirect", f"--log-file={log}"]
    environment = dict(tshark.environment)
    # Wireshark's own allocator hides what is lost.
    tshark.environment["WIRESHARK_DEBUG_WMEM_OVERRIDE"] = "simple"
    output = tshark.run(["-2", "-r", capture, "-V"], before)
    tshark.environment = environment
    if output.returncode not in (0, 2):
        yield f"valgrind: tshark ends with {output.returncode}"
    with open(log, errors="replace") as file:
        text = re.sub(r"^==\d+== ?", "", file.read(), flags=re.M)
    os.remove(log)
    if "Memcheck" not in text:
        yield "valgrind did not run"
    for block in text.split("\n\n"):
        if "nflx" in block and " at 0x" in block and "still reachable" not in block:
            yield f"valgrind: {block}"


if __name__ == "__main__":
    main()
