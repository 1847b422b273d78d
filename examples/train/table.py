"""From a folder of captures and labels to a table: a row for each window, with its features and its label."""

import csv
import json
import os
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

import pandas

# What the player did, as inferred from segments: bit rates rather than sizes, because recordings have segments of different
# lengths.
PLAYBACK = [
    f"playback_{name}"
    for name in (
        "video_media", "audio_media", "audio_bitrate", "fetched_last", "fetched_3_avg", "fetched_10_avg", "fetched_10_50",
        "fetched_window_avg", "fetched_avg", "fetched_10", "fetched_50", "fetched_90", "shown_last", "shown_avg", "shown_3_avg",
        "buffer_last", "buffer_avg", "video_buffer_avg", "stalled",
    )
]
# What a window says about the picture without growing with the session: sizes and times of its segments, of the last ten
# and of all so far, and how much came. Sums over a session are left out: a longer one would be out of range.
SEGMENTS = [
    *(f"10_{name}_chunksize" for name in ("avg", "std", "min", "max")),
    *(f"10_chunksizes_{share}" for share in (50, 75, 90)),
    *(f"allprev_{name}_chunksize" for name in ("avg", "std", "max")),
    *(f"{way}_chunk_iat_{name}" for way in ("up", "down") for name in ("avg", "min", "max")),
    "curr_chunksize", "size_diff_previous", "n_chunks_down", "serverThroughput", "userThroughput", "parallel_flows",
]
COLUMNS = [*PLAYBACK, *SEGMENTS]
# Settings that shape these columns; they go onto the card.
SETTINGS = {"feature_kinds": "video", "session_idle": "60", "feature_playback": "on"}
ENDINGS = (".pcap", ".pcapng", ".cap", ".pcap.gz", ".pcapng.gz", ".cap.gz")


def settings(columns):
    """The settings that shape these columns."""
    plays = any(name in PLAYBACK for name in columns)
    return SETTINGS if plays else {name: value for name, value in SETTINGS.items() if name != "feature_playback"}


class Mistake(Exception):
    """What the user can put right, in a sentence."""


def nflx():
    return os.environ.get("NFLX", "nflx")


def captures(folder):
    """The captures of a folder by their names without an ending, in order."""
    found = {}
    for path in sorted(Path(folder).iterdir()):
        ending = next((ending for ending in ENDINGS[::-1] if path.name.endswith(ending)), None)
        if ending:
            found[path.name.removesuffix(ending)] = path
    if not found:
        raise Mistake(f"{folder}: holds no captures (NAME.pcap.gz and the like)")
    return found


def features(paths, window, settings, as_known=None):
    """The windows of captures, with the columns of features: of whole captures, or as known so many seconds after each window."""
    options = [f"--set={name}={value}" for name, value in settings.items()]
    if as_known is not None:
        options.append(f"--as-known={as_known}")
    call = [nflx(), "features", "--format", "jsonl", f"--window={window}", *options, "--", *map(str, paths)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode == 2:
        raise Mistake(done.stderr.strip())
    return pandas.DataFrame(json.loads(line) for line in done.stdout.splitlines())


def of_player(path, label):
    """Moments with a label, from the lines that a player wrote once a second: address, time, label."""
    for line in path.read_text().splitlines():
        tick = json.loads(line)
        # Older recordings have no type; a player that has ended shows nothing.
        if tick.get("type", "tick") != "tick" or tick.get("state") == "end" or tick.get(label) is None:
            continue
        yield tick.get("client_ip"), float(tick["t"]), tick[label]


def of_list(path, label):
    """Moments with a label, from a table with the columns capture, client (may be empty), t and the label."""
    moments = defaultdict(list)
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row[label] != "":
                moments[row["capture"]].append((row.get("client") or None, float(row["t"]), row[label]))
    return moments


def most_common(values):
    """The most common value; of equally common ones the last to begin, which the window ends with."""
    count = Counter(values)
    return max(count, key=lambda value: (count[value], values.index(value)))


def labels(rows, moments):
    """For each window the label of most moments in it; None where there is none."""
    moments = [(address, time, str(label)) for address, time, label in moments]
    for row in rows.itertuples():
        inside = [
            label for address, time, label in moments
            if row.t_start <= time < row.t_end and address in (None, row.client)
        ]
        yield most_common(inside) if inside else None


def load(folder, label="fetch_height", window=10, settings=None, columns=None, as_known=None):
    """A table with a row for each window that has a label: the columns of features, `label`, and `group`, which is the
    capture: nothing of one capture may stand on both sides of a split."""
    folder = Path(folder)
    settings = SETTINGS if settings is None else settings
    found = captures(folder)
    listed = of_list(folder / "labels.csv", label) if (folder / "labels.csv").exists() else {}
    table = features(found.values(), window, settings, as_known)
    parts = []
    for name, path in found.items():
        rows = table[table["capture"] == str(path)].copy()
        player = folder / f"{name}.player.jsonl"
        moments = listed.get(name) or (list(of_player(player, label)) if player.exists() else [])
        rows["label"] = list(labels(rows, moments)) if len(rows) else []
        rows["group"] = name
        parts.append(rows[rows["label"].notna()])
    table = pandas.concat(parts, ignore_index=True)
    if table.empty:
        raise Mistake(f"{folder}: no window has a label; put NAME.player.jsonl or labels.csv with {label} beside the captures")
    # Single precision, as the model file has it: a value and a threshold must not fall apart where it is rounded.
    for column in COLUMNS if columns is None else columns:
        table[column] = table[column].astype("float32")
    return table
