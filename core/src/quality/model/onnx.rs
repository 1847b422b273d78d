//! Messages of an ONNX file, as far as models of this kind use them.
//!
//! Source: <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>. Field numbers are from that
//! file.

use super::ModelError;
use super::error::quoted;
use super::limits::{LIMITS, Limits, at_most};
use super::protobuf::{FieldValue, Fields, chunks};

/// Element types of tensors that the evaluator supports.
pub(super) mod element {
    pub(in super::super) const FLOAT: i64 = 1;
    pub(in super::super) const INT32: i64 = 6;
    pub(in super::super) const INT64: i64 = 7;
    pub(in super::super) const STRING: i64 = 8;
    pub(in super::super) const DOUBLE: i64 = 11;
}

/// A whole file.
#[derive(Debug, Default)]
pub(super) struct File<'a> {
    pub(super) graph: Graph<'a>,
    /// Domains of operators, with the version of each.
    pub(super) operator_sets: Vec<(&'a str, i64)>,
    /// Keys and values.
    pub(super) metadata: Vec<(&'a str, &'a str)>,
}

/// Operators and the values that flow between them.
#[derive(Debug, Default)]
pub(super) struct Graph<'a> {
    pub(super) nodes: Vec<GraphNode<'a>>,
    pub(super) constants: Vec<Tensor<'a>>,
    pub(super) inputs: Vec<Port<'a>>,
    pub(super) outputs: Vec<&'a str>,
}

/// An input of the graph.
#[derive(Debug)]
pub(super) struct Port<'a> {
    pub(super) name: &'a str,
    /// One of [`element`]; 0 if it is not a tensor.
    pub(super) element: i64,
    /// Columns, if the file says.
    pub(super) width: Option<i64>,
    pub(super) dimensions: usize,
}

/// One operator.
#[derive(Debug, Default)]
pub(super) struct GraphNode<'a> {
    pub(super) domain: &'a str,
    pub(super) operator: &'a str,
    pub(super) inputs: Vec<&'a str>,
    pub(super) outputs: Vec<&'a str>,
    attributes: Vec<Attribute<'a>>,
}

/// A setting of an operator.
#[derive(Debug, Default)]
struct Attribute<'a> {
    name: &'a str,
    integer: Option<i64>,
    float: Option<f32>,
    string: Option<&'a [u8]>,
    tensor: Option<Tensor<'a>>,
    integers: Vec<i64>,
    floats: Vec<f32>,
    strings: Vec<&'a [u8]>,
}

/// Numbers with a shape.
#[derive(Debug, Default)]
pub(super) struct Tensor<'a> {
    pub(super) name: &'a str,
    pub(super) element: i64,
    pub(super) dimensions: Vec<i64>,
    raw: Option<&'a [u8]>,
    floats: Vec<f32>,
    doubles: Vec<f64>,
    /// True if the values are in another file.
    external: bool,
}

impl<'a> File<'a> {
    /// Reads a file, within the limits.
    pub(super) fn read(bytes: &'a [u8], limits: &Limits) -> Result<Self, ModelError> {
        at_most("bytes", bytes.len(), limits.file_bytes)?;
        let mut file = Self::default();
        let mut graph = None;
        let mut fields = Fields::of(bytes);
        while let Some((number, value)) = fields.next()? {
            match number {
                7 if graph.is_some() => return Err(ModelError::Malformed("it has two graphs")),
                7 => graph = Some(Graph::read(value.bytes()?, limits)?),
                8 => {
                    file.operator_sets.push(operator_set(value.bytes()?)?);
                    at_most(
                        "sets of operators",
                        file.operator_sets.len(),
                        limits.operators,
                    )?;
                }
                14 => {
                    file.metadata.push(entry(value.bytes()?)?);
                    at_most("entries of metadata", file.metadata.len(), limits.metadata)?;
                }
                25 => return Err(ModelError::unsupported("functions of its own")),
                _ => {}
            }
        }
        file.graph = graph.ok_or(ModelError::Malformed("it has no graph"))?;
        Ok(file)
    }

    /// Returns the version of a domain's operators: the highest named, as in onnxruntime.
    pub(super) fn version(&self, domain: &str) -> Option<i64> {
        self.operator_sets
            .iter()
            .filter(|(name, _)| *name == domain)
            .map(|(_, version)| *version)
            .max()
    }
}

fn operator_set(message: &[u8]) -> Result<(&str, i64), ModelError> {
    let (mut domain, mut version) = ("", 0);
    let mut fields = Fields::of(message);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => domain = name(value)?,
            2 => version = value.integer()?,
            _ => {}
        }
    }
    // Both names are the standard's for its own operators.
    Ok((if domain == "ai.onnx" { "" } else { domain }, version))
}

fn entry(message: &[u8]) -> Result<(&str, &str), ModelError> {
    let (mut key, mut text) = ("", "");
    let mut fields = Fields::of(message);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => key = name(value)?,
            2 => text = value.text()?,
            _ => {}
        }
    }
    Ok((key, text))
}

fn name(value: FieldValue<'_>) -> Result<&str, ModelError> {
    let text = value.text()?;
    at_most("bytes in a name", text.len(), LIMITS.name_bytes)?;
    Ok(text)
}

impl<'a> Graph<'a> {
    fn read(message: &'a [u8], limits: &Limits) -> Result<Self, ModelError> {
        let mut graph = Self::default();
        let mut fields = Fields::of(message);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => {
                    at_most("operators", graph.nodes.len() + 1, limits.operators)?;
                    graph.nodes.push(GraphNode::read(value.bytes()?, limits)?);
                }
                5 => {
                    at_most("constants", graph.constants.len() + 1, limits.operators)?;
                    graph.constants.push(Tensor::read(value.bytes()?, limits)?);
                }
                11 => {
                    graph.inputs.push(Port::read(value.bytes()?)?);
                    at_most("inputs", graph.inputs.len(), limits.width)?;
                }
                12 => {
                    graph.outputs.push(Port::read(value.bytes()?)?.name);
                    at_most("outputs", graph.outputs.len(), limits.operators)?;
                }
                15 => return Err(ModelError::unsupported("sparse constants")),
                _ => {}
            }
        }
        Ok(graph)
    }
}

impl<'a> Port<'a> {
    fn read(message: &'a [u8]) -> Result<Self, ModelError> {
        let mut port = Self {
            name: "",
            element: 0,
            width: None,
            dimensions: 0,
        };
        let mut fields = Fields::of(message);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => port.name = name(value)?,
                2 => port.read_type(value.bytes()?)?,
                _ => {}
            }
        }
        Ok(port)
    }

    fn read_type(&mut self, message: &'a [u8]) -> Result<(), ModelError> {
        let mut fields = Fields::of(message);
        while let Some((number, value)) = fields.next()? {
            if number != 1 {
                continue;
            }
            let mut tensor = Fields::of(value.bytes()?);
            while let Some((number, value)) = tensor.next()? {
                match number {
                    1 => self.element = value.integer()?,
                    2 => self.read_shape(value.bytes()?)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Reads dimensions. The last one is the number of columns, and can be left open.
    fn read_shape(&mut self, message: &'a [u8]) -> Result<(), ModelError> {
        let mut shape = Fields::of(message);
        while let Some((number, value)) = shape.next()? {
            if number != 1 {
                continue;
            }
            self.dimensions += 1;
            self.width = None;
            let mut dimension = Fields::of(value.bytes()?);
            while let Some((number, value)) = dimension.next()? {
                if number == 1 {
                    self.width = Some(value.integer()?);
                }
            }
        }
        Ok(())
    }
}

impl<'a> GraphNode<'a> {
    fn read(message: &'a [u8], limits: &Limits) -> Result<Self, ModelError> {
        let mut node = Self::default();
        let mut fields = Fields::of(message);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => node.inputs.push(name(value)?),
                2 => node.outputs.push(name(value)?),
                4 => node.operator = name(value)?,
                5 => node
                    .attributes
                    .push(Attribute::read(value.bytes()?, limits)?),
                7 => node.domain = name(value)?,
                _ => {}
            }
            at_most(
                "ends of an operator",
                node.inputs.len() + node.outputs.len(),
                limits.operators,
            )?;
            at_most(
                "attributes of an operator",
                node.attributes.len(),
                limits.operators,
            )?;
        }
        if node.domain == "ai.onnx" {
            node.domain = "";
        }
        let mut names: Vec<_> = node
            .attributes
            .iter()
            .map(|attribute| attribute.name)
            .collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(ModelError::operator(
                node.operator,
                format!("it has two attributes {}", quoted(pair[0])),
            ));
        }
        Ok(node)
    }

    fn attribute(&self, name: &str) -> Option<&Attribute<'a>> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    /// Fails at an attribute that is not among the known ones: the exporter must have had a reason
    /// to write it.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), ModelError> {
        match self
            .attributes
            .iter()
            .find(|attribute| !known.contains(&attribute.name))
        {
            Some(unknown) => Err(ModelError::unsupported(format!(
                "the attribute {} of {}",
                quoted(unknown.name),
                quoted(self.operator)
            ))),
            None => Ok(()),
        }
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.attribute(name)?.integer
    }

    pub(super) fn float(&self, name: &str) -> Option<f32> {
        self.attribute(name)?.float
    }

    /// Returns a text; empty if there is none.
    pub(super) fn string(&self, name: &str) -> Result<&'a str, ModelError> {
        let bytes = self
            .attribute(name)
            .and_then(|attribute| attribute.string)
            .unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| ModelError::Malformed("a text is not UTF-8"))
    }

    pub(super) fn integers(&self, name: &str) -> &[i64] {
        self.attribute(name)
            .map_or(&[], |attribute| &attribute.integers)
    }

    pub(super) fn floats(&self, name: &str) -> &[f32] {
        self.attribute(name)
            .map_or(&[], |attribute| &attribute.floats)
    }

    pub(super) fn strings(&self, name: &str) -> &[&'a [u8]] {
        self.attribute(name)
            .map_or(&[], |attribute| &attribute.strings)
    }

    pub(super) fn tensor(&self, name: &str) -> Option<&Tensor<'a>> {
        self.attribute(name)?.tensor.as_ref()
    }
}

impl<'a> Attribute<'a> {
    fn read(message: &'a [u8], limits: &Limits) -> Result<Self, ModelError> {
        let mut attribute = Self::default();
        let mut fields = Fields::of(message);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => attribute.name = name(value)?,
                2 => attribute.float = Some(value.float()?),
                3 => attribute.integer = Some(value.integer()?),
                4 => attribute.string = Some(name(value)?.as_bytes()),
                5 => attribute.tensor = Some(Tensor::read(value.bytes()?, limits)?),
                6 | 11 => return Err(ModelError::unsupported("graphs inside operators")),
                7 => value.floats(&mut attribute.floats)?,
                8 => value.integers(&mut attribute.integers, limits.weights)?,
                9 => {
                    let text = value.bytes()?;
                    at_most("bytes in a name", text.len(), limits.name_bytes)?;
                    attribute.strings.push(text);
                }
                _ => {}
            }
            at_most("numbers in a list", attribute.floats.len(), limits.weights)?;
            at_most("texts in a list", attribute.strings.len(), limits.nodes)?;
        }
        Ok(attribute)
    }
}

impl<'a> Tensor<'a> {
    fn read(message: &'a [u8], limits: &Limits) -> Result<Self, ModelError> {
        let mut tensor = Self::default();
        let mut fields = Fields::of(message);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => value.integers(&mut tensor.dimensions, limits.operators)?,
                2 => tensor.element = value.integer()?,
                4 => value.floats(&mut tensor.floats)?,
                8 => tensor.name = name(value)?,
                9 => tensor.raw = Some(value.bytes()?),
                10 => value.doubles(&mut tensor.doubles)?,
                13 => tensor.external = true,
                14 => tensor.external |= value.integer()? != 0,
                _ => {}
            }
        }
        Ok(tensor)
    }

    /// Returns the numbers of a tensor of floats or doubles; floats are converted exactly.
    pub(super) fn numbers(&self) -> Result<Vec<f64>, ModelError> {
        if self.external {
            return Err(ModelError::unsupported("values in other files"));
        }
        let numbers: Vec<f64> = match (self.element, self.raw) {
            (element::FLOAT, Some(raw)) => chunks(raw)?
                .iter()
                .map(|b| f64::from(f32::from_le_bytes(*b)))
                .collect(),
            (element::FLOAT, None) => self.floats.iter().copied().map(f64::from).collect(),
            (element::DOUBLE, Some(raw)) => chunks(raw)?
                .iter()
                .map(|b| f64::from_le_bytes(*b))
                .collect(),
            (element::DOUBLE, None) => self.doubles.clone(),
            _ => {
                return Err(ModelError::unsupported(
                    "constants that are not floating-point numbers",
                ));
            }
        };
        let size = self
            .dimensions
            .iter()
            .try_fold(1_i64, |size, length| size.checked_mul(*length));
        if size.and_then(|size| usize::try_from(size).ok()) != Some(numbers.len()) {
            return Err(ModelError::Malformed(
                "a constant has another size than its shape",
            ));
        }
        Ok(numbers)
    }
}
