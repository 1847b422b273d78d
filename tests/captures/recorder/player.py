"""The watched title: a headless browser plays it with dash.js in the client's namespace, while a page of this recorder
notes what the viewer sees. `install` gets what is missing from Debian and npm.
"""
import http.server
import json
import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.parse
from dataclasses import dataclass, field

from . import client, host, media
from .host import Host

PACKAGES = dict(chromium="chromium", ffmpeg="ffmpeg", npm="npm")
DASHJS = "dashjs@5.2.1"
PAGE_PORT = 8000

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage", "--mute-audio",
         "--autoplay-policy=no-user-gesture-required", "--ignore-certificate-errors",
         # The browser's own errands are nobody's session.
         "--host-resolver-rules=MAP *.google.com ~NOTFOUND, MAP *.googleapis.com ~NOTFOUND")


@dataclass(frozen=True)
class Watching:
    """A scenario: one viewer, one title. `late_s`: the capture begins this many seconds after the page."""
    name: str
    about: str
    title: media.Title
    seconds: int
    host: Host = host.OCA1
    buffer_s: int = 20
    first_kbit: int = 200
    actions: tuple = ()
    late_s: float = 0.0
    link: dict = field(default_factory=dict)
    versions: str = "TLSv1.3"
    truncated: tuple = ()
    dns6: bool = False
    http3: tuple = ()
    notes: tuple = ()

    def play(self, session):
        """Runs in the client's namespace; writes the page's rows beside the served files."""
        folder = os.path.dirname(session.files.root)
        with Page(folder, f"{folder}/page.log"):
            browse(folder, self._address(), self.seconds)

    def _address(self):
        wanted = dict(manifest=f"https://{host.WWW.name}/{self.title.name}.mpd", buffer_s=self.buffer_s, first_kbit=self.first_kbit,
                      actions=self.actions)
        return f"http://127.0.0.1:{PAGE_PORT}/?wanted=" + urllib.parse.quote(json.dumps(wanted))

    def prepare(self, folder):
        """Puts the title, its manifest and the player where they are served from."""
        files = f"{folder}/files"
        media.make(self.title, files)
        with open(f"{files}/{self.title.name}.mpd", "w", encoding="utf-8") as out:
            out.write(media.manifest(self.title, self.host))
        subprocess.run(["npm", "install", "--silent", "--ignore-scripts", "--prefix", folder, DASHJS], check=True)


def install():
    missing = [package for program, package in PACKAGES.items() if not shutil.which(program)]
    if missing:
        subprocess.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing], check=True)


class Page:
    """Serves the page and the player to the browser, on the client's loopback device, and keeps what the page reports."""

    def __init__(self, folder, log):
        files = {"/": (f"{os.path.dirname(__file__)}/page.html", "text/html"),
                 "/dash.js": (f"{folder}/node_modules/dashjs/dist/modern/umd/dash.all.min.js", "application/javascript")}

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def reply(self, status, body=b"", kind="text/plain"):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                path = self.path.split("?")[0]
                if path not in files:
                    return self.reply(404)
                with open(files[path][0], "rb") as handle:
                    self.reply(200, handle.read(), files[path][1])

            def do_POST(self):
                with open(log, "ab") as out:
                    out.write(self.rfile.read(int(self.headers["Content-Length"])))
                self.reply(200)

        self.server = http.server.HTTPServer(("127.0.0.1", PAGE_PORT), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()


def browse(folder, address, seconds):
    profile = f"{folder}/profile"
    with open(f"{folder}/browser.log", "wb") as log:
        browser = subprocess.Popen(["chromium", *FLAGS, f"--user-data-dir={profile}", address], stdout=log, stderr=log,
                                   env=dict(os.environ, HOME=folder), start_new_session=True)
        client.sleep_until(time.time() + seconds)
        os.killpg(browser.pid, signal.SIGTERM)
        try:
            browser.wait(8)
        except subprocess.TimeoutExpired:
            os.killpg(browser.pid, signal.SIGKILL)
            browser.wait()


SLOW = dict(queue_bytes=64_000, down_kbit=1_500, up_kbit=4_000)

WATCHED = (
    Watching("watch-steady", "the buffer fills to 20 s and stays full", media.FILM, 70, link=SLOW),
    Watching("watch-stall", "a link far below the lowest rung for 28 s: the buffer runs dry", media.SHOW, 85, buffer_s=12,
             link=dict(SLOW, down_steps=((20, 60), (48, 1_500)))),
    Watching("watch-pause", "the viewer pauses for 15 s", media.FILM, 75, actions=((28, "pause", None), (43, "play", None)), link=SLOW),
    Watching("watch-seek", "the viewer jumps forward to where nothing is held", media.SHOW, 70, buffer_s=16, actions=((32, "seek", 95),),
             link=SLOW),
    Watching("watch-late", "the capture begins 15 s into the session: no handshake, no DNS", media.FILM, 75, late_s=15.0, link=SLOW),
    Watching("watch-h2", "HTTP/2: pictures and sound in streams of one connection", media.SHOW, 70, host=host.OCA_H2, link=SLOW),
)
