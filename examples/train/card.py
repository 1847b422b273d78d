"""The card of a model: what it takes and when it answers, in the metadata of its file."""

import json
import subprocess

import numpy
import onnx

from table import Mistake, nflx

DEFINITIONS = 1  # Version of the features' definitions: nflx_core::features::DEFINITIONS.
CHECK_ROWS = 48


def cells(row):
    return [None if numpy.isnan(value) else float(value) for value in row]


def check_rows(rows, outputs, labels):
    """Rows from all over the table, among them some with missing values, with what the trained model itself says."""
    missing = numpy.flatnonzero(numpy.isnan(rows).any(axis=1))
    spread = numpy.linspace(0, len(rows) - 1, min(CHECK_ROWS, len(rows))).astype(int)
    chosen = sorted({*spread, *missing[: CHECK_ROWS // 4]})
    for at in chosen:
        if labels is None:
            yield {"row": cells(rows[at]), "value": float(outputs[at])}
        else:
            yield {"row": cells(rows[at]), "label": labels[at], "scores": [float(score) for score in outputs[at]]}


def ranges(rows):
    for column in rows.T:
        there = column[~numpy.isnan(column)]
        low, high = (float(there.min()), float(there.max())) if len(there) else (None, None)
        yield [low, high, round(1 - len(there) / len(column), 4)]


def write(model, path, *, columns, rows, outputs, labels=None, classes=(), missing="nan", **entries):
    """Puts a card into a model and writes it; `entries` are texts, or what JSON can hold."""
    card = {
        "card": "1",
        "definitions": str(DEFINITIONS),
        "columns": list(columns),
        "classes": list(classes),
        "missing": missing,
        "ranges": list(ranges(rows)),
        "check": list(check_rows(rows, outputs, labels)),
    } | entries
    del model.metadata_props[:]
    for key, value in card.items():
        text = value if isinstance(value, str) else json.dumps(value)
        model.metadata_props.append(onnx.StringStringEntryProto(key=f"nflx.{key}", value=text))
    path.write_bytes(model.SerializeToString())


def check(path):
    """Has the program load a model, which evaluates the check rows; what it shows of it."""
    done = subprocess.run([nflx(), "model", "check", str(path), "--format", "table"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Mistake(done.stderr.strip())
    return done.stdout
