"""The link: two network namespaces joined by a user-space emulator.

Each namespace owns one TAP device; the emulator holds both ends and passes Ethernet frames on with a rate, a delay,
loss and reordering.  It needs neither sch_netem nor a bridge.  A TAP device without offloads makes the kernel send
and receive frames of at most the MTU with complete checksums, so that the capture looks like one taken on a wire.

    client namespace  c0 10.9.0.2  fd09::2  <-- emulator -->  s0 10.9.0.1  fd09::1  server namespace (servers on lo)
"""
import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time
import traceback

CLIENT4, CLIENT6 = "10.9.0.2", "fd09::2"
GATEWAY4, GATEWAY6 = "10.9.0.1", "fd09::1"
CLIENT_DEVICE, SERVER_DEVICE = "c0", "s0"

DEFAULT = dict(
    up_delay_ms=10, down_delay_ms=10, up_kbit=20_000, down_kbit=40_000, queue_bytes=2_000_000,
    loss=0.0, reorder=0.0, reorder_ms=6,
    down_steps=(),  # (seconds from the first frame, kbit/s): what down_kbit becomes
)

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name, *args):
    if getattr(_libc, name)(*args) != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, f"{name}: {os.strerror(errno)}")


def enter(namespace):
    """Moves the calling process into the network namespace."""
    with open(f"/var/run/netns/{namespace}", encoding="ascii") as handle:
        _call("setns", handle.fileno(), 0x40000000)


def hide_resolver(path):
    """Puts `path` in the place of /etc/resolv.conf, for the calling process and its children only."""
    _call("unshare", 0x20000)
    _call("mount", b"none", b"/", None, 0x4000 | 0x40000, None)  # MS_REC | MS_PRIVATE
    _call("mount", os.fsencode(path), b"/etc/resolv.conf", None, 0x1000, None)  # MS_BIND


def fork(function, *args):
    """Runs function(*args) in a child process; returns its process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        function(*args)
        code = 0
    except BaseException:  # the child must never run on in its parent's code
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


class Namespaces:
    """The two namespaces and their addresses; `servers` are the addresses given to the server side."""

    def __init__(self, servers):
        self.client = f"nflxrec-c{os.getpid()}"
        self.server = f"nflxrec-s{os.getpid()}"
        self.servers = servers

    def __enter__(self):
        for name in (self.client, self.server):
            run("ip", "netns", "add", name)
            self._in(name, "link", "set", "lo", "up")
        for address in self.servers:
            self._in(self.server, "addr", "add", address + ("/128" if ":" in address else "/32"), "dev", "lo")
        return self

    def __exit__(self, *_):
        for name in (self.client, self.server):
            subprocess.run(["ip", "netns", "del", name], check=False)

    @staticmethod
    def _in(name, *command):
        run("ip", "-n", name, *command)

    def configure(self):
        """Gives the TAP devices their addresses once the emulator has made them."""
        for name, device, here4, here6 in (
            (self.client, CLIENT_DEVICE, CLIENT4, CLIENT6),
            (self.server, SERVER_DEVICE, GATEWAY4, GATEWAY6),
        ):
            for key, value in (("accept_dad", 0), ("dad_transmits", 0), ("accept_ra", 0), ("router_solicitations", 0)):
                run("ip", "netns", "exec", name, "sh", "-c", f"echo {value} > /proc/sys/net/ipv6/conf/{device}/{key}")
            self._in(name, "addr", "add", here4 + "/24", "dev", device)
            self._in(name, "addr", "add", here6 + "/64", "dev", device, "nodad")
            self._in(name, "link", "set", device, "up")
        self._in(self.client, "route", "add", "default", "via", GATEWAY4)
        self._in(self.client, "route", "add", "default", "via", GATEWAY6)


def _tap(namespace, device):
    enter(namespace)
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(handle, 0x400454CA, struct.pack("16sH22x", device.encode(), 0x0002 | 0x1000))  # IFF_TAP | IFF_NO_PI
    return handle


class Direction:
    """One direction of the link: a rate with a queue, then a delay, then loss and reordering."""

    def __init__(self, name, options, sink, seed):
        self.options, self.sink = options, sink
        self.rate = options[f"{name}_kbit"] * 125.0  # bytes a second
        self.delay = options[f"{name}_delay_ms"] / 1000
        self.random = random.Random(f"{seed}-{name}")
        self.steps = [(after, kbit * 125.0) for after, kbit in options.get(f"{name}_steps", ())]
        self.begun = None
        self.free = 0.0
        self.waiting = []
        self.count = 0
        self.stats = dict(dir=name, rx=0, tx=0, lost=0, queue_drop=0, late=0, err=0)

    def take(self, frame, now):
        stats, options = self.stats, self.options
        stats["rx"] += 1
        neighbour = frame[12:14] == b"\x08\x06" or (frame[12:14] == b"\x86\xdd" and frame[20] == 58)  # ARP, ICMPv6
        lucky, late = self.random.random(), self.random.random()
        if not neighbour and lucky < options["loss"]:
            stats["lost"] += 1
            return
        self.begun = now if self.begun is None else self.begun
        while self.steps and now - self.begun >= self.steps[0][0]:
            self.rate = self.steps.pop(0)[1]
        start = max(now, self.free)
        if (start - now) * self.rate > options["queue_bytes"]:
            stats["queue_drop"] += 1
            return
        self.free = start + len(frame) / self.rate
        due = self.free + self.delay
        if not neighbour and late < options["reorder"]:
            stats["late"] += 1
            due += options["reorder_ms"] / 1000 * (0.5 + self.random.random())
        self.count += 1
        heapq.heappush(self.waiting, (due, self.count, frame))

    def give(self, now):
        while self.waiting and self.waiting[0][0] <= now:
            frame = heapq.heappop(self.waiting)[2]
            try:
                os.write(self.sink, frame)
                self.stats["tx"] += 1
            except OSError:
                self.stats["err"] += 1


def emulate(namespaces, options, seed, ready, report):
    """The emulator's process: makes the TAP devices, writes a byte to `ready`, passes frames on until SIGTERM."""
    client = _tap(namespaces.client, CLIENT_DEVICE)
    server = _tap(namespaces.server, SERVER_DEVICE)
    up = Direction("up", options, server, seed)
    down = Direction("down", options, client, seed)
    going = True

    def stop(*_):
        nonlocal going
        going = False

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.write(ready, b".")
    clock = time.monotonic
    while going:
        due = min((d.waiting[0][0] for d in (up, down) if d.waiting), default=None)
        wait = 0.2 if due is None else max(0.0, due - clock())
        readable = select.select((client, server), (), (), wait)[0]
        for source, direction in ((client, up), (server, down)):
            if source not in readable:
                continue
            for _ in range(64):
                try:
                    frame = os.read(source, 65536)
                except BlockingIOError:
                    break
                except OSError:  # the device is not up yet
                    time.sleep(0.01)
                    break
                direction.take(frame, clock())
        now = clock()
        up.give(now)
        down.give(now)
    with open(report, "w", encoding="utf-8") as out:
        json.dump([up.stats, down.stats], out)
