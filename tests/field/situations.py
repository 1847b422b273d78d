#!/usr/bin/env python3
"""Makes captures of situations that people's captures are in, of the recordings in tests/captures, with what is right of each.

usage: situations.py FOLDER      writes NAME.pcap files there, and a line of JSON for each to standard output

A recording has the truth of its servers beside it (NAME.truth.jsonl). What is done to its packets is what equipment, a proxy
or a capture program would do, so that the truth stays the same, or is a part that can be named. Keys of a line: "file",
"options" for the command, and what is right: "app_bytes" of all segments, sorted; "servers", sorted; "flows" and "again" (bytes
sent again), sums; "duplicates", a sum; "names", how many segments each name has; "kinds", how many are of these kinds;
"longest", a bound of durations in seconds; "clients", how many there are; "said", words of what the command says.
"""
import ipaddress
import json
import pathlib
import struct
import sys

import moves
from packets import (
    ACK, ETHERNET, NFLOG, PKTAP, PUSH, RADIOTAP, RESOLVER, SECOND, SYN, Packet, before, dns_answer, ends,
    ethernet, ipv4, name_bytes, of_server, recording, sizes, tcp_parts, truth, udp, with_tcp,
)

# Recordings


def video():
    """The media server's connection of the recording tls13, its address, and the truth of it."""
    rows = truth("tls13")
    server = next(row["server_ip"] for row in rows if "nflxvideo" in row["host"])
    return of_server(recording("tls13"), server), server, truth("tls13", server)


def nameless(packets, kind=b"\x00\x00"):
    """Takes the server's name out of hellos: its extension becomes one that nobody knows."""
    def changed(packet):
        if not packet.is_tcp:
            return packet
        payload = tcp_parts(packet)[4]
        if payload[:1] != b"\x16" or payload[5:6] != b"\x01":
            return packet
        at = payload.find(kind, 43)
        while at >= 0:
            length, listed, of_name, inner = struct.unpack_from("!HHBH", payload, at + 2)
            if length == listed + 2 == inner + 5 and of_name == 0:
                return with_tcp(packet, payload=payload[:at] + b"\x7a\x7a" + payload[at + 2 :])
            at = payload.find(kind, at + 1)
        return packet
    return [changed(packet) for packet in packets]


def right(rows, server, **more):
    return {"app_bytes": sizes(rows), "servers": [server], "flows": 1, "again": 0, **more}


# Situations: each gives packets, link type and what is right


def copies_at_once():
    packets, server, rows = video()
    return [p for p in packets for _ in "12"], ETHERNET, right(rows, server, duplicates=len(packets), said="copies of others")


def copies_late(by=3_000_000):
    packets, server, rows = video()
    late = [Packet(p.time + by, p.frame) for p in packets]
    return sorted(packets + late, key=lambda p: p.time), ETHERNET, right(rows, server, duplicates=len(packets))


def copies_of_a_slow_mirror():
    return copies_late(200_000_000)


def copies_in_two_vlans():
    packets, server, rows = video()
    tag = lambda p, vlan: Packet(p.time, p.frame[:12] + struct.pack("!HH", 0x8100, vlan) + p.frame[12:])
    return [tag(p, vlan) for p in packets for vlan in (10, 20)], ETHERNET, right(rows, server, duplicates=len(packets))


def copies_behind_a_router():
    packets, server, rows = video()
    def behind(packet):
        ip = packet.ip
        identification = struct.unpack_from("!H", ip, 4)[0]
        return Packet(packet.time + 20_000, ethernet(0x0800, ipv4(*ends(packet), 6, ip[20:], identification, ip[8] - 1)))
    return [q for p in packets for q in (p, behind(p))], ETHERNET, right(rows, server, duplicates=len(packets))


def read_twice():
    packets, server, rows = video()
    return packets + packets, ETHERNET, right(rows, server, duplicates=len(packets))


def both_sides_of_nat():
    packets, server, rows = video()
    def outside(packet):
        ip, (ports, numbers, flags, rest, payload) = packet.ip, tcp_parts(packet)
        source, destination = ends(packet)
        if source == server:
            destination, ports = "198.51.100.77", (ports[0], 61000)
        else:
            source, ports = "198.51.100.77", (61000, ports[1])
        segment = struct.pack("!HH", *ports) + ip[24:]
        identification = struct.unpack_from("!H", ip, 4)[0]
        hops = ip[8] + (1 if packet_from(packet, server) else -1)
        return Packet(packet.time, ethernet(0x0800, ipv4(source, destination, 6, segment, identification, hops)))
    # What comes from outside is seen there first.
    pairs = [(outside(p), p) if packet_from(p, server) else (p, outside(p)) for p in packets]
    return [q for pair in pairs for q in pair], ETHERNET, {"app_bytes": sizes(rows), "servers": [server], "again": 0}


def packet_from(packet, address):
    return ends(packet)[0] == address


def other_connection(packet):
    """The same packet 7 ms later, of a connection with other sequence numbers."""
    _, numbers, *_ = tcp_parts(packet)
    moved = with_tcp(packet, numbers=(numbers[0] + 1_000_003, numbers[1] + 1_000_003 if numbers[1] else 0))
    return Packet(packet.time + 7_000_000, moved.frame)


def customers_with_the_same_addresses():
    packets, server, rows = video()
    tag = lambda p, vlan: Packet(p.time, p.frame[:12] + struct.pack("!HH", 0x8100, vlan) + p.frame[12:])
    both = [tag(p, 10) for p in packets] + [tag(other_connection(p), 20) for p in packets]
    both.sort(key=lambda p: p.time)
    return both, ETHERNET, {"options": ["--set", "flow_key=vlan"], "app_bytes": sorted(2 * sizes(rows)), "flows": 2, "again": 0}


def in_fragments():
    packets, server, rows = video()
    out = []
    for number, packet in enumerate(packets):
        ip = packet.ip
        if len(ip) <= 600:
            out.append(packet)
            continue
        payload, cut = ip[20:], 560
        for offset, piece, more in ((0, payload[:cut], 0x2000), (cut // 8, payload[cut:], 0)):
            out.append(packet.with_ip(ipv4(*ends(packet), 6, piece, number + 1, ip[8], more | offset)))
    return out, ETHERNET, right(rows, server, missing=0)


def the_clock_steps_back():
    packets, server, rows = video()
    half = len(packets) // 2
    late = [Packet(p.time - 3_600 * SECOND, p.frame) for p in packets[half:]]
    return packets[:half] + late, ETHERNET, right(rows, server, said="clock steps back once")


def the_clock_leaps_ahead():
    packets, server, rows = video()
    half = len(packets) // 2
    late = [Packet(p.time + 3_600 * SECOND, p.frame) for p in packets[half:]]
    return packets[:half] + late, ETHERNET, right(rows, server, longest=20, said="times leap ahead")


def one_direction_steps_back_by_less_than_a_step():
    packets, server, rows = video()
    half = len(packets) // 2
    is_down = lambda p: tcp_parts(p)[0][0] == 443
    late = [Packet(p.time - SECOND // 2, p.frame) if is_down(p) else p for p in packets[half:]]
    return packets[:half] + late, ETHERNET, right(rows, server, said="have times before those of their requests")


def again_under_another_name(packets, name, other):
    """The connection once more, ten seconds later, from another port and with another name of the same length."""
    out = []
    for packet in packets:
        ports, _, _, _, payload = tcp_parts(packet)
        ports = tuple(port if port == 443 else 55_555 for port in ports)
        moved = with_tcp(packet, ports=ports, payload=payload.replace(name, other))
        out.append(Packet(packet.time + 10 * SECOND, moved.frame))
    return out


def one_address_of_many_services():
    packets, server, rows = video()
    return packets + again_under_another_name(packets, b"nflxvideo", b"otherhost"), ETHERNET, right(rows, server)


def one_address_with_two_names():
    packets, server, rows = video()
    names = {f"ipv4-c00{number}-zrh001-ix.1.oca.nflxvideo.net": len(rows) for number in (1, 9)}
    both = packets + again_under_another_name(packets, b"ipv4-c001", b"ipv4-c009")
    return both, ETHERNET, right(2 * rows, server, flows=2, names=names)


def a_device_with_a_keyword_in_its_name():
    packets, server, rows = video()
    # Another device asked for it, as a remote control does.
    answer = dns_answer("netflix-tv.lan", "10.9.0.2", client="10.9.0.3")
    return before(packets, answer), ETHERNET, right(rows, server)


def a_filter_that_answers_for_names():
    answers = [
        dns_answer("www.netflix.com", address)
        for address in (RESOLVER, "255.255.255.255", "127.0.0.1", "0.0.0.0", "224.0.0.1")
    ]
    packets = [Packet((1_700_000_000 + at) * SECOND, ethernet(0x0800, ip)) for at, ip in enumerate(answers)]
    page = ipv4("10.9.0.2", RESOLVER, 6, struct.pack("!HHIIBBHHH", 50_000, 443, 1, 0, 0x50, SYN, 65_535, 0, 0))
    packets.append(Packet(1_700_000_009 * SECOND, ethernet(0x0800, page)))
    return packets, ETHERNET, {"app_bytes": [], "servers": []}


def named_by_a_certificate():
    rows = truth("tls12")
    server = next(row["server_ip"] for row in rows if row["host"].startswith("api"))
    packets = nameless(of_server(recording("tls12"), server))
    return packets, ETHERNET, right(truth("tls12", server), server)


def named_by_an_https_record():
    packets, server, rows = video()
    hint = struct.pack("!H", 1) + b"\0" + struct.pack("!HH", 4, 4) + ipaddress.ip_address(server).packed
    answer = dns_answer("ipv4-c001-zrh001-ix.1.oca.nflxvideo.net", server, record=(65, hint))
    return before(nameless(packets), answer), ETHERNET, right(rows, server)


def named_by_what_goes_with_an_https_record():
    """The record leads to another host, whose address is among the additional records."""
    packets, server, rows = video()
    target = struct.pack("!H", 1) + name_bytes("edge.example.net")
    answer = dns_answer("ipv4-c001-zrh001-ix.1.oca.nflxvideo.net", server, record=(65, target))
    address = ipaddress.ip_address(server).packed
    message = answer[28:38] + b"\0\1" + answer[40:]
    message += name_bytes("edge.example.net") + struct.pack("!HHIH", 1, 1, 60, 4) + address
    answer = ipv4(RESOLVER, "10.9.0.2", 17, udp(53, 40000, message))
    return before(nameless(packets), answer), ETHERNET, right(rows, server)


def an_answer_in_fragments():
    packets, server, rows = video()
    whole = dns_answer("ipv4-c001-zrh001-ix.1.oca.nflxvideo.net", server)
    payload, cut = whole[20:], 56
    parts = ((cut // 8, payload[cut:], 0), (0, payload[:cut], 0x2000))
    out = nameless(packets)
    for offset, piece, more in parts:
        out = before(out, ipv4(RESOLVER, "10.9.0.2", 17, piece, 99, 64, more | offset))
    return out, ETHERNET, right(rows, server)


def a_network_of_ipv6_only():
    packets, server, rows = video()
    prefix, known = ipaddress.ip_address("64:ff9b::").packed[:12], ipaddress.ip_address("23.246.11.141").packed
    def address(text):
        return prefix + known if text == server else ipaddress.ip_address("2001:db8::2").packed
    out = []
    for packet in nameless(packets):
        head = struct.pack("!IHBB", 0x60000000, len(packet.ip) - 20, 6, 64)
        out.append(Packet(packet.time, ethernet(0x86DD, head + b"".join(map(address, ends(packet))) + packet.ip[20:])))
    return out, ETHERNET, right(rows, "64:ff9b::17f6:b8d")


def two_taps(ahead, of_server):
    """One tap for each direction; the clock of one is behind."""
    packets, server, rows = video()
    moved = [Packet(p.time - ahead * (packet_from(p, server) == of_server), p.frame) for p in packets]
    said = "answer comes before the question"
    return sorted(moved, key=lambda p: p.time), ETHERNET, right(rows, server, missing=0, said=said)


def two_taps_the_servers_behind():
    return two_taps(30_000_000, True)


def two_taps_the_servers_far_behind():
    return two_taps(800_000_000, True)


def two_taps_the_clients_behind():
    return two_taps(800_000_000, False)


def copies_that_begin_midway():
    packets, server, rows = video()
    third = len(packets) // 3
    return packets[:third] + [p for p in packets[third:] for _ in "12"], ETHERNET, right(rows, server)


def virtual_networks_by_label():
    """The same addresses behind two labels of MPLS, others for each direction."""
    packets, server, rows = video()

    def labelled(packet, network):
        label = 2 * network + packet_from(packet, server)
        return Packet(packet.time, ethernet(0x8847, struct.pack("!I", label << 12 | 0x1FF) + packet.ip))

    both = [labelled(p, 20) for p in packets] + [labelled(other_connection(p), 30) for p in packets]
    both.sort(key=lambda p: p.time)
    return both, ETHERNET, {"options": ["--set", "flow_key=tunnel"], "app_bytes": sorted(2 * sizes(rows)), "flows": 2, "again": 0}


def what_a_device_does_besides():
    """A device with a keyword in its name asks resolvers and clocks, and speaks with others over QUIC and to groups."""
    packets, server, rows = video()
    device, time = "10.9.0.2", packets[-1].time
    out = before(packets, dns_answer("netflix-tv.lan", device, client="10.9.0.3"))
    others = [("10.9.0.1", 53), ("192.0.2.7", 123), ("192.0.2.9", 443), ("192.0.2.8", 3478), ("224.0.0.251", 5353)]
    for number, (other, port) in enumerate(others):
        own = port if port == 5353 else 45_000 + number
        for turn in range(3):
            payload = bytes([0x40 + turn]) * 50
            up = ipv4(device, other, 17, udp(own, port, payload), 900 + 10 * number + turn)
            down = ipv4(other, device, 17, udp(port, own, payload), 1900 + 10 * number + turn)
            out.append(Packet(time + 1000 * number, ethernet(0x0800, up)))
            if other != "224.0.0.251":
                out.append(Packet(time + 1000 * number + 500, ethernet(0x0800, down)))
    return out, ETHERNET, {"app_bytes": sizes(rows), "servers": [server], "flows": 1}


def a_device_with_a_keyword_in_its_name_over_quic():
    rows = truth("h3")
    server = rows[0]["server_ip"]
    packets = [p for p in recording("h3") if p.is_ipv4 and p.frame[23] == 17 and server in ends(p)]
    client = next(end for end in ends(packets[0]) if end != server)
    answer = dns_answer("netflix-tv.lan", client, client="10.9.0.3")
    return before(packets, answer), ETHERNET, {"app_bytes_near": sizes(truth("h3", server)), "servers": [server], "flows": 1}


def data_with_the_syn():
    packets, server, rows = video()
    hello = next(p for p in packets if tcp_parts(p)[4])
    text = tcp_parts(hello)[4]
    out = []
    for packet in packets:
        _, numbers, flags, _, payload = tcp_parts(packet)
        if packet is hello:
            continue
        if flags & SYN and not flags & ACK:
            packet = with_tcp(packet, payload=text)
        elif flags & SYN:
            packet = with_tcp(packet, numbers=(numbers[0], numbers[1] + len(text)))
        out.append(packet)
    return out, ETHERNET, right(rows, server)


def behind_another_connections_end():
    """HTTP/3: a packet of an older connection has the same ports."""
    rows = truth("h3")
    server = rows[0]["server_ip"]
    packets = [p for p in recording("h3") if p.is_ipv4 and p.frame[23] == 17 and server in ends(p)]
    first = packets[0].ip
    older = ipv4(*ends(packets[0]), 17, udp(*struct.unpack_from("!HH", first, 20), bytes([0x4F]) + bytes(range(60))), 77)
    return before(packets, older), ETHERNET, {"app_bytes_near": sizes(truth("h3", server)), "servers": [server], "flows": 1}


# Proxies: what they say comes into the stream behind the handshake


def through_a_proxy(*turns):
    """The connection after what is said to a proxy and heard from it in turns, whose address is the server's."""
    packets, server, rows = video()
    out, done, said_so_far, heard_so_far = [], False, 0, 0
    for packet in packets:
        source, destination = ends(packet)
        ports, numbers, flags, _, payload = tcp_parts(packet)
        for said, heard in turns if payload and not done else ():
            up, down = numbers[0] + said_so_far, numbers[1] + heard_so_far
            said_so_far, heard_so_far = said_so_far + len(said), heard_so_far + len(heard)
            head = struct.pack("!HHIIBBHHH", ports[1], ports[0], down % 2**32, (up + len(said)) % 2**32, 0x50, ACK | PUSH, 65_535, 0, 0)
            answer = ethernet(0x0800, ipv4(destination, source, 6, head + heard, 4_242 + len(out)))
            out += [with_tcp(packet, numbers=(up, down), payload=said), Packet(packet.time + 1_000, answer)]
        done |= bool(payload)
        add = (said_so_far, heard_so_far) if destination == server else (heard_so_far, said_so_far)
        out.append(with_tcp(packet, numbers=(numbers[0] + add[0], numbers[1] + add[1])) if done else packet)
    return out, ETHERNET, right(rows, server)


def connect():
    host = b"ipv4-c001-zrh001-ix.1.oca.nflxvideo.net:443"
    return through_a_proxy((b"CONNECT " + host + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"))


def socks5():
    name = b"ipv4-c001-zrh001-ix.1.oca.nflxvideo.net"
    # Its greeting was answered in the same breath.
    request = b"\x05\x01\x00\x05\x01\x00\x03" + bytes([len(name)]) + name + b"\x01\xbb"
    return through_a_proxy((request, b"\x05\x00\x05\x00\x00\x01" + bytes(6)))


def proxy_protocol():
    packets, link, expected = through_a_proxy((b"PROXY TCP4 10.9.0.2 10.9.1.11 55426 443\r\n", b""))
    # Nothing is answered: what would have been is an empty packet.
    return packets, link, expected


def in_single_bytes(made):
    """What was said to the proxy and heard from it comes one byte at a time."""
    packets, link, expected = made
    spoken = [p for p in packets if tcp_parts(p)[4]][:2]
    out = []
    for packet in packets:
        _, numbers, _, _, payload = tcp_parts(packet)
        if not any(packet is one for one in spoken):
            out.append(packet)
            continue
        for at in range(len(payload)):
            out.append(with_tcp(packet, numbers=(numbers[0] + at, numbers[1]), payload=payload[at : at + 1]))
    return out, link, expected


def socks5_in_single_bytes():
    return in_single_bytes(socks5())


def connect_in_single_bytes():
    return in_single_bytes(connect())


def socks4_to_a_known_address():
    """Nothing but the address that the proxy was asked for says where the tunnel leads."""
    packets, link, expected = through_a_proxy((b"\x04\x01\x01\xbb\xcb\x00\x71\x07\x00", b"\x00\x5a" + bytes(6)))
    answer = dns_answer("ipv4-c001-zrh001-ix.1.oca.nflxvideo.net", "203.0.113.7")
    return before(nameless(packets), answer), link, expected


def connect_after_another_request():
    host = b"ipv4-c001-zrh001-ix.1.oca.nflxvideo.net:443"
    request = b"CONNECT " + host + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"
    return through_a_proxy(
        (b"GET http://www.example.org/ HTTP/1.1\r\nHost: www.example.org\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere"),
        (request, b"HTTP/1.1 200 OK\r\n\r\n"),
    )


def connect_twice_at_once():
    """The client asks for the tunnel again before it is told that it must say who it is."""
    host = b"ipv4-c001-zrh001-ix.1.oca.nflxvideo.net:443"
    request = b"CONNECT " + host + b" HTTP/1.1\r\nHost: " + host + b"\r\n"
    denied = b"HTTP/1.1 407 Who?\r\nContent-Length: 9\r\n\r\nforbidden"
    asked = request + b"\r\n" + request + b"Proxy-Authorization: x\r\n\r\n"
    return through_a_proxy((asked, denied + b"HTTP/1.1 200 OK\r\n\r\n"))


# Wrappings


def wrapped(wrap, link=ETHERNET):
    packets, server, rows = video()
    return [Packet(p.time, wrap(p)) for p in packets], link, right(rows, server)


def erspan():
    head = struct.pack("!HHI", 0x1000, 0x88BE, 0) + struct.pack("!HHI", 0x1000, 0, 0)
    return wrapped(lambda p: ethernet(0x0800, ipv4("192.0.2.1", "192.0.2.2", 47, head + p.frame)))


def geneve():
    option = struct.pack("!HBB", 0x0108, 1, 1) + bytes(4)
    head = bytes([2, 0]) + struct.pack("!H", 0x6558) + bytes(4) + option
    return wrapped(lambda p: ethernet(0x0800, ipv4("192.0.2.1", "192.0.2.2", 17, udp(50_000, 6081, head + p.frame))))


def l2tp():
    head = struct.pack("!HHH", 0x0002, 1, 2) + b"\xff\x03\x00\x21"
    return wrapped(lambda p: ethernet(0x0800, ipv4("192.0.2.1", "192.0.2.2", 17, udp(1701, 1701, head + p.ip))))


def monitor_mode():
    radio = struct.pack("<BBHI", 0, 0, 8, 0)
    def wrap(packet):
        head = bytes.fromhex("0801 0000 020000000001 020000000002 020000000003 0000")
        return radio + head + b"\xaa\xaa\x03\0\0\0\x08\0" + packet.ip
    return wrapped(wrap, RADIOTAP)


def all_interfaces_of_macos():
    head = struct.pack("<III", 108, 1, ETHERNET).ljust(108, b"\0")
    return wrapped(lambda p: head + p.frame, PKTAP)


def netfilter_log():
    def wrap(packet):
        value = packet.ip
        padding = bytes(-len(value) % 4)
        return b"\x02\0\0\0" + struct.pack("<HH", 4 + len(value), 9) + value + padding
    return wrapped(wrap, NFLOG)


SITUATIONS = [
    copies_at_once, copies_late, copies_of_a_slow_mirror, copies_in_two_vlans, copies_behind_a_router, read_twice, both_sides_of_nat,
    customers_with_the_same_addresses, in_fragments, the_clock_steps_back, the_clock_leaps_ahead,
    one_direction_steps_back_by_less_than_a_step, one_address_of_many_services, one_address_with_two_names,
    a_device_with_a_keyword_in_its_name, a_filter_that_answers_for_names, named_by_a_certificate, named_by_an_https_record,
    named_by_what_goes_with_an_https_record, socks4_to_a_known_address, connect_after_another_request,
    two_taps_the_servers_behind, two_taps_the_servers_far_behind, two_taps_the_clients_behind, copies_that_begin_midway,
    virtual_networks_by_label, what_a_device_does_besides, a_device_with_a_keyword_in_its_name_over_quic,
    an_answer_in_fragments, a_network_of_ipv6_only, data_with_the_syn, behind_another_connections_end, connect, socks5,
    proxy_protocol, socks5_in_single_bytes, connect_in_single_bytes, connect_twice_at_once, erspan, geneve, l2tp, monitor_mode, all_interfaces_of_macos, netfilter_log,
]


def write(path, packets, link):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, link))
        for packet in packets:
            length = len(packet.frame)
            file.write(struct.pack("<IIII", *divmod(packet.time, SECOND), length, length) + packet.frame)


def main():
    folder = pathlib.Path(sys.argv[1])
    for situation in SITUATIONS + moves.SITUATIONS:
        packets, link, expected = situation()
        file = f"{situation.__name__}.pcap"
        write(folder / file, packets, link)
        print(json.dumps({"file": file, "options": [], **expected}))


if __name__ == "__main__":
    main()
