#!/usr/bin/env python3
"""Loads a capture again and again in sharkd, with the plugin and without: wall and processor time of each load, to tell
what waits for the host from what works.

usage: bench/reload.py PLUGIN.so CAPTURE [LOADS [SESSIONS]]
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time


def version():
    first = subprocess.run(["tshark", "-v"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    return ".".join(next(word for word in first.split() if word[:1].isdigit()).split(".")[:2])


def home(plugin):
    """A home directory with this plugin alone, or none."""
    folder = tempfile.mkdtemp(prefix="nflx-reload-")
    if plugin:
        epan = os.path.join(folder, ".local/lib/wireshark/plugins", version(), "epan")
        os.makedirs(epan)
        shutil.copyfile(plugin, os.path.join(epan, "nflx.so"))
    os.chmod(folder, 0o755)
    return folder


def processor(pid):
    """Seconds of processor time that a process has taken, and the largest memory it had in MB."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        peak = next(line for line in file if line.startswith("VmHWM"))
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), int(peak.split()[1]) / 1024


def ask(sharkd, method, **params):
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    sharkd.stdin.write(json.dumps(request) + "\n")
    sharkd.stdin.flush()
    return json.loads(sharkd.stdout.readline())


def is_loaded(sharkd):
    return "result" in ask(sharkd, "check", filter="nflx")


def session(plugin, folder, capture, loads):
    """Seconds of wall and processor for each load of one sharkd, and its memory behind each."""
    with subprocess.Popen(
        ["sharkd", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "HOME": folder},
        # Wireshark ignores plugins of root's.
        **({"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}),
    ) as sharkd:
        if is_loaded(sharkd) != bool(plugin):
            sys.exit("reload: the plugin is not loaded as it should be; is it installed for everybody?")
        for _ in range(loads):
            before, _ = processor(sharkd.pid)
            began = time.monotonic()
            answer = ask(sharkd, "load", file=capture)
            if answer.get("result", {}).get("status") != "OK":
                sys.exit(f"reload: {answer}")
            wall = time.monotonic() - began
            after, peak = processor(sharkd.pid)
            yield wall, after - before, peak
        sharkd.stdin.close()
        sharkd.wait()


def main():
    if len(sys.argv) not in range(3, 6):
        sys.exit(__doc__)
    plugin, capture = sys.argv[1], os.path.realpath(sys.argv[2])
    loads, sessions = (int(word) for word in (sys.argv[3:] + ["4", "5"][len(sys.argv) - 3:]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(f"{'':<10}{'load':>6}{'wall s':>20}{'processor s':>22}{'memory MB':>12}")
    for name, loaded in [("without", None), ("with", plugin)]:
        folder = home(loaded)
        runs = [list(session(loaded, folder, capture, loads)) for _ in range(sessions)]
        shutil.rmtree(folder)
        for number, each in enumerate(zip(*runs), 1):
            walls, works, peaks = zip(*each)
            print(f"{name:<10}{number:>6}{min(walls):>10.2f} to{max(walls):>7.2f}{min(works):>12.2f} to{max(works):>7.2f}"
                  f"{max(peaks):>12.0f}", flush=True)


main()
