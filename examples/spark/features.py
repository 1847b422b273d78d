"""Maps a directory of captures to one partitioned Parquet table of features (or segments, or servers), on Apache Spark.

    python3 examples/spark/features.py CAPTURES TABLE
    spark-submit --master … examples/spark/features.py CAPTURES TABLE --nflx /opt/nflx/bin/nflx -- --window 5

CAPTURES is a directory that every executor sees under the same name, TABLE whatever Spark can write to. Each capture is
one task, so that one that cannot be read costs its own rows and nothing else: what became of each is in TABLE/_captures
(JSON lines; Spark and other readers pass over names that begin with an underscore). examples/spark/README.md says why it
is built this way.
"""

import argparse
import os
import subprocess
import sys
import tempfile

import pyarrow
import pyarrow.parquet
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

CAPTURES = (".pcap", ".pcapng", ".cap", ".pcap.gz", ".pcapng.gz", ".cap.gz")
# What `nflx` says with its exit status; all of what could be read is used in both of the first.
STATES = {0: "done", 1: "damaged"}
# The header of a pcap file: a capture without packets, which gives a table without rows.
EMPTY = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")
RUN = "capture string, status int, message string, table binary"


def captures_in(directory):
    """Every capture below a directory, relative to it and in order of name."""
    found = []
    for folder, _, names in os.walk(directory):
        found += [os.path.relpath(os.path.join(folder, name), directory) for name in names if name.endswith(CAPTURES)]
    return sorted(found)


def run_nflx(nflx, command, options, directory, capture):
    """Runs the command on one capture: exit status, what it said, and the Parquet file that it wrote (None for none)."""
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "part.parquet")
        call = [nflx, command, "--format", "parquet", "-o", output, *options, "--", capture]
        done = subprocess.run(call, cwd=directory, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        table = None
        if done.returncode in STATES:
            with open(output, "rb") as file:
                table = file.read()
        return done.returncode, done.stderr.decode(errors="replace").strip(), table


def plain(table):
    """Moments in nanoseconds since 1970 as integers: Spark's own are microseconds, which would cost three digits."""
    fields = [
        pyarrow.field(field.name, pyarrow.int64()) if pyarrow.types.is_timestamp(field.type) else field
        for field in table.schema
    ]
    return table.cast(pyarrow.schema(fields))


def read(content):
    return plain(pyarrow.parquet.read_table(pyarrow.BufferReader(content)))


def schema_of(nflx, command, options):
    """The columns, as the command itself writes them for a capture without packets."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "empty.pcap"), "wb") as file:
            file.write(EMPTY)
        status, message, content = run_nflx(nflx, command, options, folder, "empty.pcap")
    if content is None:
        raise SystemExit(f"{nflx} {command} fails with status {status}: {message}")
    return read(content).schema


def job(spark, directory, output, nflx="nflx", command="features", options=()):
    """Writes the table and returns what became of the captures: a list of rows with capture, status and message."""
    directory = os.path.abspath(directory)
    captures = captures_in(directory)
    if not captures:
        raise SystemExit(f"{directory}: holds no captures (files that end in {', '.join(CAPTURES)})")
    options = list(options)
    schema = schema_of(nflx, command, options)

    def analyse(batches):
        for batch in batches:
            for capture in batch.column("capture").to_pylist():
                status, message, table = run_nflx(nflx, command, options, directory, capture)
                columns = [[capture], [status], [message], [table]]
                types = [pyarrow.string(), pyarrow.int32(), pyarrow.string(), pyarrow.binary()]
                arrays = [pyarrow.array(column, kind) for column, kind in zip(columns, types)]
                yield pyarrow.RecordBatch.from_arrays(arrays, ["capture", "status", "message", "table"])

    def unpack(batches):
        for batch in batches:
            for content in batch.column("table").to_pylist():
                yield from read(content).to_batches()

    # One partition a capture: they differ in size, and whoever is free takes the next one.
    names = spark.createDataFrame([(capture,) for capture in captures], "capture string")
    names = names.repartitionByRange(len(captures), "capture")
    # Kept, so that no capture is read twice; a table has a fraction of its capture's size.
    runs = names.mapInArrow(analyse, RUN).persist()
    rows = runs.where("table is not null").select("table").mapInArrow(unpack, from_arrow_schema(schema))
    rows.write.mode("overwrite").partitionBy("capture").parquet(output)
    summary = runs.select("capture", "status", "message").orderBy("capture")
    summary.coalesce(1).write.json(f"{output.rstrip('/')}/_captures")
    outcome = summary.collect()
    runs.unpersist()
    return outcome


def main():
    parser = argparse.ArgumentParser(description="Maps a directory of captures to a partitioned Parquet table.")
    parser.add_argument("captures", metavar="CAPTURES")
    parser.add_argument("table", metavar="TABLE")
    parser.add_argument("--nflx", default="nflx", help="the command, as executors find it [default: nflx]")
    parser.add_argument("--rows", choices=["features", "segments", "servers"], default="features")
    parser.add_argument("options", nargs="*", metavar="OPTION", help="options for nflx, behind --")
    args = parser.parse_args()
    spark = SparkSession.builder.appName("nflx").getOrCreate()
    outcome = job(spark, args.captures, args.table, args.nflx, args.rows, args.options)
    spark.stop()
    for row in outcome:
        if row.message:
            print(row.message, file=sys.stderr)
    # As `nflx` itself: the worst of several captures counts.
    sys.exit(max(row.status if row.status in (0, 1) else 2 for row in outcome))


if __name__ == "__main__":
    main()
