"""The clients: HTTP/1.1 over a plain or TLS socket, HTTP/2 with the h2 library, HTTP/3 with aioquic, and curl.

Every request becomes one row of the client's log: t_request is taken right before the request is written, t_first when
the whole head has been read, t_end when the last byte of the body has been read.  Sizes are counted on the way in.
"""
import asyncio
import json
import math
import re
import socket
import ssl
import subprocess
import threading
import time

from . import link

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"


def sleep_until(moment):
    time.sleep(max(0.0, moment - time.time()))


class Session:
    """What all clients of one scenario share: the authority, random numbers, the log, and the making of URIs."""

    def __init__(self, authority, files, random):
        self.authority, self.files, self.random = authority, files, random
        self.rows, self.count, self.lock = [], 0, threading.Lock()

    def uri(self, size):
        """A URI whose answer has `size` bytes of body, with the shape of the real ones."""
        with self.lock:
            start = self.random.randrange(0, 40_000_000)
            token = "".join(self.random.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") for _ in range(120))
        path = f"/range/{start}-{start + size - 1}"
        self.files.put(path, size)
        return f"{path}?o=1&v=172&e=1800{self.random.randrange(10**6):06d}&t={token}"

    def row(self, **values):
        with self.lock:
            self.count += 1
            row = dict(rid=f"q{self.count:04d}", **values)
            self.rows.append(row)
        return row

    def look_up(self, host, port=443, family=socket.AF_UNSPEC):
        """The addresses of a host, by the system's resolver (A and AAAA are both asked for)."""
        found = socket.getaddrinfo(host.name, port, socket.AF_UNSPEC, socket.SOCK_STREAM)
        found = [f for f in found if family in (socket.AF_UNSPEC, f[0])]
        return found[0][0], found[0][4]

    def context(self, version=None, alpn=("http/1.1",)):
        context = ssl.create_default_context(cafile=self.authority.path)
        context.set_alpn_protocols(list(alpn))
        if version:
            context.minimum_version = context.maximum_version = version
        return context


class Connection:
    """A keep-alive connection of HTTP/1.1."""

    def __init__(self, session, host, port=443, family=socket.AF_INET, version=None, authority=None):
        self.session, self.host = session, host
        self.authority = authority or host.name
        kind, address = session.look_up(host, port, family)
        self.socket = socket.socket(kind, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(30)
        self.socket.connect(address)
        if port == 443:
            self.socket = session.context(version).wrap_socket(self.socket, server_hostname=host.name)
        self.address = self.socket.getsockname()[:2]
        self.buffer = b""

    def close(self):
        try:
            if isinstance(self.socket, ssl.SSLSocket):
                self.socket.unwrap()
        except (OSError, ssl.SSLError):
            pass
        self.socket.close()

    def _head(self, row, method, uri, fields, size):
        lines = [f"{method} {uri} HTTP/1.1", f"Host: {self.authority}", f"X-Request-Id: {row['rid']}", "Accept: */*",
                 f"User-Agent: {AGENT}", "Accept-Encoding: identity", "Accept-Language: en"]
        if size:
            lines += [f"Content-Length: {size}", "Content-Type: application/octet-stream"]
        for key, value in (fields or {}).items():
            lines = [x for x in lines if not x.lower().startswith(key.lower() + ":")] + [f"{key}: {value}"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _row(self, method, uri, kind):
        return self.session.row(client_ip=self.address[0], client_port=self.address[1], method=method, uri=uri,
                                kind=kind, netflix=self.host.netflix, http="1.1", transport="tcp", stream_id=None)

    def request(self, uri, kind="other", method="GET", fields=None, body=b""):
        """One request and its answer."""
        row = self._row(method, uri, kind)
        head = self._head(row, method, uri, fields, len(body))
        row["t_request"] = time.time()
        if fields and "Expect" in fields:
            self.socket.sendall(head)
            interim = self._receive_head()
            row["interim_bytes"] = len(interim)
            if not interim.startswith(b"HTTP/1.1 100"):
                raise RuntimeError(f"no interim answer: {interim!r}")
            self.socket.sendall(body)
        else:
            self.socket.sendall(head + body)
        self._response(row)
        return row

    def get(self, size, kind="video"):
        return self.request(self.session.uri(size), kind)

    def pipeline(self, sizes, kind="video"):
        """Several requests in one write, then their answers."""
        rows = [self._row("GET", self.session.uri(size), kind) for size in sizes]
        data = b"".join(self._head(row, "GET", row["uri"], None, 0) for row in rows)
        now = time.time()
        for row in rows:
            row["t_request"], row["pipelined"] = now, True
        self.socket.sendall(data)
        for row in rows:
            self._response(row)

    def _more(self):
        data = self.socket.recv(262144)
        if not data:
            raise EOFError("the server closed the connection")
        self.buffer += data

    def _take(self, size):
        parts, have = [], 0
        while have < size:
            if not self.buffer:
                self._more()
            part, self.buffer = self.buffer[:size - have], self.buffer[size - have:]
            parts.append(part)
            have += len(part)
        return b"".join(parts)

    def _receive_head(self):
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        return self._take(self.buffer.index(b"\r\n\r\n") + 4)

    def _response(self, row):
        head = self._receive_head()
        row["t_first"] = time.time()
        text = head.decode("latin-1").lower()
        row["status"] = int(text.split(" ", 2)[1])
        length = re.search(r"\r\ncontent-length: *(\d+)", text)
        size = 0
        if row["method"] == "HEAD" or row["status"] in (204, 304):
            pass
        elif "transfer-encoding: chunked" in text:
            row["chunked"] = True
            while True:
                line = b""
                while not line.endswith(b"\r\n"):
                    line += self._take(1)
                chunk = int(line, 16)
                self._take(chunk + 2)
                size += len(line) + chunk + 2
                if not chunk:
                    break
        elif length:
            size = int(length[1])
            self._take(size)
        row["t_end"] = time.time()
        row["head_bytes"], row["body_bytes"] = len(head), size


class Multiplexed:
    """A connection of HTTP/2 over TLS."""

    def __init__(self, session, host, family=socket.AF_INET):
        import h2.config
        import h2.connection
        import h2.settings
        self.session, self.host = session, host
        kind, address = session.look_up(host, 443, family)
        raw = socket.socket(kind, socket.SOCK_STREAM)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.settimeout(30)
        raw.connect(address)
        self.socket = session.context(alpn=("h2", "http/1.1")).wrap_socket(raw, server_hostname=host.name)
        if self.socket.selected_alpn_protocol() != "h2":
            raise RuntimeError("the server does not speak HTTP/2")
        self.address = self.socket.getsockname()[:2]
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self.h2.initiate_connection()
        self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 6_291_456})
        self.h2.increment_flow_control_window(15_663_105)
        self.socket.sendall(self.h2.data_to_send())
        self.waiting = {}

    def _ask(self, size, kind, uri=None):
        uri = uri or self.session.uri(size)
        row = self.session.row(client_ip=self.address[0], client_port=self.address[1], method="GET", uri=uri, kind=kind,
                               netflix=self.host.netflix, http="2", transport="tcp", head_bytes=None, body_bytes=0)
        stream = row["stream_id"] = self.h2.get_next_available_stream_id()
        self.waiting[stream] = row
        row["t_request"] = time.time()
        self.h2.send_headers(stream, [
            (":method", "GET"), (":authority", self.host.name), (":scheme", "https"), (":path", uri),
            ("x-request-id", row["rid"]), ("user-agent", AGENT), ("accept", "*/*")], end_stream=True)
        self.socket.sendall(self.h2.data_to_send())

    def get(self, *wanted):
        """Requests for (size, kind) pairs, written one after the other, answered as the server likes."""
        import h2.events as events
        for size, kind in wanted:
            self._ask(size, kind)
        while self.waiting:
            data = self.socket.recv(262144)
            if not data:
                raise EOFError("the server closed the connection")
            for event in self.h2.receive_data(data):
                row = self.waiting.get(getattr(event, "stream_id", None))
                if isinstance(event, events.ResponseReceived):
                    row["t_first"] = time.time()
                    row["status"] = int(dict(event.headers)[b":status"])
                elif isinstance(event, events.DataReceived):
                    row["body_bytes"] += len(event.data)
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, events.StreamEnded):
                    row["t_end"] = time.time()
                    del self.waiting[event.stream_id]
                elif isinstance(event, events.StreamReset):
                    raise RuntimeError(f"stream {event.stream_id} was reset")
            if pending := self.h2.data_to_send():
                self.socket.sendall(pending)

    def close(self):
        self.h2.close_connection()
        self.socket.sendall(self.h2.data_to_send())
        try:
            self.socket.unwrap()
        except (OSError, ssl.SSLError):
            pass
        self.socket.close()


def http3(session, host, wanted):
    """One connection of HTTP/3: (size, kind, pause before) one after the other."""
    from aioquic.asyncio import QuicConnectionProtocol, connect
    from aioquic.h3.connection import H3_ALPN, H3Connection
    from aioquic.h3.events import DataReceived, HeadersReceived
    from aioquic.quic.configuration import QuicConfiguration

    class Protocol(QuicConnectionProtocol):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.http = H3Connection(self._quic)
            self.rows, self.done = {}, {}

        async def get(self, size, kind):
            uri = session.uri(size)
            port = self._transport.get_extra_info("sockname")[1]
            row = session.row(client_ip=link.CLIENT4, client_port=port, method="GET", uri=uri, kind=kind, netflix=host.netflix,
                              http="3", transport="quic", head_bytes=None, body_bytes=0)
            stream = row["stream_id"] = self._quic.get_next_available_stream_id()
            self.rows[stream], self.done[stream] = row, asyncio.get_running_loop().create_future()
            row["t_request"] = time.time()
            self.http.send_headers(stream, [
                (b":method", b"GET"), (b":scheme", b"https"), (b":authority", host.name.encode()), (b":path", uri.encode()),
                (b"x-request-id", row["rid"].encode()), (b"user-agent", AGENT.encode()), (b"accept", b"*/*")], end_stream=True)
            self.transmit()
            await self.done[stream]

        def quic_event_received(self, event):
            for what in self.http.handle_event(event):
                row = self.rows.get(getattr(what, "stream_id", None))
                if row is None:
                    continue
                if isinstance(what, HeadersReceived):
                    row["t_first"], row["status"] = time.time(), int(dict(what.headers)[b":status"])
                elif isinstance(what, DataReceived):
                    row["body_bytes"] += len(what.data)
                if getattr(what, "stream_ended", False):
                    row["t_end"] = time.time()
                    self.done[what.stream_id].set_result(None)

    async def main():
        configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, max_datagram_size=1252,
                                          max_data=20_000_000, max_stream_data=8_000_000)
        configuration.load_verify_locations(session.authority.path)
        _, address = session.look_up(host)
        configuration.server_name = host.name
        async with connect(address[0], 443, configuration=configuration, create_protocol=Protocol) as protocol:
            for size, kind, pause in wanted:
                await asyncio.sleep(pause)
                await protocol.get(size, kind)

    asyncio.run(main())


def curl(session, host, size):
    """One download by curl; its times are those of curl's own trace, its sizes and port those it writes out."""
    uri = session.uri(size)
    row = session.row(client_ip=link.CLIENT4, method="GET", uri=uri, kind="other", netflix=host.netflix, http="1.1",
                      transport="tcp", stream_id=None)
    trace = f"{session.files.root}/curl-{row['rid']}.txt"
    started = time.monotonic()
    result = subprocess.run(
        ["curl", "-4", "--http1.1", "-sS", "--cacert", session.authority.path, "--trace-ascii", trace, "--trace-time",
         "-H", f"X-Request-Id: {row['rid']}", "-o", "/dev/null", "-w", "%{json}", f"https://{host.name}{uri}"],
        stdout=subprocess.PIPE, check=True, text=True)
    wrote = json.loads(result.stdout)
    # The trace's clock is the monotonic one plus a whole number of seconds, which the first event shows.
    events, shift = [], None
    with open(trace, encoding="latin-1") as lines:
        for line in lines:
            if found := re.match(r"(\d\d):(\d\d):(\d\d\.\d+) (==|[<=>]{2} \w+ \w+)", line):
                moment = int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
                if shift is None:
                    shift = math.ceil(started - moment) + time.time() - time.monotonic()
                events.append((moment + shift, found[4]))
    names = [name for _, name in events]
    last = {name: moment for moment, name in events}
    # The trace notes the head after it was written, the TLS record's header right before.
    written = names.index("=> Send header") - 1
    if names[written] != "=> Send SSL":
        raise RuntimeError(f"unexpected order in curl's trace: {names[written]}")
    row.update(client_port=wrote["local_port"], status=wrote["response_code"], head_bytes=wrote["size_header"],
               body_bytes=wrote["size_download"], t_request=events[written][0],
               t_first=last["<= Recv header"], t_end=max(last["<= Recv data"], last["<= Recv header"]), client="curl")


def dump(session, path):
    with open(path, "w", encoding="utf-8") as out:
        for row in session.rows:
            out.write(json.dumps(row) + "\n")
