//! Documents that cannot drift: they show what the programs print. `NFLX_UPDATE_DOCS=1` rewrites
//! them.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::plugin::{Home, nflx};

const UPDATE: &str = "NFLX_UPDATE_DOCS";

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name)
}

/// A document must be this text, or becomes it if asked for.
fn check(name: &str, text: &str) {
    let path = document(name);
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, text).expect("the document can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let line = written
        .lines()
        .zip(text.lines())
        .position(|(written, text)| written != text);
    assert!(
        written == text,
        "docs/{name} is not what the plugin says (line {:?}); `make docs` rewrites it:\n{text}",
        line.map(|line| line + 1)
    );
}

const FIELDS_HEAD: &str = "\
<!-- Generated from the table that registers the fields (plugin/wireshark/src/fields.def) by `make docs`. -->
# Fields

Every display-filter field of the plugin, as `tshark -G fields` lists them. They are present on every TCP and UDP packet of an
identified Netflix server, in both directions, and absent elsewhere. Fields that depend on later packets are complete in the
window, with `tshark -2`, and if tshark reads the capture ahead (`-o nflx.read_ahead:FILE`).

| field | type | meaning |
|---|---|---|
";

const EXPERTS_HEAD: &str = "
## Expert information

Notes for people; each name is a field to filter by.

| field | noted when |
|---|---|
";

/// Returns users' name for a type.
fn type_name(name: &str) -> &str {
    match name {
        "FT_STRING" => "text",
        "FT_IPv4" => "IPv4 address",
        "FT_IPv6" => "IPv6 address",
        "FT_UINT16" | "FT_UINT32" | "FT_UINT64" => "number",
        "FT_DOUBLE" => "number with fraction",
        "FT_BOOLEAN" => "true or false",
        "FT_FRAMENUM" => "frame number (a link)",
        "FT_RELATIVE_TIME" => "seconds",
        "FT_NONE" => "a heading",
        other => panic!("{other} has no name in the documents"),
    }
}

#[test]
fn the_field_reference_is_the_table() {
    let Some(home) = Home::new() else { return };
    let listed = home.tshark(&["-G", "fields"]).quiet();
    let mut fields = String::new();
    let mut experts = String::new();
    for row in listed
        .lines()
        .map(|row| row.split('\t').collect::<Vec<_>>())
    {
        // F, title, name, type, parent, base, bitmask, description.
        if row[0] != "F" || !row[2].starts_with("nflx.") {
            continue;
        }
        let (title, name) = (row[1], row[2]);
        let added = if name.starts_with("nflx.expert.") {
            writeln!(experts, "| {name} | {title} |")
        } else {
            writeln!(
                fields,
                "| {name} | {} | {} |",
                type_name(row[3]),
                row[7].replace('|', "\\|")
            )
        };
        added.expect("to memory");
    }
    assert!(!fields.is_empty() && !experts.is_empty());
    check(
        "fields.md",
        &format!("{FIELDS_HEAD}{fields}{EXPERTS_HEAD}{experts}"),
    );
}

/// Numbers of spaces and rulers, which differ from version to version, do not count.
fn plain(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines
        .filter(|line| !line.chars().all(|c| "=-|+ ".contains(c)))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Each command of the guide, run by a shell where its capture is, prints what stands below it.
#[test]
fn every_command_of_the_guide_prints_what_it_shows() {
    let Some(home) = Home::new() else { return };
    let guide = fs::read_to_string(document("guide.md")).expect("the guide");
    let capture = home.path().join("player.pcap.gz");
    fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/player.pcap.gz"),
        capture,
    )
    .expect("the capture");
    fs::copy(nflx(), home.path().join("nflx")).expect("the command");
    home.open_to_all();
    let mut updated = String::new();
    let mut rest = guide.as_str();
    let mut commands = 0;
    while let Some((before, after)) = rest.split_once("```sh\n") {
        let (command, after) = after.split_once("```\n").expect("a block ends");
        let with_path = format!("PATH=$PWD:$PATH\n{command}");
        let outcome = home.run("bash", &["-o", "pipefail", "-ec", &with_path]);
        // `head` closes the pipe on whoever writes into it.
        let fine =
            outcome.status == Some(0) || command.contains("| head ") && outcome.status == Some(141);
        assert!(
            fine && outcome.stderr.is_empty(),
            "{command}: {:?} {}",
            outcome.status,
            outcome.stderr
        );
        assert!(
            !outcome.stdout.trim().is_empty(),
            "{command} prints nothing"
        );
        let printed = outcome
            .stdout
            .lines()
            .fold(String::new(), |text, line| text + line.trim_end() + "\n");
        let (shown, after) = match after
            .strip_prefix("\n```text\n")
            .and_then(|block| block.split_once("```\n"))
        {
            Some((shown, after)) => (shown, after),
            None => ("", after),
        };
        let same = plain(shown) == plain(&printed);
        let keep = if same { shown } else { &printed };
        write!(
            updated,
            "{before}```sh\n{command}```\n\n```text\n{}\n```\n",
            keep.trim_end()
        )
        .expect("to memory");
        rest = after;
        commands += 1;
    }
    assert!(commands >= 10, "{commands}");
    check("guide.md", &(updated + rest));
}
