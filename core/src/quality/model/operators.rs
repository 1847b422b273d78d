//! Compiles the operators of an ONNX graph to steps. The error for an unsupported operator names
//! it.

use super::ModelError;
use super::error::quoted;
use super::limits::{LIMITS, at_most};
use super::linear::Linear;
use super::onnx::{GraphNode, Tensor, element};
use super::step::{Arithmetic, Step};
use super::trees::{self, Aggregate, Finish, Leaves, Nodes, Precision, Purpose, Task, Trees};

/// Names of the attributes that hold a tree ensemble's nodes.
const NODES: &[&str] = &[
    "nodes_falsenodeids",
    "nodes_featureids",
    "nodes_hitrates",
    "nodes_hitrates_as_tensor",
    "nodes_missing_value_tracks_true",
    "nodes_modes",
    "nodes_nodeids",
    "nodes_treeids",
    "nodes_truenodeids",
    "nodes_values",
    "nodes_values_as_tensor",
    "post_transform",
];

/// Attributes of ensembles that choose among classes, besides [`NODES`].
const CLASSIFIER: &[&str] = &[
    "base_values",
    "base_values_as_tensor",
    "class_ids",
    "class_nodeids",
    "class_treeids",
    "class_weights",
    "class_weights_as_tensor",
    "classlabels_int64s",
    "classlabels_strings",
];

/// Attributes of ensembles that return values, besides [`NODES`].
const REGRESSOR: &[&str] = &[
    "aggregate_function",
    "base_values",
    "base_values_as_tensor",
    "n_targets",
    "target_ids",
    "target_nodeids",
    "target_treeids",
    "target_weights",
    "target_weights_as_tensor",
];

/// Reads an ensemble that chooses among classes, and their names.
pub(super) fn tree_classifier<T: Precision>(
    node: &GraphNode<'_>,
    width: usize,
    is_double: bool,
) -> Result<(Trees<T>, Vec<Box<str>>), ModelError> {
    node.only(&[NODES, CLASSIFIER].concat())?;
    let classes = classes(node, "classlabels_int64s")?;
    let weights = numbers(node, "class_weights", is_double)?;
    let ids = node.integers("class_ids");
    let base = numbers(node, "base_values", is_double)?;
    let finish = finish(node)?;
    let wrong = |reason: &str| ModelError::operator(node.operator, reason);
    let (sums, task) = if classes.len() == 2 {
        if ids.iter().any(|id| *id != 0) {
            return Err(wrong(
                "weights of two classes must be those of one sum, which exporters write",
            ));
        }
        if finish == Finish::Softmax || base.len() > 1 {
            return Err(wrong("of two classes it has one sum, but treats it as two"));
        }
        (1, Task::Two(weights.iter().all(|weight| *weight >= 0.0)))
    } else {
        if !base.is_empty() && base.len() != classes.len() {
            return Err(wrong(
                "it has another number of base values than of classes",
            ));
        }
        (classes.len(), Task::Many)
    };
    let leaves = Leaves {
        trees: node.integers("class_treeids"),
        numbers: node.integers("class_nodeids"),
        sums: ids,
        weights,
    };
    let purpose = Purpose {
        sums,
        task,
        finish,
        base,
    };
    let trees = trees::build(
        node.operator,
        &nodes(node, is_double)?,
        &leaves,
        purpose,
        width,
        &LIMITS,
    )?;
    Ok((trees, classes))
}

/// Reads an ensemble that returns one or more values.
pub(super) fn tree_regressor<T: Precision>(
    node: &GraphNode<'_>,
    width: usize,
    is_double: bool,
) -> Result<Trees<T>, ModelError> {
    node.only(&[NODES, REGRESSOR].concat())?;
    let sums = count(node, "n_targets")?;
    let aggregate = aggregate(node)?;
    let finish = finish(node)?;
    if sums == 1 && finish != Finish::None {
        // Runtimes differ on whether it is applied to a single value.
        return Err(ModelError::unsupported(
            "a transformation of a regressor's only value",
        ));
    }
    let base = numbers(node, "base_values", is_double)?;
    if !base.is_empty() && base.len() != sums {
        return Err(ModelError::operator(
            node.operator,
            "it has another number of base values than of values",
        ));
    }
    let leaves = Leaves {
        trees: node.integers("target_treeids"),
        numbers: node.integers("target_nodeids"),
        sums: node.integers("target_ids"),
        weights: numbers(node, "target_weights", is_double)?,
    };
    let purpose = Purpose {
        sums,
        task: Task::Values(aggregate),
        finish,
        base,
    };
    trees::build(
        node.operator,
        &nodes(node, is_double)?,
        &leaves,
        purpose,
        width,
        &LIMITS,
    )
}

fn aggregate(node: &GraphNode<'_>) -> Result<Aggregate, ModelError> {
    match node.string("aggregate_function")? {
        "" | "SUM" => Ok(Aggregate::Sum),
        "AVERAGE" => Ok(Aggregate::Average),
        other => Err(ModelError::unsupported(format!(
            "the aggregate function {}",
            quoted(other)
        ))),
    }
}

fn nodes<'a>(node: &'a GraphNode<'_>, is_double: bool) -> Result<Nodes<'a>, ModelError> {
    Ok(Nodes {
        trees: node.integers("nodes_treeids"),
        numbers: node.integers("nodes_nodeids"),
        columns: node.integers("nodes_featureids"),
        modes: node.strings("nodes_modes"),
        thresholds: numbers(node, "nodes_values", is_double)?,
        if_true: node.integers("nodes_truenodeids"),
        if_false: node.integers("nodes_falsenodeids"),
        missing: node.integers("nodes_missing_value_tracks_true"),
    })
}

/// Reads a linear model that chooses among classes, and their names.
pub(super) fn linear_classifier(
    node: &GraphNode<'_>,
    width: usize,
) -> Result<(Linear, Vec<Box<str>>), ModelError> {
    node.only(&[
        "classlabels_ints",
        "classlabels_strings",
        "coefficients",
        "intercepts",
        "multi_class",
        "post_transform",
    ])?;
    let classes = classes(node, "classlabels_ints")?;
    if node.floats("intercepts").len() != classes.len() {
        return Err(ModelError::operator(
            node.operator,
            "it has another number of intercepts than of classes",
        ));
    }
    let linear = linear(node, width, classes.len(), true)?;
    Ok((linear, classes))
}

/// Reads a linear model that returns one or more values.
pub(super) fn linear_regressor(node: &GraphNode<'_>, width: usize) -> Result<Linear, ModelError> {
    node.only(&["coefficients", "intercepts", "post_transform", "targets"])?;
    let targets = if node.integer("targets").is_some() {
        count(node, "targets")?
    } else {
        1
    };
    let linear = linear(node, width, targets, false)?;
    match linear.finish {
        Finish::None => Ok(linear),
        _ => Err(ModelError::unsupported(
            "a transformation of a regressor's values",
        )),
    }
}

fn linear(
    node: &GraphNode<'_>,
    width: usize,
    sums: usize,
    is_classifier: bool,
) -> Result<Linear, ModelError> {
    let (coefficients, intercepts) = (node.floats("coefficients"), node.floats("intercepts"));
    if coefficients.len() != width * sums || (!intercepts.is_empty() && intercepts.len() != sums) {
        let found = coefficients.len();
        let reason = format!("it has {found} coefficients for {sums} sums of {width} columns");
        return Err(ModelError::operator(node.operator, reason));
    }
    let intercepts = if intercepts.is_empty() {
        vec![0.0; sums]
    } else {
        intercepts.to_vec()
    };
    Ok(Linear {
        coefficients: coefficients.to_vec(),
        intercepts,
        is_classifier,
        finish: finish(node)?,
    })
}

/// Reads an operator that replaces missing values.
pub(super) fn impute(
    node: &GraphNode<'_>,
    width: usize,
    is_double: bool,
) -> Result<Step, ModelError> {
    node.only(&["imputed_value_floats", "replaced_value_float"])?;
    if is_double {
        return Err(ModelError::unsupported("an Imputer of double precision"));
    }
    let instead_of = node
        .float("replaced_value_float")
        .unwrap_or_default()
        .into();
    Ok(Step::Impute {
        instead_of,
        values: each(node, "imputed_value_floats", width)?,
    })
}

/// Reads an operator that shifts and scales every value of a row.
pub(super) fn scale(node: &GraphNode<'_>, width: usize) -> Result<Step, ModelError> {
    node.only(&["offset", "scale"])?;
    let (offsets, factors) = (each(node, "offset", width)?, each(node, "scale", width)?);
    if offsets.len() == factors.len() {
        Ok(Step::Scale { offsets, factors })
    } else {
        Err(ModelError::operator(
            node.operator,
            "it has another number of offsets than of factors",
        ))
    }
}

/// Reads an operator that normalizes a row.
pub(super) fn normalize(node: &GraphNode<'_>) -> Result<Step, ModelError> {
    node.only(&["norm"])?;
    match node.string("norm")? {
        "L1" => Ok(Step::Normalize),
        other => Err(ModelError::unsupported(format!(
            "the norm {} of Normalizer",
            quoted(other)
        ))),
    }
}

/// Reads an operator that combines every value of a row with a constant.
pub(super) fn calculate(
    node: &GraphNode<'_>,
    constant: &Tensor<'_>,
    constant_first: bool,
    width: usize,
    is_double: bool,
) -> Result<Step, ModelError> {
    node.only(&[])?;
    let with = match node.operator {
        "Add" => Arithmetic::Add,
        "Sub" => Arithmetic::Subtract,
        "Mul" => Arithmetic::Multiply,
        _ => Arithmetic::Divide,
    };
    let wanted = if is_double {
        element::DOUBLE
    } else {
        element::FLOAT
    };
    let constants = constant.numbers()?;
    // [n] and [1, n] mean the same for a row; other shapes would produce more rows.
    let rows = constant.dimensions.len().saturating_sub(1);
    let is_row = constant
        .dimensions
        .iter()
        .take(rows)
        .all(|length| *length == 1);
    if constant.element != wanted || !is_row || (constants.len() != 1 && constants.len() != width) {
        return Err(ModelError::operator(
            node.operator,
            "its constant has another type or size than its input",
        ));
    }
    Ok(Step::Calculate {
        with,
        constants,
        constant_first,
    })
}

/// Returns a list of floats: one per column, or one for all.
fn each(node: &GraphNode<'_>, name: &str, width: usize) -> Result<Vec<f64>, ModelError> {
    let floats = node.floats(name);
    if floats.len() == width || floats.len() == 1 {
        return Ok(floats.iter().copied().map(f64::from).collect());
    }
    let reason = format!("{name} has {} numbers for {width} columns", floats.len());
    Err(ModelError::operator(node.operator, reason))
}

/// Returns numbers from a list of floats or, in double precision, from a tensor.
fn numbers(node: &GraphNode<'_>, name: &str, is_double: bool) -> Result<Vec<f64>, ModelError> {
    let list = node.floats(name);
    let Some(tensor) = node.tensor(&format!("{name}_as_tensor")) else {
        return Ok(list.iter().copied().map(f64::from).collect());
    };
    if !list.is_empty() || (tensor.element == element::DOUBLE) != is_double {
        let reason = format!("{name}_as_tensor does not go with its input or with {name}");
        return Err(ModelError::operator(node.operator, reason));
    }
    tensor.numbers()
}

fn count(node: &GraphNode<'_>, name: &str) -> Result<usize, ModelError> {
    let count = node
        .integer(name)
        .and_then(|count| usize::try_from(count).ok())
        .filter(|count| *count > 0);
    let count = count
        .ok_or_else(|| ModelError::operator(node.operator, format!("{name} is not 1 or more")))?;
    at_most("values of a regressor", count, LIMITS.classes)?;
    Ok(count)
}

/// Returns the names of classes, which are texts or integers.
fn classes(node: &GraphNode<'_>, integers: &str) -> Result<Vec<Box<str>>, ModelError> {
    let (integers, strings) = (node.integers(integers), node.strings("classlabels_strings"));
    let classes: Vec<Box<str>> = if strings.is_empty() {
        integers
            .iter()
            .map(|class| class.to_string().into())
            .collect()
    } else {
        strings
            .iter()
            .map(|class| String::from_utf8_lossy(class).into())
            .collect()
    };
    if classes.len() < 2 || (!strings.is_empty() && !integers.is_empty()) {
        return Err(ModelError::operator(
            node.operator,
            "it does not name two classes or more",
        ));
    }
    at_most("classes", classes.len(), LIMITS.classes)?;
    Ok(classes)
}

/// Checks that the keys of a map are the classes, in their order.
pub(super) fn zip_map(node: &GraphNode<'_>, classes: &[Box<str>]) -> Result<(), ModelError> {
    node.only(&["classlabels_int64s", "classlabels_strings"])?;
    if *self::classes(node, "classlabels_int64s")? == *classes {
        Ok(())
    } else {
        Err(ModelError::operator(
            node.operator,
            "its keys are not the classes",
        ))
    }
}

fn finish(node: &GraphNode<'_>) -> Result<Finish, ModelError> {
    match node.string("post_transform")? {
        "" | "NONE" => Ok(Finish::None),
        "LOGISTIC" => Ok(Finish::Logistic),
        "SOFTMAX" => Ok(Finish::Softmax),
        other => Err(ModelError::unsupported(format!(
            "the transformation {}",
            quoted(other)
        ))),
    }
}
