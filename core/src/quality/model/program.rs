//! A graph of operators as a list of steps. Each step writes a row of numbers that later ones read.

use std::collections::HashMap;

use super::ModelError;
use super::error::quoted;
use super::limits::{LIMITS, at_most};
use super::linear::Linear;
use super::onnx::{File, GraphNode, Port, Tensor, element};
use super::operators;
use super::step::Step;
use super::trees::{Sums, Trees};

/// The computation of a model, ready to be evaluated.
#[derive(Debug)]
pub(super) struct Program {
    /// Columns of the input.
    pub(super) width: usize,
    /// Names of the classes of a classifier.
    pub(super) classes: Option<Vec<Box<str>>>,
    /// Values of the output: one for each class, or those of a regressor.
    pub(super) outputs: usize,
    is_double: bool,
    operations: Vec<Operation>,
    /// Number of the row that is the output.
    output: usize,
}

/// One operator: from a row to a new one. The new row's number follows from the operator's place in
/// the list.
#[derive(Debug)]
struct Operation {
    from: usize,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Step { step: Step, is_double: bool },
    Single(Trees<f32>),
    Double(Trees<f64>),
    Linear(Linear),
}

/// Memory for everything between input and output, kept from row to row so that nothing is
/// allocated.
#[derive(Debug, Default)]
pub(super) struct Place {
    rows: Vec<Vec<f64>>,
    single: Vec<f32>,
    scores: Vec<f32>,
    sums: Sums<f32>,
    double_sums: Sums<f64>,
}

/// The meaning of a name in the graph.
#[derive(Clone, Copy)]
enum Known<'a> {
    /// A row of numbers.
    Vector(Vector),
    /// The class that a classifier chose.
    Class,
    Constant(&'a Tensor<'a>),
}

#[derive(Clone, Copy)]
struct Vector {
    number: usize,
    width: usize,
    is_double: bool,
}

impl Program {
    /// Compiles a graph whose input has `width` columns.
    pub(super) fn compile(file: &File<'_>, width: usize) -> Result<Self, ModelError> {
        at_most("inputs", width, LIMITS.width)?;
        if width == 0 {
            return Err(ModelError::Malformed("it has no inputs"));
        }
        if file.version("ai.onnx.ml").is_none() {
            return Err(ModelError::unsupported(
                "no operator of the domain ai.onnx.ml",
            ));
        }
        let graph = &file.graph;
        let mut compiler = Compiler {
            known: HashMap::new(),
            operations: Vec::new(),
            classes: None,
        };
        for constant in &graph.constants {
            compiler.define(constant.name, Known::Constant(constant))?;
        }
        let inputs: Vec<_> = graph
            .inputs
            .iter()
            .filter(|port| !compiler.known.contains_key(port.name))
            .collect();
        let [input] = inputs[..] else {
            let reason = format!(
                "{} inputs in the place of one with all columns",
                inputs.len()
            );
            return Err(ModelError::unsupported(reason));
        };
        let is_double = input_is_double(input, width)?;
        compiler.define(
            input.name,
            Known::Vector(Vector {
                number: 0,
                width,
                is_double,
            }),
        )?;
        for node in &graph.nodes {
            compiler.node(node)?;
        }
        let output = compiler.output(&graph.outputs)?;
        let Compiler {
            operations,
            classes,
            ..
        } = compiler;
        Ok(Self {
            width,
            classes,
            outputs: output.width,
            is_double,
            operations,
            output: output.number,
        })
    }

    /// Evaluates a row of [`Program::width`] numbers. Returns the output, and the class if the
    /// model chooses one.
    pub(super) fn evaluate<'p>(
        &self,
        row: impl IntoIterator<Item = f64>,
        place: &'p mut Place,
    ) -> (Option<usize>, &'p [f64]) {
        place.rows.resize_with(self.operations.len() + 1, Vec::new);
        let input = &mut place.rows[0];
        input.clear();
        input.extend(row);
        input.resize(self.width, f64::NAN);
        if !self.is_double {
            input
                .iter_mut()
                .for_each(|value| *value = f64::from(*value as f32));
        }
        let mut class = None;
        for (number, operation) in self.operations.iter().enumerate() {
            let (before, after) = place.rows.split_at_mut(number + 1);
            let (from, to) = (&before[operation.from], &mut after[0]);
            to.clear();
            if let Work::Step { step, is_double } = &operation.work {
                to.extend_from_slice(from);
                step.apply(to, *is_double);
                continue;
            }
            place.single.clear();
            place.single.extend(from.iter().map(|value| *value as f32));
            let chosen = match &operation.work {
                Work::Single(trees) => {
                    trees.evaluate(&place.single, &mut place.sums, &mut place.scores)
                }
                Work::Double(trees) => {
                    trees.evaluate(from, &mut place.double_sums, &mut place.scores)
                }
                Work::Linear(linear) => linear.evaluate(&place.single, &mut place.scores),
                Work::Step { .. } => None,
            };
            class = chosen.or(class);
            to.extend(place.scores.iter().copied().map(f64::from));
        }
        (class, &place.rows[self.output])
    }
}

/// Returns true if the input is of double precision. Fails if it has a different number of columns
/// than expected, or no numbers.
fn input_is_double(input: &Port<'_>, width: usize) -> Result<bool, ModelError> {
    if let Some(takes) = input.width.filter(|takes| *takes > 0)
        && usize::try_from(takes) != Ok(width)
    {
        return Err(ModelError::Width {
            takes,
            named: width,
        });
    }
    if input.dimensions > 2 {
        return Err(ModelError::unsupported(
            "an input of more than two dimensions",
        ));
    }
    match input.element {
        element::FLOAT => Ok(false),
        element::DOUBLE => Ok(true),
        _ => Err(ModelError::unsupported(
            "an input that is not a tensor of floating-point numbers",
        )),
    }
}

struct Compiler<'a> {
    known: HashMap<&'a str, Known<'a>>,
    operations: Vec<Operation>,
    classes: Option<Vec<Box<str>>>,
}

impl<'a> Compiler<'a> {
    fn define(&mut self, name: &'a str, what: Known<'a>) -> Result<(), ModelError> {
        // An output without a name is not used.
        if !name.is_empty() && self.known.insert(name, what).is_some() {
            return Err(ModelError::operator(
                "the graph",
                format!("it defines {} twice", quoted(name)),
            ));
        }
        Ok(())
    }

    /// Returns the input of an operator. Operators are listed in the order in which they run, so an
    /// input that is not written yet is part of a cycle.
    fn input(&self, node: &GraphNode<'a>, place: usize) -> Result<Known<'a>, ModelError> {
        let name = node.inputs.get(place).copied().unwrap_or_default();
        self.known.get(name).copied().ok_or_else(|| {
            let reason = format!("its input {} is nothing that comes before it", quoted(name));
            ModelError::operator(node.operator, reason)
        })
    }

    fn row(&self, node: &GraphNode<'a>, place: usize) -> Result<Vector, ModelError> {
        match self.input(node, place)? {
            Known::Vector(row) => Ok(row),
            _ => Err(ModelError::operator(
                node.operator,
                "its input is not a row of numbers",
            )),
        }
    }

    fn node(&mut self, node: &'a GraphNode<'a>) -> Result<(), ModelError> {
        let (inputs, outputs) = match node.operator {
            "Add" | "Sub" | "Mul" | "Div" => (2, 1),
            "TreeEnsembleClassifier" | "LinearClassifier" => (1, 2),
            _ => (1, 1),
        };
        match (node.domain, node.operator) {
            ("ai.onnx.ml", "TreeEnsembleClassifier" | "TreeEnsembleRegressor") => {
                self.trees(node)?
            }
            ("ai.onnx.ml", "LinearClassifier") => {
                let from = self.row(node, 0)?;
                let (linear, classes) = operators::linear_classifier(node, from.width)?;
                self.classifier(node, from, Work::Linear(linear), classes)?;
            }
            ("ai.onnx.ml", "LinearRegressor") => {
                let from = self.row(node, 0)?;
                let linear = operators::linear_regressor(node, from.width)?;
                let width = linear.intercepts.len();
                self.operation(node, 0, from, Work::Linear(linear), width, false)?;
            }
            ("ai.onnx.ml", "Imputer" | "Scaler" | "Normalizer") | ("", "Softmax" | "Sigmoid") => {
                self.step(node)?
            }
            ("", "Add" | "Sub" | "Mul" | "Div") => self.calculation(node)?,
            ("ai.onnx.ml", "ZipMap") => {
                operators::zip_map(node, self.classes.as_deref().unwrap_or_default())?;
                self.alias(node, Known::Vector(self.row(node, 0)?))?;
            }
            ("", "Identity") => {
                node.only(&[])?;
                self.alias(node, self.input(node, 0)?)?;
            }
            ("", "Cast") => self.cast(node)?,
            (domain, operator) => {
                let dot = if domain.is_empty() { "" } else { "." };
                return Err(ModelError::unsupported(format!(
                    "the operator {}{dot}{}",
                    quoted(domain),
                    quoted(operator)
                )));
            }
        }
        if node.inputs.len() == inputs && node.outputs.len() <= outputs {
            Ok(())
        } else {
            Err(ModelError::operator(
                node.operator,
                "it has another number of inputs or outputs than its type",
            ))
        }
    }

    /// Appends an operation, and gives its row the name of an output of the operator.
    fn operation(
        &mut self,
        node: &GraphNode<'a>,
        output: usize,
        from: Vector,
        work: Work,
        width: usize,
        is_double: bool,
    ) -> Result<(), ModelError> {
        self.operations.push(Operation {
            from: from.number,
            work,
        });
        let row = Vector {
            number: self.operations.len(),
            width,
            is_double,
        };
        self.define(
            node.outputs.get(output).copied().unwrap_or_default(),
            Known::Vector(row),
        )
    }

    /// Gives a known value another name.
    fn alias(&mut self, node: &GraphNode<'a>, what: Known<'a>) -> Result<(), ModelError> {
        self.define(node.outputs.first().copied().unwrap_or_default(), what)
    }

    fn classifier(
        &mut self,
        node: &GraphNode<'a>,
        from: Vector,
        work: Work,
        classes: Vec<Box<str>>,
    ) -> Result<(), ModelError> {
        let width = classes.len();
        if self.classes.replace(classes).is_some() {
            return Err(ModelError::unsupported("more than one classifier"));
        }
        self.define(
            node.outputs.first().copied().unwrap_or_default(),
            Known::Class,
        )?;
        self.operation(node, 1, from, work, width, false)
    }

    fn trees(&mut self, node: &GraphNode<'a>) -> Result<(), ModelError> {
        let from = self.row(node, 0)?;
        let (width, is_double) = (from.width, from.is_double);
        let work_and_sums = match (node.operator, is_double) {
            ("TreeEnsembleRegressor", false) => {
                let trees = operators::tree_regressor(node, width, false)?;
                (trees.sums, Work::Single(trees))
            }
            ("TreeEnsembleRegressor", true) => {
                let trees = operators::tree_regressor(node, width, true)?;
                (trees.sums, Work::Double(trees))
            }
            (_, false) => {
                let (trees, classes) = operators::tree_classifier(node, width, false)?;
                return self.classifier(node, from, Work::Single(trees), classes);
            }
            (_, true) => {
                let (trees, classes) = operators::tree_classifier(node, width, true)?;
                return self.classifier(node, from, Work::Double(trees), classes);
            }
        };
        let (sums, work) = work_and_sums;
        self.operation(node, 0, from, work, sums, false)
    }

    fn step(&mut self, node: &GraphNode<'a>) -> Result<(), ModelError> {
        let from = self.row(node, 0)?;
        let (width, is_double) = (from.width, from.is_double);
        let step = match node.operator {
            "Imputer" => operators::impute(node, width, is_double)?,
            "Scaler" => operators::scale(node, width)?,
            "Normalizer" => operators::normalize(node)?,
            operator => {
                node.only(&["axis"])?;
                if node
                    .integer("axis")
                    .is_some_and(|axis| axis != 1 && axis != -1)
                    || is_double
                {
                    return Err(ModelError::unsupported(format!(
                        "{operator} on anything but a row of single precision"
                    )));
                }
                if operator == "Softmax" {
                    Step::Softmax
                } else {
                    Step::Logistic
                }
            }
        };
        // Operators of the domain ai.onnx.ml return single precision, whatever their input is.
        self.operation(node, 0, from, Work::Step { step, is_double }, width, false)
    }

    fn calculation(&mut self, node: &GraphNode<'a>) -> Result<(), ModelError> {
        let (from, constant, constant_first) = match (self.input(node, 0)?, self.input(node, 1)?) {
            (Known::Vector(row), Known::Constant(constant)) => (row, constant, false),
            (Known::Constant(constant), Known::Vector(row)) => (row, constant, true),
            _ => {
                let reason = format!("{} of anything but a row and a constant", node.operator);
                return Err(ModelError::unsupported(reason));
            }
        };
        let (width, is_double) = (from.width, from.is_double);
        let step = operators::calculate(node, constant, constant_first, width, is_double)?;
        self.operation(
            node,
            0,
            from,
            Work::Step { step, is_double },
            width,
            is_double,
        )
    }

    fn cast(&mut self, node: &GraphNode<'a>) -> Result<(), ModelError> {
        node.only(&["to", "saturate", "round_mode"])?;
        let to = node.integer("to").unwrap_or_default();
        match (self.input(node, 0)?, to) {
            (Known::Class, element::INT64 | element::INT32 | element::STRING) => {
                self.alias(node, Known::Class)
            }
            // Every number of single precision is also one of double precision.
            (Known::Vector(row), element::DOUBLE) => self.alias(
                node,
                Known::Vector(Vector {
                    is_double: true,
                    ..row
                }),
            ),
            (Known::Vector(row), element::FLOAT) => {
                let work = Work::Step {
                    step: Step::Single,
                    is_double: false,
                };
                self.operation(node, 0, row, work, row.width, false)
            }
            _ => Err(ModelError::unsupported(format!("a Cast to type {to}"))),
        }
    }

    /// Finds the row of numbers among the outputs: probabilities, or values.
    fn output(&self, names: &[&str]) -> Result<Vector, ModelError> {
        let mut output = None;
        for name in names {
            match self.known.get(name) {
                Some(Known::Vector(row)) if output.is_none() => output = Some(*row),
                Some(Known::Class) => {}
                Some(_) => {
                    return Err(ModelError::unsupported(
                        "an output that is neither a class nor a row of numbers",
                    ));
                }
                None => {
                    let reason = format!("nothing writes its output {}", quoted(name));
                    return Err(ModelError::operator("the graph", reason));
                }
            }
        }
        let output = output.ok_or_else(|| {
            ModelError::unsupported("a classifier without probabilities as an output")
        })?;
        let classes = self.classes.as_ref().map(Vec::len);
        if output.number == 0 || classes.is_some_and(|classes| classes != output.width) {
            return Err(ModelError::unsupported("an output that is not a model's"));
        }
        Ok(output)
    }
}
