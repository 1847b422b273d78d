//! Rows as Arrow columns, the form in which Parquet stores them and programs take them from memory.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::net::IpAddr;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, StringBuilder,
    TimestampNanosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};

use super::metadata::metadata;
use crate::rows::{Column, Rows, Type, Value};

/// Time zone of all times.
const UTC: &str = "UTC";

/// Describes the columns. Any value may be null, except within lists.
pub(super) fn schema<T: Rows>(columns: &[&Column<T>]) -> SchemaRef {
    let fields = columns
        .iter()
        .map(|column| Field::new(column.key, data_type(column.kind), true));
    let metadata = metadata(columns).into_iter();
    let metadata = metadata.map(|(name, value)| (name.to_owned(), value));
    Arc::new(Schema::new_with_metadata(
        fields.collect::<Vec<_>>(),
        metadata.collect::<HashMap<_, _>>(),
    ))
}

fn data_type(kind: Type) -> DataType {
    match kind {
        Type::Bool => DataType::Boolean,
        Type::Integer => DataType::Int64,
        Type::Float | Type::Seconds => DataType::Float64,
        Type::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some(UTC.into())),
        Type::Text | Type::Json => DataType::Utf8,
        Type::Words => DataType::List(item(DataType::Utf8)),
        Type::Floats | Type::Spans => DataType::List(item(DataType::Float64)),
    }
}

fn item(data_type: DataType) -> FieldRef {
    Arc::new(Field::new("element", data_type, false))
}

/// Rows so far, one builder per column.
pub(super) struct Builders<T: Rows> {
    columns: Vec<&'static Column<T>>,
    schema: SchemaRef,
    builders: Vec<Builder>,
    /// Number of rows.
    rows: usize,
}

/// The values of a column so far.
enum Builder {
    Bools(BooleanBuilder),
    Integers(Int64Builder),
    Floats(Float64Builder),
    Times(TimestampNanosecondBuilder),
    Texts(Texts),
    Words(ListBuilder<StringBuilder>),
    FloatLists(ListBuilder<Float64Builder>),
}

/// Texts, and the last address among them.
struct Texts {
    builder: StringBuilder,
    address: Option<IpAddr>,
    text: String,
}

impl<T: Rows> Builders<T> {
    pub(super) fn new(columns: Vec<&'static Column<T>>) -> Self {
        Self {
            schema: schema(&columns),
            builders: columns
                .iter()
                .map(|column| Builder::new(column.kind))
                .collect(),
            columns,
            rows: 0,
        }
    }

    pub(super) fn columns(&self) -> &[&'static Column<T>] {
        &self.columns
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Appends a row. Returns true once there are this many `cells`.
    pub(super) fn push(&mut self, row: &T::Row<'_>, cells: usize) -> bool {
        for (builder, column) in self.builders.iter_mut().zip(&self.columns) {
            builder.push((column.value)(row));
        }
        self.rows += 1;
        self.rows >= cells / self.columns.len()
    }

    /// Returns the rows so far, if there are any, and starts over.
    pub(super) fn finish(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        if std::mem::take(&mut self.rows) == 0 {
            return Ok(None);
        }
        let columns = self.builders.iter_mut().map(Builder::finish);
        RecordBatch::try_new(Arc::clone(&self.schema), columns.collect()).map(Some)
    }
}

impl Builder {
    fn new(kind: Type) -> Self {
        match kind {
            Type::Bool => Self::Bools(BooleanBuilder::new()),
            Type::Integer => Self::Integers(Int64Builder::new()),
            Type::Time => Self::Times(TimestampNanosecondBuilder::new().with_timezone(UTC)),
            Type::Float | Type::Seconds => Self::Floats(Float64Builder::new()),
            Type::Text | Type::Json => Self::Texts(Texts {
                builder: StringBuilder::new(),
                address: None,
                text: String::new(),
            }),
            Type::Words => {
                Self::Words(ListBuilder::new(StringBuilder::new()).with_field(item(DataType::Utf8)))
            }
            Type::Floats | Type::Spans => Self::FloatLists(
                ListBuilder::new(Float64Builder::new()).with_field(item(DataType::Float64)),
            ),
        }
    }

    #[inline(always)]
    fn push(&mut self, value: Value<'_>) {
        match (self, value) {
            (Self::Bools(values), Value::Bool(value)) => values.append_value(value),
            (Self::Integers(values), Value::Integer(value)) => {
                values.append_value(i64::try_from(value).unwrap_or(i64::MAX))
            }
            (Self::Times(values), Value::Time(time)) => values.append_value(time.0),
            (Self::Floats(values), Value::Float(value)) => values.append_value(value),
            (Self::Floats(values), Value::Seconds(nanoseconds)) => {
                values.append_value(nanoseconds as f64 / 1e9)
            }
            (Self::Texts(texts), Value::Text(text) | Value::Word(text)) => {
                texts.builder.append_value(text)
            }
            (Self::Texts(texts), Value::Json(json)) => texts.builder.append_value(json.to_string()),
            (Self::Texts(texts), Value::Address(address)) => texts.push_address(address),
            (Self::Words(lists), Value::Words(words)) => lists.append_value(words.iter().map(Some)),
            (Self::FloatLists(lists), Value::Floats(values)) => {
                lists.values().append_slice(values);
                lists.append(true);
            }
            (Self::FloatLists(lists), Value::Spans(spans)) => {
                lists.values().append_slice(spans.as_flattened());
                lists.append(true);
            }
            (builder, value) => {
                debug_assert_eq!(value, Value::Null, "a value of another type");
                builder.push_null();
            }
        }
    }

    fn push_null(&mut self) {
        match self {
            Self::Bools(values) => values.append_null(),
            Self::Integers(values) => values.append_null(),
            Self::Floats(values) => values.append_null(),
            Self::Times(values) => values.append_null(),
            Self::Texts(texts) => texts.builder.append_null(),
            Self::Words(lists) => lists.append_null(),
            Self::FloatLists(lists) => lists.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        let builder: &mut dyn ArrayBuilder = match self {
            Self::Bools(values) => values,
            Self::Integers(values) => values,
            Self::Floats(values) => values,
            Self::Times(values) => values,
            Self::Texts(texts) => &mut texts.builder,
            Self::Words(lists) => lists,
            Self::FloatLists(lists) => lists,
        };
        builder.finish()
    }
}

impl Texts {
    fn push_address(&mut self, address: IpAddr) {
        if self.address != Some(address) {
            self.text.clear();
            let _: fmt::Result = write!(self.text, "{address}");
            self.address = Some(address);
        }
        self.builder.append_value(&self.text);
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, Int64Type};

    use super::*;

    fn column<'v>(kind: Type, values: impl IntoIterator<Item = Value<'v>>) -> ArrayRef {
        let mut builder = Builder::new(kind);
        values.into_iter().for_each(|value| builder.push(value));
        builder.finish()
    }

    #[test]
    fn texts_addresses_and_words_are_texts() {
        let address = |text: &str| Value::Address(text.parse().expect("an address"));
        let values = [
            address("192.0.2.1"),
            address("192.0.2.1"),
            Value::Null,
            address("2001:db8::1"),
            address("192.0.2.1"),
            Value::Text("192.0.2.1"),
            Value::Word("in"),
        ];
        let column = column(Type::Text, values);
        let texts: Vec<_> = column.as_string::<i32>().iter().collect();
        let same = Some("192.0.2.1");
        assert_eq!(
            texts,
            [
                same,
                same,
                None,
                Some("2001:db8::1"),
                same,
                same,
                Some("in")
            ]
        );
    }

    #[test]
    fn a_builder_begins_again_when_its_rows_are_taken() {
        let mut builder = Builder::new(Type::Text);
        builder.push(Value::Address([192, 0, 2, 1].into()));
        assert_eq!(builder.finish().len(), 1);
        builder.push(Value::Address([192, 0, 2, 1].into()));
        assert_eq!(builder.finish().as_string::<i32>().value(0), "192.0.2.1");
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
        let words = words.as_list::<i32>();
        assert_eq!(words.value_offsets(), [0, 2, 2, 2, 3]);
        let are_null: Vec<_> = (0..4).map(|row| words.is_null(row)).collect();
        assert_eq!(are_null, [false, false, true, false]);
        assert_eq!(words.value(3).as_string::<i32>().value(0), "dns");
        let spans = column(
            Type::Spans,
            [Value::Null, Value::Spans(&[[0.5, 1.5], [2.5, 3.5]])],
        );
        let spans = spans.as_list::<i32>();
        assert_eq!(spans.value_offsets(), [0, 0, 4]);
        assert_eq!(
            spans.value(1).as_primitive::<Float64Type>().values(),
            &[0.5, 1.5, 2.5, 3.5]
        );
    }

    #[test]
    fn what_does_not_fit_is_the_largest() {
        let column = column(Type::Integer, [Value::Integer(u64::MAX)]);
        assert_eq!(column.as_primitive::<Int64Type>().value(0), i64::MAX);
    }

    #[test]
    fn arrays_have_the_types_of_their_columns() {
        let kinds = [
            Type::Bool,
            Type::Integer,
            Type::Float,
            Type::Time,
            Type::Seconds,
            Type::Text,
            Type::Words,
            Type::Floats,
            Type::Spans,
            Type::Json,
        ];
        for kind in kinds {
            assert_eq!(column(kind, [Value::Null]).data_type(), &data_type(kind));
        }
    }
}
