"""Packets of recordings: reading, headers, and what a test changes of them."""
import gzip
import ipaddress
import json
import pathlib
import struct

CAPTURES = pathlib.Path(__file__).parent.parent / "captures"
SECOND = 1_000_000_000
ETHERNET, RAW, RADIOTAP, PKTAP, NFLOG = 1, 101, 127, 258, 239
SYN, ACK, PUSH = 2, 16, 8
RESOLVER = "10.9.0.1"


class Packet:
    """A packet: time in nanoseconds, and its frame."""

    def __init__(self, time, frame):
        self.time, self.frame = time, bytes(frame)

    @property
    def ip(self):
        return self.frame[14 : 14 + struct.unpack_from("!H", self.frame, 16)[0]]

    @property
    def is_ipv4(self):
        return self.frame[12:14] == b"\x08\x00"

    @property
    def is_tcp(self):
        return self.is_ipv4 and self.frame[23] == 6

    def with_ip(self, packet):
        return Packet(self.time, self.frame[:14] + packet)


def recording(name):
    data = gzip.open(CAPTURES / f"{name}.pcap.gz").read()
    unit = {b"\xd4\xc3\xb2\xa1": 1000, b"\x4d\x3c\xb2\xa1": 1}[data[:4]]
    at, packets = 24, []
    while at < len(data):
        seconds, fraction, captured, _ = struct.unpack_from("<IIII", data, at)
        packets.append(Packet(seconds * SECOND + fraction * unit, data[at + 16 : at + 16 + captured]))
        at += 16 + captured
    return packets


def truth(name, server=None):
    rows = map(json.loads, (CAPTURES / f"{name}.truth.jsonl").read_text().splitlines())
    return [row for row in rows if row["netflix"] and server in (None, row["server_ip"])]


def sizes(rows):
    return sorted(row["response_bytes"] for row in rows)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source, destination, protocol, payload, identification=1, hops=64, offset=0):
    addresses = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), identification, offset, hops, protocol, 0) + addresses
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ethernet(kind, payload):
    return bytes.fromhex("020000000001020000000002") + struct.pack("!H", kind) + payload


def udp(source, destination, payload):
    return struct.pack("!HHHH", source, destination, 8 + len(payload), 0) + payload


def tcp_parts(packet):
    """Ports, sequence and acknowledgement number, flags, options, payload."""
    ip = packet.ip
    segment = ip[4 * (ip[0] & 15) :]
    ports, numbers = struct.unpack_from("!HH", segment), struct.unpack_from("!II", segment, 4)
    head = 4 * (segment[12] >> 4)
    return ports, numbers, segment[13], segment[14:head], segment[head:]


def with_tcp(packet, numbers=None, flags=None, payload=None, ports=None):
    (old_ports, old_numbers, old_flags, rest, old_payload) = tcp_parts(packet)
    ports, numbers = ports or old_ports, numbers or old_numbers
    payload = old_payload if payload is None else payload
    head = struct.pack("!HHIIBB", *ports, *(n % 2**32 for n in numbers), (14 + len(rest)) << 2, old_flags if flags is None else flags)
    ip = packet.ip
    text = [str(ipaddress.ip_address(ip[at : at + 4])) for at in (12, 16)]
    identification = struct.unpack_from("!H", ip, 4)[0]
    return packet.with_ip(ipv4(*text, 6, head + rest + payload, identification, ip[8]))


def ends(packet):
    ip = packet.ip
    return tuple(str(ipaddress.ip_address(ip[at : at + 4])) for at in (12, 16))


def of_server(packets, server):
    return [packet for packet in packets if packet.is_ipv4 and server in ends(packet) and packet.is_tcp]


def name_bytes(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def dns_answer(name, address, resolver=RESOLVER, client="10.9.0.2", record=None):
    """A datagram of a resolver that names an address."""
    question = name_bytes(name) + struct.pack("!HH", 1, 1)
    data = ipaddress.ip_address(address).packed
    kind, data = record or (1, data)
    answer = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
    message = struct.pack("!HHHHHH", 7, 0x8180, 1, 1, 0, 0) + question + answer
    return ipv4(resolver, client, 17, udp(53, 40000, message))


def before(packets, ip):
    """The packets behind one that came a moment earlier."""
    return [Packet(packets[0].time - 1_000_000, ethernet(0x0800, ip)), *packets]
