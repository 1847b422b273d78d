"""Netflix streaming in captures: the engine in process, for packets in memory or whole files.

:class:`Engine` takes packets from memory and returns facts; :func:`annotate` does so for packets of scapy and
dpkt. The functions named for tables read captures and return the rows that the command of the same name writes, as a
:class:`Table` that polars, pandas, pyarrow and DuckDB take without a copy. Captures are paths of files (pcap or pcapng, also
compressed), of folders, or patterns such as ``"day*/**/*.pcap"``; one of them or several.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any, Callable, Iterable, Iterator, Mapping, Optional, Tuple, Union

from ._nflx import Engine, Packet, Segment, Server, Table, Window, read_table
from ._progress import shown

__all__ = [
    "CaptureWarning",
    "Engine",
    "Error",
    "Packet",
    "Segment",
    "Server",
    "Table",
    "Window",
    "annotate",
    "features",
    "packets",
    "playback",
    "quality",
    "segments",
    "servers",
    "sessions",
    "table",
]

PathLike = Union[str, "os.PathLike[str]"]
Captures = Union[PathLike, Iterable[PathLike]]
Progress = Union[bool, Callable[[int, int], object], None]


class Error(Exception):
    """The request cannot be fulfilled, or some capture could not be read.

    ``table`` holds the rows of the captures that could be read, or None.
    """

    def __init__(self, message: str, table: Optional[Table] = None) -> None:
        super().__init__(message)
        self.table = table


class CaptureWarning(UserWarning):
    """Something about a capture that its rows do not show, such as damage after which nothing could be read."""


def table(
    kind: str,
    captures: Captures,
    *,
    evidence: Optional[str] = None,
    segment_rule: Optional[str] = None,
    domains: Optional[str] = None,
    prefixes: Optional[str] = None,
    window: Optional[float] = None,
    as_known: Optional[int] = None,
    model: Optional[PathLike] = None,
    step: Optional[float] = None,
    join: Optional[bool] = None,
    jobs: Optional[int] = None,
    settings: Optional[Mapping[str, object]] = None,
    progress: Progress = None,
) -> Table:
    """Returns the rows that ``nflx KIND CAPTURES…`` writes.

    ``kind`` is servers, segments, packets, sessions, playback, features or quality. ``window`` is the seconds of a window of
    features, ``model`` the file of a model for features or quality, ``step`` the seconds between rows of playback, and
    ``settings`` any other settings, by the names that ``nflx settings`` lists. ``join`` reads all files as one capture, or
    each by itself; without it, the files of a ring are one. ``progress=True`` shows a bar; a function is called now and then
    with the number of bytes read and the number to read. The metadata of the table's schema holds the unit and the meaning
    of each column, as JSON under ``nflx.columns``.

    Other Python threads keep running, and Ctrl-C ends the call.
    """
    options = {
        "evidence": evidence,
        "segment-rule": segment_rule,
        "domains": domains,
        "prefixes": prefixes,
        "window": window,
        "as-known": as_known,
        "model": None if model is None else os.fspath(model),
        "step": step,
        "jobs": jobs,
    }
    arguments = [kind, *(f"--{name}={value}" for name, value in options.items() if value is not None)]
    arguments += [f"--set={name}={_setting(value)}" for name, value in (settings or {}).items()]
    arguments += [] if join is None else ["--join" if join else "--no-join"]
    named = [captures] if isinstance(captures, (str, os.PathLike)) else captures
    paths = [os.fspath(path) for path in named]
    with shown(progress) as tell:
        failed, said, rows = read_table([*arguments, "--", *paths], tell)
    if failed or rows is None:
        raise Error("\n".join(said), rows)
    # Warnings name the line that asked, not one of this module.
    level = 3 if sys._getframe(1).f_globals is globals() else 2
    for sentence in said:
        warnings.warn(sentence, CaptureWarning, stacklevel=level)
    return rows


def servers(captures: Captures, **options: Any) -> Table:
    """Returns Netflix servers, those that send video first, with the options of :func:`table`."""
    return table("servers", captures, **options)


def segments(captures: Captures, **options: Any) -> Table:
    """Returns requests to Netflix servers and their responses, with the options of :func:`table`."""
    return table("segments", captures, **options)


def packets(captures: Captures, **options: Any) -> Table:
    """Returns packets of Netflix servers, with the options of :func:`table`."""
    return table("packets", captures, **options)


def features(captures: Captures, **options: Any) -> Table:
    """Returns windows of each client's streaming, for training models, with the options of :func:`table`."""
    return table("features", captures, **options)


def sessions(captures: Captures, **options: Any) -> Table:
    """Returns titles that viewers played: start-up, stalls, bit rates, with the options of :func:`table`."""
    return table("sessions", captures, **options)


def playback(captures: Captures, **options: Any) -> Table:
    """Returns the state and buffer of players, step by step, with the options of :func:`table`."""
    return table("playback", captures, **options)


def quality(captures: Captures, model: PathLike, **options: Any) -> Table:
    """Returns a model's answer for each window, with the options of :func:`table`. Its card sets windows and settings."""
    return table("quality", captures, model=model, **options)


def annotate(packets: Iterable[Any], *, link_type: int = 1, **settings: Any) -> Iterator[Tuple[Any, Optional[Packet]]]:
    """Yields each packet with its facts, or with None if neither end is a known Netflix server.

    Packets are scapy's, or pairs of a time in seconds and bytes as dpkt's readers give them. ``link_type`` is that of pairs,
    and of scapy's packets whose first layer has no number of its own; ``settings`` are those of :class:`Engine`. Facts are
    as of their packet: :meth:`Engine.segments` has what only later packets show.
    """
    give = Engine(**settings).packet
    for packet in packets:
        if isinstance(packet, tuple):
            yield packet, give(bytes(packet[1]), packet[0], link_type=link_type)
        else:
            length = getattr(packet, "wirelen", None)
            number = _link_type(packet, link_type)
            yield packet, give(bytes(packet), packet.time, link_type=number, original_length=length)


def _link_type(packet: Any, otherwise: int) -> int:
    """Returns scapy's number for a packet's first layer, which is that of the tcpdump group's registry for captures."""
    from scapy.config import conf

    return conf.l2types.layer2num.get(type(packet), otherwise)


def _setting(value: object) -> str:
    """Returns a setting's value as the command accepts it."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(_setting, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
