use clap::CommandFactory;

use super::*;

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn mistakes_take_one_sentence() {
    let mistake = |args: &[&str]| {
        sentence(
            &Cli::try_parse_from(args)
                .expect_err("a mistake")
                .render()
                .to_string(),
        )
    };
    let said = mistake(&["nflx", "servers", "--frmat", "csv", "x"]);
    assert!(
        said.starts_with("unexpected argument '--frmat' found; tip: "),
        "{said}"
    );
    let said = mistake(&["nflx", "servers", "--format", "xml", "x"]);
    assert!(
        said.contains("[possible values: table, jsonl, csv, parquet]"),
        "{said}"
    );
    assert!(mistake(&["nflx", "servers"]).contains("<FILE>..."));
}

#[test]
fn periods_have_units() {
    for (text, expected) in [("30s", 30), ("5m", 300), ("1h", 3_600), ("2d", 172_800)] {
        assert_eq!(period(text).map(NonZero::get), Ok(expected));
    }
    for text in ["", "5", "m", "0s", "-5m", "1.5h", "99999999d", "5µ"] {
        assert!(period(text).is_err(), "{text}");
    }
}

#[test]
fn options_win_over_set() {
    let args = [
        "nflx",
        "servers",
        "--segment-rule",
        "server",
        "--set",
        "segment_rule=flow",
        "x",
    ];
    let Command::Servers(run) = Cli::try_parse_from(args).expect("right").command else {
        panic!("servers")
    };
    let config = run.analysis.config().expect("right");
    assert_eq!(config.get("segment_rule").as_deref(), Some("server"));
}
