"""The engine in process says what the command says, packet by packet: raw bytes, dpkt's pairs and scapy's packets.

usage: engine.py FOLDER CAPTURES CAPTURE
"""

import gzip
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

folder, captures, capture = sys.argv[1:]
sys.path.insert(0, folder)

import dpkt  # noqa: E402
import nflx  # noqa: E402
from scapy.utils import PcapReader  # noqa: E402


def command(*arguments):
    output = subprocess.run([os.environ["NFLX_BIN"], *arguments], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def refuses(settings, word):
    """Settings that cannot be are told in a sentence with this word."""
    try:
        nflx.Engine(**settings)
    except ValueError as error:
        assert word in str(error), error
    else:
        raise AssertionError(settings)


def records(path):
    """Time in nanoseconds, length on the wire, bytes and link type of each record of a classic pcap file."""
    data = gzip.decompress(Path(path).read_bytes())
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}[data[:4]]
    link_type = struct.unpack_from(order + "I", data, 20)[0]
    at, found = 24, []
    while at < len(data):
        seconds, fraction, captured, length = struct.unpack_from(order + "IIII", data, at)
        found.append((seconds * 10**9 + fraction * 1000, length, data[at + 16 : at + 16 + captured], link_type))
        at += 16 + captured
    return found


SAME = ("frame", "flow", "direction", "server", "request", "bytes_so_far", "segment", "server_in_pkts", "server_out_bytes")
compared = 0
for path in sorted(Path(captures).glob("*.pcap.gz")):
    engine, packets = nflx.Engine(), records(path)
    for _ in range(2):
        facts = [
            engine.packet(data, time_ns=at, original_length=length, link_type=link_type)
            for at, length, data, link_type in packets
        ]
        engine.finish()
        if not engine.should_read_again:
            break
        engine.read_again()
    facts = [fact.as_dict() for fact in facts if fact is not None]
    rows = command("packets", path)
    assert [fact["frame"] for fact in facts] == [row["frame"] for row in rows], path
    for fact, row in zip(facts, rows):
        for key in SAME:
            assert fact[key] == row[key], (path, key, fact, row)
    compared += len(facts)

    segments, wanted = {row.segment: row for row in engine.segments()}, command("segments", path)
    assert len(segments) == len(wanted), path
    for row in wanted:
        segment = segments[row["segment"]].as_dict()
        for key in ("bytes", "app_bytes", "kind", "request_frame", "complete", "ttfb_s", "size_error", "name", "via", "aborted"):
            assert segment[key] == row[key], (path, key, segment, row)
assert compared > 20_000, compared

# Settled segments come once, and all have come in the end.
engine = nflx.Engine()
early = []
for at, length, data, link_type in records(capture):
    engine.packet(data, time_ns=at, original_length=length, link_type=link_type)
    early += engine.settled()
engine.finish()
all_of_them = early + engine.settled()
assert sorted(segment.segment for segment in all_of_them) == [segment.segment for segment in engine.segments()]
assert all(segment.settled and segment.kind != "pending" for segment in all_of_them)
assert engine.settled() == [] and engine.lost == 0

# A model says of windows what the command's says so long behind them.
example = Path(__file__).parent.parent.parent / "examples" / "train" / "example.onnx"
for model, lag in [(str(example), 0), (example.read_bytes(), 20)]:
    engine, windows = nflx.Engine(model=model, as_known=lag), []
    for at, length, data, link_type in records(capture):
        engine.packet(data, time_ns=at, original_length=length, link_type=link_type)
        windows += engine.windows()
    early = len(windows)
    engine.finish()
    windows += engine.windows()
    rows = command("quality", "--model", str(example), "--as-known", str(lag), capture)
    assert 0 < early < len(windows) == len(rows) and engine.windows() == []
    for window, row in zip(windows, rows):
        for key in ("session", "window", "client", "label", "value", "confidence", "out_of_range", "reason"):
            assert getattr(window, key) == row[key], (key, window, row)
for wrong, word in [({"model": b"GIF89a"}, "not an ONNX model"), ({"model": str(example), "feature_window": 7}, "feature_window = ")]:
    refuses(wrong, word)

# Other readers' packets.
with tempfile.NamedTemporaryFile(suffix=".pcap") as plain:
    plain.write(gzip.decompress(Path(capture).read_bytes()))
    plain.flush()
    expected = [packet["frame"] for packet in command("packets", plain.name)]
    by_dpkt = [facts.frame for _, facts in nflx.annotate(dpkt.pcap.Reader(open(plain.name, "rb"))) if facts]
    assert set(by_dpkt) <= set(expected) and len(by_dpkt) > 1000
    begin = time.perf_counter()
    by_scapy = [facts.frame for _, facts in nflx.annotate(PcapReader(plain.name)) if facts]
    scapy_seconds = time.perf_counter() - begin
    assert by_scapy == by_dpkt

# Errors are exceptions with the sentence.
for wrong, word in [({"no_such": 1}, "no_such"), ({"prefixes": "10.0.0.0/99"}, "10.0.0.0/99")]:
    refuses(wrong, word)
for arguments in [{}, {"time": 1.0, "time_ns": 1}]:
    try:
        nflx.Engine().packet(b"", **arguments)
    except TypeError as error:
        assert "time_ns" in str(error), error
    else:
        raise AssertionError(arguments)
assert nflx.Engine(domains=["netflix", "nflxvideo"]).packet(b"\x00" * 60, 1.5) is None

# What a call costs, beside scapy's reading of the same packets.
engine, packets = nflx.Engine(), records(capture)
begin = time.perf_counter()
for at, length, data, link_type in packets:
    engine.packet(data, time_ns=at, original_length=length, link_type=link_type)
seconds = time.perf_counter() - begin
print(f"{seconds / len(packets) * 1e9:.0f} ns a packet in hand; scapy's reader with annotate: {scapy_seconds / seconds:.0f} times as long")
