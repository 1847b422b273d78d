//! Metadata of a table, for programs: units and meanings of its columns, and how pandas should keep
//! them.

use serde_json::{Value as Json, json};

use crate::rows::{Column, Rows, Type};

/// Version of the metadata that pandas reads.
const PANDAS_METADATA: &str = "1.0.0";

/// Returns the names and values that go with a table.
pub(super) fn metadata<T: Rows>(columns: &[&Column<T>]) -> Vec<(&'static str, String)> {
    let described: serde_json::Map<_, _> = columns
        .iter()
        .map(|column| (column.key.to_owned(), about(column)))
        .collect();
    let pandas = json!({
        "index_columns": [],
        "column_indexes": [],
        "columns": columns.iter().map(|column| for_pandas(column)).collect::<Vec<_>>(),
        "creator": {"library": "nflx", "version": env!("CARGO_PKG_VERSION")},
        "pandas_version": PANDAS_METADATA,
    });
    vec![
        ("nflx.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("nflx.table", T::NAME.to_owned()),
        ("nflx.columns", Json::Object(described).to_string()),
        ("pandas", pandas.to_string()),
    ]
}

/// Returns a column's unit, unless its type has one, and its meaning.
fn about<T: Rows>(column: &Column<T>) -> Json {
    match column.kind {
        Type::Time => json!({"about": column.about}),
        _ if column.unit.is_empty() => json!({"about": column.about}),
        _ => json!({"unit": column.unit, "about": column.about}),
    }
}

/// Makes pandas keep whole numbers and booleans if some are null, instead of turning them into
/// floats and objects.
fn for_pandas<T: Rows>(column: &Column<T>) -> Json {
    let (pandas, numpy) = match column.kind {
        Type::Bool => ("bool", "boolean"),
        Type::Integer => ("int64", "Int64"),
        Type::Float | Type::Seconds => ("float64", "float64"),
        Type::Time => ("datetimetz", "datetime64[ns]"),
        Type::Text | Type::Json => ("unicode", "object"),
        Type::Words => ("list[unicode]", "object"),
        Type::Floats | Type::Spans => ("list[float64]", "object"),
    };
    let zone = (column.kind == Type::Time).then(|| json!({"timezone": "UTC"}));
    json!({
        "name": column.key,
        "field_name": column.key,
        "pandas_type": pandas,
        "numpy_type": numpy,
        "metadata": zone,
    })
}
