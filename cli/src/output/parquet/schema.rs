//! A file's description of its columns.

use std::sync::Arc;

use parquet::basic::{
    Compression, ConvertedType, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical,
    ZstdLevel,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::{ColumnPath, Type as Node, TypePtr};

use crate::output::metadata::metadata;
use crate::rows::{Column, Rows, Type};

/// The columns as a schema.
pub(super) fn schema<T: Rows>(columns: &[&Column<T>]) -> Result<TypePtr, ParquetError> {
    let fields: Result<Vec<_>, _> = columns
        .iter()
        .map(|column| field(column.key, column.kind).map(Arc::new))
        .collect();
    Node::group_type_builder(T::NAME)
        .with_fields(fields?)
        .build()
        .map(Arc::new)
}

fn field(key: &str, kind: Type) -> Result<Node, ParquetError> {
    let primitive = |key, physical| {
        Node::primitive_type_builder(key, physical).with_repetition(Repetition::OPTIONAL)
    };
    let text = |key| {
        let text =
            primitive(key, Physical::BYTE_ARRAY).with_logical_type(Some(LogicalType::String));
        // For readers older than logical types.
        text.with_converted_type(ConvertedType::UTF8)
    };
    match kind {
        Type::Bool => primitive(key, Physical::BOOLEAN).build(),
        Type::Integer => primitive(key, Physical::INT64).build(),
        Type::Float | Type::Seconds => primitive(key, Physical::DOUBLE).build(),
        Type::Time => {
            let time = LogicalType::timestamp(true, TimeUnit::NANOS);
            primitive(key, Physical::INT64)
                .with_logical_type(Some(time))
                .build()
        }
        Type::Text | Type::Json => text(key).build(),
        Type::Words => list(
            key,
            text("element")
                .with_repetition(Repetition::REQUIRED)
                .build()?,
        ),
        Type::Floats | Type::Spans => list(
            key,
            primitive("element", Physical::DOUBLE)
                .with_repetition(Repetition::REQUIRED)
                .build()?,
        ),
    }
}

fn list(key: &str, element: Node) -> Result<Node, ParquetError> {
    let list = Node::group_type_builder("list").with_repetition(Repetition::REPEATED);
    let list = list.with_fields(vec![Arc::new(element)]).build()?;
    Node::group_type_builder(key)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(Some(LogicalType::List))
        .with_converted_type(ConvertedType::LIST)
        .with_fields(vec![Arc::new(list)])
        .build()
}

/// How the columns are stored, and what else the file says of them.
pub(super) fn properties<T: Rows>(columns: &[&Column<T>]) -> WriterProperties {
    let pairs = metadata(columns).into_iter();
    let pairs = pairs.map(|(key, value)| KeyValue {
        key: key.to_owned(),
        value: Some(value),
    });
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        // Of use with statistics of pages only, and not kept where row groups are put together.
        .set_offset_index_disabled(true)
        .set_key_value_metadata(Some(pairs.collect()));
    for column in columns {
        let path = ColumnPath::from(column.key);
        properties = match column.kind {
            Type::Integer | Type::Time => properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
            Type::Bool | Type::Float | Type::Seconds => {
                properties.set_column_dictionary_enabled(path, false)
            }
            Type::Floats | Type::Spans => {
                let path =
                    ColumnPath::new([column.key, "list", "element"].map(str::to_owned).to_vec());
                properties.set_column_dictionary_enabled(path, false)
            }
            Type::Text | Type::Json | Type::Words => properties,
        };
    }
    properties.build()
}
