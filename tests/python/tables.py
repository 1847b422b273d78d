"""Tables of the package: the rows of the program, as Arrow hands them to whoever asks; and long work that can be watched,
goes on beside other threads, and can be broken off.

usage: tables.py FOLDER CAPTURES CAPTURE
"""

import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

folder, captures, capture = sys.argv[1:]
sys.path.insert(0, folder)

import nflx  # noqa: E402

warnings.simplefilter("ignore", nflx.CaptureWarning)
assert not {"pandas", "pyarrow"} & set(sys.modules), "to import nflx needs neither"

import duckdb  # noqa: E402
import pandas  # noqa: E402
import polars  # noqa: E402
import pyarrow  # noqa: E402
import pyarrow.parquet  # noqa: E402

MODEL = str(Path(__file__, "../../../examples/train/example.onnx").resolve())
KINDS = ("servers", "segments", "packets", "sessions", "playback", "features", "quality")


def written(kind, options, *paths):
    """The table in the Parquet that the program writes."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place, "rows.parquet")
        call = [os.environ["NFLX_BIN"], kind, *options, "-o", file, *paths]
        subprocess.run(call, check=False, stderr=subprocess.DEVNULL)
        return pyarrow.parquet.read_table(file, memory_map=False)


# Every value, type and word about the columns, of every table and of all captures.
rows = 0
for kind in KINDS:
    options = {"model": MODEL} if kind == "quality" else {}
    wanted = written(kind, [f"--{name}={value}" for name, value in options.items()], captures)
    given = nflx.table(kind, captures, **options)
    assert given.name == kind and given.column_names == wanted.column_names
    assert len(given) == given.num_rows == wanted.num_rows > 0, kind
    table = given.to_arrow()
    assert table.equals(wanted, check_metadata=True), kind
    table.validate(full=True)
    rows += table.num_rows
print(f"{rows} rows of {len(KINDS)} tables are the program's")

# Whoever takes the stream.
segments = nflx.segments(capture)
wanted = written("segments", [], capture)
columns = ["segment", "kind", "bytes", "t_request", "media_s"]
assert polars.DataFrame(segments).select(columns).rows() == polars.from_arrow(wanted).select(columns).rows()
by_duckdb = duckdb.sql("SELECT kind, count(*), sum(bytes) FROM segments GROUP BY kind ORDER BY kind").fetchall()
assert by_duckdb == duckdb.sql("SELECT kind, count(*), sum(bytes) FROM wanted GROUP BY kind ORDER BY kind").fetchall()
assert len(by_duckdb) > 1
assert pandas.DataFrame.from_arrow(segments)["bytes"].tolist() == wanted["bytes"].to_pylist()
pandas.testing.assert_frame_equal(segments.to_pandas(), wanted.to_pandas())
reader = pyarrow.RecordBatchReader.from_stream(segments)
assert reader.schema == pyarrow.schema(segments) == wanted.schema
assert reader.read_all() == wanted


def address(table):
    """Where the values of a column are."""
    return pyarrow.table(table)["bytes"].chunk(0).buffers()[1].address


# Nothing is copied on the way, and what was taken outlives the table.
assert address(segments) == address(segments)
taken = pyarrow.table(segments)
del segments
assert taken == wanted
assert nflx.segments(capture, evidence="prefix").to_arrow().schema == wanted.schema, "without rows"

# Progress is told to functions, and drawn.
MANY = [capture] * 60
told = []
nflx.servers(MANY, join=False, progress=lambda read, whole: told.append((read, whole)))
assert len(told) > 1 and told == sorted(told), told
assert 0 < told[-1][0] == told[-1][1], told[-1]


def drawn():
    with contextlib.redirect_stderr(io.StringIO()) as stream:
        nflx.servers(MANY, join=False, progress=True)
    return stream.getvalue()


assert "nflx: 100%" in drawn()
sys.modules["tqdm.auto"] = None
by_line = drawn()
assert " MB (" in by_line and by_line.endswith(" \r"), by_line


class Enough(Exception):
    pass


def raises(read, whole):
    raise Enough


try:
    nflx.servers(MANY, join=False, progress=raises)
except Enough:
    pass
else:
    raise AssertionError("what a function raises ends the run")

# Other threads run meanwhile.
beats, over = 0, threading.Event()


def beat():
    global beats
    while not over.is_set():
        beats += 1
        time.sleep(0.0005)


thread = threading.Thread(target=beat)
thread.start()
before = beats
nflx.packets(MANY, join=False, jobs=1)
during = beats - before
over.set()
thread.join()
assert during > 100, during

# Ctrl-C ends it long before its end. Where tests run in the background, Python finds the signal ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
told.clear()
interrupt = threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT])
interrupt.start()
try:
    nflx.packets(MANY * 20, join=False, progress=lambda read, whole: told.append((read, whole)))
except KeyboardInterrupt:
    read, whole = told[-1]
    assert read < whole / 2, (read, whole)
else:
    raise AssertionError("nobody heard the signal")
print(f"{during} beats beside a read, and {read} of {whole} bytes read when it was interrupted")
