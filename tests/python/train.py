"""Trains models as the example does, and holds the program to them.

usage: train.py NFLX EXAMPLES FOLDER
"""

import json
import os
import subprocess
import sys
from pathlib import Path

nflx, examples, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
os.environ["NFLX"] = nflx
sys.path.insert(0, str(examples / "train"))

import numpy  # noqa: E402
import onnx  # noqa: E402
import pandas  # noqa: E402
import published  # noqa: E402
import table  # noqa: E402
import train  # noqa: E402

# Sessions, and the table of them.
subprocess.run([sys.executable, examples / "train/simulate.py", folder, "--sessions", "16", "--seconds", "120"], check=True)
data = table.load(folder)
assert len(data) > 50 and data["label"].nunique() >= 3 and data["group"].nunique() == 16, data.describe()

# Rows that do not wait for the end know less.
known = table.load(folder, as_known=0)
assert set(known["group"]) == set(data["group"])
assert known["playback_video_media"].count() < data["playback_video_media"].count()

# The same labels from a list.
ticks = [json.loads(line) for line in (folder / "session-000.player.jsonl").read_text().splitlines()]
for path in folder.glob("*.player.jsonl"):
    path.rename(path.with_suffix(".kept"))
rows = "".join(f"session-000,,{tick['t']},{tick['fetch_height']}\n" for tick in ticks)
(folder / "labels.csv").write_text("capture,client,t,fetch_height\n" + rows)
listed = table.load(folder)
wanted = data[data["group"] == "session-000"]
assert listed["label"].tolist() == wanted["label"].tolist() and set(listed["group"]) == {"session-000"}
(folder / "labels.csv").unlink()
for path in folder.glob("*.kept"):
    path.rename(path.with_suffix(".jsonl"))

# Whole captures are left out: no group stands on both sides.
classes = numpy.array([train.in_order(data["label"]).index(label) for label in data["label"]])
rows = data[table.COLUMNS].to_numpy(dtype=numpy.float32)
_, _, splits = train.judge(train.estimator("forest", 5), train.given("forest", rows), classes, data["group"].to_numpy())
for learn, judge in splits:
    assert not set(data["group"].iloc[learn]) & set(data["group"].iloc[judge])
assert sorted(numpy.concatenate([judge for _, judge in splits])) == list(range(len(data)))


def quality(model):
    captures = sorted(map(str, folder.glob("*.pcap.gz")))
    call = [nflx, "quality", "--model", str(model), "--format", "jsonl", *captures]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    return pandas.DataFrame(json.loads(line) for line in done.stdout.splitlines())


for kind in ("forest", "boosted"):
    model = folder / f"{kind}.onnx"
    figures = train.train(data, model, kind=kind, trees=20, report=folder / "report")
    assert figures["model"]["balanced_accuracy"] > figures["always the most common"]["balanced_accuracy"] + 0.2, figures
    assert all((folder / "report" / name).stat().st_size > 5000 for name in ("reliability.png", "importance.png"))
    # The program says of each window what the trained model says, which has seen all of them.
    said = quality(model).merge(data, left_on=["capture", "session", "window"], right_on=["capture", "session", "window"])
    answered = said[said["label_x"].notna()]
    assert len(answered) > 0.7 * len(data), said["reason"].value_counts()
    assert (answered["label_x"] == answered["label_y"]).mean() > 0.9, answered[["label_x", "label_y"]]
    assert answered["confidence"].between(0, 1).all()
    # Other settings than in training are refused.
    call = [nflx, "features", "--model", model, folder / "session-000.pcap.gz"]
    refused = subprocess.run(call, capture_output=True, text=True, check=False)
    assert refused.returncode == 2 and "feature_kinds = video" in refused.stderr, refused.stderr

# A file whose model was changed is refused: here a leaf's weight.
damaged = onnx.load(folder / "boosted.onnx")
weights = next(attribute for attribute in damaged.graph.node[0].attribute if attribute.name == "class_weights")
for place in range(len(weights.floats)):
    weights.floats[place] += 0.5 if place % 3 == 0 else 0
onnx.save(damaged, folder / "damaged.onnx")
refused = subprocess.run([nflx, "model", "check", folder / "damaged.onnx"], capture_output=True, text=True, check=False)
assert refused.returncode == 2 and "check row" in refused.stderr, refused.stderr

# The published table: our columns by their names, the others with a reason.
random = numpy.random.default_rng(1)
names = published.own_columns()
fake = pandas.DataFrame({name: random.normal(size=400) for name in names} | {"access_avg": 1.0, "10_chunksizes_50R": 1.0})
fake["session_id"], fake["service"] = [f"s{row // 10}" for row in range(400)], ["netflix", "youtube"] * 200
fake["resolution"] = numpy.where(fake["10_avg_chunksize"] > 0, 720, 240)
fake.loc[:9, "resolution"] = 0
fake.to_pickle(folder / "published.pkl")
call = [sys.executable, examples / "train/published.py", folder / "published.pkl", folder / "published.onnx", "--trees", "40"]
done = subprocess.run(call, capture_output=True, text=True, check=True)
assert f"{len(names)} of {fake.shape[1]} columns are ours" in done.stdout, done.stdout
assert "access_avg: measured by a probe in the home" in done.stdout and "all reproduced" in done.stdout, done.stdout
assert len(published.labelled(published.read(folder / "published.pkl"), "resolution", "netflix")) == 195


class Program:
    def __reduce__(self):
        return os.system, (f"touch {folder}/ran",)


pandas.to_pickle(Program(), folder / "program.pkl")
refused = subprocess.run([*call[:2], folder / "program.pkl", *call[3:]], capture_output=True, text=True, check=False)
assert refused.returncode == 1 and "which is no data" in refused.stderr and not (folder / "ran").exists(), refused.stderr
print("trained, judged and asked")
