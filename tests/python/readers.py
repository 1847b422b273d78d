"""Reads a Parquet file with pandas, Polars and DuckDB, and compares what they get with JSON lines of the same rows.

usage: readers.py FILE.parquet FILE.jsonl …     (JSON lines may be none: then only types are compared)
"""

import json
import sys
from decimal import Decimal

import duckdb
import pandas
import polars
import pyarrow.parquet

# Kind of column: its type in Arrow, pandas, Polars and DuckDB.
TYPES = {
    "bool": ("bool", "boolean", "Boolean", "BOOLEAN"),
    "integer": ("int64", "Int64", "Int64", "BIGINT"),
    "float": ("double", "float64", "Float64", "DOUBLE"),
    "time": ("timestamp[ns, tz=UTC]", "datetime64[ns, UTC]", "Datetime(time_unit='ns', time_zone='UTC')", "TIMESTAMPTZ_NS"),
    "text": ("string", ("str", "object"), "String", "VARCHAR"),
    "words": ("list<element: string not null>", "object", "List(String)", "VARCHAR[]"),
    "floats": ("list<element: double not null>", "object", "List(Float64)", "DOUBLE[]"),
}
SECONDS = {"ttfb_s", "duration_s", "media_s"}
TIMES = {"time", "t_request", "t_first", "t_last"}
BOOLS = {"request", "truncated", "complete", "estimated", "shared", "inferred", "aborted"}
FLOATS = SECONDS | {"throughput_bps", "bitrate_bps"}
TEXTS = {
    "capture", "server", "client", "name", "evidence", "role", "role_reason", "kind", "kind_reason", "transport", "direction",
    "evidence_scope", "via", "first_capture", "last_capture",
}


def kind(table, field):
    """Kind of a column, by what the documents say of its name."""
    name = field.name
    if table == "features":
        # Too many to name: what the file says, which readers must agree on.
        return next(kind for kind, (arrow, *_) in TYPES.items() if arrow == str(field.type))
    if (table, name) == ("servers", "evidence"):
        return "words"
    for names, kind in ((TIMES, "time"), (BOOLS, "bool"), (FLOATS, "float"), (TEXTS, "text")):
        if name in names:
            return kind
    return "integer"


def expected(row, name, kind):
    """The value of a JSON line as nanoseconds, numbers, texts and lists."""
    value = row[name]
    if value is None:
        return None
    if kind == "time":
        return int(value * 1_000_000_000)
    if kind == "float":
        return float(value)
    if kind == "floats":
        return [float(item) for item in value]
    return value


def same(name, got, wanted):
    assert len(got) == len(wanted), (name, len(got), len(wanted))
    for place, (left, right) in enumerate(zip(got, wanted)):
        if left is not None and left != left:
            left = None
        assert left == right and type(left) is type(right), (name, place, left, right)


def compare(parquet, jsonl):
    with open(jsonl) as lines:
        rows = [json.loads(line, parse_float=Decimal) for line in lines]

    metadata = pyarrow.parquet.read_metadata(parquet)
    pairs = {key.decode(): value.decode() for key, value in metadata.metadata.items()}
    table = pairs["nflx.table"]
    schema = pyarrow.parquet.read_schema(parquet)
    names = schema.names
    if rows:
        assert names == list(rows[0]), (names, list(rows[0]))
    kinds = {name: kind(table, schema.field(name)) for name in names}
    wanted = {name: [expected(row, name, kinds[name]) for row in rows] for name in names}

    # What the file says of itself.
    about = json.loads(pairs["nflx.columns"])
    assert list(about) == names or sorted(about) == sorted(names)
    assert all(column["about"] for column in about.values())
    for name in names:
        if name.endswith("_bytes"):
            assert about[name]["unit"] == "bytes", name
    assert metadata.num_rows == len(rows)
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            column = metadata.row_group(group).column(place)
            assert column.compression == "ZSTD", column
            assert column.is_stats_set and column.statistics.has_null_count, column
            name = column.path_in_schema.split(".")[0]
            # Of floats they are in IEEE 754 total order, which pyarrow does not know yet and therefore ignores.
            if column.statistics.num_values > 0 and kinds[name] not in ("words", "float", "floats"):
                assert column.statistics.has_min_max, column
    for name in names:
        assert str(schema.field(name).type) == TYPES[kinds[name]][0], (name, schema.field(name).type)

    frame = pandas.read_parquet(parquet)
    for name in names:
        types = TYPES[kinds[name]][1]
        assert str(frame[name].dtype) in (types if isinstance(types, tuple) else (types,)), (name, frame[name].dtype)
        column = frame[name]
        if kinds[name] == "time":
            got = [None if value is pandas.NaT else value.value for value in column]
        elif kinds[name] in ("words", "floats"):
            got = [None if value is None else list(value) for value in column]
        else:
            got = [None if value is pandas.NA else value for value in column.tolist()]
        same(("pandas", name), got, wanted[name])

    frame = polars.read_parquet(parquet)
    for name in names:
        assert str(frame.schema[name]) == TYPES[kinds[name]][2], (name, frame.schema[name])
        column = frame[name]
        same(("polars", name), (column.to_physical() if kinds[name] == "time" else column).to_list(), wanted[name])

    database = duckdb.connect()
    relation = database.sql(f"SELECT * FROM read_parquet('{parquet}')")
    assert relation.columns == names
    for name, found in zip(names, map(str, relation.types)):
        assert found == TYPES[kinds[name]][3], (name, found)
    for name in names:
        field = f'epoch_ns("{name}")' if kinds[name] == "time" else f'"{name}"'
        got = [value for (value,) in database.sql(f"SELECT {field} FROM read_parquet('{parquet}')").fetchall()]
        same(("duckdb", name), got, wanted[name])
    print(f"{table}: {len(rows)} rows, {len(names)} columns; pandas, Polars and DuckDB agree")


for parquet, jsonl in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
    compare(parquet, jsonl)
