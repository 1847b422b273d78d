"""Situations of QUIC, and those in which a client moves, its clock steps, or it has several addresses."""
import ipaddress
import struct

from packets import ETHERNET, SECOND, Packet, ends, ethernet, ipv4, of_server, recording, sizes, tcp_parts, truth, udp


def quic():
    """The recording's first server over QUIC, its packets, and the truth of it."""
    server = truth("h3")[0]["server_ip"]
    packets = [p for p in recording("h3") if p.is_ipv4 and p.frame[23] == 17 and server in ends(p)]
    return packets, server, truth("h3", server)


def with_client(packet, server, address, port):
    """The same datagram with another client."""
    ip = packet.ip
    ports, (source, destination) = struct.unpack_from("!HH", ip, 20), ends(packet)
    if destination == server:
        source, ports = address, (port, ports[1])
    else:
        destination, ports = address, (ports[0], port)
    identification = struct.unpack_from("!H", ip, 4)[0]
    return packet.with_ip(ipv4(source, destination, 17, udp(*ports, ip[28:]), identification, ip[8]))


def moving(parts, port=40_404):
    """The client has another address for a part of the packets, which begins and ends at these fractions."""
    packets, server, rows = quic()
    first, last = (int(len(packets) * part) for part in parts)
    out = [with_client(p, server, "192.0.2.77", port) if first <= at < last else p for at, p in enumerate(packets)]
    return out, ETHERNET, {"app_bytes_near": sizes(rows), "servers": [server]}


def quic_read_twice():
    packets, server, rows = quic()
    return packets + packets, ETHERNET, {"app_bytes_near": sizes(rows), "servers": [server], "flows": 1, "duplicates": len(packets)}


def quic_in_fragments(last_first=False):
    """Every larger datagram in two fragments, the hello's too."""
    packets, server, rows = quic()
    out = []
    for number, packet in enumerate(packets):
        payload, cut = packet.ip[20:], 560
        if len(payload) <= cut:
            out.append(packet)
            continue
        parts = [(0, payload[:cut], 0x2000), (cut // 8, payload[cut:], 0)]
        for offset, piece, more in reversed(parts) if last_first else parts:
            out.append(packet.with_ip(ipv4(*ends(packet), 17, piece, number + 1, packet.ip[8], more | offset)))
    return out, ETHERNET, {"app_bytes_near": sizes(rows), "servers": [server]}


def quic_in_fragments_the_last_first():
    return quic_in_fragments(last_first=True)


def another_address_amid_a_response():
    return moving((0.5, 1))


def another_address_for_a_while():
    return moving((0.4, 0.6))


def another_port_though_the_beginning_is_missing():
    packets, server, rows = quic()
    begin = int((rows[1]["t_request"] - 0.005) * SECOND)
    rest = [p for p in packets if p.time >= begin]
    third = len(rest) // 3
    out = rest[:third] + [with_client(p, server, client_of(p, server), 40_404) for p in rest[third:]]
    options = ["--prefixes", f"{server}/32"]
    return out, ETHERNET, {"options": options, "app_bytes_near": sizes(rows[1:]), "servers": [server]}


def client_of(packet, server):
    return next(end for end in ends(packet) if end != server)


def quic_over_two_taps(late):
    """One tap for each direction; the clock of the client's is ahead."""
    packets, server, rows = quic()
    moved = [Packet(p.time + late * (ends(p)[0] != server), p.frame) for p in packets]
    right = {"app_bytes_near": sizes(rows), "servers": [server], "flows": 1, "said": "answer comes before the question"}
    return sorted(moved, key=lambda p: p.time), ETHERNET, right


def quic_over_two_taps_the_clients_ahead():
    return quic_over_two_taps(30_000_000)


def quic_over_two_taps_the_clients_far_ahead():
    return quic_over_two_taps(800_000_000)


def quic_over_two_taps_the_clients_far_behind():
    return quic_over_two_taps(-800_000_000)


def stepping(parts, by):
    """The clock is off by this many seconds for a part of the packets."""
    packets = recording("player")
    rows = truth("player")
    first, last = (int(len(packets) * part) for part in parts)
    out = [Packet(p.time + by * SECOND * (first <= at < max(last, first + 1)), p.frame) for at, p in enumerate(packets)]
    kinds = {kind: sum(row["kind"] == kind for row in rows) for kind in ("audio", "video")}
    return out, ETHERNET, {"kinds": kinds, "longest": 20, "said": "clock steps back"}


def one_packet_an_hour_ahead():
    return stepping((0.3, 0.3), 3_600)


def some_packets_an_hour_ahead():
    return stepping((0.3, 0.32), 3_600)


def a_third_an_hour_ahead():
    return stepping((0.3, 0.6), 3_600)


def a_third_an_hour_behind():
    return stepping((0.3, 0.6), -3_600)


def a_device_with_two_addresses():
    """Half of the connections are over IPv6, from the same device."""
    packets = recording("player")
    rows = truth("player")
    mapped = lambda text: ipaddress.ip_address("2001:db8::").packed[:12] + ipaddress.ip_address(text).packed
    out = []
    for packet in packets:
        if not packet.is_tcp or min(tcp_parts(packet)[0]) != 443 or max(tcp_parts(packet)[0]) % 2:
            out.append(packet)
            continue
        head = struct.pack("!IHBB", 0x60000000, len(packet.ip) - 20, 6, 64)
        ip = head + b"".join(map(mapped, ends(packet))) + packet.ip[20:]
        out.append(Packet(packet.time, packet.frame[:12] + b"\x86\xdd" + ip))
    kinds = {kind: sum(row["kind"] == kind for row in rows) for kind in ("audio", "video")}
    return out, ETHERNET, {"options": ["--set", "client_key=mac"], "kinds": kinds, "clients": 1}


SITUATIONS = [
    quic_read_twice, quic_in_fragments, quic_in_fragments_the_last_first,
    another_address_amid_a_response, another_address_for_a_while, another_port_though_the_beginning_is_missing,
    quic_over_two_taps_the_clients_ahead, quic_over_two_taps_the_clients_far_ahead, quic_over_two_taps_the_clients_far_behind,
    one_packet_an_hour_ahead, some_packets_an_hour_ahead,
    a_third_an_hour_ahead, a_third_an_hour_behind, a_device_with_two_addresses,
]
