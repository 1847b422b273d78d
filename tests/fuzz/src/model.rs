//! Model files: whatever is read as one is evaluated for any row, always alike, within memory that
//! goes with the file.

use std::sync::LazyLock;

use nflx_core::features::{COLUMNS, Row, Type};
use nflx_core::quality::model::{Model, Scratch};
use nflx_core::{Config, Engine, Features, LinkType, Packet, Time};

use crate::{Input, memory};

/// Most memory for each byte of a file, and in any case: a packed integer of one byte becomes
/// eight, and a node of a tree some forty.
const MEMORY: (usize, usize) = (64, 1 << 16);

/// Names of columns that are numbers.
static NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let is_number = |kind| matches!(kind, Type::OptionalFloat);
    let columns = COLUMNS.iter().filter(|column| is_number(column.kind));
    columns.map(|column| column.name).collect()
});

/// The window of one packet.
static ROW: LazyLock<Row> = LazyLock::new(|| {
    let mut bytes = [0; 28];
    bytes[..4].copy_from_slice(&[0x45, 0, 0, 28]);
    bytes[9] = 17;
    bytes[12..20].copy_from_slice(&[23, 246, 11, 141, 192, 0, 2, 1]);
    let packet = Packet {
        frame: 1,
        time: Time(0),
        link_type: LinkType::RAW,
        original_length: 28,
        data: &bytes,
    };
    let mut engine = Engine::new(Config::default());
    engine.packet(&packet);
    engine.finish();
    let mut features = Features::new(&engine);
    let mut engine = engine.restart_with_evidence();
    let said = engine.packet(&packet);
    features.packet(&packet, said.as_ref());
    features.finish();
    features.next_row().expect("one window")
});

/// Reads a file as a model with a card, or with this many columns, and evaluates it.
pub fn run(data: &[u8]) {
    LazyLock::force(&ROW);
    let mut input = Input::new(data);
    let count = usize::from(input.u8() & 15);
    let fill = f64::from(input.u8()) - 100.0;
    let file = input.rest();
    let names = &NAMES[..count];
    let before = memory::in_use();
    let read = if count == 0 {
        Model::read(file)
    } else {
        Model::read_with_columns(file, names)
    };
    let held = memory::in_use().saturating_sub(before);
    assert!(
        held <= MEMORY.0 * file.len() + MEMORY.1,
        "{held} bytes of memory"
    );
    let model = match read {
        Ok(model) => model,
        Err(error) => {
            let sentence = error.to_string();
            assert!(
                !sentence.is_empty() && !sentence.contains(['\n', '\u{1b}', '\0']),
                "{sentence:?}"
            );
            return;
        }
    };
    let (labels, width) = (model.labels().len(), model.columns().len());
    let (mut scratch, mut other) = (Scratch::default(), Scratch::default());
    for value in [
        0.0,
        fill,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        1e-300,
    ] {
        let mut row = vec![value; width];
        row[0] = fill;
        let outputs = model.evaluate(&row, &mut scratch);
        assert_eq!(outputs.scores.len(), labels.max(1));
        assert!(outputs.class.is_none_or(|class| class < labels));
        assert_eq!(
            outputs.label,
            outputs.class.and_then(|class| model.labels().nth(class))
        );
        let again = model.evaluate(&row, &mut other);
        let bits = |scores: &[f64]| {
            scores
                .iter()
                .map(|score| score.to_bits())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (outputs.class, bits(outputs.scores)),
            (again.class, bits(again.scores))
        );
    }
    let answer = model.answer(&ROW, count % 2 == 0, &mut scratch);
    assert_eq!(
        answer.label.is_some() || answer.value.is_some(),
        answer.reason.is_none()
    );
    assert!(
        answer
            .confidence
            .is_none_or(|confidence| (0.0..=1.0).contains(&confidence))
    );
}
