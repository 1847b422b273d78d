"""Reads a folder of partitions as one table with pandas, Polars and DuckDB, and compares it with JSON lines.

usage: partitions.py FOLDER FILE.jsonl
"""

import json
import sys

import duckdb
import pandas
import polars


def main():
    folder, jsonl = sys.argv[1:]
    with open(jsonl) as lines:
        rows = [json.loads(line) for line in lines]
    # Times as the writer prints them are no floats: the readers' test compares them.
    key = "server" if "server" in rows[0] else "window"
    numbers = [name for name, value in rows[0].items() if type(value) is int and name != key]
    wanted = sorted((row["capture"], row[key], *(row[name] for name in numbers)) for row in rows)

    frame = pandas.read_parquet(folder)
    got = sorted(zip(frame["capture"].astype(str), frame[key].tolist(), *(frame[name].tolist() for name in numbers)))
    assert got == wanted, "pandas"

    pattern = folder.rstrip("/") + "/*/part.parquet"
    frame = polars.read_parquet(pattern, hive_partitioning=True)
    got = sorted(zip(frame["capture"].to_list(), frame[key].to_list(), *(frame[name].to_list() for name in numbers)))
    assert got == wanted, "polars"

    columns = ", ".join(f'"{name}"' for name in ["capture", key, *numbers])
    got = sorted(duckdb.sql(f"SELECT {columns} FROM read_parquet('{pattern}', hive_partitioning = true)").fetchall())
    assert got == wanted, "duckdb"
    print(f"{len(rows)} rows; pandas, Polars and DuckDB agree")


main()
