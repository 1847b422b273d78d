#!/usr/bin/env python3
"""Reads the published data set of video quality (Bronzino et al., POMACS 3(3), 2019), and trains on it.

usage: published.py DATA.pkl MODEL.onnx [--service netflix] [--label resolution] [--kind forest|boosted] [--columns-only]

The file is a pickle of pandas with a row for each window of 10 s and 251 columns, which its authors give out; it is not
part of this project. Columns with a name of `nflx columns` become ours, and all others are left out with the reason. Only
classes of pandas and numpy are unpickled: another pickle could run whatever its author wants.

Before a model of it is trusted: names agree, but part of the published definitions is open ("decided" in `nflx columns`),
and units of times are not documented there. Compare both on captures of your own.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pandas
import pandas.compat.pickle_compat

import card
import table
import train
from table import Mistake, nflx

LABELS = {
    "resolution", "bitrate", "bitrate_change", "quality", "previous_bitrate", "ads", "n_bitrate_switches", "n_rebufferings",
    "c_bitrate_switches", "c_rebufferings", "c_resolution_switches", "startup_time", "startup_mc", "startup10", "startup3.3",
    "startup5", "startup6.6",
}
NAMES_OF_ROWS = {
    "absolute_timestamp", "deployment_session_id", "home_id", "index", "service", "session_id", "video_duration", "video_id",
    "video_position",
}
# Resolution 0 stands for none or an invalid one.
NO_LABEL = {"resolution": {"0", "0.0", "nan"}}


class Unpickler(pandas.compat.pickle_compat.Unpickler):
    """Takes classes of pandas and numpy, and what their pickles need besides; nothing that runs programs."""

    BUILTINS = {"slice", "object", "set", "frozenset", "list", "dict", "tuple", "int", "float", "bool", "str", "bytes", "complex"}
    OTHERS = {("copyreg", "_reconstructor"), ("copy_reg", "_reconstructor"), ("_codecs", "encode"), ("collections", "OrderedDict")}
    # Of these packages only what holds data; they have functions that call others.
    PARTS = (
        "pandas.core.arrays.", "pandas.core.dtypes.", "pandas.core.frame", "pandas.core.indexes.", "pandas.core.internals.",
        "pandas.core.series", "pandas._libs.arrays", "pandas._libs.internals", "pandas._libs.tslibs.", "pandas.indexes.",
        "numpy.core.", "numpy._core.",
    )
    WHOLE = {
        *(("numpy", name) for name in ("ndarray", "dtype")),
        *(("pandas", name) for name in (
            "DataFrame", "Series", "Index", "RangeIndex", "DatetimeIndex", "CategoricalIndex", "Categorical", "Timestamp",
            "CategoricalDtype", "StringDtype",
        )),
        *(("pandas.arrays", name) for name in ("StringArray", "ArrowStringArray", "DatetimeArray", "IntegerArray")),
    }

    def find_class(self, module, name):
        is_builtin = module in ("builtins", "__builtin__") and name in self.BUILTINS
        is_data = module.startswith(self.PARTS) and "." not in name
        if is_builtin or is_data or (module, name) in self.WHOLE | self.OTHERS:
            found = super().find_class(module, name)
            if is_builtin or isinstance(found, type) or name.lstrip("_") in (
                "reconstruct", "reconstructor", "new_Index", "new_DatetimeIndex", "unpickle_block", "scalar", "encode",
                "frombuffer", "NDArrayBacked", "unpickle_manager", "pyx_unpickle_NDArrayBacked",
            ):
                return found
        raise Mistake(f"the pickle asks for {module}.{name}, which is no data; it was not read further")


def read(path):
    """The table in a pickle."""
    with open(path, "rb") as file:
        try:
            found = Unpickler(file).load()
        except Mistake:
            raise
        except Exception as error:
            raise Mistake(f"{path}: is no pickle of pandas ({error})") from error
    if not isinstance(found, pandas.DataFrame):
        raise Mistake(f"{path}: holds a {type(found).__name__} and no table")
    return found


def own_columns():
    """Names of the columns of features that are single numbers and say something of a window."""
    done = subprocess.run([nflx(), "columns", "--format", "jsonl"], capture_output=True, text=True, check=True)
    rows = map(json.loads, done.stdout.splitlines())
    return [
        row["name"] for row in rows
        if row["type"] in ("integer", "float") and (row["layer"] != "key" or row["source"] != "own")
    ]


def why_not(name):
    """Why a published column is none of ours."""
    if name in LABELS:
        return "a label"
    if name in NAMES_OF_ROWS:
        return "names the row or the video"
    if name.endswith("R"):
        return "a variant of percentiles that nobody documents"
    if name.startswith(("access_", "wireless_")):
        return "measured by a probe in the home, not on the wire"
    return "undocumented, or not to be told from packets alone"


def mapped(found):
    """Names of published columns that are ours, and of the others with the reason."""
    own = own_columns()
    ours = [name for name in own if name in found.columns]
    others = {name: why_not(name) for name in found.columns if name not in ours and name != "10_EWMA_chunksizes"}
    if "10_EWMA_chunksizes" in found.columns:
        others["10_EWMA_chunksizes"] = "a list, and models take single numbers"
    return ours, others


def labelled(found, label, service=None):
    """A table as `table.load` makes it: our columns, label and group, which is the session."""
    for name in (label, "session_id"):
        if name not in found.columns:
            raise Mistake(f"the table has no column {name}")
    if service is not None and "service" in found.columns:
        found = found[found["service"].astype(str).str.lower() == service]
    ours, _ = mapped(found)
    data = found[ours].apply(pandas.to_numeric, errors="coerce").astype("float32")
    values = pandas.to_numeric(found[label], errors="coerce")
    whole = values.notna().all() and (values % 1 == 0).all()
    data["label"] = values.astype("int64").astype(str) if whole else found[label].astype(str)
    data["group"] = found["session_id"].astype(str)
    kept = ~data["label"].isin(NO_LABEL.get(label, {"nan", "None", ""}))
    return data[kept].reset_index(drop=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("data", type=Path)
    arguments.add_argument("model", type=Path)
    arguments.add_argument("--service", default="netflix")
    arguments.add_argument("--label", default="resolution")
    arguments.add_argument("--kind", choices=["forest", "boosted"], default="boosted")
    arguments.add_argument("--trees", type=int, default=200)
    arguments.add_argument("--columns-only", action="store_true", help="show which columns are ours and train nothing")
    arguments.add_argument("--report", type=Path)
    arguments = arguments.parse_args()
    try:
        found = read(arguments.data)
        ours, others = mapped(found)
        print(f"{len(ours)} of {len(found.columns)} columns are ours; left out:")
        for name, reason in sorted(others.items(), key=lambda pair: pair[::-1]):
            print(f"  {name}: {reason}")
        if arguments.columns_only:
            return
        data = labelled(found, arguments.label, arguments.service)
        columns = [name for name in table.SEGMENTS if name in data.columns]
        train.train(
            data, arguments.model, kind=arguments.kind, trees=arguments.trees, label=arguments.label, columns=columns,
            report=arguments.report, target=arguments.label, name=f"{arguments.label} of published {arguments.service} sessions",
            trained_on=f"{len(data)} windows of {data['group'].nunique()} sessions of {arguments.data.name}",
        )
        print(card.check(arguments.model))
    except Mistake as mistake:
        sys.exit(f"published.py: {mistake}")


if __name__ == "__main__":
    main()
