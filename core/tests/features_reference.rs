//! The columns in docs/features.md are those of the code.
#![allow(
    clippy::disallowed_methods,
    reason = "the library has no business with files; this test compares two"
)]

use std::path::Path;

use nflx_core::features::{COLUMNS, Column, PLAYBACK, Source};

/// Marks around the tables, and the columns in them.
const TABLES: [(&str, &str, &[Column]); 2] = [
    ("<!-- columns -->\n", "<!-- /columns -->\n", COLUMNS),
    (
        "<!-- playback columns -->\n",
        "<!-- /playback columns -->\n",
        PLAYBACK,
    ),
];

fn table(columns: &[Column]) -> String {
    let mut table =
        String::from("| column | layer | unit | kind | name from | decided here | definition |\n");
    table.push_str("|---|---|---|---|---|---|---|\n");
    for column in columns {
        let optional = if column.kind.is_optional() {
            "optional "
        } else {
            ""
        };
        let decided = if column.decided { "yes" } else { "" };
        let (layer, source, kind) = (
            column.layer.as_str(),
            column.source.as_str(),
            column.kind.as_str(),
        );
        table.push_str(&format!(
            "| `{}` | {layer} | {} | {optional}{kind} | {source} | {decided} | {} |\n",
            column.name, column.unit, column.definition
        ));
    }
    table
}

#[test]
fn the_reference_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/features.md");
    let text = std::fs::read_to_string(&path).expect("docs/features.md is there");
    let mut generated = text.clone();
    for (begin, end, columns) in TABLES {
        let (before, rest) = generated.split_once(begin).expect("the marks are there");
        let (_, after) = rest.split_once(end).expect("the marks are there");
        generated = [before, begin, &table(columns), end, after].concat();
    }
    if std::env::var_os("NFLX_UPDATE_COLUMNS").is_some() {
        std::fs::write(&path, generated).expect("docs/features.md is writable");
        return;
    }
    assert!(
        text == generated,
        "docs/features.md is not what core/src/features/columns.rs says; run: NFLX_UPDATE_COLUMNS=1 cargo test -p nflx-core"
    );
}

/// The columns that the authors of the published data set deployed.
const DEPLOYED: &str = "total_throughput_up total_throughput_down service_Video_throughput_up \
    service_Video_throughput_down service_non_video_throughput_up service_non_video_throughput_down parallel_flows \
    userPacketCount serverPacketCount userByteCount serverByteCount chunk_start_time chunk_end_time 10_EWMA_chunksizes \
    10_std_chunksize 10_avg_chunksize 10_max_chunksize 10_min_chunksize 10_chunksizes_50 10_chunksizes_75 \
    10_chunksizes_85 10_chunksizes_90 allprev_std_chunksize allprev_avg_chunksize allprev_max_chunksize \
    allprev_min_chunksize allprev_chunksizes_50 allprev_chunksizes_75 allprev_chunksizes_85 allprev_chunksizes_90 \
    cumsum_chunksizes curr_chunksize size_diff_previous current_chunk_iat up_down_ratio n_prev_up_chunk \
    n_prev_down_chunk n_chunks_down n_chunks_up";

/// Statistics of times between segments; the list has each of them for each of these.
const DEPLOYED_IAT: [&str; 4] = ["all_prev_up", "all_prev_down", "up", "down"];

#[test]
fn every_deployed_column_is_there() {
    let mut expected: Vec<String> = DEPLOYED.split_whitespace().map(str::to_owned).collect();
    for which in DEPLOYED_IAT {
        let statistics = ["avg", "std", "min", "max", "50", "75", "85", "90"];
        expected.extend(statistics.map(|statistic| format!("{which}_chunk_iat_{statistic}")));
    }
    let deployed = COLUMNS
        .iter()
        .filter(|column| column.source == Source::Deployed);
    let mut found: Vec<_> = deployed.map(|column| column.name.to_owned()).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn every_column_is_described() {
    let mut names: Vec<_> = COLUMNS.iter().map(|column| column.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), COLUMNS.len(), "each name once");
    for column in COLUMNS {
        let definition = column.definition;
        assert!(
            !definition.ends_with('.') && !definition.contains('|') && definition.len() > 20,
            "{definition}"
        );
        assert!(
            column
                .name
                .ends_with(|last: char| last != 'R' || column.name.ends_with("RTT")),
            "{}",
            column.name
        );
    }
}
