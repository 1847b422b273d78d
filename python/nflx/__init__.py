"""Netflix streaming in captures: the engine in process, and tables for pandas and Arrow.

:class:`Engine` takes packets that you have in hand and returns facts; :func:`annotate` does so for packets of scapy and
dpkt. The functions named for tables run the command ``nflx`` and reads the Parquet that it writes, so that both always give the same rows.
Captures are paths of files (pcap or pcapng, also gzip-compressed), of folders, or patterns such as ``"day*/**/*.pcap"``;
one of them or several.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Optional, Tuple, Union

import pandas
import pyarrow
import pyarrow.parquet

from ._nflx import Engine, Packet, Segment, Server, Window

__all__ = ["CaptureWarning", "Engine", "Error", "Packet", "Segment", "Server", "Window", "annotate", "features", "packets", "playback", "program", "quality", "segments", "servers", "sessions", "table"]

PathLike = Union[str, "os.PathLike[str]"]
Captures = Union[PathLike, Iterable[PathLike]]


class Error(Exception):
    """The command could not do what was asked, or not read every capture.

    ``table`` holds the rows of the captures that it could read, or None.
    """

    def __init__(self, message: str, table: Optional[pyarrow.Table] = None) -> None:
        super().__init__(message)
        self.table = table


class CaptureWarning(UserWarning):
    """Something about a capture that its rows do not say, such as damage behind which nothing could be read."""


def program() -> str:
    """Path of the command: what the environment variable NFLX_BIN names, else the one in PATH."""
    named = os.environ.get("NFLX_BIN")
    found = shutil.which(named or "nflx")
    if found is None:
        where = f"NFLX_BIN names {named}, which is no program" if named else "the command nflx is not in PATH"
        raise Error(f"{where}; build it with 'cargo install --path cli', or set NFLX_BIN to where it is")
    return found


def table(
    kind: str,
    captures: Captures,
    *,
    evidence: Optional[str] = None,
    segment_rule: Optional[str] = None,
    domains: Optional[str] = None,
    prefixes: Optional[str] = None,
    window: Optional[float] = None,
    model: Optional[PathLike] = None,
    step: Optional[float] = None,
    jobs: Optional[int] = None,
    settings: Optional[Mapping[str, object]] = None,
) -> pyarrow.Table:
    """The rows that ``nflx KIND CAPTURES…`` gives, as an Arrow table.

    ``kind`` is servers, segments, packets, sessions, playback, features or quality. ``window`` is the seconds of a window of
    features, ``model`` the file of a model for features or quality, ``step`` the seconds between rows of playback, and
    ``settings`` any other settings, by the names that ``nflx settings`` lists. The metadata of the table's schema holds the unit and
    the meaning of each column, as JSON under ``nflx.columns``.
    """
    options = {
        "evidence": evidence,
        "segment-rule": segment_rule,
        "domains": domains,
        "prefixes": prefixes,
        "window": window,
        "model": None if model is None else os.fspath(model),
        "step": step,
        "jobs": jobs,
    }
    arguments = [f"--{name}={value}" for name, value in options.items() if value is not None]
    arguments += [f"--set={name}={_setting(value)}" for name, value in (settings or {}).items()]
    paths = [captures] if isinstance(captures, (str, os.PathLike)) else list(captures)
    with tempfile.TemporaryDirectory(prefix="nflx-") as folder:
        output = Path(folder, "rows.parquet")
        command = [program(), kind, *arguments, f"--output={output}", "--", *map(os.fspath, paths)]
        run = subprocess.run(command, stderr=subprocess.PIPE, check=False)
        said = [line.removeprefix("nflx: ") for line in run.stderr.decode(errors="replace").splitlines()]
        # Read to its end here: the file is gone afterwards.
        rows = pyarrow.parquet.read_table(output, memory_map=False) if output.exists() else None
    if run.returncode not in (0, 1) or rows is None:
        raise Error("\n".join(said) or f"nflx ended with status {run.returncode}", rows)
    # Warnings name the line that asked, not one of this module.
    level = 3 if sys._getframe(1).f_globals is globals() else 2
    for sentence in said:
        warnings.warn(sentence, CaptureWarning, stacklevel=level)
    return rows


def servers(captures: Captures, **options: object) -> pandas.DataFrame:
    """Netflix's servers, those that send video first, with the options of :func:`table`."""
    return table("servers", captures, **options).to_pandas()


def segments(captures: Captures, **options: object) -> pandas.DataFrame:
    """Requests to Netflix's servers and the responses to them, with the options of :func:`table`."""
    return table("segments", captures, **options).to_pandas()


def packets(captures: Captures, **options: object) -> pandas.DataFrame:
    """Packets of Netflix's servers, with the options of :func:`table`."""
    return table("packets", captures, **options).to_pandas()


def features(captures: Captures, **options: object) -> pandas.DataFrame:
    """Windows of each client's streaming, for training models, with the options of :func:`table`."""
    return table("features", captures, **options).to_pandas()


def sessions(captures: Captures, **options: object) -> pandas.DataFrame:
    """Titles that viewers played: start-up, stalls, bit rates, with the options of :func:`table`."""
    return table("sessions", captures, **options).to_pandas()


def playback(captures: Captures, **options: object) -> pandas.DataFrame:
    """What players did and held in their buffers, step by step, with the options of :func:`table`."""
    return table("playback", captures, **options).to_pandas()


def quality(captures: Captures, model: PathLike, **options: object) -> pandas.DataFrame:
    """What a model says of each window, with the options of :func:`table`. Windows and settings are those of its card."""
    return table("quality", captures, model=model, **options).to_pandas()


def annotate(packets: Iterable[Any], *, link_type: int = 1, **settings: object) -> Iterator[Tuple[Any, Optional[Packet]]]:
    """Yields each packet with its facts, or None where it is none of Netflix's.

    Packets are scapy's, or pairs of a time in seconds and bytes as dpkt's readers give them. ``link_type`` is that of pairs,
    and of scapy's packets whose first layer has no number of its own; ``settings`` are those of :class:`Engine`. Facts are
    as of their packet: what only later packets tell is in :meth:`Engine.segments`.
    """
    engine = Engine(**settings)
    for packet in packets:
        if isinstance(packet, tuple):
            time, data = packet[0], packet[1]
            yield packet, engine.packet(bytes(data), time, link_type=link_type)
        else:
            length = getattr(packet, "wirelen", None)
            facts = engine.packet(
                bytes(packet), packet.time, link_type=_link_type(packet, link_type), original_length=length
            )
            yield packet, facts


def _link_type(packet: Any, otherwise: int) -> int:
    """The number that scapy has for a packet's first layer; it is that of the tcpdump group's registry for captures."""
    from scapy.config import conf

    return conf.l2types.layer2num.get(type(packet), otherwise)


def _setting(value: object) -> str:
    """A setting's value as the command writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
