#!/usr/bin/env python3
"""What the plugin costs tshark: processor time and memory beside tshark without it, with TRANSUM, and with a Lua script.

usage: bench/plugin.py [--release DIRECTORY] [--packets N] [--rounds N]

On generated captures; all variants take turns, so that a busy machine disturbs them alike. Prints tables in Markdown:
user and system time, the smallest and the median of the ratios to tshark without the plugin in the same round.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
TASKS = {"conversations": ["-q", "-z", "conv,tcp"], "frame numbers": ["-T", "fields", "-e", "frame.number"]}


def home(place, plugin):
    """A home folder of a user who has the plugin, or nothing."""
    place.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(place), "LC_ALL": "C.UTF-8"}
    if plugin:
        folders = subprocess.run([*NOBODY, "tshark", "-G", "folders"], env=environment, capture_output=True, text=True)
        line = next(line for line in folders.stdout.splitlines() if line.startswith("Personal Plugins:"))
        folder = pathlib.Path(line.split(":", 1)[1].strip()) / "epan"
        folder.mkdir(parents=True)
        shutil.copy(plugin, folder / "nflx.so")
    for path in [place, *place.rglob("*")]:
        path.chmod(0o755)
    return environment


def run(words, environment):
    """Processor time in seconds, memory in bytes, and wall time in seconds."""
    start = time.monotonic()
    child = subprocess.Popen([*NOBODY, "tshark", *words], env=environment, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, cwd="/")
    said = child.stderr.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = status
    if status:
        sys.exit(f"plugin.py: tshark {' '.join(words)}: {said}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", type=pathlib.Path, default=HERE.parent / "target" / "release")
    parser.add_argument("--packets", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    if not shutil.which("tshark"):
        sys.exit("plugin.py: tshark is not installed: apt-get install tshark")
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        place.chmod(0o755)
        script = shutil.copy(HERE / "classic.lua", place / "classic.lua")
        without = home(place / "without", None)
        with_plugin = home(place / "with", arguments.release / "libnflx_plugin.so")
        variants = {
            "tshark": ([], without),
            "with the plugin": ([], with_plugin),
            "with TRANSUM": (["--enable-protocol", "transum"], without),
            "with the Lua script": (["-X", f"lua_script:{script}"], without),
        }
        memory = {}
        for share in (0, 10, 100):
            capture = place / f"netflix-{share}.pcap"
            subprocess.run([arguments.release / "generate", str(arguments.packets), str(share), capture], check=True)
            for task, words in TASKS.items():
                rounds = []
                for _ in range(arguments.rounds):
                    rounds.append({name: run([*more, *words, "-r", str(capture)], environment)
                                   for name, (more, environment) in variants.items()})
                print(f"\n{arguments.packets} packets, {share} % Netflix, {task} ({' '.join(words)})\n")
                print("| | processor time | ratio, median | smallest | largest | memory |\n|---|---|---|---|---|---|")
                for name in variants:
                    ratios = [each[name][0] / each["tshark"][0] for each in rounds]
                    least = min(each[name][0] for each in rounds)
                    most = statistics.median(each[name][1] for each in rounds)
                    memory[share, task, name] = most
                    print(f"| {name} | {least:.2f} s | {statistics.median(ratios):.3f} | {min(ratios):.3f} | "
                          f"{max(ratios):.3f} | {most / 1e6:.1f} MB |", flush=True)
        for share in (0, 100):
            more = memory[share, "conversations", "with the plugin"] - memory[share, "conversations", "tshark"]
            print(f"\nMemory with the plugin, {share} % Netflix: {more / arguments.packets:.1f} bytes per packet more.")
        empty = place / "empty.pcap"
        empty.write_bytes(capture.read_bytes()[:24])
        loads = [[run(["-r", str(empty)], environment)[2] * 1000 for environment in (without, with_plugin)]
                 for _ in range(10 * arguments.rounds)]
        print(f"\nAn empty capture: {min(l[0] for l in loads):.1f} ms without, {min(l[1] for l in loads):.1f} ms with the "
              f"plugin (smallest of {len(loads)}); {statistics.median(l[1] - l[0] for l in loads):.1f} ms more (median).")


if __name__ == "__main__":
    main()
