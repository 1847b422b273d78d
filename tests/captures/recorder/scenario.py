"""The scenarios: what the clients do in each recording.

A scenario's function runs in the client's namespace with a client.Session; it looks names up by the system's resolver
before it connects.  Kinds: video and audio are segments, control is what a player's housekeeping sends, other the rest.
"""
import email.utils
import os
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field

from . import client, host
from .client import Connection, Multiplexed

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@dataclass(frozen=True)
class Scenario:
    name: str
    about: str
    play: object
    versions: str = "TLSv1.2 TLSv1.3"
    link: dict = field(default_factory=dict)
    truncated: tuple = ()
    dns6: bool = False
    http3: tuple = ()
    notes: tuple = ()


def _control(connection, size, up=0):
    """A small request as the housekeeping of a player sends it."""
    if up:
        return connection.request("/log/cl/2", "control", "POST", body=os.urandom(up))
    return connection.request(connection.session.uri(size), "control")


def _mixed(session, connection, web, sizes, pause=0.15):
    """Segments on one connection with control requests on another between them."""
    for number, (size, kind) in enumerate(sizes):
        if web and number % 4 == 1:
            _control(web, 700 + 350 * number, up=900 if number % 8 == 5 else 0)
        connection.get(size, kind)
        time.sleep(pause if number % 3 else 3 * pause)


SIZES = ((51_200, "video"), (310_017, "video"), (96_512, "audio"), (188_230, "video"), (402_551, "video"), (14_336, "video"),
         (97_104, "audio"), (260_981, "video"), (33_007, "video"), (144_400, "video"), (95_988, "audio"), (221_733, "video"))


def tls13(session, version=TLS13):
    web = Connection(session, host.WWW, version=version)
    _control(web, 2_315)
    oca = Connection(session, host.OCA1, version=version)
    _control(oca, 12)
    _mixed(session, oca, web, SIZES)
    oca.request("/ping", "control")
    oca.close()
    web.close()


def tls12(session):
    web = Connection(session, host.API, version=TLS12)
    _control(web, 5_120)
    oca = Connection(session, host.OCA2, version=TLS12)
    _mixed(session, oca, web, SIZES[3:] + ((10_400, "video"), (9_100, "video")))
    isp = Connection(session, host.OCA_ISP, version=TLS12)
    for size in (150_000, 72_113):
        isp.get(size)
        time.sleep(0.2)
    for connection in (oca, web, isp):
        connection.close()


def plain(session):
    """HTTP/1.1 without TLS, and what its framing can do."""
    oca = Connection(session, host.OCA3, 80)
    _control(oca, 640)
    oca.get(120_034)
    oca.get(66_000, "audio")
    path = session.uri(48_000)
    oca.request(path, "other", "HEAD")
    full = oca.request(path, "video")
    stamp = email.utils.formatdate(full["t_end"] + 60, usegmt=True)
    oca.request(path, "other", fields={"If-Modified-Since": stamp})
    oca.request("/ping", "control")
    session.files.text("manifest.xml", 90_000, 1)
    oca.request("/manifest.xml", "other", fields={"Accept-Encoding": "gzip"})
    oca.request("/log/cl/2", "control", "POST", {"Expect": "100-continue"}, os.urandom(3_000))
    oca.request("/log/cl/2", "control", "POST", body=os.urandom(1_200))
    session.files.put("blob.ismv", 900_000)
    oca.request("/blob.ismv?o=1", "video", fields={"Range": "bytes=200000-449999"})
    oca.request("/blob.ismv?o=1", "audio", fields={"Range": "bytes=450000-530000"})
    oca.request("/missing", "other")
    time.sleep(0.3)
    oca.pipeline((90_001, 20_002, 150_003))
    time.sleep(0.3)
    oca.get(0, "other")
    oca.get(30_500)
    # As players get addresses instead of names in their lists of servers: the Host is the address.
    raw = Connection(session, host.OCA_RAW, 80, authority=host.OCA_RAW.v4)
    for size in (80_777, 210_555, 11_000):
        raw.get(size)
        time.sleep(0.2)
    raw.close()
    web = Connection(session, host.FOREIGN, 80)
    web.request(session.uri(40_000), "other")
    oca.close()
    web.close()


def ipv6(session):
    web = Connection(session, host.WWW, family=socket.AF_INET6, version=TLS13)
    _control(web, 1_800)
    oca = Connection(session, host.OCA_V6, family=socket.AF_INET6, version=TLS13)
    _mixed(session, oca, web, SIZES[:9], pause=0.12)
    oca.close()
    web.close()


def loss(session):
    """Four connections at once over a bad link."""
    def one(number):
        connection = Connection(session, (host.OCA1, host.OCA1, host.OCA2, host.OCA2)[number], version=TLS13)
        for index in range(6):
            connection.get(30_000 + 41_000 * ((index * 3 + number) % 6), "audio" if index == 3 else "video")
            time.sleep(0.1 + 0.07 * number)
        connection.close()

    _parallel([lambda n=n: one(n) for n in range(4)])


def _parallel(functions):
    failed = []

    def guarded(function):
        try:
            function()
        except BaseException as error:  # handed to the main thread
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def vlan(session):
    oca = Connection(session, host.OCA2, version=TLS13)
    for size, kind in SIZES[:8]:
        oca.get(size, kind)
        time.sleep(0.15)
    oca.close()


def noise(session):
    """Segments beside downloads of other services which are larger; part of the look-ups goes over TCP."""
    def player():
        web = Connection(session, host.WWW, version=TLS13)
        _control(web, 3_004)
        oca = Connection(session, host.OCA2, version=TLS13)
        _mixed(session, oca, web, SIZES, pause=0.2)
        oca.close()
        web.close()

    def downloads():
        time.sleep(0.4)
        for size in (1_400_000, 2_100_000):
            client.curl(session, host.DOWNLOADS, size)
            time.sleep(0.3)

    def browsing():
        time.sleep(0.8)
        web = Connection(session, host.FOREIGN)
        for size in (4_000, 61_000, 130_000, 900, 25_000):
            web.request(session.uri(size))
            time.sleep(0.35)
        web.close()

    _parallel([player, downloads, browsing])


def http2(session):
    oca = Multiplexed(session, host.OCA_H2)
    oca.get((900, "control"))
    for size, kind in SIZES[:7]:
        oca.get((size, kind))
        time.sleep(0.15)
    time.sleep(0.4)
    for batch in (((210_000, "video"), (96_100, "audio")), ((120_400, "video"), (88_000, "video"), (301_000, "video")),
                  ((1_200, "control"), (150_900, "video"), (96_700, "audio"), (64_000, "video"))):
        oca.get(*batch)
        time.sleep(0.4)
    oca.close()


def http3(session):
    first = [(900, "control", 0)] + [(size, kind, 0.15 if n % 3 else 0.5) for n, (size, kind) in enumerate(SIZES[:8])]
    client.http3(session, host.OCA_H2, first)
    client.http3(session, host.OCA1, [(120_000, "video", 0), (240_500, "video", 0.2), (9_000, "video", 0.2), (96_300, "audio", 0.2)])


def midstream(session):
    oca = Connection(session, host.OCA1, version=TLS13)
    for number, (size, kind) in enumerate((*SIZES[:8], (402_000, "video"), (305_000, "video"), (403_000, "video"))):
        oca.get(size, kind)
        time.sleep(0.12)
    oca.close()


def player(session):
    """A session with the shape of a player's: a burst that fills the buffer, then video every 2 s and audio every 8 s.

    The two connections to the media server take turns; logs go to the control server, images come from a third one."""
    begin = time.time()
    sizes = session.random
    video = lambda: int(min(900_000, 300_000 + sizes.expovariate(1 / 90_000)))
    audio = lambda: 97_000 + sizes.randrange(0, 1_500)
    web = Connection(session, host.WWW, version=TLS13)
    _control(web, 8_400)
    api = Connection(session, host.API, version=TLS13)
    _control(api, 5_300, up=2_400)
    _control(api, 14_800)

    def images():
        art = Connection(session, host.ART, version=TLS13)
        for number in range(22):
            art.get(sizes.randrange(4_000, 26_000), "other")
            time.sleep(0.03 if number % 6 else 1.2)
        art.close()

    def housekeeping():
        for number in range(5):
            client.sleep_until(begin + 4 + 8.3 * number)
            _control(api, 0, up=1_100 + 130 * number)
        client.sleep_until(begin + 21)
        _control(web, 2_100)

    def media():
        first, second = (Connection(session, host.OCA1, version=TLS13) for _ in range(2))
        first.get(1_600, "control")   # the segments' index
        second.get(1_100, "control")

        def fill():
            for _ in range(2):
                second.get(audio(), "audio")

        def burst():
            for _ in range(4):
                first.get(video(), "video")

        _parallel([burst, fill])
        start = time.time() + 1.0
        for number in range(18):
            client.sleep_until(start + 2 * number)
            lanes = (first, second) if number % 2 else (second, first)
            if number % 4 == 2:
                size = audio()
                _parallel([lambda: lanes[0].get(video(), "video"), lambda: lanes[1].get(size, "audio")])
            else:
                lanes[0].get(video(), "video")
        first.close()
        second.close()

    _parallel([images, housekeeping, media])
    api.close()
    web.close()


SCENARIOS = (
    Scenario("tls13", "one keep-alive connection of HTTP/1.1 over TLS 1.3 to a media server, a second one to www.netflix.com, "
             "whose name is an alias of a foreign owner's", tls13),
    Scenario("tls12", "the same kind over TLS 1.2, with two media servers and the API", tls12, versions="TLSv1.2"),
    Scenario("http-plain", "HTTP/1.1 on port 80: HEAD, 204, 304, 404, chunked, 100-continue, ranges, three pipelined requests, an "
             "empty body, a connection whose Host is an address, one foreign connection", plain),
    Scenario("ipv6", "TLS 1.3 over IPv6, DNS over IPv6", ipv6, dns6=True),
    Scenario("loss", "four connections at once over a link with loss and reordering in both directions", loss,
             link=dict(loss=0.02, reorder=0.01)),
    Scenario("vlan", "TLS 1.3 with an 802.1Q tag in every frame", vlan,
             notes=("the tag (VLAN 109) was put into the frames after recording: the kernel had no VLAN devices",)),
    Scenario("noise", "a session beside larger foreign downloads (curl) and foreign browsing; a part of the names is looked up over "
             "TCP, because the server truncates its answers over UDP", noise,
             truncated=(host.OCA2.name, host.DOWNLOADS.name)),
    Scenario("h2", "HTTP/2: requests one by one, then two, three and four streams at once", http2),
    Scenario("h3", "HTTP/3 over QUIC version 1, one connection to each of two servers, requests one by one", http3,
             http3=(host.OCA_H2, host.OCA1)),
    Scenario("midstream", "begins in the middle of a transfer and ends in the middle of another: no handshake, no DNS", midstream,
             notes=("recorded whole and cut afterwards at frames: what is left is as if the capture had been started late",
                    "the transfer running at the start is not in the truth; the one running at the end has partial: tail_cut and its "
                    "full size")),
    Scenario("player", "about 40 s with the shape of a player's session: burst, then video every 2 s and audio every 8 s from one "
             "server on two connections, control requests, images from another server", player),
)
