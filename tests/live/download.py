"""A server and a client that downloads from it over TLS, for tests of live captures.

usage: download.py server ADDRESS PORT          prints "ready" when it listens
       download.py client ADDRESS PORT NAME     takes commands from standard input, one a line:
           SIZE     asks for SIZE bytes and prints "done SIZE" when they are there
           probe    sends a datagram to the server's address and prints "done probe"

Neither has a certificate (anonymous key exchange of TLS 1.2), so none has to be made; the name is in the ClientHello.
"""
import socket
import ssl
import sys
import threading


def context(purpose):
    made = ssl.SSLContext(purpose)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers("AECDH-AES256-SHA:ADH-AES256-GCM-SHA384:@SECLEVEL=0")
    return made


def head(stream):
    """The lines up to the empty one; none when the other side has closed."""
    lines = []
    while line := stream.readline().strip():
        lines.append(line.decode())
    return lines


def answer(connection):
    with connection, connection.makefile("rb") as stream:
        while lines := head(stream):
            size = int(lines[0].split()[1].rsplit("-", 1)[1]) + 1
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode() + bytes(size))


def server(address, port):
    listener = socket.create_server((address, int(port)))
    secure = context(ssl.PROTOCOL_TLS_SERVER)
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(secure.wrap_socket(connection, server_side=True),), daemon=True).start()


def client(address, port, name):
    connection = stream = None
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for command in map(str.strip, sys.stdin):
        if command == "probe":
            probe.sendto(b"probe", (address, 9))
        else:
            if connection is None:
                raw = socket.create_connection((address, int(port)))
                connection = context(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(raw, server_hostname=name)
                stream = connection.makefile("rb")
            size = int(command)
            connection.sendall(f"GET /range/0-{size - 1} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
            head(stream)
            if len(stream.read(size)) != size:
                raise EOFError("the server has closed")
        print("done", command, flush=True)


if __name__ == "__main__":
    {"server": server, "client": client}[sys.argv[1]](*sys.argv[2:])
