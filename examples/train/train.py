#!/usr/bin/env python3
"""Trains a model on a folder of captures and labels, judges it by whole captures left out, and writes it with its card.

usage: train.py FOLDER MODEL.onnx [--kind forest|boosted] [--label fetch_height] [--window 10] [--as-known 0]
                [--report FOLDER]

Beside each NAME.pcap.gz stands NAME.player.jsonl, a line a second with "t" (seconds since 1970), "client_ip" and the label;
or one labels.csv with the columns capture, client, t and the label. Labels that are numbers are steps of a ladder.
The program is nflx in PATH, or what NFLX names. Needs the packages of requirements.txt.
"""

import argparse
import sys
import warnings
from pathlib import Path

import numpy
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

import card
import table
from table import Mistake

FOLDS = 5
# Stands for a missing value in forests, whose exporter drops their directions for missing values silently.
SENTINEL = -1.0


def estimator(kind, trees=200):
    if kind == "forest":
        return RandomForestClassifier(trees, min_samples_leaf=2, max_depth=10, class_weight="balanced", random_state=1, n_jobs=1)
    import lightgbm

    return lightgbm.LGBMClassifier(
        n_estimators=max(10, trees // 4), num_leaves=15, min_child_samples=5, class_weight="balanced", random_state=1, n_jobs=1,
        verbose=-1, deterministic=True, force_row_wise=True,
    )


def given(kind, rows):
    """Rows as the model takes them."""
    return numpy.where(numpy.isnan(rows), numpy.float32(SENTINEL), rows) if kind == "forest" else rows


def in_order(labels):
    """Classes in the order of a ladder: by number, else by name."""
    def key(label):
        try:
            return 0, float(label), label
        except ValueError:
            return 1, 0.0, label

    return sorted(set(labels), key=key)


def left_out(model, splits, rows, classes):
    """Probabilities of each row by a model that saw nothing of its group."""
    known = numpy.unique(classes)
    scores = numpy.zeros((len(rows), len(known)))
    for learn, judge in splits:
        fitted = clone(model).fit(rows[learn], classes[learn])
        columns = numpy.searchsorted(known, fitted.classes_)
        scores[numpy.ix_(judge, columns)] = fitted.predict_proba(rows[judge])
    return scores


def score(scores, classes):
    """What share is right, and how far off the rest is."""
    chosen = scores.argmax(axis=1)
    return {
        "accuracy": float((chosen == classes).mean()),
        "balanced_accuracy": float(balanced_accuracy_score(classes, chosen)),
        "within_one_step": float((abs(chosen - classes) <= 1).mean()),
    }


def judge(model, rows, classes, groups):
    """Scores by whole groups left out, beside always naming the most common class, and the leaky figure."""
    folds = min(FOLDS, len(set(groups)))
    if folds < 2:
        raise Mistake("one capture cannot be left out of itself; put more captures into the folder")
    with warnings.catch_warnings():
        # Rare classes have fewer captures than there are folds.
        warnings.simplefilter("ignore", UserWarning)
        whole = StratifiedGroupKFold(folds, shuffle=True, random_state=1)
        splits = list(whole.split(rows, classes, groups))
        torn = list(StratifiedKFold(folds, shuffle=True, random_state=1).split(rows, classes))
    scores = left_out(model, splits, rows, classes)
    common = numpy.bincount(classes).argmax()
    always = numpy.eye(scores.shape[1])[numpy.full(len(classes), common)]
    figures = {
        "model": score(scores, classes),
        "always the most common": score(always, classes),
        "leaky: windows of one capture on both sides": score(left_out(model, torn, rows, classes), classes),
    }
    return figures, scores, splits


def calibration(scores, classes):
    """Points of an isotonic curve from the score of the chosen class to the share of such choices that is right."""
    top, right = scores.max(axis=1), scores.argmax(axis=1) == classes
    curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(top, right)
    at = numpy.unique(numpy.quantile(top, numpy.linspace(0, 1, 12)).round(4))
    return [[float(score), round(float(probability), 4)] for score, probability in zip(at, curve.predict(at))]


def reliability(scores, classes):
    """How often choices of about a score were right: score, share, how many."""
    top, right = scores.max(axis=1), scores.argmax(axis=1) == classes
    edges = numpy.linspace(0, 1, 11)
    for low, high in zip(edges, edges[1:]):
        inside = (top > low) & (top <= high)
        if inside.any():
            yield float(top[inside].mean()), float(right[inside].mean()), int(inside.sum())


def importance(model, splits, rows, classes, columns):
    """By how much balanced accuracy falls on captures left out when a column is shuffled; the largest first."""
    drops = numpy.zeros(len(columns))
    for learn, judge in splits:
        fitted = clone(model).fit(rows[learn], classes[learn])
        with warnings.catch_warnings():
            # A small fold may lack a class that the model names.
            warnings.simplefilter("ignore", UserWarning)
            found = permutation_importance(
                fitted, rows[judge], classes[judge], scoring="balanced_accuracy", n_repeats=3, random_state=1
            )
        drops += found.importances_mean / len(splits)
    return sorted(zip(columns, drops.tolist()), key=lambda pair: -pair[1])


def exported(kind, model, rows):
    if kind == "forest":
        from skl2onnx import to_onnx

        return to_onnx(model, rows[:1].astype(numpy.float32), options={"zipmap": False})
    import onnxmltools
    from onnxmltools.convert.common.data_types import FloatTensorType

    return onnxmltools.convert_lightgbm(model, initial_types=[("rows", FloatTensorType([None, rows.shape[1]]))], zipmap=False)


def draw(folder, bins, ranking):
    """The reliability plot and the importance of columns, as pictures."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = pyplot.subplots(figsize=(5, 5))
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    said, right, count = zip(*bins)
    axes.scatter(said, right, s=[20 + 200 * number / max(count) for number in count])
    axes.set(xlabel="score of the chosen class", ylabel="share that was right", title="Reliability, captures left out")
    figure.savefig(folder / "reliability.png", dpi=120, bbox_inches="tight")
    figure, axes = pyplot.subplots(figsize=(7, 5))
    names, drops = zip(*ranking[:15][::-1])
    axes.barh(names, drops)
    axes.set(title="Fall of balanced accuracy when a column is shuffled")
    figure.savefig(folder / "importance.png", dpi=120, bbox_inches="tight")
    pyplot.close("all")


def say(figures, ranking):
    print(f"{'':45} {'accuracy':>9} {'balanced':>9} {'within a step':>14}")
    for name, figure in figures.items():
        print(f"{name:45} {figure['accuracy']:9.3f} {figure['balanced_accuracy']:9.3f} {figure['within_one_step']:14.3f}")
    print("The leaky figure is a warning: windows of one session resemble each other, and no new session does.")
    print("Most important:", ", ".join(f"{name} {drop:.3f}" for name, drop in ranking[:5]))


def train(data, path, *, kind="forest", trees=200, label="fetch_height", window=10, columns=None, report=None, **names):
    """Judges and writes a model of a table that `table.load` made; returns its figures."""
    columns = table.COLUMNS if columns is None else columns
    ladder = in_order(data["label"])
    if len(ladder) < 2:
        raise Mistake(f"every window has the label {ladder[0]}; there is nothing to learn")
    raw = data[columns].to_numpy(dtype=numpy.float32)
    rows = given(kind, raw)
    classes = numpy.array([ladder.index(label) for label in data["label"]])
    groups = data["group"].to_numpy()
    model = estimator(kind, trees)
    figures, scores, splits = judge(model, rows, classes, groups)
    ranking = importance(estimator(kind, max(20, trees // 4)), splits, rows, classes, columns)
    bins = list(reliability(scores, classes))
    say(figures, ranking)
    if report:
        draw(Path(report), bins, ranking)
    model = clone(model).fit(rows, classes)
    outputs = model.predict_proba(rows)
    numeric = all(name.replace(".", "", 1).isdigit() for name in ladder)
    card.write(
        exported(kind, model, rows), Path(path),
        columns=columns, rows=raw, outputs=outputs, labels=[ladder[place] for place in outputs.argmax(axis=1)], classes=ladder,
        missing=str(SENTINEL) if kind == "forest" else "nan",
        **{
            "name": f"{kind} of {label}", "version": "1",
            "target": "resolution" if "height" in label else label, "unit": "lines" if "height" in label and numeric else "",
            "window": str(window), "settings": table.settings(columns),
            # A segment must be known, and an input may lie a little outside of what this small table has seen.
            "answers": {"segments": 1, "margin": 0.05},
            "calibration": calibration(scores, classes), "reliability": bins,
            "trained_on": f"{len(data)} windows of {len(set(groups))} captures", "score": figures,
        } | names,
    )
    return figures


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("model", type=Path)
    arguments.add_argument("--kind", choices=["forest", "boosted"], default="forest")
    arguments.add_argument("--trees", type=int, default=200)
    arguments.add_argument("--label", default="fetch_height", help="fetch_height, height (on screen), state, or a column of labels.csv")
    arguments.add_argument("--window", type=int, default=10)
    arguments.add_argument("--as-known", type=int, metavar="SECONDS", help="for a host that answers so long after each window")
    arguments.add_argument("--name")
    arguments.add_argument("--report", type=Path, help="folder for the reliability plot and the importance of columns")
    arguments = arguments.parse_args()
    try:
        data = table.load(arguments.folder, arguments.label, arguments.window, as_known=arguments.as_known)
        names = {"name": arguments.name} if arguments.name else {}
        train(
            data, arguments.model, kind=arguments.kind, trees=arguments.trees, label=arguments.label, window=arguments.window,
            report=arguments.report, **names,
        )
        print(card.check(arguments.model))
    except Mistake as mistake:
        sys.exit(f"train.py: {mistake}")


if __name__ == "__main__":
    main()
