"""A capture made by hand for the features of windows: what happens in it, packet by packet, and its segments as meant.

Two clients, three sessions; a connection over the end of sequence space; packets sent again once, twice and three
times, in part, out of order and late; windows that end with a packet, without one, and between a request and its
response; flags, window scales seen, absent and unknown; datagrams, fragments, other people's traffic.
"""
import ipaddress
import struct

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
START = 1_700_000_000_000_000_000
MS, S = 1_000_000, 1_000_000_000

VIDEO, OTHER, VIDEO6 = "23.246.2.1", "45.57.3.9", "2a00:86c0::1"
ALICE, BOB, STRANGER = "192.0.2.10", "2001:db8::b", "198.51.100.7"
NAME = "ipv4-c001-zrh001-ix.1.oca.nflxvideo.net"


class Wire:
    """Packets with their times; they may be put in any order."""

    def __init__(self):
        self.packets = []
        self.segments = []

    def ip(self, time, source, destination, protocol, payload, fragment=0):
        source, destination = ipaddress.ip_address(source), ipaddress.ip_address(destination)
        if source.version == 4:
            # An identification of its own: the same one again would be a copy of the packet.
            number = 7 if fragment else 1000 + len(self.packets)
            header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), number, fragment, 64, protocol, 0)
            kind = 0x0800
        else:
            header = struct.pack("!IHBB", 6 << 28 | len(self.packets), len(payload), protocol, 64)
            kind = 0x86DD
        frame = bytes(12) + struct.pack("!H", kind) + header + source.packed + destination.packed + payload
        self.packets.append((START + time, frame))

    def udp(self, time, source, destination, ports, payload):
        # A checksum of its own: the same datagram again would be a copy.
        datagram = struct.pack("!HHHH", *ports, 8 + len(payload), 1 + len(self.packets)) + payload
        self.ip(time, source, destination, 17, datagram)


class Talk:
    """A TCP connection; what is sent stays known, so that it can be sent again."""

    def __init__(self, wire, client, port, server, scale, sequences, server_port=80):
        self.wire, self.ends, self.ports = wire, (client, server), (port, server_port)
        self.scale, self.next = scale, list(sequences)
        self.window = [500, 900]

    def send(self, time, end, length=0, flags=ACK, payload=None, at=None, acknowledgement=None, options=b"", urgent=0):
        """A packet of one end (0 is the client); `at`: this sequence number again, nothing new."""
        payload = payload if payload is not None else b"\x55" * length
        sequence = self.next[end] if at is None else at
        number = self.next[1 - end] if acknowledgement is None else acknowledgement
        header = struct.pack(
            "!HHIIBBHHH", self.ports[end], self.ports[1 - end], sequence % 2**32, number % 2**32 if flags & ACK else 0,
            (20 + len(options)) // 4 << 4, flags, self.window[end], 1 + len(self.wire.packets), urgent)
        if at is None:
            self.next[end] += len(payload) + (1 if flags & (SYN | FIN) else 0)
        self.wire.ip(time, self.ends[end], self.ends[1 - end], 6, header + options + payload)

    def open(self, time, rtt):
        option = lambda shift: b"" if shift is None else b"\x01\x03\x03" + bytes([shift])
        self.send(time, 0, flags=SYN, options=option(self.scale[0]))
        self.send(time + rtt, 1, flags=SYN | ACK, options=option(self.scale[1]))
        self.send(time + rtt + MS // 10, 0)

    def ask(self, time, path="/range/0-65535"):
        """A request in one packet; its length."""
        head = f"GET {path} HTTP/1.1\r\nHost: {NAME}\r\nUser-Agent: test\r\n\r\n".encode()
        self.send(time, 0, flags=ACK | PSH, payload=head)
        return len(head)

    def pieces(self, body, size=1000):
        """A response with this much body in pieces as packets carry it."""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {body}\r\n\r\n".encode()
        whole = head + b"\x55" * body
        return [whole[i:i + size] for i in range(0, len(whole), size)]

    def answer(self, time, body, gap=2 * MS, size=1000):
        """A whole response in order, acknowledged every second packet; when its last packet is, and its length."""
        pieces = self.pieces(body, size)
        for i, piece in enumerate(pieces):
            self.send(time + i * gap, 1, flags=ACK | (PSH if i == len(pieces) - 1 else 0), payload=piece)
            if i % 2 or i == len(pieces) - 1:
                self.send(time + i * gap + MS // 5, 0)
        return time + (len(pieces) - 1) * gap, sum(map(len, pieces))

    def segment(self, client, asked, body, after=30 * MS, **how):
        """A request and its response, as truth too."""
        self.ask(asked)
        last, length = self.answer(asked + after, body, **how)
        self.wire.segments.append((client, START + asked, START + last, length, True))
        return last


def alice(wire):
    """Her first session: windows end at 10 s, 20 s, ... after the packet at 0."""
    # Before the session: nobody's business.
    wire.udp(-5 * S, ALICE, STRANGER, (5000, 53), b"q" * 30)
    one = Talk(wire, ALICE, 50001, VIDEO, (7, 9), (2**32 - 300, 2**32 - 5000))
    one.open(0, 20 * MS)
    one.segment(ALICE, 100 * MS, 31_000)
    one.segment(ALICE, 1 * S, 29_500)
    one.window[0] = 600
    # A request sent twice, a response with losses and reordering.
    asked = 2 * S
    length = one.ask(asked)
    one.send(asked + 15 * MS, 0, at=one.next[0] - length, length=length, flags=ACK | PSH)
    at, base = asked + 40 * MS, one.next[1]
    pieces = one.pieces(24_000)
    sequence = [base + 1000 * i for i in range(len(pieces))]
    order = [0, 1, 2, 4, 3, 5, 6, 8, 9, 7, 10, 11, 12]
    for step, i in enumerate(order):
        one.send(at + step * MS, 1, at=sequence[i], payload=pieces[i])
    for again in range(4):
        one.send(at + (20 + again) * MS, 1, at=sequence[2], payload=pieces[2])
    # Part of it is new.
    one.send(at + 30 * MS, 1, at=sequence[12] + 500, payload=pieces[12][500:] + pieces[13])
    # Not acknowledged in between: bytes are under way.
    for step, i in enumerate(range(14, len(pieces))):
        one.send(at + (40 + step) * MS, 1, at=sequence[i], payload=pieces[i])
    last, length = at + (40 + len(pieces) - 15) * MS, sum(map(len, pieces))
    one.next[1] = base + length
    one.send(last + 5 * MS, 0)
    wire.segments.append((ALICE, START + asked, START + last, length, True))
    # A request in two packets that the response acknowledges together.
    asked = 2_700 * MS
    head = f"GET /range/0-9 HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()
    one.send(asked, 0, payload=head[:30])
    one.send(asked + 5 * MS, 0, payload=head[30:], flags=ACK | PSH)
    last, length = one.answer(asked + 40 * MS, 22_000)
    wire.segments.append((ALICE, START + asked, START + last, length, True))
    # Audio of nearly one size beside video; the last response goes over the window's end at 10 s, whose packet is next.
    two = Talk(wire, ALICE, 50002, VIDEO, (None, 8), (1000, 2000))
    two.open(3 * S, 25 * MS)
    two.segment(ALICE, 3_500 * MS, 12_000)
    asked = 9_950 * MS
    two.ask(asked)
    last, length = two.answer(9_990 * MS, 12_010, gap=1 * MS)
    wire.segments.append((ALICE, START + asked, START + last, length, True))
    # A connection whose beginning is not there, to a server that sends no video, with urgent data and a reset.
    three = Talk(wire, ALICE, 50003, OTHER, (None, None), (77, 88), 443)
    three.send(4 * S, 1, 700)
    three.send(4 * S + MS, 0, 0, acknowledgement=700)
    three.send(4 * S + 2 * MS, 1, 300, flags=ACK | URG, urgent=1)
    three.send(4 * S + 3 * MS, 1, 50, at=60, flags=ACK)
    three.send(4 * S + 4 * MS, 0, flags=ACK | URG, urgent=1)
    three.send(4 * S + 5 * MS, 0, flags=RST | ACK)
    # Somebody else's traffic, some of it in a later window, and a message of a server's that is neither TCP nor UDP.
    wire.udp(5 * S, STRANGER, ALICE, (443, 6000), b"x" * 1200)
    wire.udp(12 * S, ALICE, STRANGER, (6000, 443), b"x" * 400)
    wire.ip(5_500 * MS, VIDEO, ALICE, 1, b"\x03" * 56)
    # Datagrams with Netflix, one of them in fragments.
    wire.udp(6 * S, ALICE, OTHER, (7000, 9999), b"u" * 500)
    wire.udp(6_010 * MS, OTHER, ALICE, (9999, 7000), b"u" * 900)
    wire.ip(6_011 * MS, OTHER, ALICE, 17, b"f" * 320, fragment=0x00B9)
    # Second window; the third and the fourth are empty but for what others do; then a packet at a window's first moment.
    two.segment(ALICE, 13 * S, 12_020)
    one.segment(ALICE, 14 * S, 27_000)
    wire.udp(25 * S, STRANGER, ALICE, (443, 6000), b"x" * 800)
    one.segment(ALICE, 40 * S, 33_000)
    # The clock steps back over a window's end.
    one.send(50 * S + MS, 0)
    one.send(50 * S - MS, 0)
    two.segment(ALICE, 52 * S, 12_005, after=3 * MS)
    last = one.segment(ALICE, 53 * S, 26_000)
    # Sixty seconds without a packet are the same session, and the last ones of it.
    one.segment(ALICE, last + MS // 5 + 60 * S, 45_000, after=100 * MS)
    one.send(115 * S, 0, flags=FIN | ACK)
    one.send(115 * S + 20 * MS, 1, flags=FIN | ACK)
    one.send(115 * S + 21 * MS, 0)
    return 115 * S + 21 * MS


def alice_again(wire, quiet_since):
    """A session of hers after more than the idle time, on the ports of before."""
    start = quiet_since + 60 * S + 1
    one = Talk(wire, ALICE, 50001, VIDEO, (7, None), (5, 6))
    one.open(start, 10 * MS)
    one.segment(ALICE, start + 200 * MS, 30_000)
    # Asked for, never answered; and one that the silence at the end completes.
    two = Talk(wire, ALICE, 50004, VIDEO, (3, 4), (1, 1))
    two.open(start + S, 10 * MS)
    head = f"GET /range/0-9 HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()
    first = two.next[0]
    two.send(start + 2 * S, 0, at=first + 30, payload=head[30:])
    two.send(start + 2 * S + MS, 0, at=first, payload=head[:30])
    two.next[0] += len(head)
    wire.segments.append((ALICE, START + start + 2 * S + MS, None, 0, False))
    three = Talk(wire, ALICE, 50005, VIDEO, (3, 4), (1, 1))
    three.open(start + 3 * S, 10 * MS)
    three.ask(start + 4 * S)
    pieces = three.pieces(60_000)[:15]
    for i, piece in enumerate(pieces):
        three.send(start + 4_100 * MS + i * MS, 1, payload=piece)
    three.send(start + 4_200 * MS, 0)
    wire.segments.append((ALICE, START + start + 4 * S, START + start + 4_114 * MS, 15_000, True))
    # One that is cut off by the capture's end.
    one.ask(start + 16 * S)
    pieces = one.pieces(50_000)[:12]
    for i, piece in enumerate(pieces):
        one.send(start + 16_100 * MS + i * MS, 1, payload=piece)
    wire.segments.append((ALICE, START + start + 16 * S, START + start + 16_111 * MS, 12_000, False))
    return start + 16_111 * MS


def bob(wire):
    """Another client, over IPv6, at the same time."""
    one = Talk(wire, BOB, 40000, VIDEO6, (2, 1), (10, 20))
    # At no time at which a packet of Alice's is: the check finds packets by their times.
    one.open(1_500 * MS + 7, 40 * MS)
    for i in range(8):
        one.segment(BOB, 2 * S + 7 + i * 2_500 * MS, 20_000 + 1_700 * (i * i % 5), after=45 * MS, size=1300)
    # A window of nothing but packets sent again: one of each side three times, another one twice. Milliseconds apart, as no copy of a packet is.
    for again, back in enumerate((100, 100, 100, 300, 300)):
        one.send(22_600 * MS + again * 3 * MS, 1, 100, at=one.next[1] - back)
        one.send(22_600 * MS + again * 3 * MS + 7, 0, 20, at=one.next[0] - back // 5)
    one.send(23 * S + 7, 1, flags=RST)


def make():
    """Packets (time in nanoseconds, Ethernet frame) in the order of the capture, and segments: client, t_request, t_last,
    bytes, complete."""
    wire = Wire()
    over = alice(wire)
    alice_again(wire, over)
    bob(wire)
    late = [p for p in wire.packets if p[0] == START + 50 * S - MS]
    assert len({time for time, _ in wire.packets}) == len(wire.packets), "a time for each packet"
    packets = sorted((p for p in wire.packets if p not in late), key=lambda p: p[0])
    at = next(i for i, p in enumerate(packets) if p[0] == START + 50 * S + MS) + 1
    packets[at:at] = late
    return packets, wire.segments


def write(path, packets):
    """A pcap file with nanoseconds."""
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))
        for time, frame in packets:
            out.write(struct.pack("<IIII", time // S, time % S, len(frame), len(frame)) + frame)
