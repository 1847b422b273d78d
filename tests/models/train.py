#!/usr/bin/env python3
"""Trains small models of every kind that the evaluator reads, and writes each beside what onnxruntime says of some rows.

usage: train.py [FOLDER] [--trees N] [--rows N]     (the folder of this script, 8, 48)

A model is NAME.onnx; NAME.json holds rows, labels and scores. Rows hold missing values where the model was trained with
some, and values that equal a threshold exactly. Needs the packages of requirements.txt.
"""

import argparse
import json
import warnings
from pathlib import Path

import lightgbm
import numpy
import onnx
import onnxmltools
import onnxruntime
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import to_onnx
from sklearn import ensemble, impute, linear_model, pipeline, preprocessing, tree

warnings.filterwarnings("ignore")
COLUMNS = 7
arguments = argparse.ArgumentParser()
arguments.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
arguments.add_argument("--trees", type=int, default=8)
arguments.add_argument("--rows", type=int, default=48)
arguments = arguments.parse_args()
random = numpy.random.default_rng(20)

# Columns of very different sizes, as features are; thresholds lie between and on values.
whole = random.normal(size=(400, COLUMNS)) * [1, 10, 1000, 1e6, 0.01, 1, 1] + [0, 5, 0, 3e6, 0, 0, 0]
whole[:, 5] = random.integers(0, 4, len(whole))
whole = whole.astype(numpy.float32)
holes = whole.copy()
holes[random.random(holes.shape) < 0.15] = numpy.nan
noise = random.normal(size=len(whole))
weight = whole[:, 0] + whole[:, 1] / 10 + (whole[:, 3] > 3e6) + 0.3 * noise
value = 3 * whole[:, 0] + whole[:, 1] + 1e-5 * whole[:, 3] + noise
three = numpy.digitize(weight, [0.3, 1.5])
two = (three > 0).astype(int)
text = numpy.array(["480", "720p", "Full HD é"])[three]


def options(estimator, keep_map):
    classifier = hasattr(estimator, "predict_proba")
    return {"options": {"zipmap": True}} if classifier and keep_map else {"options": {"zipmap": False}} if classifier else {}


def scikit(estimator, rows, target, keep_map=False):
    estimator.fit(rows, target)
    if isinstance(estimator, pipeline.Pipeline):
        last = estimator.steps[-1][1]
        extra = {"options": {id(last): {"zipmap": keep_map}}} if hasattr(last, "predict_proba") else {}
        return to_onnx(estimator, rows[:1], **extra), rows
    return to_onnx(estimator, rows[:1], **options(estimator, keep_map)), rows


def boosted(convert, estimator, rows, target, **extra):
    estimator.fit(rows, target)
    return convert(estimator, initial_types=[("input", FloatTensorType([None, COLUMNS]))], **extra), rows


def light(kind, rows, target, keep_map=False, **settings):
    settings = {"n_estimators": arguments.trees, "num_leaves": 12, "verbose": -1} | settings
    extra = {} if kind is lightgbm.LGBMRegressor else {"zipmap": keep_map}
    return boosted(onnxmltools.convert_lightgbm, kind(**settings), rows, target, **extra)


def extreme(kind, rows, target, **settings):
    return boosted(onnxmltools.convert_xgboost, kind(n_estimators=arguments.trees, max_depth=4, **settings), rows, target)


def forest(kind=ensemble.RandomForestClassifier, **settings):
    return kind(arguments.trees, **{"max_depth": 5, "random_state": 1} | settings)


def boosting(kind):
    return kind(n_estimators=arguments.trees, max_depth=3, random_state=1)


def filled():
    return impute.SimpleImputer(strategy="constant", fill_value=-1.0, keep_empty_features=True)


def average(rows, target):
    """A forest of LightGBM whose leaves runtimes divide by the number of trees themselves."""
    model, rows = light(lightgbm.LGBMRegressor, rows, target)
    node = model.graph.node[0]
    node.attribute.append(onnx.helper.make_attribute("aggregate_function", "AVERAGE"))
    return model, rows


MODELS = {
    "scikit-forest": lambda: scikit(forest(), whole, three),
    "scikit-forest-map": lambda: scikit(forest(), whole, three, keep_map=True),
    "scikit-forest-two": lambda: scikit(forest(), whole, two),
    "scikit-forest-text": lambda: scikit(forest(), whole, text, keep_map=True),
    "scikit-forest-double": lambda: scikit(forest(), whole.astype(numpy.float64), three),
    "scikit-extra": lambda: scikit(forest(ensemble.ExtraTreesClassifier), whole, three),
    "scikit-tree": lambda: scikit(tree.DecisionTreeClassifier(max_depth=5, random_state=1), whole, three),
    "scikit-forest-value": lambda: scikit(forest(ensemble.RandomForestRegressor), whole, value),
    "scikit-boosted": lambda: scikit(boosting(ensemble.GradientBoostingClassifier), whole, three),
    "scikit-boosted-two": lambda: scikit(boosting(ensemble.GradientBoostingClassifier), whole, two),
    "scikit-boosted-value": lambda: scikit(boosting(ensemble.GradientBoostingRegressor), whole, value),
    "scikit-filled-forest": lambda: scikit(pipeline.make_pipeline(filled(), forest()), holes, three),
    "scikit-scaled-forest": lambda: scikit(
        pipeline.make_pipeline(filled(), preprocessing.StandardScaler(), forest()), holes, three, keep_map=True
    ),
    "scikit-linear-value": lambda: scikit(linear_model.LinearRegression(), whole, value),
    "scikit-logistic": lambda: scikit(
        pipeline.make_pipeline(filled(), preprocessing.StandardScaler(), linear_model.LogisticRegression()), holes, three
    ),
    "scikit-logistic-two": lambda: scikit(
        pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()), whole, two
    ),
    "scikit-logistic-range": lambda: scikit(
        pipeline.make_pipeline(preprocessing.MinMaxScaler(), linear_model.LogisticRegression()), whole, three
    ),
    "light": lambda: light(lightgbm.LGBMClassifier, holes, three),
    "light-two": lambda: light(lightgbm.LGBMClassifier, holes, two),
    "light-text": lambda: light(lightgbm.LGBMClassifier, holes, text, keep_map=True),
    "light-categories": lambda: light(lightgbm.LGBMClassifier, whole, three, categorical_feature=[5], min_data_per_group=5),
    "light-value": lambda: light(lightgbm.LGBMRegressor, holes, value),
    "light-average": lambda: average(holes, value),
    "extreme": lambda: extreme(xgboost.XGBClassifier, holes, three),
    "extreme-two": lambda: extreme(xgboost.XGBClassifier, holes, two),
    "extreme-value": lambda: extreme(xgboost.XGBRegressor, holes, value),
    "extreme-forest": lambda: extreme(xgboost.XGBRFClassifier, holes, two),
}


def thresholds(model):
    """A column and a threshold of each decision that looks at the model's input."""
    for node in model.graph.node:
        lists = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        values = lists.get("nodes_values") or (
            onnx.numpy_helper.to_array(lists["nodes_values_as_tensor"]) if "nodes_values_as_tensor" in lists else []
        )
        if len(values) and node.input[0] == model.graph.input[0].name:
            for column, mode, at in zip(lists["nodes_featureids"], lists["nodes_modes"], values):
                # LightGBM has infinite ones, which JSON cannot hold.
                if mode != b"LEAF" and numpy.isfinite(at):
                    yield column, at


def rows_for(model, trained):
    rows = trained[random.permutation(len(trained))[: arguments.rows]].copy()
    at = list(thresholds(model))
    # Every third row has a value that equals a threshold, and one in nine lies just beside it.
    for row in range(0, len(rows) if at else 0, 3):
        column, threshold = at[random.integers(len(at))]
        rows[row, column] = threshold if row % 9 else numpy.nextafter(rows.dtype.type(threshold), rows.dtype.type(numpy.inf))
    return rows


def main():
    arguments.folder.mkdir(parents=True, exist_ok=True)
    settings = onnxruntime.SessionOptions()
    # With more threads, sums of trees run in another order, and results differ in the last bit.
    settings.intra_op_num_threads = 1
    for name, make in MODELS.items():
        model, trained = make()
        data = model.SerializeToString()
        session = onnxruntime.InferenceSession(data, settings, providers=["CPUExecutionProvider"])
        rows = rows_for(model, trained)
        outputs = session.run(None, {session.get_inputs()[0].name: rows})
        labels = [str(label) for label in outputs[0]] if len(outputs) == 2 else None
        scores = outputs[-1]
        if isinstance(scores, list):
            scores = numpy.array([list(row.values()) for row in scores], dtype=numpy.float32)
        cells = [[None if numpy.isnan(cell) else float(cell) for cell in row] for row in rows]
        golden = {"rows": cells, "labels": labels, "scores": [[float(score) for score in row] for row in scores]}
        (arguments.folder / f"{name}.onnx").write_bytes(data)
        text = json.dumps(golden, ensure_ascii=False).replace("], [", "],\n[")
        (arguments.folder / f"{name}.json").write_text(text + "\n")
        print(f"{name}: {len(data)} bytes, {len(rows)} rows, {len(set(labels or ['']))} labels")


main()
