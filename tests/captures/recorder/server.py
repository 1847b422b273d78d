"""The servers: nginx for HTTP/1.1 and HTTP/2, aioquic for HTTP/3, certificates of their own authority.

Both log one line of JSON for each request.  Bodies are sparse files of the wanted sizes; their bytes do not matter.
"""
import asyncio
import datetime
import json
import os
import random
import re
import subprocess
import time

from . import host

LOG_KEYS = dict(
    rid="$http_x_request_id$arg_rid", server_ip="$server_addr", server_port="$server_port", client_ip="$remote_addr",
    client_port="$remote_port", method="$request_method", uri="$request_uri", host="$host", protocol="$server_protocol",
    tls="$ssl_protocol", status="$status", request_bytes="$request_length", sent="$bytes_sent", body="$body_bytes_sent",
    logged="$msec", took="$request_time", conn="$connection", range="$http_range",
)

NGINX = """
daemon off;
user root;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.error.log warn;
events {{ worker_connections 256; }}
http {{
    log_format truth escape=json '{format}';
    access_log {folder}/nginx.log truth;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    types {{ text/xml xml; image/jpeg jpg; }}
    default_type application/octet-stream;
    server_tokens off;
    sendfile on;
    tcp_nopush on;
    if_modified_since before;
    keepalive_timeout 75;
    client_max_body_size 10m;
    ssl_session_cache shared:s:1m;
    ssl_session_tickets on;
    {servers}
    server {{
        listen unix:{folder}/sink.sock;
        access_log off;
        location / {{ return 200 "ok\\n"; }}
    }}
}}
"""

SERVER = """
    server {{
        {listen}
        server_name {names};
        {tls}
        root {folder}/files;
        add_header X-TCP-Info "addr=10.9.0.2;argp=20.16";
        location /media/ {{ {page} }}
        location ~ mpd$ {{ {page} }}
        location /range/ {{ add_header Cache-Control no-store; }}
        location /log/ {{ proxy_pass http://unix:{folder}/sink.sock:/; }}
        location = /ping {{ return 204; }}
        location ~ xml$ {{ gzip on; gzip_types text/xml; gzip_min_length 1; gzip_proxied any; }}
    }}
"""


# What lets a browser's page read answers of other hosts, and the times of its requests.
PAGE = 'add_header Access-Control-Allow-Origin *; add_header Timing-Allow-Origin *;'


class Authority:
    """A certificate authority for one recording; keys stay in its temporary folder."""

    def __init__(self, folder):
        self.folder = folder
        self.key, self.certificate = None, None
        self.path = f"{folder}/ca.pem"

    def make(self):
        self.key, self.certificate = self._sign("Example Test CA", None)
        with open(self.path, "wb") as out:
            out.write(self._pem(self.certificate))
        return self

    @staticmethod
    def _pem(certificate):
        from cryptography.hazmat.primitives import serialization
        return certificate.public_bytes(serialization.Encoding.PEM)

    def _sign(self, common, names):
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
                             x509.NameAttribute(NameOID.COMMON_NAME, common)])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (x509.CertificateBuilder().subject_name(subject)
                   .issuer_name(self.certificate.subject if self.certificate else subject)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=30))
                   .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
        return key, builder.sign(self.key or key, hashes.SHA256())

    def issue(self, name):
        """A certificate for `name` and, as the real ones have it, its siblings; returns the paths of chain and key."""
        from cryptography.hazmat.primitives import serialization
        wide = "*." + name.split(".", 1)[1]
        key, certificate = self._sign(wide, [wide, name])
        chain, secret = f"{self.folder}/{name}.pem", f"{self.folder}/{name}.key"
        with open(chain, "wb") as out:
            out.write(self._pem(certificate) + self._pem(self.certificate))
        with open(secret, "wb") as out:
            out.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                        serialization.NoEncryption()))
        return chain, secret


def configure(folder, authority, versions):
    """Writes nginx.conf; `versions` are the TLS versions in nginx's words."""
    servers = []
    for entry in host.HOSTS:
        chain, secret = authority.issue(entry.name)
        listen = ""
        for address in entry.addresses:
            address = f"[{address}]" if ":" in address else address
            listen += f"listen {address}:80; listen {address}:443 ssl{' http2' if entry.http2 else ''}; "
        tls = f"ssl_certificate {chain}; ssl_certificate_key {secret}; ssl_protocols {versions};"
        servers.append(SERVER.format(listen=listen, names=entry.name, tls=tls, page=PAGE, folder=folder))
    text = json.dumps(LOG_KEYS)
    path = f"{folder}/nginx.conf"
    with open(path, "w", encoding="utf-8") as out:
        out.write(NGINX.format(folder=folder, format=text, servers="".join(servers)))
    os.makedirs(f"{folder}/files/range", exist_ok=True)
    return path


def start(folder, namespace, config):
    return subprocess.Popen(["ip", "netns", "exec", namespace, "nginx", "-c", config, "-e", f"{folder}/nginx.error.log"])


class Files:
    """The bodies behind the URIs, made before they are asked for."""

    def __init__(self, folder):
        self.root = f"{folder}/files"

    def put(self, path, size):
        full = f"{self.root}/{path.lstrip('/')}"
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as out:
            out.truncate(size)

    def text(self, path, size, seed):
        """A body of text which gzip halves at best."""
        words = random.Random(seed)
        full = f"{self.root}/{path.lstrip('/')}"
        with open(full, "w", encoding="ascii") as out:
            out.write("".join(words.choice("abcdefghijklmnopqrstuvwxyz0123456789 <>/") for _ in range(size)))


def http3(entry, chain, secret, folder, ready):
    """An HTTP/3 server for one host: answers /range/A-B with B-A+1 bytes, everything else with 300 bytes."""
    from aioquic.asyncio import QuicConnectionProtocol, serve
    from aioquic.h3.connection import H3_ALPN, H3Connection
    from aioquic.h3.events import DataReceived, HeadersReceived
    from aioquic.quic.configuration import QuicConfiguration
    log = open(f"{folder}/http3.log", "a", encoding="utf-8", buffering=1)

    class Protocol(QuicConnectionProtocol):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.http = None
            self.pending = {}
            self.written = {}
            plain = self._quic.send_stream_data

            def counted(stream_id, data, end_stream=False):
                self.written[stream_id] = self.written.get(stream_id, 0) + len(data)
                plain(stream_id, data, end_stream)

            self._quic.send_stream_data = counted

        def quic_event_received(self, event):
            if self.http is None:
                self.http = H3Connection(self._quic)
            for what in self.http.handle_event(event):
                if isinstance(what, HeadersReceived):
                    self.pending[what.stream_id] = dict(what.headers), time.time(), 0
                if isinstance(what, DataReceived):
                    head, when, size = self.pending[what.stream_id]
                    self.pending[what.stream_id] = head, when, size + len(what.data)
                if isinstance(what, (HeadersReceived, DataReceived)) and what.stream_ended:
                    self.reply(what.stream_id, *self.pending.pop(what.stream_id))

        def reply(self, stream_id, head, when, received):
            uri = head[b":path"].decode()
            span = re.match(r"/range/(\d+)-(\d+)", uri)
            body = bytes(int(span[2]) - int(span[1]) + 1) if span else bytes(300)
            self.http.send_headers(stream_id, [
                (b":status", b"200"), (b"server", b"nginx"), (b"content-type", b"application/octet-stream"),
                (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")])
            self.http.send_data(stream_id, body, end_stream=True)
            self.transmit()
            peer = self._quic._network_paths[0].addr
            log.write(json.dumps(dict(
                rid=head[b"x-request-id"].decode(), server_ip=entry.v4, server_port=443, client_ip=peer[0].replace("::ffff:", ""),
                client_port=peer[1], method=head[b":method"].decode(), uri=uri, host=head[b":authority"].decode(),
                protocol="HTTP/3", tls="TLSv1.3", status=200, body=len(body), sent=self.written[stream_id],
                request_bytes=sum(len(k) + len(v) for k, v in head.items()) + received,
                logged=None, began=when, conn=None, range="")) + "\n")

    async def main():
        configuration = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN, max_datagram_size=1252)
        configuration.load_cert_chain(chain, secret)
        await serve(entry.v4, 443, configuration=configuration, create_protocol=Protocol)
        ready()
        await asyncio.Event().wait()

    asyncio.run(main())
