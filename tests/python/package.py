"""Uses the package nflx, which is installed in the folder FOLDER, with the captures of the tests.

usage: package.py FOLDER CAPTURES CAPTURE
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

folder, captures, capture = sys.argv[1:]
sys.path.insert(0, folder)

import nflx  # noqa: E402
import pandas  # noqa: E402
import pyarrow  # noqa: E402

version = subprocess.run([os.environ["NFLX_BIN"], "--version"], check=True, capture_output=True, text=True).stdout
assert version == f"nflx {importlib.metadata.version('nflx')}\n", version
assert Path(nflx.__file__).is_relative_to(folder), nflx.__file__
warnings.simplefilter("error")


def command(*arguments):
    output = subprocess.run([os.environ["NFLX_BIN"], *arguments], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


# The rows are the command's, in every table.
model = str(Path(__file__, "../../../examples/train/example.onnx").resolve())
for kind in ("servers", "segments", "packets", "sessions", "playback", "features", "quality"):
    options = {"model": model} if kind == "quality" else {}
    frame = getattr(nflx, kind)(capture, **options).to_pandas()
    wanted = command(kind, *(f"--{name}={value}" for name, value in options.items()), capture)
    assert isinstance(frame, pandas.DataFrame) and len(frame) == len(wanted) > 0, kind
    assert list(frame.columns) == list(wanted[0]), kind
    for name, first in wanted[0].items():
        if type(first) in (int, str, bool):
            assert frame[name].tolist() == [row[name] for row in wanted], (kind, name)

# Whole numbers stay so where some are missing, and times are exact.
packets = nflx.packets(capture).to_pandas()
assert packets["segment"].isna().any() and str(packets["segment"].dtype) == "Int64"
assert str(packets["time"].dtype) == "datetime64[ns, UTC]"

# Options, and several captures: a list of paths, a folder.
assert len(nflx.features(capture, window=2)) > len(nflx.features(capture, window=10))
by_name = nflx.servers(capture, evidence="sni")
assert by_name.to_arrow()["evidence"].to_pylist() == [["sni"]] * len(by_name) != []
many = nflx.table("servers", [Path(capture), Path(capture)], jobs=2, settings={"max_flows": 1000})
assert isinstance(many, nflx.Table) and many.num_rows == 2 * len(nflx.servers(capture))
assert json.loads(pyarrow.schema(many).metadata[b"nflx.columns"])["in_bytes"]["unit"] == "bytes"
assert nflx.servers(captures).to_pandas()["capture"].nunique() > 10

# What goes wrong.
with tempfile.TemporaryDirectory() as place:
    cut = Path(place, "-cut.pcap.gz")
    cut.write_bytes(Path(capture).read_bytes()[:40000])
    warnings.simplefilter("always")
    with warnings.catch_warnings(record=True) as said:
        assert len(nflx.servers(cut)) == nflx.table("servers", cut).num_rows > 0
    assert [warning.category for warning in said] == [nflx.CaptureWarning] * 2, said
    for warning in said:
        assert "-cut.pcap.gz: is damaged" in str(warning.message) and warning.filename == __file__, warning

    for wrong, options, expected in [
        (place + "/missing", {}, "no such file"),
        (capture, {"prefixes": "10.0.0.0/33"}, "'10.0.0.0/33' does not fit prefixes"),
        (capture, {"window": 10}, "unexpected argument '--window'"),
    ]:
        try:
            nflx.servers(wrong, **options)
        except nflx.Error as error:
            assert expected in str(error) and error.table is None, error
        else:
            raise AssertionError(expected)
    try:
        nflx.servers([capture, place + "/missing"])
    except nflx.Error as error:
        assert error.table.num_rows == len(nflx.servers(capture)), error
    else:
        raise AssertionError("the missing one")

print("the package gives what the command gives")
