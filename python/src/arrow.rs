//! Tables as Arrow has them. Values move there as they are; where some are absent they are spread over the rows.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampNanosecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use nflx_cli::tables::{Batch, Column, MemoryTable, Texts, Type, Values};

/// Time zone of all times.
const UTC: &str = "UTC";

/// The columns of a table with what is said of them. Any value may be null, but none in a list.
pub(crate) fn schema(table: &MemoryTable) -> SchemaRef {
    let fields: Vec<_> = table
        .columns
        .iter()
        .map(|&(name, kind)| Field::new(name, data_type(kind), true))
        .collect();
    let metadata: HashMap<_, _> = table
        .metadata
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    Arc::new(Schema::new_with_metadata(fields, metadata))
}

/// The types that readers make of the program's Parquet.
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

fn item(data_type: DataType) -> Arc<Field> {
    Arc::new(Field::new("element", data_type, false))
}

/// Some rows of a table with this schema.
pub(crate) fn batch(schema: &SchemaRef, batch: Batch) -> Result<RecordBatch, ArrowError> {
    let columns = schema.fields().iter().zip(batch.columns);
    let arrays = columns.map(|(field, column)| array(field.data_type(), column));
    RecordBatch::try_new(Arc::clone(schema), arrays.collect::<Result<_, _>>()?)
}

fn array(data_type: &DataType, column: Column) -> Result<ArrayRef, ArrowError> {
    let (validity, offsets) = (column.validity(), column.offsets());
    let list = |values: ArrayRef, validity: Option<Vec<bool>>| -> Result<ArrayRef, ArrowError> {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let field = item(values.data_type().clone());
        ListArray::try_new(field, offsets, values, validity.map(NullBuffer::from))
            .map(|list| Arc::new(list) as ArrayRef)
    };
    Ok(match column.values {
        Values::Bools(values) => {
            let (values, nulls) = spread(values, validity);
            Arc::new(BooleanArray::new(values.into(), nulls))
        }
        Values::Integers(values) => {
            let (values, nulls) = spread(values, validity);
            if matches!(data_type, DataType::Timestamp(..)) {
                let times = TimestampNanosecondArray::try_new(values.into(), nulls)?;
                Arc::new(times.with_timezone(UTC))
            } else {
                Arc::new(Int64Array::try_new(values.into(), nulls)?)
            }
        }
        Values::Floats(values) => {
            let (values, nulls) = spread(values, validity);
            Arc::new(Float64Array::try_new(values.into(), nulls)?)
        }
        Values::Texts(texts) => Arc::new(strings(&texts, validity.as_deref())),
        Values::Words(_, texts) => list(Arc::new(strings(&texts, None)), validity)?,
        Values::FloatLists(_, values) => list(Arc::new(Float64Array::from(values)), validity)?,
    })
}

/// Puts each value where its row is.
fn spread<V: Copy + Default>(
    values: Vec<V>,
    validity: Option<Vec<bool>>,
) -> (Vec<V>, Option<NullBuffer>) {
    let Some(validity) = validity else {
        return (values, None);
    };
    let mut values = values.into_iter();
    let mut next = |&is_there: &bool| {
        let value = if is_there { values.next() } else { None };
        value.unwrap_or_default()
    };
    let spread = validity.iter().map(&mut next).collect();
    (spread, Some(validity.into()))
}

fn strings(texts: &Texts, validity: Option<&[bool]>) -> StringArray {
    let rows = validity.map_or(texts.numbers.len(), <[bool]>::len);
    let bytes = texts
        .numbers
        .iter()
        .map(|&number| texts.different[number as usize].len());
    let mut strings = StringBuilder::with_capacity(rows, bytes.sum());
    let mut numbers = texts.numbers.iter();
    for row in 0..rows {
        let is_there = validity.is_none_or(|validity| validity[row]);
        let number = if is_there { numbers.next() } else { None };
        strings.append_option(number.map(|&number| &*texts.different[number as usize]));
    }
    strings.finish()
}
