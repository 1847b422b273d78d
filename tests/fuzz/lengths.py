#!/usr/bin/env python3
"""Captures cut at every length, and with every snapshot length, through sharkd with the plugin and through the command.

usage: tests/fuzz/lengths.py --plugin FILE --nflx FILE [--step N]

Small captures, as pcap, as pcapng and compressed, cut behind every byte (every N-th with --step), and whole captures with
their packets cut to 1 to 200 bytes. sharkd, which is Wireshark's core in one process for all of them, must answer the
same with the plugin as without it, but for the plugin's own fields, and say the same on standard error. The command must
end with 0 for a whole capture, 1 for one that ends in the middle, 2 for one that ends in the file's header; find no
segment larger than in the whole; and write every whole packet. Ends with 1, and a line for each difference.
"""
import argparse
import collections
import gzip
import json
import os
import re
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time

from host import CAPTURES, NOBODY, Tshark

# What is cut at every length: a name's answer, a handshake, a request and the beginning of its response. Name, source,
# first and last packet, form.
SMALL = (
    ("tls13.pcap", "tls13.pcap.gz", 6, 15, "pcap"),
    ("h3.pcap", "h3.pcap.gz", 4, 11, "pcap"),
    ("two-interfaces.pcapng", "two-interfaces.pcapng.gz", 4, 12, "pcapng"),
    ("tls13.pcap.gz", "tls13.pcap.gz", 6, 9, "gz"),
)
# Their packets are this short, since loading a file takes sharkd some 30 ms however small it is.
SMALL_PACKETS = "200"
# Whose packets are cut.
SNAPPED = ("tls13", "h3", "h2", "http-plain", "ipv6", "vlan", "two-interfaces")
PACKETS = 60
# sharkd keeps some 11 MB of each file that it loads, with the plugin and without it: it is restarted after a number of them, and
# may have no more than this.
LOADS = 30
MOST_MEMORY = 2 << 30
MARK = re.compile(r" \[Netflix segment[^\]]*\]")


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


class Sharkd:
    """sharkd, asked one question after the other."""

    def __init__(self, tshark):
        user = NOBODY if os.getuid() == 0 else []
        words = ["env", "-i", *(f"{name}={value}" for name, value in tshark.environment.items())]
        self.said = tempfile.TemporaryFile()
        self.process = subprocess.Popen([*user, *words, "sharkd", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.said, cwd=tshark.home, preexec_fn=limit_memory)
        self.asked = 0

    def ask(self, method, last=True, **params):
        """Asks; returns all answers up to this one's. sharkd 4.0 does not answer at all when a file is cut."""
        self.asked += 1
        question = {"jsonrpc": "2.0", "id": self.asked, "method": method, "params": params}
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        if not last:
            return None
        self.process.stdin.flush()
        answers = []
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise EOFError(f"sharkd ended with {self.process.wait()}")
            answers.append(json.loads(line))
            if answers[-1].get("id") == self.asked:
                return answers

    def show(self, path):
        """All that it has to say of a capture."""
        self.ask("load", last=False, file=path)
        answers = self.ask("status")
        status = answers[-1]["result"]
        if status.get("filename") != os.path.basename(path):
            # The one before, where this one cannot be opened.
            return answers[:-1]
        self.ask("frames", last=False)
        for frame in range(1, status["frames"] + 1):
            self.ask("frame", last=False, frame=frame, proto=True)
        return answers + self.ask("status")

    def end(self):
        """What it said on standard error."""
        self.process.stdin.close()
        code = self.process.wait()
        self.said.seek(0)
        return code, self.said.read()


# The plugin's trees: its protocol, what a packet says of a server, and what nothing can be read behind.
OURS = ("nflx", "nflx.evidence", "nflx.unfollowed")


def without_ours(value):
    """An answer less the plugin's own, and whether there was any; numbers of trees depend on what is registered."""
    if isinstance(value, list):
        kept = [without_ours(item) for item in value if not (isinstance(item, dict) and item.get("f") in OURS)]
        found = len(kept) < len(value)
        return [item for item, _ in kept], found or any(ours for _, ours in kept)
    if isinstance(value, dict):
        # sharkd 4.4 numbers what cannot be followed by whatever was in memory.
        left_out = {"e", "stream", "sub_stream"} if value.get("filter", "") is None else {"e"}
        kept = {key: without_ours(item) for key, item in value.items() if key not in left_out}
        return {key: item for key, (item, _) in kept.items()}, any(ours for _, ours in kept.values())
    if isinstance(value, str):
        plain = MARK.sub("", value)
        return plain, plain != value
    return value, False


def packets_of_pcap(data):
    """Offsets behind each whole packet of the bytes of a capture, beginning with its header's; None if that is cut."""
    if len(data) < 24:
        return None
    ends, at = [24], 24
    while at + 16 <= len(data):
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
        if at > len(data):
            break
        ends.append(at)
    return ends


def blocks_of_pcapng(data):
    """(end, is a packet) of each whole block."""
    blocks, at = [], 0
    while at + 12 <= len(data):
        kind, length = struct.unpack_from("<II", data, at)
        at += length
        if at > len(data):
            break
        blocks.append((at, kind == 6))
    return blocks


def expected(kind, data):
    """How the command should end for these bytes, and how many packets are whole in them; None where either is open."""
    if kind == "pcap":
        ends = packets_of_pcap(data)
        return (2, 0) if ends is None else (int(ends[-1] != len(data)), len(ends) - 1)
    if kind == "pcapng":
        blocks = blocks_of_pcapng(data)
        packets = sum(is_packet for _, is_packet in blocks)
        return (2, 0) if not blocks else (int(blocks[-1][0] != len(data)), packets)
    return None, None


class Command:
    """The command on captures that are cut."""

    def __init__(self, nflx, folder):
        self.nflx, self.out = nflx, os.path.join(folder, "annotated.pcapng")

    def run(self, *arguments):
        return subprocess.run([self.nflx, *arguments], capture_output=True)

    def segments(self, path):
        """Bytes of each segment by its connection and time, and the run."""
        run = self.run("segments", "--format", "jsonl", path)
        sizes = collections.Counter()
        for line in run.stdout.splitlines():
            row = json.loads(line)
            sizes[row["client"], row["client_port"], row["server"], row["t_request"]] += row["bytes"]
        return sizes, run

    def faults(self, kind, path, whole, cut_packets=False):
        with open(path, "rb") as file:
            code, packets = expected(kind, file.read())
        sizes, run = self.segments(path)
        yield from self.ending("segments", run, code)
        if not cut_packets:
            for key, size in sizes.items():
                # A request that was cut may be dated by its second packet.
                if size > max((most for other, most in whole.items() if other[:3] == key[:3]), default=0):
                    yield f"segments: {key} has {size} bytes, more than any in the whole capture"
        if os.path.exists(self.out):
            os.remove(self.out)
        run = self.run("annotate", path, self.out)
        yield from self.ending("annotate", run, code)
        if packets is not None and run.returncode != 2:
            with open(self.out, "rb") as file:
                written = sum(is_packet for _, is_packet in blocks_of_pcapng(file.read()))
            if written != packets:
                yield f"annotate: wrote {written} packets of {packets}"

    @staticmethod
    def ending(what, run, code):
        said = run.stderr.decode(errors="replace")
        if run.returncode not in ((0, 1, 2) if code is None else (code,)) or "panicked" in said:
            yield f"{what}: ends with {run.returncode}, not {code}: {said[-500:]}"


def small(folder, name, source, first, last, kind):
    path = os.path.join(folder, "whole-" + name)
    plain = path[: -len(".gz")] if kind == "gz" else path
    form = "pcapng" if kind == "pcapng" else "pcap"
    subprocess.run(["editcap", "-r", "-F", form, "-s", SMALL_PACKETS, os.path.join(CAPTURES, source), plain, f"{first}-{last}"], check=True,
                   stderr=subprocess.DEVNULL)
    if kind == "gz":
        with open(plain, "rb") as file, open(path, "wb") as packed:
            packed.write(gzip.compress(file.read(), mtime=0))
    return path


def captures(folder, step):
    """(kind, path, path of the whole capture, whether packets are cut) of everything to look at, one at a time."""
    for name, source, first, last, kind in SMALL:
        whole = small(folder, name, source, first, last, kind)
        with open(whole, "rb") as file:
            data = file.read()
        path = os.path.join(folder, name)
        for length in [*range(0, len(data), step), len(data)]:
            with open(path, "wb") as part:
                part.write(data[:length])
            os.chmod(path, 0o644)
            yield kind, path, whole, False, f"{name} cut at {length} of {len(data)}"
    for name in SNAPPED:
        source = next(entry.path for entry in os.scandir(CAPTURES) if re.fullmatch(name + r"\.pcap(ng)?\.gz", entry.name))
        kind = "pcapng" if ".pcapng" in source else "pcap"
        path = os.path.join(folder, f"{name}-snapped.{kind}")
        for length in range(1, 201, step if step < 200 else 40):
            subprocess.run(["editcap", "-r", "-F", kind, "-s", str(length), source, path, f"1-{PACKETS}"], check=True,
                           stderr=subprocess.DEVNULL)
            os.chmod(path, 0o644)
            yield kind, path, path, True, f"{name} with packets cut to {length}"


def parted(sharks):
    """Ends both; 1, and a line about it, if they end or complain differently."""
    ends = [shark.end() for shark in sharks]
    if not ends or ends[0] == ends[1] and ends[0][0] == 0:
        return 0
    print(f"sharkd ends with {ends[1][0]}, and {ends[0][0]} without the plugin: {ends[1][1].decode(errors='replace')[-2000:]}")
    return 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--nflx", required=True)
    parser.add_argument("--step", type=int, default=1)
    options = parser.parse_args()
    if shutil.which("sharkd") is None:
        sys.exit("lengths.py: sharkd is missing, which comes with Wireshark's common files")
    began = time.monotonic()
    folder = tempfile.mkdtemp(prefix="lengths-")
    os.chmod(folder, 0o755)
    bare = Tshark(os.path.join(folder, "bare"))
    ours = Tshark(os.path.join(folder, "ours"), os.path.abspath(options.plugin))
    subprocess.run(["chmod", "-R", "a+rwX", folder], check=True)
    sharks, command, sizes = [], Command(os.path.abspath(options.nflx), folder), {}
    counts, spoke, faults, loads = collections.Counter(), 0, 0, 0
    try:
        for kind, path, whole, cut_packets, what in captures(folder, options.step):
            if whole not in sizes and not cut_packets:
                sizes[whole], _ = command.segments(whole)
            if loads % LOADS == 0:
                faults += parted(sharks)
                sharks = [Sharkd(bare), Sharkd(ours)]
            loads += 1
            plain, (shown, found) = sharks[0].show(path), without_ours(sharks[1].show(path))
            spoke += found
            wrong = list(command.faults(kind, path, sizes.get(whole, {}), cut_packets))
            # Of its own, so that the numbers of trees are left out of both.
            if without_ours(plain)[0] != shown:
                wrong.append(f"sharkd says {json.dumps(shown)[:2000]} with the plugin, not {json.dumps(plain)[:2000]}")
            counts["packets cut" if cut_packets else "files cut"] += 1
            faults += len(wrong)
            for fault in wrong:
                print(f"{what}: {fault}", flush=True)
    except EOFError as ended:
        print(f"{what}: {ended}")
        faults += 1
    faults += parted(sharks)
    print(f"{counts['files cut']} files and {counts['packets cut']} captures of cut packets in "
          f"{time.monotonic() - began:.0f} s, the plugin had something to say of {spoke}, {faults} differences")
    shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if faults or not spoke else 0)


if __name__ == "__main__":
    main()
