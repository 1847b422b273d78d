//! Writes ONNX files for tests.

/// A message of Protocol Buffers.
#[derive(Clone, Default)]
pub(super) struct Message(pub(super) Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub(super) fn integer(mut self, field: u64, number: i64) -> Self {
        self.varint(field << 3);
        self.varint(number.cast_unsigned());
        self
    }

    pub(super) fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    pub(super) fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    pub(super) fn message(self, field: u64, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }

    pub(super) fn float(mut self, field: u64, number: f32) -> Self {
        self.varint(field << 3 | 5);
        self.0.extend(number.to_le_bytes());
        self
    }
}

/// An operator with its ends.
pub(super) fn node(domain: &str, operator: &str, inputs: &[&str], outputs: &[&str]) -> Message {
    let mut node = Message::default().text(4, operator).text(7, domain);
    for input in inputs {
        node = node.text(1, input);
    }
    for output in outputs {
        node = node.text(2, output);
    }
    node
}

/// Adds an attribute that is a list of integers.
pub(super) fn integers(node: Message, name: &str, numbers: &[i64]) -> Message {
    let attribute = Message::default().text(1, name);
    node.message(
        5,
        &numbers
            .iter()
            .fold(attribute, |attribute, number| attribute.integer(8, *number)),
    )
}

/// Adds an attribute that is a list of floats.
pub(super) fn floats(node: Message, name: &str, numbers: &[f32]) -> Message {
    let attribute = Message::default().text(1, name);
    node.message(
        5,
        &numbers
            .iter()
            .fold(attribute, |attribute, number| attribute.float(7, *number)),
    )
}

/// Adds an attribute that is a list of texts.
pub(super) fn texts(node: Message, name: &str, texts: &[&str]) -> Message {
    let attribute = Message::default().text(1, name);
    node.message(
        5,
        &texts
            .iter()
            .fold(attribute, |attribute, text| attribute.text(9, text)),
    )
}

/// Adds an attribute that is one text.
pub(super) fn text(node: Message, name: &str, text: &str) -> Message {
    node.message(5, &Message::default().text(1, name).text(4, text))
}

/// Adds an attribute that is one integer.
pub(super) fn integer(node: Message, name: &str, number: i64) -> Message {
    node.message(5, &Message::default().text(1, name).integer(3, number))
}

/// Number, column, mode, threshold, and the nodes that follow.
type Node<'a> = (i64, i64, &'a str, f32, i64, i64);

/// A regressor of one tree, whose nodes are `(number, column, mode, threshold, if true, if false)`;
/// each leaf's weight is its threshold.
pub(super) fn tree(nodes: &[Node<'_>]) -> Message {
    let of = |get: fn(&Node<'_>) -> i64| nodes.iter().map(get).collect::<Vec<_>>();
    let leaves: Vec<_> = nodes.iter().filter(|node| node.2 == "LEAF").collect();
    let zeros = vec![0; nodes.len()];
    let node = node("ai.onnx.ml", "TreeEnsembleRegressor", &["x"], &["y"]);
    let node = integers(node, "nodes_treeids", &zeros);
    let node = integers(node, "nodes_nodeids", &of(|node| node.0));
    let node = integers(node, "nodes_featureids", &of(|node| node.1));
    let node = texts(
        node,
        "nodes_modes",
        &nodes.iter().map(|node| node.2).collect::<Vec<_>>(),
    );
    let node = floats(
        node,
        "nodes_values",
        &nodes.iter().map(|node| node.3).collect::<Vec<_>>(),
    );
    let node = integers(node, "nodes_truenodeids", &of(|node| node.4));
    let node = integers(node, "nodes_falsenodeids", &of(|node| node.5));
    let node = integer(node, "n_targets", 1);
    let node = integers(node, "target_treeids", &zeros[..leaves.len()]);
    let node = integers(
        node,
        "target_nodeids",
        &leaves.iter().map(|node| node.0).collect::<Vec<_>>(),
    );
    let node = integers(node, "target_ids", &zeros[..leaves.len()]);
    floats(
        node,
        "target_weights",
        &leaves.iter().map(|node| node.3).collect::<Vec<_>>(),
    )
}

/// A tree of one decision.
pub(super) fn stump() -> Message {
    tree(&[
        (0, 0, "BRANCH_LEQ", 1.5, 1, 2),
        (1, 0, "LEAF", 10.0, 0, 0),
        (2, 0, "LEAF", 20.0, 0, 0),
    ])
}

/// A port of the graph: a tensor of floats with this many columns.
fn port(name: &str, width: i64) -> Message {
    let dimension = |length| Message::default().integer(1, length);
    let shape = Message::default()
        .message(1, &Message::default())
        .message(1, &dimension(width));
    let tensor = Message::default().integer(1, 1).message(2, &shape);
    Message::default()
        .text(1, name)
        .message(2, &Message::default().message(1, &tensor))
}

/// A file with these operators, from the input `x` to the output `y`, and metadata.
pub(super) fn file(width: i64, nodes: &[Message], metadata: &[(&str, &str)]) -> Vec<u8> {
    let mut graph = Message::default();
    for node in nodes {
        graph = graph.message(1, node);
    }
    let graph = graph
        .message(11, &port("x", width))
        .message(12, &port("y", 1));
    let mut file = Message::default()
        .message(7, &graph)
        .message(8, &Message::default().text(1, "ai.onnx.ml").integer(2, 3));
    for (key, value) in metadata {
        file = file.message(14, &Message::default().text(1, key).text(2, value));
    }
    file.0
}
