//! From the lists of an ONNX operator to an ensemble in which every index is in bounds and every
//! walk ends.

use std::collections::HashMap;

use super::super::ModelError;
use super::super::error::quoted;
use super::super::limits::{Limits, at_most};
use super::{Finish, Node, Precision, Task, Test, Trees, What};

/// Nodes of all trees as the operator lists them: attribute by attribute, one entry per node.
#[derive(Debug)]
pub(in super::super) struct Nodes<'a> {
    pub(in super::super) trees: &'a [i64],
    pub(in super::super) numbers: &'a [i64],
    pub(in super::super) columns: &'a [i64],
    pub(in super::super) modes: &'a [&'a [u8]],
    pub(in super::super) thresholds: Vec<f64>,
    pub(in super::super) if_true: &'a [i64],
    pub(in super::super) if_false: &'a [i64],
    /// Empty, or 1 if a missing value passes the test.
    pub(in super::super) missing: &'a [i64],
}

/// Weights of all leaves as the operator lists them.
#[derive(Debug)]
pub(in super::super) struct Leaves<'a> {
    pub(in super::super) trees: &'a [i64],
    pub(in super::super) numbers: &'a [i64],
    pub(in super::super) sums: &'a [i64],
    pub(in super::super) weights: Vec<f64>,
}

/// The purpose of the ensemble's sums.
#[derive(Debug)]
pub(in super::super) struct Purpose {
    pub(in super::super) sums: usize,
    pub(in super::super) task: Task,
    pub(in super::super) finish: Finish,
    pub(in super::super) base: Vec<f64>,
}

/// Builds an ensemble that takes rows of `width` columns.
pub(in super::super) fn build<T: Precision>(
    operator: &str,
    nodes: &Nodes<'_>,
    leaves: &Leaves<'_>,
    purpose: Purpose,
    width: usize,
    limits: &Limits,
) -> Result<Trees<T>, ModelError> {
    at_most("nodes in trees", nodes.numbers.len(), limits.nodes)?;
    at_most("weights in leaves", leaves.numbers.len(), limits.weights)?;
    let wrong = |reason: String| ModelError::operator(operator, reason);
    let listed = Listed::of(nodes, leaves, width).map_err(wrong)?;
    let roots = listed.roots().map_err(wrong)?;
    at_most("trees", roots.len(), limits.trees)?;
    let mut trees = Trees {
        nodes: Vec::with_capacity(listed.tests.len()),
        roots: Vec::with_capacity(roots.len()),
        weights: Vec::with_capacity(leaves.numbers.len()),
        base: purpose.base.iter().copied().map(T::of).collect(),
        sums: purpose.sums,
        task: purpose.task,
        finish: purpose.finish,
    };
    let ranges = listed.weights(leaves, &mut trees).map_err(wrong)?;
    let mut planted = vec![Planted::Not; listed.tests.len()];
    let mut decisions = 0;
    for root in roots {
        let depth = listed
            .plant(root, &ranges, &mut planted, &mut trees)
            .map_err(wrong)?;
        at_most("decisions in a tree", depth, limits.depth)?;
        decisions += depth;
        at_most("decisions for a row", decisions, limits.decisions)?;
    }
    match planted
        .iter()
        .position(|planted| matches!(planted, Planted::Not))
    {
        Some(node) => Err(wrong(format!("no tree reaches {}", listed.name(node)))),
        None => Ok(trees),
    }
}

/// Nodes as the operator lists them, found by their numbers within their trees.
struct Listed<'a> {
    nodes: &'a Nodes<'a>,
    /// Test of each node; `None` for a leaf.
    tests: Vec<Option<Test>>,
    places: HashMap<(i64, i64), usize>,
}

impl<'a> Listed<'a> {
    fn of(nodes: &'a Nodes<'a>, leaves: &Leaves<'_>, width: usize) -> Result<Self, String> {
        let count = nodes.numbers.len();
        let lists = [nodes.trees, nodes.columns, nodes.if_true, nodes.if_false].map(<[i64]>::len);
        if count == 0
            || lists
                .iter()
                .chain([&nodes.modes.len(), &nodes.thresholds.len()])
                .any(|list| *list != count)
        {
            return Err("its lists of nodes are empty or differ in length".into());
        }
        if !nodes.missing.is_empty() && nodes.missing.len() != count {
            return Err("directions for missing values are there for some nodes only".into());
        }
        let weights = [leaves.trees.len(), leaves.sums.len(), leaves.weights.len()];
        if weights.iter().any(|list| *list != leaves.numbers.len()) {
            return Err("its lists of weights differ in length".into());
        }
        let tests = nodes
            .modes
            .iter()
            .map(|mode| test(mode))
            .collect::<Result<Vec<_>, _>>()?;
        let mut places = HashMap::with_capacity(count);
        for (place, (tree, number)) in nodes.trees.iter().zip(nodes.numbers).enumerate() {
            if places.insert((*tree, *number), place).is_some() {
                return Err(format!("node {number} of tree {tree} is there twice"));
            }
        }
        let is_column = |column: i64| usize::try_from(column).is_ok_and(|column| column < width);
        match (0..count).find(|&node| tests[node].is_some() && !is_column(nodes.columns[node])) {
            Some(node) => Err(format!(
                "a node tests column {}, and there are {width}",
                nodes.columns[node]
            )),
            None => Ok(Self {
                nodes,
                tests,
                places,
            }),
        }
    }

    /// Describes a node for a message.
    fn name(&self, place: usize) -> String {
        format!(
            "node {} of tree {}",
            self.nodes.numbers[place], self.nodes.trees[place]
        )
    }

    fn find(&self, tree: i64, number: i64) -> Result<usize, String> {
        self.places
            .get(&(tree, number))
            .copied()
            .ok_or_else(|| format!("tree {tree} has no node {number}"))
    }

    /// Returns the first node of each tree, which is its root.
    fn roots(&self) -> Result<Vec<usize>, String> {
        let trees = self.nodes.trees;
        let roots: Vec<_> = (0..trees.len())
            .filter(|&at| at == 0 || trees[at - 1] != trees[at])
            .collect();
        let mut seen: Vec<_> = roots.iter().map(|&root| trees[root]).collect();
        seen.sort_unstable();
        match seen.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("nodes of tree {} do not stand together", pair[0])),
            None => Ok(roots),
        }
    }

    /// Sets the ensemble's weights, and each leaf's range of them: the first and the number.
    fn weights<T: Precision>(
        &self,
        leaves: &Leaves<'_>,
        trees: &mut Trees<T>,
    ) -> Result<Vec<(u32, u16)>, String> {
        let mut order: Vec<_> = (0..leaves.numbers.len()).collect();
        order.sort_by_key(|&at| (leaves.trees[at], leaves.numbers[at]));
        let mut ranges = vec![(0, 0); self.tests.len()];
        for at in order {
            let leaf = self.find(leaves.trees[at], leaves.numbers[at])?;
            // Old exporters write weights for decisions as well; runtimes ignore them.
            if self.tests[leaf].is_some() {
                continue;
            }
            let sum = u32::try_from(leaves.sums[at])
                .ok()
                .filter(|sum| (*sum as usize) < trees.sums);
            let sum = sum.ok_or_else(|| {
                format!("{} has a weight for {}", self.name(leaf), leaves.sums[at])
            })?;
            let (first, count): &mut (u32, u16) = &mut ranges[leaf];
            if *count == 0 {
                *first = index(trees.weights.len());
            }
            if usize::from(*count) == trees.sums {
                return Err(format!(
                    "{} has more weights than there are sums",
                    self.name(leaf)
                ));
            }
            *count += 1;
            trees.weights.push((sum, T::of(leaves.weights[at])));
        }
        Ok(ranges)
    }

    /// Appends a tree in the order of the walk, and returns its depth. Several decisions can lead
    /// to one node: LightGBM's exporter writes a set of categories as a chain of tests whose true
    /// branches meet.
    fn plant<T: Precision>(
        &self,
        root: usize,
        ranges: &[(u32, u16)],
        planted: &mut [Planted],
        trees: &mut Trees<T>,
    ) -> Result<usize, String> {
        trees.roots.push(index(trees.nodes.len()));
        let mut stack = vec![Visit::Enter(root, None)];
        while let Some(visit) = stack.pop() {
            match visit {
                Visit::Leave(at, place) => {
                    let children = [
                        self.child(at, self.nodes.if_true)?,
                        self.child(at, self.nodes.if_false)?,
                    ];
                    let depth = children
                        .map(|child| planted[child].depth())
                        .into_iter()
                        .max();
                    planted[at] = Planted::Done(place, depth.unwrap_or_default() + 1);
                }
                Visit::Enter(at, parent) => {
                    let Some(place) = self.lead_to(at, parent, planted[at], trees)? else {
                        continue;
                    };
                    let Some(test) = self.tests[at] else {
                        trees.nodes.push(self.leaf(at, ranges[at])?);
                        planted[at] = Planted::Done(place, 0);
                        continue;
                    };
                    planted[at] = Planted::Open;
                    stack.push(Visit::Leave(at, place));
                    stack.push(Visit::Enter(
                        self.child(at, self.nodes.if_true)?,
                        Some(place),
                    ));
                    stack.push(Visit::Enter(self.child(at, self.nodes.if_false)?, None));
                    trees.nodes.push(self.decision(at, test));
                }
            }
        }
        Ok(planted[root].depth())
    }

    /// Links a parent to a node. Returns the index for the node; `None` if it is already placed.
    fn lead_to<T: Precision>(
        &self,
        at: usize,
        parent: Option<usize>,
        planted: Planted,
        trees: &mut Trees<T>,
    ) -> Result<Option<usize>, String> {
        let (place, is_new) = match planted {
            Planted::Not => (trees.nodes.len(), true),
            Planted::Open => return Err(format!("{} leads back to itself", self.name(at))),
            Planted::Done(place, _) => (place, false),
        };
        if let Some(parent) = parent {
            trees.nodes[parent].target = index(place);
        } else if !is_new {
            // If a test fails, the next node follows. Here it only leads on to the node that is
            // already placed.
            trees.nodes.push(onward(index(place)));
        }
        Ok(is_new.then_some(place))
    }

    /// Returns the node of a test, with its target still open.
    fn decision<T: Precision>(&self, at: usize, test: Test) -> Node<T> {
        let or_missing = self.nodes.missing.get(at) == Some(&1);
        Node {
            threshold: T::of(self.nodes.thresholds[at]),
            target: 0,
            column: u16::try_from(self.nodes.columns[at]).unwrap_or_default(),
            test,
            what: if or_missing {
                What::OrMissing
            } else {
                What::Decision
            },
        }
    }

    fn child(&self, at: usize, numbers: &[i64]) -> Result<usize, String> {
        self.find(self.nodes.trees[at], numbers[at])
    }

    fn leaf<T: Precision>(
        &self,
        at: usize,
        (target, column): (u32, u16),
    ) -> Result<Node<T>, String> {
        if column == 0 {
            return Err(format!("{} is a leaf without a weight", self.name(at)));
        }
        Ok(Node {
            threshold: T::default(),
            target,
            column,
            test: Test::AtMost,
            what: What::Leaf,
        })
    }
}

/// A step of the walk over a tree's nodes.
enum Visit {
    /// To a node, from the decision whose test leads to it; from none if it follows a failed test.
    Enter(usize, Option<usize>),
    /// From a decision at an index in the ensemble, after its branches.
    Leave(usize, usize),
}

/// The state of a listed node.
#[derive(Clone, Copy)]
enum Planted {
    Not,
    /// The walk is below it.
    Open,
    /// The index in the ensemble, and the most decisions from there to a leaf.
    Done(usize, usize),
}

impl Planted {
    fn depth(self) -> usize {
        match self {
            Self::Done(_, depth) => depth,
            Self::Not | Self::Open => 0,
        }
    }
}

/// Returns a decision that every value passes, because nothing equals NaN.
fn onward<T: Precision>(target: u32) -> Node<T> {
    Node {
        threshold: T::of(f64::NAN),
        target,
        column: 0,
        test: Test::NotEqual,
        what: What::Decision,
    }
}

/// Converts a length. Limits keep lists far below 2^32 entries.
fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Returns the test of a mode; `None` for a leaf.
fn test(mode: &[u8]) -> Result<Option<Test>, String> {
    Ok(Some(match mode {
        b"BRANCH_LEQ" => Test::AtMost,
        b"BRANCH_LT" => Test::Less,
        b"BRANCH_GTE" => Test::AtLeast,
        b"BRANCH_GT" => Test::More,
        b"BRANCH_EQ" => Test::Equal,
        b"BRANCH_NEQ" => Test::NotEqual,
        b"LEAF" => return Ok(None),
        other => {
            return Err(format!(
                "it has nodes of the unknown mode {}",
                quoted(&String::from_utf8_lossy(other))
            ));
        }
    }))
}
