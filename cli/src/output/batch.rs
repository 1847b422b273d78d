//! Rows as columns of one type each, which is how Parquet stores them.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::rows::{Type, Value};

/// A value is there.
pub(super) const PRESENT: i16 = 1;
/// There is none.
pub(super) const ABSENT: i16 = 0;
/// An item of a list is there.
pub(super) const ITEM: i16 = 2;

/// Rows as columns.
pub struct Batch {
    /// In the order of the table's.
    pub columns: Vec<Column>,
    /// How many.
    pub rows: usize,
}

/// One column of some rows.
pub struct Column {
    /// Per row, or per item where there are lists: whether it is there ("definition level"). Without lists, empty as long
    /// as every value is there.
    presence: Vec<i16>,
    /// Those that are.
    pub values: Values,
}

/// Values of one type: those that are there, one behind the other.
pub enum Values {
    /// Truth values.
    Bools(Vec<bool>),
    /// Also times in nanoseconds since 1970.
    Integers(Vec<i64>),
    /// Also seconds.
    Floats(Vec<f64>),
    /// Texts.
    Texts(Texts),
    /// Lists of texts.
    Words(Repetition, Texts),
    /// Lists of numbers.
    FloatLists(Repetition, Vec<f64>),
}

/// Per item of lists, 0 where it begins a row and 1 elsewhere ("repetition level").
pub(super) type Repetition = Vec<i16>;

/// Texts, of which each different one is held once.
#[derive(Default)]
pub struct Texts {
    /// The different ones, by number: in order of appearance.
    pub different: Vec<Box<str>>,
    /// Numbers of all, as whole numbers of Parquet.
    pub numbers: Vec<i32>,
    known: HashMap<Box<str>, i32>,
    last: i32,
    words: Vec<(&'static str, i32)>,
    addresses: HashMap<IpAddr, i32>,
    last_address: Option<(IpAddr, i32)>,
}

/// Up to so many different texts are compared one by one, which is faster than to hash.
const FEW: usize = 8;

impl Batch {
    pub(super) fn new(kinds: impl Iterator<Item = Type>) -> Self {
        Self {
            columns: kinds.map(Column::new).collect(),
            rows: 0,
        }
    }

    /// Takes a row's values, in order of the columns.
    pub(super) fn push<'v>(&mut self, values: impl Iterator<Item = Value<'v>>) {
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.push(value, self.rows);
        }
        self.rows += 1;
    }

    /// Takes all rows of a batch of the same columns.
    pub(super) fn append(&mut self, other: &Self) {
        for (column, other_column) in self.columns.iter_mut().zip(&other.columns) {
            column.append(other_column, self.rows, other.rows);
        }
        self.rows += other.rows;
    }

    /// Forgets the rows, and keeps the room.
    pub(super) fn clear(&mut self) {
        self.columns.iter_mut().for_each(Column::clear);
        self.rows = 0;
    }
}

impl Column {
    fn new(kind: Type) -> Self {
        let values = match kind {
            Type::Bool => Values::Bools(Vec::new()),
            Type::Integer | Type::Time => Values::Integers(Vec::new()),
            Type::Float | Type::Seconds => Values::Floats(Vec::new()),
            Type::Text | Type::Json => Values::Texts(Texts::default()),
            Type::Words => Values::Words(Repetition::new(), Texts::default()),
            Type::Floats | Type::Spans => Values::FloatLists(Repetition::new(), Vec::new()),
        };
        Self {
            presence: Vec::new(),
            values,
        }
    }

    /// Takes a value behind those of so many `rows`.
    #[inline(always)]
    fn push(&mut self, value: Value<'_>, rows: usize) {
        match (&mut self.values, value) {
            (Values::Bools(values), Value::Bool(value)) => values.push(value),
            (Values::Integers(values), Value::Integer(value)) => {
                values.push(i64::try_from(value).unwrap_or(i64::MAX))
            }
            (Values::Integers(values), Value::Time(time)) => values.push(time.0),
            (Values::Floats(values), Value::Float(value)) => values.push(value),
            (Values::Floats(values), Value::Seconds(nanoseconds)) => {
                values.push(nanoseconds as f64 / 1e9)
            }
            (Values::Texts(values), Value::Text(text)) => values.push(text),
            (Values::Texts(values), Value::Json(json)) => values.push(&json.to_string()),
            (Values::Texts(values), Value::Word(word)) => values.push_word(word),
            (Values::Texts(values), Value::Address(address)) => values.push_address(address),
            (Values::Words(repetition, values), Value::Words(words)) => {
                words.iter().for_each(|word| values.push(word));
                return list(repetition, &mut self.presence, Some(words.len()));
            }
            (Values::FloatLists(repetition, values), Value::Floats(floats)) => {
                values.extend_from_slice(floats);
                return list(repetition, &mut self.presence, Some(floats.len()));
            }
            (Values::FloatLists(repetition, values), Value::Spans(spans)) => {
                values.extend_from_slice(spans.as_flattened());
                return list(repetition, &mut self.presence, Some(2 * spans.len()));
            }
            (Values::Words(repetition, _) | Values::FloatLists(repetition, _), Value::Null) => {
                return list(repetition, &mut self.presence, None);
            }
            (_, value) => {
                debug_assert_eq!(value, Value::Null, "a value of another type");
                return self.push_absent(rows);
            }
        }
        if !self.presence.is_empty() {
            self.presence.push(PRESENT);
        }
    }

    fn push_absent(&mut self, rows: usize) {
        self.presence.resize(rows, PRESENT);
        self.presence.push(ABSENT);
    }

    /// Returns true if values are there, per row of `rows` or per item; `None` if all are.
    pub(super) fn presence(&self) -> Option<&[i16]> {
        (!self.presence.is_empty()).then_some(&self.presence)
    }

    /// Takes the values of so many rows of another behind those of so many `rows`.
    fn append(&mut self, other: &Self, rows: usize, other_rows: usize) {
        let is_list = matches!(self.values, Values::Words(..) | Values::FloatLists(..));
        if is_list {
            self.presence.extend_from_slice(&other.presence);
        } else if !(self.presence.is_empty() && other.presence.is_empty()) {
            self.presence.resize(rows, PRESENT);
            self.presence.extend_from_slice(&other.presence);
            self.presence.resize(rows + other_rows, PRESENT);
        }
        match (&mut self.values, &other.values) {
            (Values::Bools(values), Values::Bools(others)) => values.extend_from_slice(others),
            (Values::Integers(values), Values::Integers(others)) => {
                values.extend_from_slice(others)
            }
            (Values::Floats(values), Values::Floats(others)) => values.extend_from_slice(others),
            (Values::Texts(values), Values::Texts(others)) => values.append(others),
            (Values::Words(levels, values), Values::Words(other_levels, others)) => {
                levels.extend_from_slice(other_levels);
                values.append(others);
            }
            (Values::FloatLists(levels, values), Values::FloatLists(other_levels, others)) => {
                levels.extend_from_slice(other_levels);
                values.extend_from_slice(others);
            }
            _ => debug_assert!(false, "a column of another type"),
        }
    }

    fn clear(&mut self) {
        self.presence.clear();
        match &mut self.values {
            Values::Bools(values) => values.clear(),
            Values::Integers(values) => values.clear(),
            Values::Floats(values) => values.clear(),
            Values::Texts(values) => values.clear(),
            Values::Words(levels, values) => {
                levels.clear();
                values.clear();
            }
            Values::FloatLists(levels, values) => {
                levels.clear();
                values.clear();
            }
        }
    }
}

/// Levels of a row with a list of `count` items, or with none.
fn list(repetition: &mut Repetition, presence: &mut Vec<i16>, count: Option<usize>) {
    repetition.push(0);
    match count {
        None => presence.push(ABSENT),
        Some(0) => presence.push(PRESENT),
        Some(count) => {
            presence.resize(presence.len() + count, ITEM);
            repetition.resize(repetition.len() + count - 1, 1);
        }
    }
}

impl Texts {
    fn push(&mut self, text: &str) {
        let number = self.number(text);
        self.last = number;
        self.numbers.push(number);
    }

    fn push_word(&mut self, word: &'static str) {
        // What is always there is always the same. The same word may also be elsewhere, and counts as another.
        let number = match self
            .words
            .iter()
            .find(|(known, _)| std::ptr::eq(*known, word))
        {
            Some((_, number)) => *number,
            None => {
                let number = self.number(word);
                self.words.push((word, number));
                number
            }
        };
        self.numbers.push(number);
    }

    fn push_address(&mut self, address: IpAddr) {
        let number = match self.last_address {
            Some((last, number)) if last == address => number,
            _ => {
                let known = self.addresses.get(&address).copied();
                let number = known.unwrap_or_else(|| self.number(&address.to_string()));
                if known.is_none() {
                    self.addresses.insert(address, number);
                }
                self.last_address = Some((address, number));
                number
            }
        };
        self.numbers.push(number);
    }

    fn number(&mut self, text: &str) -> i32 {
        if self
            .different
            .get(self.last as usize)
            .is_some_and(|last| **last == *text)
        {
            return self.last;
        }
        let known = if self.different.len() <= FEW {
            self.different
                .iter()
                .position(|known| **known == *text)
                .map(|number| number as i32)
        } else {
            self.known.get(text).copied()
        };
        known.unwrap_or_else(|| {
            // A batch has fewer rows than that.
            let number = self.different.len() as i32;
            self.different.push(text.into());
            self.known.insert(text.into(), number);
            number
        })
    }

    fn append(&mut self, others: &Self) {
        let numbers: Vec<_> = others
            .different
            .iter()
            .map(|text| self.number(text))
            .collect();
        self.numbers.extend(
            others
                .numbers
                .iter()
                .map(|&number| numbers[number as usize]),
        );
    }

    fn clear(&mut self) {
        *self = Self {
            numbers: std::mem::take(&mut self.numbers),
            ..Self::default()
        };
        self.numbers.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(column: &Column) -> Vec<&str> {
        let (Values::Texts(texts) | Values::Words(_, texts)) = &column.values else {
            panic!("texts")
        };
        texts
            .numbers
            .iter()
            .map(|&number| &*texts.different[number as usize])
            .collect()
    }

    fn column<'v>(kind: Type, values: impl IntoIterator<Item = Value<'v>>) -> Column {
        let mut column = Column::new(kind);
        values
            .into_iter()
            .enumerate()
            .for_each(|(rows, value)| column.push(value, rows));
        column
    }

    #[test]
    fn texts_are_held_once_whatever_their_number() {
        let words: Vec<_> = (0..100).map(|i| (i % 20).to_string()).collect();
        let others = column(
            Type::Text,
            words
                .iter()
                .flat_map(|word| [Value::Text(word), Value::Null]),
        );
        assert_eq!(texts(&others), words);
        let mut twice = column(Type::Text, [Value::Text("19")]);
        twice.append(&others, 1, 200);
        assert_eq!(texts(&twice)[1..], words);
        assert_eq!(
            twice
                .presence
                .iter()
                .filter(|&&level| level == PRESENT)
                .count(),
            101
        );
        let Values::Texts(held) = &twice.values else {
            panic!("texts")
        };
        assert_eq!(held.different.len(), 20);
    }

    #[test]
    fn addresses_are_texts() {
        let addresses = ["192.0.2.1", "192.0.2.1", "2001:db8::1", "192.0.2.1"];
        let values = addresses.map(|address| Value::Address(address.parse().expect("an address")));
        let column = column(
            Type::Text,
            values.into_iter().chain([Value::Text("192.0.2.1")]),
        );
        assert_eq!(
            texts(&column),
            [
                "192.0.2.1",
                "192.0.2.1",
                "2001:db8::1",
                "192.0.2.1",
                "192.0.2.1"
            ]
        );
        let Values::Texts(held) = &column.values else {
            panic!("texts")
        };
        assert_eq!(held.different.len(), 2);
    }

    #[test]
    fn words_are_texts_wherever_they_are() {
        let elsewhere: &'static str = String::from("in").leak();
        let values = [
            Value::Word("in"),
            Value::Word("out"),
            Value::Text("in"),
            Value::Word(elsewhere),
        ];
        let column = column(Type::Text, values.into_iter().cycle().take(12));
        assert_eq!(texts(&column), ["in", "out", "in", "in"].repeat(3));
        let Values::Texts(held) = &column.values else {
            panic!("texts")
        };
        assert_eq!(held.different.len(), 2);
        // A part of a word begins where the word does.
        assert_eq!(
            texts(&self::column(
                Type::Text,
                [Value::Word("inner"), Value::Word(&"inner"[..2])]
            )),
            ["inner", "in"]
        );
    }

    #[test]
    fn presence_is_kept_from_the_first_absent_value_on() {
        let (some, none) = (Value::Integer(7), Value::Null);
        let whole = || column(Type::Integer, [some; 3]);
        assert_eq!(whole().presence(), None);
        assert_eq!(
            column(Type::Integer, [some, none, some]).presence(),
            Some(&[PRESENT, ABSENT, PRESENT][..])
        );
        assert_eq!(
            column(Type::Integer, [none]).presence(),
            Some(&[ABSENT][..])
        );
        let appended = |mut column: Column, other: Column, rows, other_rows| {
            column.append(&other, rows, other_rows);
            column.presence().map(<[i16]>::to_vec)
        };
        assert_eq!(appended(whole(), whole(), 3, 3), None);
        let parted = || column(Type::Integer, [none, some]);
        assert_eq!(
            appended(whole(), parted(), 3, 2).unwrap(),
            [PRESENT, PRESENT, PRESENT, ABSENT, PRESENT]
        );
        assert_eq!(
            appended(parted(), whole(), 2, 3).unwrap(),
            [ABSENT, PRESENT, PRESENT, PRESENT, PRESENT]
        );
        assert_eq!(
            appended(parted(), parted(), 2, 2).unwrap(),
            [ABSENT, PRESENT, ABSENT, PRESENT]
        );
        assert_eq!(appended(Column::new(Type::Integer), whole(), 0, 3), None);
    }

    #[test]
    fn lists_tell_none_from_nothing() {
        let words = [
            Value::Words(&["sni", "dns"]),
            Value::Words(&[]),
            Value::Null,
            Value::Words(&["dns"]),
        ];
        let words = column(Type::Words, words);
        assert_eq!(words.presence, [ITEM, ITEM, PRESENT, ABSENT, ITEM]);
        let Values::Words(levels, _) = &words.values else {
            panic!("words")
        };
        assert_eq!(levels, &[0, 1, 0, 0, 0]);
        assert_eq!(texts(&words), ["sni", "dns", "dns"]);
        let mut twice = column(Type::Words, [Value::Words(&["cname"])]);
        twice.append(&words, 1, 4);
        assert_eq!(twice.presence, [ITEM, ITEM, ITEM, PRESENT, ABSENT, ITEM]);
        assert_eq!(texts(&twice), ["cname", "sni", "dns", "dns"]);

        let floats = column(
            Type::Floats,
            [
                Value::Null,
                Value::Floats(&[0.5, 1.5, 2.5]),
                Value::Floats(&[]),
            ],
        );
        assert_eq!(floats.presence, [ABSENT, ITEM, ITEM, ITEM, PRESENT]);
        let Values::FloatLists(levels, _) = &floats.values else {
            panic!("floats")
        };
        assert_eq!(levels, &[0, 0, 1, 1, 0]);
    }

    #[test]
    fn what_does_not_fit_is_the_largest() {
        let column = column(Type::Integer, [Value::Integer(u64::MAX)]);
        assert!(matches!(&column.values, Values::Integers(values) if values == &[i64::MAX]));
    }
}
