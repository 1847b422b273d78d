"""Runs the Spark job on the recorded captures and a file that is none, and compares its table with one that `nflx` itself
wrote on this machine, row for row.

usage: spark.py NFLX CAPTURE...
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["PYSPARK_PYTHON"] = sys.executable
sys.path.insert(0, str(Path(__file__).parents[2] / "examples/spark"))

import features
from pyspark.sql import SparkSession

nflx, *captures = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    inputs, output, alone = folder / "captures", folder / "table", folder / "alone"
    (inputs / "deeper").mkdir(parents=True)
    for number, capture in enumerate(captures):
        shutil.copy(capture, inputs / ("deeper" if number % 2 else ".") / Path(capture).name)
    (inputs / "no-capture.pcap").write_bytes(b"hello")
    cut = inputs / "cut.pcap.gz"
    cut.write_bytes(Path(captures[0]).read_bytes()[:-5000])

    spark = (
        SparkSession.builder.master("local[2]").appName("nflx")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.legacy.parquet.nanosAsLong", "true")
        .config("spark.local.dir", str(folder / "scratch"))
        .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    spark.sparkContext.addPyFile(features.__file__)
    for command in ["features", "segments"]:
        outcome = features.job(spark, str(inputs), str(output), nflx, command)
        status = {row.capture: row.status for row in outcome}
        assert len(status) == len(captures) + 2, status
        assert status.pop("no-capture.pcap") == 2 and status.pop("cut.pcap.gz") == 1, outcome
        assert set(status.values()) == {0}, outcome
        said = [json.loads(line) for part in (output / "_captures").glob("*.json") for line in part.open()]
        failed = next(row for row in said if row["capture"] == "no-capture.pcap")
        assert "is not a capture" in failed["message"], failed

        # The same on one machine: every capture that can be read, in one run.
        shutil.rmtree(alone, ignore_errors=True)
        names = [*sorted(status), "cut.pcap.gz"]
        call = [nflx, command, "--format", "parquet", "-o", str(folder / "alone.parquet"), "--", *names]
        done = subprocess.run(call, cwd=inputs, capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stderr
        expected = spark.read.parquet(str(folder / "alone.parquet"))
        table = spark.read.parquet(str(output)).select(expected.columns)
        assert table.dtypes == expected.dtypes, (table.dtypes, expected.dtypes)
        rows, others = ([tuple(row) for row in frame.collect()] for frame in (table, expected))
        assert len(rows) > len(captures), rows
        # NaN is no value of the tables, so that equal rows compare as equal.
        assert sorted(map(repr, rows)) == sorted(map(repr, others)), "rows differ"
        found = sorted(path.name for path in output.glob("capture=*"))
        assert len(found) == table.select("capture").distinct().count(), found
        print(f"{command}: {len(rows)} rows of {len(found)} captures are the same")
    spark.stop()
