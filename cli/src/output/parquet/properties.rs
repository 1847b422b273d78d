//! Storage of a file's columns.

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::output::metadata::metadata;
use crate::rows::{Column, Rows, Type};

/// Returns how the columns are stored, and the file's metadata.
pub(super) fn properties<T: Rows>(columns: &[&Column<T>]) -> WriterProperties {
    let pairs = metadata(columns).into_iter();
    let pairs = pairs.map(|(key, value)| KeyValue {
        key: key.to_owned(),
        value: Some(value),
    });
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        // Only useful with page statistics, and lost when row groups are merged.
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
