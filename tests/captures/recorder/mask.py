"""The mask: replaces what compresses badly and matters to nobody, so that captures become small.

Kept: sizes, times, link, IP, TCP and UDP headers; all of DNS; HTTP/1 heads and chunk sizes; TLS record headers and all
records which are not application data; QUIC packets with long headers; the first bytes of QUIC packets with short
headers.  Replaced by a constant byte: bodies of plain HTTP, bodies of TLS application data records, the rest of QUIC
packets with short headers.  Records and messages are followed in the order of the stream, so that every
retransmission of a byte gets the same replacement.  Checksums are made right again.
"""
import re
import struct

BYTE = b"."
QUIC_KEPT = 20


class Stream:
    """One direction of a TCP connection, put together from its packets."""

    def __init__(self, start):
        self.start, self.parts, self.data = start, [], b""

    def offset(self, packet):
        return (packet.seq - self.start + 2**31) % 2**32 - 2**31

    def finish(self):
        data = bytearray()
        for offset, body in sorted(self.parts, key=lambda p: p[0]):
            if offset > len(data):
                raise ValueError(f"{offset - len(data)} bytes are missing from the capture at offset {len(data)}")
            data += body[max(0, len(data) - offset):]
        self.data = data


def _blank(data, start, end):
    data[start:end] = BYTE * (min(end, len(data)) - start)


def mask_tls(data):
    at = 0
    while at + 5 <= len(data):
        kind, size = data[at], struct.unpack_from("!H", data, at + 3)[0]
        if kind not in (20, 21, 22, 23):
            raise ValueError(f"no TLS record at offset {at}")
        if kind == 23:
            _blank(data, at + 5, at + 5 + size)
        at += 5 + size


def _messages(data, methods=None):
    """Masks the bodies of HTTP/1 messages; returns the methods of requests. `methods` are those of the requests
    which the messages answer."""
    at, found, answered = 0, [], iter(methods or [])
    while at < len(data):
        end = data.index(b"\r\n\r\n", at) + 4
        head = bytes(data[at:end]).decode("latin-1").lower()
        at = end
        length = re.search(r"\r\ncontent-length: *(\d+)", head)
        size = int(length[1]) if length else 0
        if methods is None:
            found.append(head.split(" ", 1)[0].upper())
        else:
            status = int(head.split(" ", 2)[1])
            if status < 200 or next(answered) == "HEAD" or status in (204, 304):
                continue
            if "transfer-encoding: chunked" in head:
                while True:
                    line = data.index(b"\r\n", at)
                    size = int(data[at:line], 16)
                    _blank(data, line + 2, line + 2 + size)
                    at = line + 2 + size + 2
                    if not size:
                        break
                continue
        _blank(data, at, at + size)
        at += size
    return found


def _number(data, at):
    size = 1 << (data[at] >> 6)
    return int.from_bytes(data[at:at + size], "big") & ((1 << (8 * size - 2)) - 1), at + size


def quic_kept(data):
    """How many bytes of a datagram are kept."""
    at = 0
    while at < len(data):
        if not data[at] & 0x80:
            return at + QUIC_KEPT if data[at] & 0x40 else len(data)
        version, kind = data[at + 1:at + 5], data[at] >> 4 & 3
        if version != b"\0\0\0\1" or kind == 3:  # negotiation, retry: the rest of the datagram
            return len(data)
        end = at + 6 + data[at + 5]
        end += 1 + data[end]
        if kind == 0:
            size, end = _number(data, end)
            end += size
        size, end = _number(data, end)
        at = end + size
    return len(data)


def mask(packets):
    """Masks the packets in place."""
    streams = {}
    for p in packets:
        if p.proto != 6:
            continue
        if p.flags & 2 and p.flow not in streams:
            streams[p.flow] = Stream(p.seq + 1)
        if p.flow in streams and p.end > p.payload:
            stream = streams[p.flow]
            if stream.offset(p) >= 0:
                stream.parts.append((stream.offset(p), p.body()))
    for stream in streams.values():
        stream.finish()
    for key, stream in streams.items():
        ports = key[2], key[4]
        if 443 in ports:
            mask_tls(stream.data)
        elif key[4] == 80:
            back = streams.get((6, key[3], key[4], key[1], key[2]))
            methods = _messages(stream.data)
            if back:
                _messages(back.data, methods)
    for p in packets:
        if p.proto == 6 and p.end > p.payload and p.flow in streams:
            stream = streams[p.flow]
            offset = stream.offset(p)
            if offset >= 0:
                p.replace(0, stream.data[offset:offset + p.end - p.payload])
        elif p.proto == 17 and 443 in (p.sport, p.dport):
            kept, size = quic_kept(p.body()), p.end - p.payload
            if kept < size:
                p.replace(kept, BYTE * (size - kept))
    return packets
