"""Features once more, written apart from the program: packets read here, every byte of every connection marked, and
statistics by NumPy, SciPy and pandas over whole lists. Slow and simple. Taken from docs/features.md, and from the program
only what its other tests establish: which servers are Netflix's, and its segments."""
import functools
import gzip
import ipaddress
import json
import math
import struct
import warnings
from collections import defaultdict

import numpy as np
import pandas as pd
from scipy import stats

FLAGS = {"Fin": 1, "Syn": 2, "Rst": 4, "Psh": 8, "Ack": 16, "Urg": 32}
FIN, SYN, RST, ACK = 1, 2, 4, 16
BEFORE = 1 << 20  # room for data from before a capture


def read(path):
    """(time in nanoseconds, link type, bytes, length) of a pcap or simple pcapng file."""
    with (gzip.open if str(path).endswith(".gz") else open)(path, "rb") as handle:
        data = handle.read()
    magic = struct.unpack_from("<I", data)[0]
    unit = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}[magic]
    link, at = struct.unpack_from("<I", data, 20)[0], 24
    while at + 16 <= len(data):
        second, part, captured, length = struct.unpack_from("<IIII", data, at)
        yield second * 1_000_000_000 + part * unit, link, data[at + 16:at + 16 + captured], length
        at += 16 + captured


@functools.lru_cache
def address(data):
    return str(ipaddress.ip_address(data))


class Packet:
    """What the headers of a frame say."""

    def __init__(self, time, link, data, length):
        assert link == 1, "Ethernet only"
        self.time, self.kind = time, None
        at, kind = 12, 0x8100
        while kind in (0x8100, 0x88A8):
            kind = struct.unpack_from("!H", data, at)[0]
            at += 2 if kind not in (0x8100, 0x88A8) else 4
        if kind == 0x0800:
            self.length = struct.unpack_from("!H", data, at + 2)[0] or length - at
            fragment = struct.unpack_from("!H", data, at + 6)[0] & 0x1FFF
            protocol, header = data[at + 9], (data[at] & 15) * 4
            self.source, self.target = data[at + 12:at + 16], data[at + 16:at + 20]
        elif kind == 0x86DD:
            self.length = 40 + struct.unpack_from("!H", data, at + 4)[0]
            fragment, protocol, header = 0, data[at + 6], 40
            self.source, self.target = data[at + 8:at + 24], data[at + 24:at + 40]
        else:
            self.length = None
            return
        self.source, self.target = address(self.source), address(self.target)
        body, rest = data[at + header:], self.length - header
        if fragment:
            self.kind = "fragment"
        elif protocol == 17 and len(body) >= 8:
            self.kind = "udp"
            self.ports = struct.unpack_from("!HH", body)
            self.payload = rest - 8
        elif protocol == 6 and len(body) >= 20:
            self.kind = "tcp"
            self.ports = struct.unpack_from("!HH", body)
            self.sequence, self.acknowledgement = struct.unpack_from("!II", body, 4)
            size = (body[12] >> 4) * 4
            self.flags, self.window = body[13], struct.unpack_from("!H", body, 14)[0]
            self.payload = rest - size
            self.options = body[20:size] if len(body) >= size else None


def window_scale(options):
    """The shift of the option, None without it; "cut" where that is not known."""
    if options is None:
        return "cut"
    at = 0
    while at < len(options) and options[at] != 0:
        if options[at] == 1:
            at += 1
            continue
        if options[at] == 3:
            return min(options[at + 2], 14)
        at += max(options[at + 1], 2)
    return None


class Direction:
    """One direction of a connection, with a mark for each byte."""

    def __init__(self):
        self.base = self.scale = None
        self.scale = "unseen"
        self.highest = self.acknowledged = 0
        self.marks = bytearray()
        self.repeated = []
        self.consumed = None
        self.waiting = []

    def begin(self, sequence, anchored):
        if self.base is None:
            self.base = sequence
            self.marks = bytearray(b"\1" if anchored else b"\0") * BEFORE
            self.consumed = -1 if anchored else 0

    def offset(self, number):
        return (number - self.base + 2**31) % 2**32 - 2**31 + (self.highest // 2**32) * 2**32

    def payload(self, start, length):
        """New bytes, how often sent before, whether out of order."""
        end = start + length
        if len(self.marks) < BEFORE + end:
            self.marks.extend(bytes(BEFORE + end - len(self.marks)))
        seen = self.marks[BEFORE + start:BEFORE + end].count(1)
        below = start < self.highest
        self.marks[BEFORE + start:BEFORE + end] = b"\1" * length
        self.highest = max(self.highest, end)
        times = 0
        if seen:
            times = 1 + max((t for s, e, t in self.repeated if s < end and start < e), default=0)
            self.repeated.append((start, end, times))
        return length - seen, times, below and not seen


class Flow:
    def __init__(self):
        self.opened_by, self.packets, self.windows = None, 0, set()
        self.sides = {"user": Direction(), "server": Direction()}

    def tcp(self, packet, side):
        """What TCP's header shows: a dictionary with what there is."""
        if packet.flags & RST:
            return {}
        shown = {}
        own, other = self.sides[side], self.sides["server" if side == "user" else "user"]
        syn = bool(packet.flags & SYN)
        if syn:
            own.scale = window_scale(packet.options)
            own.begin((packet.sequence + 1) % 2**32, True)
        own.begin((packet.sequence + syn) % 2**32, False)
        start = own.offset((packet.sequence + syn) % 2**32)
        if packet.flags & ACK:
            other.begin(packet.acknowledgement, False)
            acknowledged = other.offset(packet.acknowledgement)
            other.acknowledged = max(other.acknowledged, acknowledged)
            done = [t for e, t in other.waiting if e <= acknowledged]
            other.waiting = [w for w in other.waiting if w[0] > acknowledged]
            if side == "server" and done:
                shown["RTT"] = max(packet.time - done[-1], 0) / 1e9
        if packet.payload > 0:
            shown["new"], shown["Retransmit"], shown["late"] = own.payload(start, packet.payload)
        end = start + packet.payload + bool(packet.flags & FIN)
        if end > start or syn:
            first = start - syn
            if first < own.consumed:
                own.waiting = [w for w in own.waiting if w[0] <= first]
            else:
                own.waiting.append((end, packet.time))
            own.consumed = max(own.consumed, end)
        shown["BytesInFlight"] = max(own.highest - own.acknowledged, 0)
        shift = self.shift(own.scale, other.scale, side) if not syn else 0
        if shift is not None:
            shown["Rwnd"] = packet.window << shift
        return shown

    @staticmethod
    def shift(own, other, side):
        if own is None or other is None:
            return 0
        known = isinstance(own, int)
        if known and (isinstance(other, int) or side == "server"):
            return own
        return None


class Session:
    def __init__(self, number, client, start):
        self.number, self.client, self.start, self.last = number, client, start, start
        self.packets = defaultdict(list)  # (window, side) -> facts of packets
        self.previous = {}
        self.foreign = defaultdict(int)
        self.open = 0
        self.requests, self.completions = [], []  # (window, time, ...)
        self.flows = defaultdict(set)


def moments(values, prefix, suffix, row):
    values = np.asarray(values, dtype=float)
    functions = {"Avg": np.mean, "Med": np.median, "Min": np.min, "Max": np.max, "Std": np.std, "Ske": stats.skew,
                 "Kur": stats.kurtosis}
    for name, function in functions.items():
        equal = len(values) and values.min() == values.max()
        given = len(values) and not (equal and name in ("Ske", "Kur"))
        row[prefix + name + suffix] = float(function(values)) if given else math.nan


def spread(values, row, names):
    """names: statistic -> column."""
    values = np.asarray(values, dtype=float)
    functions = {"avg": np.mean, "std": np.std, "min": np.min, "max": np.max,
                 **{p: (lambda v, p=p: np.percentile(v, float(p))) for p in ("50", "75", "85", "90")}}
    for statistic, column in names.items():
        row[column] = float(functions[statistic](values)) if len(values) else math.nan


def chunk_names(prefix):
    return {**{s: f"{prefix}_{s}_chunksize" for s in ("avg", "std", "min", "max")},
            **{p: f"{prefix}_chunksizes_{p}" for p in ("50", "75", "85", "90")}}


def iat_names(prefix):
    return {s: f"{prefix}_{s}" for s in ("avg", "std", "min", "max", "50", "75", "85", "90")}


def gaps(times):
    return [max(b - a, 0) / 1e9 for a, b in zip(times, times[1:])]


def features(packets, servers, segments, window=10, idle=60):
    """Rows. `servers`: address -> sends video; `segments`: (client, request frame, t_request, last frame or None, t_last,
    bytes) of those that count, times in nanoseconds, last frame None where it never completed."""
    window, idle = window * 10**9, idle * 10**9
    events = defaultdict(list)
    for client, request_frame, requested, last_frame, last, size in segments:
        events[request_frame].append((client, "request", requested, None, None))
        if last_frame is not None:
            events[last_frame].append((client, "completion", requested, last, size))
    sessions, current, flows = [], {}, {}
    for frame, packet in enumerate(packets, 1):
        if packet.length is None:
            continue
        side = None
        if packet.kind and packet.source in servers:
            side, client, server = "server", packet.target, packet.source
        elif packet.kind and packet.target in servers:
            side, client, server = "user", packet.source, packet.target
        if side is None:
            for client, way in ((packet.target, "down"), (packet.source, "up")):
                session = current.get(client)
                if session and abs(packet.time - session.last) <= idle:
                    at = max((packet.time - session.start) // window, session.open)
                    session.foreign[at, way] += packet.length
            continue
        session = current.get(client)
        if session is None or abs(packet.time - session.last) > idle:
            session = current[client] = Session(len(sessions) + 1, client, packet.time)
            sessions.append(session)
        session.open = max(session.open, (packet.time - session.start) // window)
        session.last = max(session.last, packet.time)
        facts = {"length": packet.length, "video": servers[server], "flags": 0, "new": 0}
        before = session.previous.get(side)
        if before is not None:
            facts["InterArrivalTime"] = max(packet.time - before, 0) / 1e9
        session.previous[side] = packet.time
        if packet.kind != "fragment":
            ends = sorted([(packet.source, packet.ports[0]), (packet.target, packet.ports[1])])
            key = (packet.kind, *ends)
            flow = flows.get(key)
            if packet.kind == "tcp" and packet.flags & SYN:
                opened_by = (packet.acknowledgement - 1) % 2**32 if packet.flags & ACK else packet.sequence
                if flow and flow.opened_by != opened_by:
                    flow = None
                flow = flow or Flow()
                flow.opened_by = opened_by
            flow = flows[key] = flow or Flow()
            session.flows[session.open].add(flow)
            if packet.kind == "udp":
                facts["new"] = packet.payload
            else:
                facts.update(flow.tcp(packet, side), flags=packet.flags, payload=packet.payload)
        session.packets[session.open, side].append(facts)
        for owner, what, requested, last, size in events.pop(frame, ()):
            assert owner == client, "its packet is the client's"
            if what == "request":
                session.requests.append((session.open, requested))
            else:
                session.completions.append((session.open, requested, last, size))
    assert not events, f"events at packets of other services: {dict(events)}"
    return [row(s, w, window) for s in sessions for w in range(s.open + 1)]


def row(session, w, window):
    """One window of a session."""
    out = {"session": session.number, "client": session.client, "window": w,
           "t_start": session.start + w * window, "t_end": session.start + (w + 1) * window,
           "relative_timestamp": (w + 1) * window / 1e9}
    rate = lambda size: size * 8 / (window / 1e9) / 1000
    for side, way in (("user", "up"), ("server", "down")):
        packets = session.packets[w, side]
        size = sum(p["length"] for p in packets)
        video = sum(p["length"] for p in packets if p["video"])
        out[f"total_throughput_{way}"] = rate(size + session.foreign[w, way])
        out[f"service_Video_throughput_{way}"] = rate(video)
        out[f"service_non_video_throughput_{way}"] = rate(size - video)
        out[f"{side}PacketCount"], out[f"{side}ByteCount"] = len(packets), size
        out[f"{side}Throughput"] = rate(size)
        out[f"{side}Goodput"] = rate(sum(p["new"] for p in packets))
        for flag, bit in FLAGS.items():
            out[f"{side}{flag}Flags"] = sum(bool(p["flags"] & bit) for p in packets)
        moments([p["length"] for p in packets], side, "BytesPerPacket", out)
        for quantity in ("InterArrivalTime", "Rwnd", "BytesInFlight", "Retransmit"):
            moments([p[quantity] for p in packets if quantity in p], side, quantity, out)
        times = [p["Retransmit"] for p in packets if "Retransmit" in p]
        for name, matches in (("Zero", lambda t: t == 0), ("One", lambda t: t == 1), ("Two", lambda t: t == 2),
                              ("X", lambda t: t > 2)):
            out[f"{side}{name}Retransmit"] = sum(map(matches, times))
        late = [p["payload"] for p in packets if p.get("late")]
        out[f"{side}OutOfOrderPackets"], out[f"{side}OutOfOrderBytes"] = len(late), sum(late)
    moments([p["RTT"] for p in session.packets[w, "server"] if "RTT" in p], "user", "RTT", out)
    out["parallel_flows"] = len(session.flows[w])

    requested = [t for at, t in session.requests if at <= w]
    completed = [c for c in session.completions if c[0] <= w]
    times = [c[2] for c in completed]
    sizes = [c[3] for c in completed]
    up, down = (sum(e[0] == w for e in events) for events in (session.requests, session.completions))
    out["n_chunks_up"], out["n_chunks_down"] = up, down
    out["n_prev_up_chunk"], out["n_prev_down_chunk"] = len(requested) - up, len(completed) - down
    out["up_down_ratio"] = up / down if down else math.nan
    out["cumsum_chunksizes"] = sum(sizes)
    latest = completed[-1] if completed else None
    out["chunk_start_time"] = (latest[1] - session.start) / 1e9 if latest else math.nan
    out["chunk_end_time"] = (latest[2] - session.start) / 1e9 if latest else math.nan
    out["curr_chunksize"] = float(latest[3]) if latest else math.nan
    out["size_diff_previous"] = float(sizes[-1] - sizes[-2]) if len(sizes) > 1 else math.nan
    out["current_chunk_iat"] = gaps(times)[-1] if len(times) > 1 else math.nan
    out["10_EWMA_chunksizes"] = pd.Series(sizes[-10:], dtype=float).ewm(span=10, adjust=False).mean().tolist()
    spread(sizes[-10:], out, chunk_names("10"))
    spread(sizes, out, chunk_names("allprev"))
    spread(gaps(requested), out, iat_names("all_prev_up_chunk_iat"))
    spread(gaps(times), out, iat_names("all_prev_down_chunk_iat"))
    spread(gaps(requested)[max(len(requested) - up - 1, 0):], out, iat_names("up_chunk_iat"))
    spread(gaps(times)[max(len(times) - down - 1, 0):], out, iat_names("down_chunk_iat"))
    return out


def nanoseconds(number):
    """Of seconds with nine decimals, which a float would round."""
    seconds, _, rest = number.partition(".")
    return int(seconds) * 10**9 + int((rest + "0" * 9)[:9])


def parse(lines):
    """Rows of the program, times as nanoseconds."""
    for line in lines.splitlines():
        exact = json.loads(line, parse_float=str)
        out = json.loads(line)
        for key in exact:
            if key.startswith("t_") and exact[key] is not None:
                out[key] = nanoseconds(exact[key])
        yield out


def differences(found, expected):
    """What differs in the program's row."""
    for column in expected:
        if column not in found:
            yield f"{column} is missing"
    for column, value in found.items():
        if column == "capture":
            continue
        if column not in expected:
            yield f"{column} is not computed by the reference"
            continue
        wanted = expected[column]
        if isinstance(wanted, list):
            same = len(value) == len(wanted) and np.allclose(value, wanted, rtol=1e-9, atol=0)
        elif isinstance(wanted, float):
            value = math.nan if value is None else value
            # Third and fourth moments lose digits wherever values are close together.
            tolerance = 1e-5 if "Ske" in column or "Kur" in column else 1e-8
            same = math.isnan(value) == math.isnan(wanted)
            same = same and (math.isnan(wanted) or math.isclose(value, wanted, rel_tol=tolerance, abs_tol=1e-9))
        else:
            same = value == wanted and type(value) is type(wanted)
        if not same:
            yield f"{column}: {value!r}, expected {wanted!r}"


warnings.simplefilter("ignore")
