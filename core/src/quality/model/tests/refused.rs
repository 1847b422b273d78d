//! A file that is not a supported model is refused in a sentence that names the problem.

use super::super::limits::{LIMITS, Limits};
use super::super::onnx::File;
use super::super::trees::{self, Aggregate, Finish, Leaves, Nodes, Purpose, Task, Trees};
use super::super::{Model, ModelError, Scratch};
use super::files::{Message, file, floats, integer, integers, node, stump, text, texts, tree};

const COLUMN: &[&str] = &["userPacketCount"];

fn read(nodes: &[Message]) -> Result<Model, ModelError> {
    Model::read_with_columns(&file(1, nodes, &[]), COLUMN)
}

/// Returns the sentence with which a file is refused.
fn refused(nodes: &[Message]) -> String {
    read(nodes).expect_err("refused").to_string()
}

#[test]
fn a_stump_is_evaluated() {
    let model = read(&[stump()]).unwrap();
    let mut scratch = Scratch::default();
    for (value, wanted) in [(1.0, 10.0), (1.5, 10.0), (1.6, 20.0), (f64::NAN, 20.0)] {
        assert_eq!(
            model.evaluate(&[value], &mut scratch).scores,
            [wanted],
            "{value}"
        );
    }
    // Numbers that are left out are missing values, and surplus ones are ignored.
    assert_eq!(model.evaluate(&[], &mut scratch).scores, [20.0]);
    assert_eq!(
        model.evaluate(&[1.0, f64::NAN], &mut scratch).scores,
        [10.0]
    );
}

#[test]
fn every_test_of_a_node_is_known() {
    let holds = [
        ("BRANCH_LEQ", [true, true, false]),
        ("BRANCH_LT", [true, false, false]),
        ("BRANCH_GTE", [false, true, true]),
        ("BRANCH_GT", [false, false, true]),
        ("BRANCH_EQ", [false, true, false]),
        ("BRANCH_NEQ", [true, false, true]),
    ];
    for (mode, wanted) in holds {
        for missing in [false, true] {
            let nodes = tree(&[
                (0, 0, mode, 2.0, 1, 2),
                (1, 0, "LEAF", 1.0, 0, 0),
                (2, 0, "LEAF", 0.0, 0, 0),
            ]);
            let nodes = integers(
                nodes,
                "nodes_missing_value_tracks_true",
                &[missing.into(), 0, 0],
            );
            let model = read(&[nodes]).unwrap();
            let mut scratch = Scratch::default();
            let mut passes = |value: f64| model.evaluate(&[value], &mut scratch).scores == [1.0];
            assert_eq!([1.0, 2.0, 3.0].map(&mut passes), wanted, "{mode}");
            // Only "differs from" holds for a missing value by itself.
            assert_eq!(passes(f64::NAN), missing || mode == "BRANCH_NEQ", "{mode}");
        }
    }
}

#[test]
fn trees_that_are_none_are_named() {
    let leaf = |number| (number, 0, "LEAF", 1.0, 0, 0);
    for (nodes, reason) in [
        (
            vec![(0, 0, "BRANCH_LEQ", 1.0, 0, 1), leaf(1)],
            "node 0 of tree 0 leads back to itself",
        ),
        (
            vec![
                (0, 0, "BRANCH_LEQ", 1.0, 1, 2),
                (1, 0, "BRANCH_LT", 1.0, 0, 2),
                leaf(2),
            ],
            "node 0 of tree 0 leads back to itself",
        ),
        (
            vec![(0, 0, "BRANCH_LEQ", 1.0, 1, 7), leaf(1)],
            "tree 0 has no node 7",
        ),
        (vec![leaf(0), leaf(1)], "no tree reaches node 1 of tree 0"),
        (vec![leaf(0), leaf(0)], "node 0 of tree 0 is there twice"),
        (
            vec![(0, 1, "BRANCH_LEQ", 1.0, 1, 2), leaf(1), leaf(2)],
            "a node tests column 1, and there are 1",
        ),
        (
            vec![(0, -1, "BRANCH_LEQ", 1.0, 1, 2), leaf(1), leaf(2)],
            "a node tests column -1, and there are 1",
        ),
        (
            vec![(0, 0, "BRANCH_MAYBE", 1.0, 1, 2), leaf(1), leaf(2)],
            "it has nodes of the unknown mode BRANCH_MAYBE",
        ),
        (vec![], "its lists of nodes are empty or differ in length"),
    ] {
        let said = refused(&[tree(&nodes)]);
        assert_eq!(
            said,
            format!("TreeEnsembleRegressor is wrong: {reason}; export the model again")
        );
    }
}

#[test]
fn branches_may_meet() {
    // Is it 1, or else 2, or else more than 5? The true branches of the first two meet.
    let nodes = [
        (0, 0, "BRANCH_EQ", 1.0, 3, 1),
        (1, 0, "BRANCH_EQ", 2.0, 3, 2),
        (2, 0, "BRANCH_GT", 5.0, 4, 3),
        (3, 0, "LEAF", 30.0, 0, 0),
        (4, 0, "LEAF", 40.0, 0, 0),
    ];
    let model = read(&[tree(&nodes)]).unwrap();
    let mut scratch = Scratch::default();
    for (value, wanted) in [(1.0, 30.0), (2.0, 30.0), (3.0, 30.0), (6.0, 40.0)] {
        assert_eq!(
            model.evaluate(&[value], &mut scratch).scores,
            [wanted],
            "{value}"
        );
    }
    // The branch for a failed test meets one that is already placed.
    let both = [
        (0, 0, "BRANCH_EQ", 1.0, 1, 2),
        (1, 0, "BRANCH_LT", 9.0, 2, 3),
        (2, 0, "LEAF", 20.0, 0, 0),
        (3, 0, "LEAF", 30.0, 0, 0),
    ];
    let model = read(&[tree(&both)]).unwrap();
    assert_eq!(model.evaluate(&[1.0], &mut scratch).scores, [20.0]);
    let failing = [
        (0, 0, "BRANCH_EQ", 1.0, 2, 1),
        (1, 0, "BRANCH_LT", 9.0, 3, 3),
        (2, 0, "BRANCH_LT", 5.0, 4, 3),
        (3, 0, "LEAF", 30.0, 0, 0),
        (4, 0, "LEAF", 40.0, 0, 0),
    ];
    let model = read(&[tree(&failing)]).unwrap();
    for (value, wanted) in [(1.0, 40.0), (2.0, 30.0), (10.0, 30.0)] {
        assert_eq!(
            model.evaluate(&[value], &mut scratch).scores,
            [wanted],
            "{value}"
        );
    }
}

#[test]
fn weights_belong_to_leaves() {
    let without = tree(&[(0, 0, "LEAF", 1.0, 0, 0)]);
    let said = refused(&[integers(without, "target_weights", &[])]);
    assert!(said.contains("two attributes target_weights"), "{said}");
    // Weights of a node that does not exist, of a sum that does not exist, and none at all.
    let with = |numbers: &[i64], sums: &[i64]| {
        let node = node("ai.onnx.ml", "TreeEnsembleRegressor", &["x"], &["y"]);
        let node = integers(node, "nodes_treeids", &[0]);
        let node = integers(node, "nodes_nodeids", &[0]);
        let node = integers(node, "nodes_featureids", &[0]);
        let node = texts(node, "nodes_modes", &["LEAF"]);
        let node = floats(node, "nodes_values", &[0.0]);
        let node = integers(node, "nodes_truenodeids", &[0]);
        let node = integers(node, "nodes_falsenodeids", &[0]);
        let node = integer(node, "n_targets", 1);
        let node = integers(node, "target_treeids", &vec![0; numbers.len()]);
        let node = integers(node, "target_nodeids", numbers);
        let node = integers(node, "target_ids", sums);
        refused(&[floats(node, "target_weights", &vec![1.0; numbers.len()])])
    };
    assert!(with(&[3], &[0]).contains("tree 0 has no node 3"));
    assert!(with(&[0], &[1]).contains("node 0 of tree 0 has a weight for 1"));
    assert!(with(&[0], &[-1]).contains("node 0 of tree 0 has a weight for -1"));
    assert!(with(&[], &[]).contains("node 0 of tree 0 is a leaf without a weight"));
    assert!(
        with(&[0, 0], &[0, 0]).contains("node 0 of tree 0 has more weights than there are sums")
    );
    assert!(with(&[0], &[]).contains("its lists of weights differ in length"));
}

#[test]
fn what_is_not_known_is_named() {
    let after = |node: Message| refused(&[tree(&[(0, 0, "LEAF", 1.0, 0, 0)]), node]);
    for (node, what) in [
        (node("", "Gemm", &["y"], &["z"]), "the operator Gemm"),
        (
            node("com.example", "Scaler", &["y"], &["z"]),
            "the operator com.example.Scaler",
        ),
        (
            node("", "\u{1b}[31m", &["y"], &["z"]),
            "the operator \\u{1b}[31m",
        ),
        (
            text(
                node("ai.onnx.ml", "Normalizer", &["y"], &["z"]),
                "norm",
                "L2",
            ),
            "the norm L2 of Normalizer",
        ),
        (
            integer(node("", "Cast", &["y"], &["z"]), "to", 9),
            "a Cast to type 9",
        ),
        (
            integer(node("", "Identity", &["y"], &["z"]), "deep", 9),
            "the attribute deep of Identity",
        ),
        (
            node("", "Mul", &["y", "y"], &["z"]),
            "Mul of anything but a row and a constant",
        ),
    ] {
        let supported = "which is not supported; forests, boosted trees and linear models are";
        assert_eq!(after(node), format!("uses {what}, {supported}"));
    }
    let aggregate = text(stump(), "aggregate_function", "MIN");
    assert!(refused(&[aggregate]).starts_with("uses the aggregate function MIN,"));
    let transformed = text(stump(), "post_transform", "LOGISTIC");
    assert!(
        refused(&[transformed]).starts_with("uses a transformation of a regressor's only value,")
    );
    let probit = text(stump(), "post_transform", "PROBIT");
    assert!(refused(&[probit]).starts_with("uses the transformation PROBIT,"));
}

#[test]
fn graphs_that_go_in_circles_are_refused() {
    let circle = [
        node("", "Identity", &["b"], &["a"]),
        node("", "Identity", &["a"], &["b"]),
        stump(),
    ];
    assert!(
        refused(&circle).contains("Identity is wrong: its input b is nothing that comes before it")
    );
    assert!(refused(&[stump(), stump()]).contains("the graph is wrong: it defines y twice"));
    assert!(refused(&[]).contains("the graph is wrong: nothing writes its output y"));
    assert!(
        refused(&[node("", "Identity", &["x"], &["y"])])
            .contains("an output that is not a model's")
    );
}

#[test]
fn inputs_must_be_the_columns() {
    let said = Model::read_with_columns(&file(3, &[stump()], &[]), COLUMN)
        .unwrap_err()
        .to_string();
    assert_eq!(
        said,
        "takes 3 columns, and 1 are named; name each once, in the order of the model's input"
    );
    for (columns, wrong) in [
        (&["session"], "session"),
        (&["client"], "client"),
        (&["10_EWMA_chunksizes"], "10_EWMA_chunksizes"),
    ] {
        let said = Model::read_with_columns(&file(1, &[stump()], &[]), columns).unwrap_err();
        assert_eq!(said, ModelError::Column(wrong.into()));
    }
    let twice = Model::read_with_columns(
        &file(2, &[stump()], &[]),
        &["userByteCount", "userByteCount"],
    )
    .unwrap_err();
    assert!(twice.to_string().contains("names userByteCount twice"));
}

#[test]
fn damaged_files_are_no_models() {
    let whole = file(1, &[stump()], &[]);
    assert!(Model::read_with_columns(&whole, COLUMN).is_ok());
    for length in 0..whole.len() {
        assert!(
            Model::read_with_columns(&whole[..length], COLUMN).is_err(),
            "{length} bytes"
        );
    }
    let twice = [whole.clone(), whole].concat();
    assert_eq!(
        Model::read_with_columns(&twice, COLUMN).unwrap_err(),
        ModelError::Malformed("it has two graphs")
    );
}

#[test]
fn limits_hold_on_both_sides() {
    let bytes = file(1, &[stump()], &[("a", "b")]);
    let read = |limits: &Limits| File::read(&bytes, limits).map(|_| ());
    let refused = |what, limit| Err(ModelError::TooMany { what, limit });
    let size = bytes.len();
    assert_eq!(
        read(&Limits {
            file_bytes: size,
            ..LIMITS
        }),
        Ok(())
    );
    assert_eq!(
        read(&Limits {
            file_bytes: size - 1,
            ..LIMITS
        }),
        refused("bytes", size - 1)
    );
    assert_eq!(
        read(&Limits {
            metadata: 1,
            ..LIMITS
        }),
        Ok(())
    );
    assert_eq!(
        read(&Limits {
            metadata: 0,
            ..LIMITS
        }),
        refused("entries of metadata", 0)
    );
    assert_eq!(
        read(&Limits {
            weights: 3,
            ..LIMITS
        }),
        Ok(())
    );
    assert_eq!(
        read(&Limits {
            weights: 2,
            ..LIMITS
        }),
        refused("numbers in a list", 2)
    );
    assert_eq!(
        read(&Limits { nodes: 2, ..LIMITS }),
        refused("texts in a list", 2)
    );
    // The stump has twelve attributes.
    assert_eq!(
        read(&Limits {
            operators: 12,
            ..LIMITS
        }),
        Ok(())
    );
    assert_eq!(
        read(&Limits {
            operators: 11,
            ..LIMITS
        }),
        refused("attributes of an operator", 11)
    );
    assert_eq!(
        read(&Limits {
            operators: 0,
            ..LIMITS
        })
        .map_err(|error| error.to_string().contains("more than 0")),
        Err(true)
    );
}

/// Builds a chain of decisions of this depth; each leads to a leaf or on.
fn chain(depth: usize, limits: &Limits) -> Result<Trees<f32>, ModelError> {
    let count = 2 * depth + 1;
    let numbers: Vec<_> = (0..count as i64).collect();
    // Odd nodes are leaves, and so is the last.
    let is_leaf = |node: usize| node % 2 == 1 || node + 1 == count;
    let modes: Vec<&[u8]> = (0..count)
        .map(|node| {
            if is_leaf(node) {
                &b"LEAF"[..]
            } else {
                b"BRANCH_LEQ"
            }
        })
        .collect();
    let zeros = vec![0; count];
    let next: Vec<_> = numbers.iter().map(|number| number + 1).collect();
    let after: Vec<_> = numbers.iter().map(|number| number + 2).collect();
    let nodes = Nodes {
        trees: &zeros,
        numbers: &numbers,
        columns: &zeros,
        modes: &modes,
        thresholds: vec![0.0; count],
        if_true: &next,
        if_false: &after,
        missing: &[],
    };
    let leaves: Vec<_> = (0..count)
        .filter(|node| is_leaf(*node))
        .map(|node| node as i64)
        .collect();
    let leaves = Leaves {
        trees: &zeros[..leaves.len()],
        numbers: &leaves,
        sums: &zeros[..leaves.len()],
        weights: vec![1.0; leaves.len()],
    };
    let purpose = Purpose {
        sums: 1,
        task: Task::Values(Aggregate::Sum),
        finish: Finish::None,
        base: vec![],
    };
    trees::build("Chain", &nodes, &leaves, purpose, 1, limits)
}

#[test]
fn trees_keep_within_limits() {
    assert!(chain(LIMITS.depth, &LIMITS).is_ok());
    let refused = |found: Result<Trees<f32>, ModelError>| {
        found
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    assert!(
        refused(chain(LIMITS.depth + 1, &LIMITS))
            .starts_with("has more than 1000 decisions in a tree,")
    );
    for (limits, what) in [
        (
            Limits { nodes: 6, ..LIMITS },
            "has more than 6 nodes in trees,",
        ),
        (
            Limits {
                weights: 3,
                ..LIMITS
            },
            "has more than 3 weights in leaves,",
        ),
        (Limits { trees: 0, ..LIMITS }, "has more than 0 trees,"),
        (
            Limits {
                decisions: 2,
                ..LIMITS
            },
            "has more than 2 decisions for a row,",
        ),
    ] {
        assert!(refused(chain(3, &limits)).starts_with(what), "{what}");
    }
    let enough = Limits {
        nodes: 7,
        weights: 4,
        trees: 1,
        depth: 3,
        decisions: 3,
        ..LIMITS
    };
    assert!(chain(3, &enough).is_ok());
}
