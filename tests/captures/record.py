#!/usr/bin/env python3
"""Records the captures of this folder: real clients and real servers between two network namespaces.

usage: sudo python3 tests/captures/record.py [--list] [--out FOLDER] [--seed N] [NAME ...]

For each scenario (all by default) it makes two network namespaces joined by a user-space link emulator, starts a DNS
server, nginx and where wanted an HTTP/3 server in one of them, lets clients talk to them from the other one, captures
at the client's device, masks the bodies and writes NAME.pcap.gz, NAME.truth.jsonl and NAME.meta.json.  Truth is the
join of the servers' logs with the client's log.  README.md describes the captures and the keys of truth and meta.
Scenarios whose name begins with "watch-" are sessions of a real player; they go into plays/ with what the viewer saw.

Needs: Linux, root (network namespaces, TAP devices), ip (iproute2), dumpcap (wireshark-common), nginx, curl, Python 3.9
or later with the packages aioquic and h2 (aioquic brings cryptography); on Debian:

    apt-get install iproute2 wireshark-common nginx curl tshark
    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install aioquic h2
    sudo /tmp/venv/bin/python tests/captures/record.py          # all scenarios: about 2 minutes
    sudo /tmp/venv/bin/python tests/captures/record.py tls13 h3 # these and what is derived from them
    /tmp/venv/bin/python tests/captures/check.py                # not as root; needs tshark

Sessions of a player take eight minutes more. They need chromium, ffmpeg and npm as well, which are installed with
apt-get where they are missing; npm gets dash.js.

Neither VLAN devices nor sch_netem are needed in the kernel.  Outside --out only a temporary folder is written; the
host's resolver configuration is hidden from the clients by a mount of their own.  The seed fixes URIs, sizes and the
link's lost packets as far as their order is the same; times, ports, keys and so the captures differ in each recording.
"""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from recorder import client, host, link, mask, packet, player, resolver, scenario, server, truth, watched  # noqa: E402

SNAPLEN = 160  # bytes of a frame, of sessions of a player: the headers and the beginning of a TLS record
DNS4, DNS6 = link.GATEWAY4, link.GATEWAY6


def wait_for(condition, what, seconds=10):
    end = time.time() + seconds
    while not condition():
        if time.time() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


class Recording:
    """One scenario from the namespaces to the packets; used with `with`, so that nothing is left behind."""

    def __init__(self, what, seed):
        self.what, self.seed = what, seed
        self.folder = tempfile.mkdtemp(prefix=f"record-{what.name}-")
        self.raw = f"{self.folder}/raw.pcap"
        self.children, self.processes = [], []
        self.options = {**link.DEFAULT, **what.link}
        self.namespaces = link.Namespaces(host.ADDRESSES)

    def __enter__(self):
        self.namespaces.__enter__()
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.terminate()
            process.wait()
        for child in self.children:
            self._end(child)
        self.namespaces.__exit__()
        shutil.rmtree(self.folder)

    @staticmethod
    def _end(child):
        try:
            os.kill(child, signal.SIGTERM)
            os.waitpid(child, 0)
        except (ProcessLookupError, ChildProcessError):
            pass

    def _serve(self, function, *args):
        """Runs function(*args, ready) in the server's namespace and waits until it calls ready()."""
        reader, writer = os.pipe()

        def child():
            link.enter(self.namespaces.server)
            function(*args, lambda: os.write(writer, b"."))
            signal.pause()

        self.children.append(link.fork(child))
        os.close(writer)
        if os.read(reader, 1) != b".":
            raise RuntimeError(f"{function.__module__}.{function.__name__} did not start")
        os.close(reader)

    def run(self):
        """Records; returns the client's rows, the servers' rows and the meta data."""
        what, folder, spaces = self.what, self.folder, self.namespaces
        authority = server.Authority(folder).make()
        config = server.configure(folder, authority, what.versions)
        report = f"{folder}/link.json"

        reader, writer = os.pipe()
        emulator = link.fork(link.emulate, spaces, self.options, self.seed, writer, report)
        self.children.append(emulator)
        os.close(writer)
        if os.read(reader, 1) != b".":
            raise RuntimeError("the link emulator did not start")
        os.close(reader)
        spaces.configure()

        self._serve(resolver.serve, (DNS4, DNS6), what.truncated, f"{folder}/dns.log")
        for entry in what.http3:
            chain, secret = f"{folder}/{entry.name}.pem", f"{folder}/{entry.name}.key"
            self._serve(server.http3, entry, chain, secret, folder)
        self.processes.append(server.start(folder, spaces.server, config))
        wait_for(lambda: os.path.exists(f"{folder}/nginx.pid"), "nginx did not start")

        with open(f"{folder}/resolv.conf", "w", encoding="ascii") as out:
            out.write(f"nameserver {DNS6 if what.dns6 else DNS4}\noptions timeout:1 attempts:5\n")
        capture = self._capture()
        time.sleep(0.5)
        begin = time.time()
        player = link.fork(self._play, authority)
        self.children.append(player)
        if os.waitpid(player, 0)[1] != 0:
            raise RuntimeError(f"the clients of {what.name} failed")
        time.sleep(1.0)
        end = time.time()
        capture.send_signal(signal.SIGINT)
        dropped = capture.communicate()[1].decode(errors="replace")
        self._end(emulator)
        with open(report, encoding="utf-8") as handle:
            stats = json.load(handle)
        servers = truth.load(f"{folder}/nginx.log") + truth.load(f"{folder}/http3.log")
        meta = dict(
            scenario=what.name, about=what.about, seed=self.seed, rtt_ms=self.options["up_delay_ms"] + self.options["down_delay_ms"],
            loss=self.options["loss"], link=self.options, emulator=stats, hosts=None, client_ips=[link.CLIENT4, link.CLIENT6],
            dns_server=DNS6 if what.dns6 else DNS4, dns_log=truth.load(f"{folder}/dns.log"), offload=False, snaplen=0,
            t_start=begin, t_stop=end, capture_report=[x.strip() for x in dropped.splitlines() if "dropped" in x],
            masked=True, notes=list(what.notes), software=versions())
        return truth.load(f"{folder}/client.log"), servers, meta

    def _capture(self):
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.namespaces.client, "dumpcap", "-q", "-P", "-B", "32", "-i", link.CLIENT_DEVICE, "-w", self.raw],
            stderr=subprocess.PIPE)
        self.processes.append(process)
        wait_for(lambda: os.path.exists(self.raw) and os.path.getsize(self.raw) >= 24, "dumpcap did not start")
        return process

    def _play(self, authority):
        link.enter(self.namespaces.client)
        link.hide_resolver(f"{self.folder}/resolv.conf")
        session = client.Session(authority, server.Files(self.folder), random.Random(self.seed))
        self.what.play(session)
        client.dump(session, f"{self.folder}/client.log")


def versions():
    import aioquic
    import h2
    import ssl
    import platform
    nginx = subprocess.run(["nginx", "-v"], stderr=subprocess.PIPE, check=True, text=True).stderr.split("/")[-1].strip()
    curl = subprocess.run(["curl", "--version"], stdout=subprocess.PIPE, check=True, text=True).stdout.split()[1]
    return dict(nginx=nginx, curl=curl, aioquic=aioquic.__version__, h2=h2.__version__, openssl=ssl.OPENSSL_VERSION,
                python=platform.python_version(), kernel=platform.release().split("-")[0])


class Store:
    """Where the files go."""

    def __init__(self, folder):
        self.folder = folder

    def put(self, name, rows, meta, packets=None, snaplen=0, **changes):
        """Writes truth and meta, and the capture if packets are given; `changes` are keys of meta."""
        used = {r["server_ip"] for r in rows}
        meta = dict(meta, **changes, snaplen=snaplen, requests=len(rows))
        meta["hosts"] = {a: list(reversed(h.names)) for h in host.HOSTS for a in h.addresses if a in used}
        if packets is not None:
            meta["packets"] = len(packets)
            packet.write(f"{self.folder}/{name}.pcap.gz", packets, snaplen)
        truth.store(rows, f"{self.folder}/{name}.truth.jsonl")
        with open(f"{self.folder}/{name}.meta.json", "w", encoding="utf-8") as out:
            json.dump(meta, out, indent=1)
            out.write("\n")
        stored = next(p for p in (f"{self.folder}/{name}.pcap.gz", f"{self.folder}/{name}.pcapng.gz") if os.path.exists(p))
        print(f"{name}: {len(rows)} requests, {meta.get('packets', '?')} packets, {os.path.getsize(stored) / 1000:.0f} kB, link "
              + ", ".join(f"{s['dir']} lost {s['lost']} dropped {s['queue_drop']} late {s['late']}" for s in meta["emulator"]))


def cut(packets, rows):
    """The middle of a recording: from inside the fourth transfer to inside the last one."""
    first, last = rows[3], rows[-1]
    begin = (first["t_first"] * 0.5 + first["t_end"] * 0.5) * 1e6
    end = (last["t_first"] * 0.4 + last["t_end"] * 0.6) * 1e6
    kept = [dict(r, partial="tail_cut" if r is last else None) for r in rows if r["t_request"] * 1e6 > begin]
    return [p for p in packets if begin <= p.time <= end], kept


def sections(packets):
    """The packets as two sections: upstream on interface 0, downstream on interface 1, as a tap with two ports gives
    them; ARP and some bare acknowledgements of the client are simple packet blocks."""
    half = packets[len(packets) // 2].time
    first, second = packet.Section("<"), packet.Section(">")
    first.interface("tap-up")
    first.interface("tap-down", 9)
    second.interface("tap-up", 9)
    second.interface("tap-down", 0x80 | 30)
    client4, client6 = (bytes([10, 9, 0, 2]), b"\xfd\x09" + bytes(13) + b"\x02")
    bare = 0
    for number, p in enumerate(packets):
        section = first if p.time < half else second
        upstream = p.proto is None or p.src in (client4, client6)
        if p.proto == 6 and upstream and p.end == p.payload and p.flags == 0x10:
            bare += 1
        if number in (7, len(packets) - 7):
            section.unknown()
        if p.data[12:14] == b"\x08\x06" or (upstream and p.proto == 6 and p.end == p.payload and p.flags == 0x10 and bare % 40 == 0):
            section.simple(p)
        else:
            section.enhanced(0 if upstream else 1, p, "a comment" if number == 20 else None)
    return [first, second]


def record(what, seed, store):
    with Recording(what, seed) as recording:
        mine, servers, meta = recording.run()
        rows = truth.join(mine, servers)
        packets = mask.mask(packet.read(recording.raw))
    if what.name == "midstream":
        packets, rows = cut(packets, rows)
        meta["dns_log"] = []
    if what.name == "vlan":
        packets = packet.tag(packets, 109)
    store.put(what.name, rows, meta, packets)
    if what.name in ("tls13", "h3"):
        store.put(what.name + "-snap96", rows, meta, packets, 96, scenario=what.name + "-snap96",
                  notes=meta["notes"] + [f"the recording of {what.name}, cut at 96 bytes a frame"])
    if what.name == "tls13":
        packet.write_sections(f"{store.folder}/two-interfaces.pcapng.gz", sections(packets))
        store.put("two-interfaces", rows, dict(meta, packets=len(packets)), scenario="two-interfaces", notes=meta["notes"] + [
            "the recording of tls13 rewritten as pcapng: two sections (little-endian, big-endian), interface 0 upstream, interface 1 "
            "downstream, time units 10^-6 and 10^-9, then 10^-9 and 2^-30 s; ARP and every 40th bare acknowledgement of the client are "
            "simple packet blocks, which have no time; one block of a local type in each section"])


def first_line(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True).stdout.splitlines()[0].strip()


def watch(what, seed, store):
    """A session of a player: frames are cut behind their headers, as those who record for weeks do."""
    with Recording(what, seed) as recording:
        what.prepare(recording.folder)
        _, servers, meta = recording.run()
        page = truth.load(f"{recording.folder}/page.log")
        packets = mask.mask(packet.read(recording.raw))
    rows = watched.requests(page, servers)
    told, ticks = watched.session(page, rows)
    if what.late_s:
        begin = min(row["t"] for row in page if row["row"] == "sample") + what.late_s
        packets, rows = [p for p in packets if p.time >= begin * 1e6], [row for row in rows if row["t_request"] > begin]
        meta["dns_log"] = []
    meta["software"].update(chromium=first_line("chromium", "--version"), ffmpeg=first_line("ffmpeg", "-version").split()[2], dashjs=player.DASHJS.split("@")[1])
    store.put(what.name, rows, meta, packets, SNAPLEN, buffer_s=what.buffer_s, title=what.title.name)
    with open(f"{store.folder}/{what.name}.player.jsonl", "w", encoding="utf-8") as out:
        for row in [dict(row="play", **told)] + [dict(row="tick", **tick) for tick in ticks]:
            out.write(json.dumps(row) + "\n")
    print(f"    first frame {told['t_frame'] - told['t_request']:.2f} s after the first request, stands "
          + str([(s["why"], round(s["begin"] - told["t_request"], 1), round(s["end"] - s["begin"], 1)) for s in told["stands"]]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios to record; all if none is given")
    parser.add_argument("--list", action="store_true", help="print the scenarios and end")
    parser.add_argument("--out", default=os.path.dirname(os.path.abspath(__file__)), help="where the files go (default: this folder)")
    parser.add_argument("--seed", type=int, default=9000)
    args = parser.parse_args()
    known = {s.name: s for s in (*scenario.SCENARIOS, *player.WATCHED)}
    if args.list:
        for what in known.values():
            print(f"{what.name:12} {what.about}")
        return
    if unknown := [n for n in args.names if n not in known]:
        parser.error(f"no such scenario: {', '.join(unknown)} (see --list)")
    if os.geteuid() != 0:
        parser.error("root is needed for network namespaces and TAP devices")
    plays = f"{args.out}/plays"
    os.makedirs(plays, exist_ok=True)
    for number, what in enumerate(known.values()):
        if args.names and what.name not in args.names:
            continue
        if isinstance(what, player.Watching):
            player.install()
            watch(what, args.seed + number, Store(plays))
        else:
            record(what, args.seed + number, Store(args.out))


if __name__ == "__main__":
    main()
