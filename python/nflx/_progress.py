"""Progress for those who ask for it: as tqdm shows it where that is installed, else in a line of one's own."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import Callable, Iterator, Optional, TextIO, Union

Told = Callable[[int, int], object]
# Seconds between two drawings of a line.
_PATIENCE = 0.1


@contextlib.contextmanager
def shown(progress: Union[bool, Told, None]) -> Iterator[Optional[Told]]:
    """What is to be told how many bytes were read and how many are to be read, or None."""
    if progress is None or progress is False:
        yield None
    elif progress is not True:
        yield progress
    else:
        try:
            from tqdm.auto import tqdm  # type: ignore[import-untyped,unused-ignore]
        except ImportError:
            with _line(sys.stderr) as tell:
                yield tell
            return
        with tqdm(unit="B", unit_scale=True, desc="nflx") as bar:

            def tell(read: int, whole: int) -> None:
                bar.total = whole or None
                bar.update(read - bar.n)

            yield tell


@contextlib.contextmanager
def _line(stream: TextIO) -> Iterator[Told]:
    """Draws how far it is into one line, which is empty in the end."""
    width, drawn = 0, 0.0

    def tell(read: int, whole: int) -> None:
        nonlocal width, drawn
        if time.monotonic() < drawn + _PATIENCE:
            return
        drawn = time.monotonic()
        share = f" ({read / whole:.0%})" if whole else ""
        text = f"nflx: {read / 1e6:.1f} of {whole / 1e6:.1f} MB{share}"
        stream.write("\r" + text.ljust(width))
        stream.flush()
        width = len(text)

    try:
        yield tell
    finally:
        stream.write("\r" + " " * width + "\r")
        stream.flush()
