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

/// Rows that are not written yet.
pub(super) struct Batch {
    pub(super) columns: Vec<Column>,
    pub(super) rows: usize,
}

/// One column of them.
pub(super) struct Column {
    /// Per row, or per item where there are lists: whether it is there ("definition level").
    pub(super) presence: Vec<i16>,
    /// Those that are.
    pub(super) values: Values,
}

/// Values of one type.
pub(super) enum Values {
    Bools(Vec<bool>),
    /// Also times in nanoseconds since 1970.
    Integers(Vec<i64>),
    /// Also seconds.
    Floats(Vec<f64>),
    Texts(Texts),
    Words(Repetition, Texts),
    FloatLists(Repetition, Vec<f64>),
}

/// Per item of lists, 0 where it begins a row and 1 elsewhere ("repetition level").
pub(super) type Repetition = Vec<i16>;

/// Texts, of which each different one is held once.
#[derive(Default)]
pub(super) struct Texts {
    /// The different ones, by number.
    pub(super) different: Vec<Box<str>>,
    /// Numbers of all.
    pub(super) numbers: Vec<u32>,
    known: HashMap<Box<str>, u32>,
    last: u32,
    last_address: Option<(IpAddr, u32)>,
}

/// Up to so many different texts are compared one by one, which is faster than to hash.
const FEW: usize = 8;

impl Batch {
    pub(super) fn new(kinds: impl Iterator<Item = Type>) -> Self {
        Self { columns: kinds.map(Column::new).collect(), rows: 0 }
    }

    /// Takes a row's values, in order of the columns.
    pub(super) fn push<'v>(&mut self, values: impl Iterator<Item = Value<'v>>) {
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.push(&value);
        }
        self.rows += 1;
    }

    /// Takes all rows of a batch of the same columns.
    pub(super) fn append(&mut self, other: &Self) {
        for (column, other) in self.columns.iter_mut().zip(&other.columns) {
            column.append(other);
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
            Type::Text => Values::Texts(Texts::default()),
            Type::Words => Values::Words(Repetition::new(), Texts::default()),
            Type::Floats => Values::FloatLists(Repetition::new(), Vec::new()),
        };
        Self { presence: Vec::new(), values }
    }

    fn push(&mut self, value: &Value<'_>) {
        match (&mut self.values, value) {
            (Values::Bools(values), Value::Bool(value)) => values.push(*value),
            (Values::Integers(values), Value::Integer(value)) => values.push(i64::try_from(*value).unwrap_or(i64::MAX)),
            (Values::Integers(values), Value::Time(time)) => values.push(time.0),
            (Values::Floats(values), Value::Float(value)) => values.push(*value),
            (Values::Floats(values), Value::Seconds(nanoseconds)) => values.push(*nanoseconds as f64 / 1e9),
            (Values::Texts(values), Value::Text(text)) => values.push(text),
            (Values::Texts(values), Value::Address(address)) => values.push_address(*address),
            (Values::Words(repetition, values), Value::Words(words)) => {
                words.iter().for_each(|word| values.push(word));
                return list(repetition, &mut self.presence, Some(words.len()));
            }
            (Values::FloatLists(repetition, values), Value::Floats(floats)) => {
                values.extend_from_slice(floats);
                return list(repetition, &mut self.presence, Some(floats.len()));
            }
            (Values::Words(repetition, _) | Values::FloatLists(repetition, _), Value::Null) => {
                return list(repetition, &mut self.presence, None);
            }
            (_, value) => {
                debug_assert_eq!(*value, Value::Null, "a value of another type");
                self.presence.push(ABSENT);
                return;
            }
        }
        self.presence.push(PRESENT);
    }

    fn append(&mut self, other: &Self) {
        self.presence.extend_from_slice(&other.presence);
        match (&mut self.values, &other.values) {
            (Values::Bools(values), Values::Bools(others)) => values.extend_from_slice(others),
            (Values::Integers(values), Values::Integers(others)) => values.extend_from_slice(others),
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

    fn push_address(&mut self, address: IpAddr) {
        match self.last_address {
            Some((last, number)) if last == address => self.numbers.push(number),
            _ => {
                self.push(&address.to_string());
                self.last_address = Some((address, self.last));
            }
        }
    }

    fn number(&mut self, text: &str) -> u32 {
        if self.different.get(self.last as usize).is_some_and(|last| **last == *text) {
            return self.last;
        }
        let known = if self.different.len() <= FEW {
            self.different.iter().position(|known| **known == *text).map(|number| number as u32)
        } else {
            self.known.get(text).copied()
        };
        known.unwrap_or_else(|| {
            // A batch has fewer rows than that.
            let number = self.different.len() as u32;
            self.different.push(text.into());
            self.known.insert(text.into(), number);
            number
        })
    }

    #[allow(dead_code)]
    fn append(&mut self, others: &Self) {
        let numbers: Vec<_> = others.different.iter().map(|text| self.number(text)).collect();
        self.numbers.extend(others.numbers.iter().map(|&number| numbers[number as usize]));
    }

    fn clear(&mut self) {
        *self = Self { numbers: std::mem::take(&mut self.numbers), ..Self::default() };
        self.numbers.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(column: &Column) -> Vec<&str> {
        let (Values::Texts(texts) | Values::Words(_, texts)) = &column.values else { panic!("texts") };
        texts.numbers.iter().map(|&number| &*texts.different[number as usize]).collect()
    }

    #[test]
    fn texts_are_held_once_whatever_their_number() {
        let mut column = Column::new(Type::Text);
        let words: Vec<_> = (0..100).map(|i| (i % 20).to_string()).collect();
        for word in &words {
            column.push(&Value::Text(word));
            column.push(&Value::Null);
        }
        assert_eq!(texts(&column), words);
        let mut twice = Column::new(Type::Text);
        twice.push(&Value::Text("19"));
        twice.append(&column);
        assert_eq!(texts(&twice)[1..], words);
        assert_eq!(twice.presence.iter().filter(|&&level| level == PRESENT).count(), 101);
        let Values::Texts(held) = &twice.values else { panic!("texts") };
        assert_eq!(held.different.len(), 20);
    }

    #[test]
    fn addresses_are_texts() {
        let mut column = Column::new(Type::Text);
        for address in ["192.0.2.1", "192.0.2.1", "2001:db8::1", "192.0.2.1"] {
            column.push(&Value::Address(address.parse().expect("an address")));
        }
        column.push(&Value::Text("192.0.2.1"));
        assert_eq!(texts(&column), ["192.0.2.1", "192.0.2.1", "2001:db8::1", "192.0.2.1", "192.0.2.1"]);
    }

    #[test]
    fn lists_tell_none_from_nothing() {
        let mut column = Column::new(Type::Words);
        column.push(&Value::Words(vec!["sni", "dns"]));
        column.push(&Value::Words(vec![]));
        column.push(&Value::Null);
        column.push(&Value::Words(vec!["dns"]));
        assert_eq!(column.presence, [ITEM, ITEM, PRESENT, ABSENT, ITEM]);
        let Values::Words(levels, _) = &column.values else { panic!("words") };
        assert_eq!(levels, &[0, 1, 0, 0, 0]);
        assert_eq!(texts(&column), ["sni", "dns", "dns"]);

        let mut column = Column::new(Type::Floats);
        for value in [Value::Null, Value::Floats(&[0.5, 1.5, 2.5]), Value::Floats(&[])] {
            column.push(&value);
        }
        assert_eq!(column.presence, [ABSENT, ITEM, ITEM, ITEM, PRESENT]);
        let Values::FloatLists(levels, _) = &column.values else { panic!("floats") };
        assert_eq!(levels, &[0, 0, 1, 1, 0]);
    }

    #[test]
    fn what_does_not_fit_is_the_largest() {
        let mut column = Column::new(Type::Integer);
        column.push(&Value::Integer(u64::MAX));
        assert!(matches!(&column.values, Values::Integers(values) if values == &[i64::MAX]));
    }
}
