"""The packets: reading and writing of capture files, views of headers, checksums."""
import gzip
import struct
from array import array

MAGIC = 0xA1B2C3D4


class Packet:
    """One frame of an Ethernet capture, time in microseconds; bytes may be replaced in place."""

    __slots__ = ("time", "data", "length", "l3", "l4", "end", "proto", "src", "dst", "sport", "dport", "payload")

    def __init__(self, time, data, length=None):
        self.time, self.data, self.length = time, bytearray(data), length or len(data)
        self.proto = None
        self._parse()

    def _parse(self):
        data, self.l3 = self.data, 14
        kind = data[12:14]
        if kind == b"\x08\x00":
            self.l4 = 14 + (data[14] & 15) * 4
            self.end = 14 + struct.unpack_from("!H", data, 16)[0]
            proto, self.src, self.dst = data[23], bytes(data[26:30]), bytes(data[30:34])
            if struct.unpack_from("!H", data, 20)[0] & 0x3FFF:
                return
        elif kind == b"\x86\xdd":
            self.l4 = 54
            self.end = 54 + struct.unpack_from("!H", data, 18)[0]
            proto, self.src, self.dst = data[20], bytes(data[22:38]), bytes(data[38:54])
        else:
            return
        if proto not in (6, 17):
            return
        self.proto = proto
        self.sport, self.dport = struct.unpack_from("!HH", data, self.l4)
        self.payload = self.l4 + ((data[self.l4 + 12] >> 4) * 4 if proto == 6 else 8)

    @property
    def flow(self):
        """The direction's key: source first."""
        return self.proto, self.src, self.sport, self.dst, self.dport

    @property
    def back(self):
        return self.proto, self.dst, self.dport, self.src, self.sport

    @property
    def seq(self):
        return struct.unpack_from("!I", self.data, self.l4 + 4)[0]

    @property
    def flags(self):
        return self.data[self.l4 + 13]

    def body(self):
        return bytes(self.data[self.payload:self.end])

    def replace(self, offset, data):
        """Replaces payload bytes and makes the checksum right again."""
        at = self.payload + offset
        self.data[at:at + len(data)] = data
        field = self.l4 + (16 if self.proto == 6 else 6)
        self.data[field:field + 2] = b"\0\0"
        pseudo = self.src + self.dst + struct.pack("!II", self.end - self.l4, self.proto)
        value = checksum(pseudo + bytes(self.data[self.l4:self.end]))
        self.data[field:field + 2] = struct.pack("!H", value or (0xFFFF if self.proto == 17 else 0))


def checksum(data):
    words = array("H", data + b"\0" * (len(data) % 2))
    words.byteswap()
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def read(path):
    """The packets of a little-endian microsecond pcap file."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as handle:
        data = handle.read()
    if struct.unpack_from("<I", data)[0] != MAGIC or struct.unpack_from("<I", data, 20)[0] != 1:
        raise ValueError(f"{path}: not a little-endian Ethernet pcap file")
    at, out = 24, []
    while at + 16 <= len(data):
        second, micro, size, length = struct.unpack_from("<IIII", data, at)
        out.append((second * 1_000_000 + micro, data[at + 16:at + 16 + size], length))
        at += 16 + size
    return [Packet(*p) for p in out]


def _store(path, data):
    """Compresses without a name and a time, so that equal captures are equal files."""
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:
        out.write(data)


def write(path, packets, snaplen=0):
    parts = [struct.pack("<IHHiIII", MAGIC, 2, 4, 0, 0, snaplen or 262144, 1)]
    for p in packets:
        data = bytes(p.data[:snaplen]) if snaplen else bytes(p.data)
        parts.append(struct.pack("<IIII", p.time // 1_000_000, p.time % 1_000_000, len(data), p.length) + data)
    _store(path, b"".join(parts))


def tag(packets, identifier):
    """Puts an 802.1Q tag into every frame."""
    for p in packets:
        p.data[12:12] = struct.pack("!HH", 0x8100, identifier)
        p.length += 4
    return packets


class Section:
    """One section of a pcapng file, in the byte order given ("<" or ">")."""

    def __init__(self, order):
        self.order, self.parts, self.resolutions = order, [], []
        self._block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), [(4, b"tests/captures/record.py")])

    def _options(self, options):
        if not options:
            return b""
        out = b""
        for code, value in options + [(0, b"")]:
            out += struct.pack(self.order + "HH", code, len(value)) + value + b"\0" * (-len(value) % 4)
        return out

    def _block(self, kind, body, options=()):
        body += b"\0" * (-len(body) % 4) + self._options(list(options))
        size = struct.pack(self.order + "I", len(body) + 12)
        self.parts.append(struct.pack(self.order + "I", kind) + size + body + size)

    def interface(self, name, resolution=None):
        """`resolution`: the byte of if_tsresol, None for none (microseconds)."""
        options = [(2, name.encode())] + ([(9, bytes([resolution]))] if resolution is not None else [])
        self._block(1, struct.pack(self.order + "HHI", 1, 0, 0), options)
        resolution = 6 if resolution is None else resolution
        self.resolutions.append(2 ** (resolution & 127) if resolution & 128 else 10 ** resolution)

    def enhanced(self, interface, packet, comment=None):
        # Rounded up: with units of a power of two, the reader's division gives the same microsecond again.
        ticks = -(-packet.time * self.resolutions[interface] // 1_000_000)
        self._block(6, struct.pack(self.order + "IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(packet.data),
                                   packet.length) + bytes(packet.data), [(1, comment.encode())] if comment else [])

    def simple(self, packet):
        self._block(3, struct.pack(self.order + "I", packet.length) + bytes(packet.data))

    def unknown(self):
        """A block of a local type, which readers must step over."""
        self._block(0x80000BAD, b"to be skipped")


def write_sections(path, sections):
    _store(path, b"".join(b"".join(s.parts) for s in sections))
