//! Rows that stay in memory as columns, for a host that calls the library.

use super::batch::{Batch, Column, ITEM, PRESENT, Values};
use super::metadata::metadata;
use crate::rows::{Rows, Type};

/// Cells of a batch, of which several may be read at once.
const BATCH_CELLS: usize = 1 << 20;

/// Collects rows.
pub(super) struct Columns {
    batch: Batch,
    full: Vec<Batch>,
    /// Rows of a batch.
    limit: usize,
}

impl Columns {
    pub(super) fn new<T: Rows>() -> Self {
        Self {
            batch: empty::<T>(),
            full: Vec::new(),
            limit: BATCH_CELLS / T::COLUMNS.len().max(1),
        }
    }

    pub(super) fn row<T: Rows>(&mut self, row: &T::Row<'_>) {
        let values = T::COLUMNS.iter().map(|column| (column.value)(row));
        self.batch.push(values);
        if self.batch.rows >= self.limit {
            self.full
                .push(std::mem::replace(&mut self.batch, empty::<T>()));
        }
    }

    /// The rows, in order.
    pub(super) fn into_batches(mut self) -> Vec<Batch> {
        if self.batch.rows > 0 {
            self.full.push(self.batch);
        }
        self.full
    }
}

fn empty<T: Rows>() -> Batch {
    Batch::new(T::COLUMNS.iter().map(|column| column.kind))
}

/// Rows of one kind.
pub struct MemoryTable {
    /// The command that lists such rows.
    pub name: &'static str,
    /// Name and type of each column.
    pub columns: Vec<(&'static str, Type)>,
    /// The same metadata as in Parquet files, by names that programs know.
    pub metadata: Vec<(&'static str, String)>,
    /// The rows.
    pub batches: Vec<Batch>,
}

impl MemoryTable {
    pub(crate) fn new<T: Rows>(batches: Vec<Batch>) -> Self {
        let columns: Vec<_> = T::COLUMNS.iter().collect();
        Self {
            name: T::NAME,
            metadata: metadata(&columns),
            columns: T::COLUMNS
                .iter()
                .map(|column| (column.key, column.kind))
                .collect(),
            batches,
        }
    }
}

impl Column {
    /// Returns, per row, whether there is a value; `None` if there are values in all rows.
    pub fn validity(&self) -> Option<Vec<bool>> {
        let levels = self.presence()?;
        let is_there = |&level: &i16| level >= PRESENT;
        Some(match &self.values {
            Values::Words(repetition, _) | Values::FloatLists(repetition, _) => {
                let begins = levels.iter().zip(repetition);
                let begins = begins.filter(|&(_, &repetition)| repetition == 0);
                begins.map(|(level, _)| is_there(level)).collect()
            }
            _ => levels.iter().map(is_there).collect(),
        })
    }

    /// Returns, of lists, where each row's items begin among all, and where the last row's end; none of other columns.
    pub fn offsets(&self) -> Vec<i32> {
        let (Values::Words(repetition, _) | Values::FloatLists(repetition, _)) = &self.values
        else {
            return Vec::new();
        };
        let levels = self.presence().unwrap_or_default();
        let (mut offsets, mut items) = (Vec::new(), 0);
        for (&level, &repetition) in levels.iter().zip(repetition) {
            if repetition == 0 {
                offsets.push(items);
            }
            items += i32::from(level == ITEM);
        }
        offsets.push(items);
        offsets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Playback, Value};

    fn column<const N: usize>(kind: Type, values: [Value<'_>; N]) -> Column {
        let mut batch = Batch::new([kind].into_iter());
        values
            .into_iter()
            .for_each(|value| batch.push([value].into_iter()));
        batch.columns.remove(0)
    }

    #[test]
    fn what_is_there_and_where_lists_begin() {
        let whole = column(Type::Integer, [Value::Integer(1), Value::Integer(2)]);
        assert_eq!((whole.validity(), whole.offsets()), (None, vec![]));
        let parted = column(Type::Float, [Value::Null, Value::Float(0.5)]);
        assert_eq!(parted.validity(), Some(vec![false, true]));
        let lists = [
            Value::Words(&["sni", "dns"]),
            Value::Words(&[]),
            Value::Null,
            Value::Words(&["dns"]),
        ];
        let lists = column(Type::Words, lists);
        assert_eq!(lists.validity(), Some(vec![true, true, false, true]));
        assert_eq!(lists.offsets(), [0, 2, 2, 2, 3]);
        assert_eq!(column(Type::Floats, []).offsets(), [0]);
    }

    #[test]
    fn a_table_without_rows_has_its_columns() {
        let table = MemoryTable::new::<Playback>(Columns::new::<Playback>().into_batches());
        assert!(table.batches.is_empty() && table.columns[0] == ("capture", Type::Text));
        assert!(table.metadata.iter().any(|(name, _)| *name == "pandas"));
    }
}
