"""The resolver: a small DNS server over UDP and TCP which answers A and AAAA with the CNAME chains of host.HOSTS.

Names given as `truncated` get an empty answer with the TC bit over UDP, so that the client asks again over TCP.
Every answer is logged as one line of JSON.
"""
import ipaddress
import json
import socket
import struct
import threading
import time

from . import host

TYPES = {1: "A", 5: "CNAME", 28: "AAAA"}


def _name(text, offsets, at):
    """`text` in wire format for the position `at`, compressed against (and added to) `offsets`."""
    out, labels = b"", text.split(".")
    for index, label in enumerate(labels):
        rest = ".".join(labels[index:]).lower()
        if rest in offsets:
            return out + struct.pack("!H", 0xC000 | offsets[rest])
        if at + len(out) < 0x4000:
            offsets[rest] = at + len(out)
        out += bytes([len(label)]) + label.encode("ascii")
    return out + b"\0"


def _question(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("ascii"))
        at += 1 + message[at]
    return ".".join(labels), struct.unpack_from("!H", message, at + 1)[0], at + 5


def records(qname, qtype):
    """The answer's (owner, type, value, ttl) for a question, or None if the name does not exist."""
    found = next((h for h in host.HOSTS if qname.lower() in h.names), None)
    if found is None:
        return None
    chain = found.names[found.names.index(qname.lower()):]
    out = [(a, 5, b, 300) for a, b in zip(chain, chain[1:])]
    address = {1: found.v4, 28: found.v6}.get(qtype)
    return out + ([(chain[-1], qtype, address, 60)] if address else [])


def answer(query, truncate=False):
    """The response to `query` and what was answered, for the log."""
    qname, qtype, end = _question(query)
    found = records(qname, qtype)
    rcode = 3 if found is None else 0
    found = [] if truncate or not found else found
    flags = 0x8180 | rcode | (0x0200 if truncate else 0)
    out = query[:2] + struct.pack("!5H", flags, 1, len(found), 0, 0) + query[12:end]
    offsets, labels = {}, qname.lower().split(".")
    at = 12
    for index, label in enumerate(labels):
        offsets[".".join(labels[index:])] = at
        at += 1 + len(label)
    for owner, kind, value, ttl in found:
        out += _name(owner, offsets, len(out))
        if kind == 5:
            data = _name(value, offsets, len(out) + 10)
        else:
            data = ipaddress.ip_address(value).packed
        out += struct.pack("!HHIH", kind, 1, ttl, len(data)) + data
    return out, dict(qname=qname, qtype=TYPES.get(qtype, qtype), rcode=rcode, truncated=truncate, answers=[r[2] for r in found])


def serve(addresses, truncated, log, ready):
    """The server's loop; `ready` is called once the sockets are open."""
    lock = threading.Lock()
    out = open(log, "a", encoding="utf-8", buffering=1)

    def note(proto, client, what):
        with lock:
            out.write(json.dumps(dict(t=time.time(), proto=proto, client=client, **what)) + "\n")

    def datagrams(sock):
        while True:
            query, peer = sock.recvfrom(4096)
            reply, what = answer(query, _question(query)[0].lower() in truncated)
            sock.sendto(reply, peer)
            note("udp", peer[0], what)

    def conversation(conn, peer):
        with conn, conn.makefile("rb") as stream:
            while len(size := stream.read(2)) == 2:
                reply, what = answer(stream.read(struct.unpack("!H", size)[0]))
                conn.sendall(struct.pack("!H", len(reply)) + reply)
                note("tcp", peer[0], what)

    def streams(sock):
        while True:
            conn, peer = sock.accept()
            threading.Thread(target=conversation, args=(conn, peer), daemon=True).start()

    threads = []
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.bind((address, 53))
        tcp = socket.create_server((address, 53), family=family)
        threads += [threading.Thread(target=datagrams, args=(udp,)), threading.Thread(target=streams, args=(tcp,))]
    for thread in threads:
        thread.start()
    ready()
