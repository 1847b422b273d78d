//! One direction: no file imports from a floor above its own, and no files import each other,
//! however many stand between. Floors are listed here, once for each crate, from the ground up;
//! `house/` reads the imports. And one name, one thing: no two types of a crate are called the
//! same.

#[path = "house/c.rs"]
mod c;
#[path = "house/plan.rs"]
mod plan;
#[path = "house/rust.rs"]
mod rust;
#[path = "house/tokens.rs"]
mod tokens;

use plan::{House, Import, broken, check};

/// The floors of core: bytes and bounds, what stands in packets, facts, settings, tables, readers,
/// the engine, and what is made of its answers.
const CORE: House = House {
    folder: "core/src",
    root: "lib.rs",
    floors: &[
        &["bounded", "packet", "words"],
        &["wire"],
        &["facts"],
        &["config"],
        &["flows", "segments"],
        &["classify", "connection"],
        &["engine"],
        &["features", "text"],
        &["quality"],
        &[""],
    ],
};

/// The floors of the C ABI: words, how values and calls cross, the nouns, the engine that speaks of
/// them.
const FFI: House = House {
    folder: "ffi/src",
    root: "lib.rs",
    floors: &[
        &["names", "status", "text", "panic"],
        &["guard"],
        &["crossing"],
        &["address", "packet"],
        &[
            "annotation",
            "config",
            "frame_log",
            "note",
            "quality",
            "segment",
            "server",
            "session",
            "setting",
            "stats",
        ],
        &["engine"],
        &["answers", "losses", "news", "playback"],
        &[""],
    ],
};

/// The floors of the command: words for people, captures in, rows, files out, what is found,
/// arguments, and what commands do.
const CLI: House = House {
    folder: "cli/src",
    root: "lib.rs",
    floors: &[
        &["escape", "identity", "signals"],
        &["messages", "frames"],
        &["capture", "progress"],
        &["rows"],
        &["output"],
        &[
            "analysis",
            "observations",
            "findings",
            "inputs",
            "rings",
            "workers",
        ],
        &["args"],
        &["annotate", "completions", "list", "report"],
        &["tables"],
        &[""],
        &["main"],
    ],
};

/// The floors of the Python module.
const PYTHON: House = House {
    folder: "python/src",
    root: "lib.rs",
    floors: &[
        &["facts", "settings"],
        &["model"],
        &["engine", "tables"],
        &[""],
    ],
};

/// The floors of the Wireshark plugin: versions and the ABI, values for people, settings and
/// packets, the capture at hand, what is shown of it, and the registration of all.
const WIRESHARK: House = House {
    folder: "plugin/wireshark/src",
    root: "",
    floors: &[
        &["compat"],
        &["plugin"],
        &["fields", "format", "frame", "model"],
        &["preferences"],
        &["read_ahead"],
        &["session"],
        &["unfollowed"],
        &[
            "columns",
            "comment",
            "conversations",
            "experts",
            "items",
            "ladder",
            "menu",
            "navigation",
            "objects",
            "response_times",
            "table",
        ],
        &["quality_table", "session_table"],
        &["summary", "tables", "tree", "tree_statistics", "export"],
        &["evidence", "quality"],
        &["taps"],
        &["dissector"],
        &["register"],
    ],
};

#[test]
fn core_has_one_direction() {
    check(&CORE, &rust::imports(&CORE));
}

#[test]
fn the_c_abi_has_one_direction() {
    check(&FFI, &rust::imports(&FFI));
}

#[test]
fn the_command_has_one_direction() {
    check(&CLI, &rust::imports(&CLI));
}

#[test]
fn the_python_module_has_one_direction() {
    check(&PYTHON, &rust::imports(&PYTHON));
}

#[test]
fn the_wireshark_plugin_has_one_direction() {
    check(&WIRESHARK, &c::imports(&WIRESHARK));
    let includes: Vec<_> =
        c::included("#include \"a.h\"\n#include <b.h>\n/* #include \"c.h\" */").collect();
    assert_eq!(includes, [(1, "a.h")]);
}

#[test]
fn no_two_types_of_a_crate_have_one_name() {
    for house in [&CORE, &FFI, &CLI, &PYTHON] {
        assert_eq!(rust::doubles(house), [""; 0], "{}", house.folder);
    }
}

#[test]
fn types_are_read_from_the_source() {
    let source =
        "struct A(u8); enum B {} trait C { type D; } impl C for A { type D = u8; } type E = A;";
    assert_eq!(rust::types(source), ["A", "B", "C", "E"]);
}

/// A house of two floors, to see that what is broken is found.
const SMALL: House = House {
    folder: "small",
    root: "lib.rs",
    floors: &[&["ground", "cellar"], &["roof"]],
};

fn import(from: &str, line: usize, to: &str) -> Import {
    let file = |module: &str| format!("small/{module}.rs");
    Import {
        from: from.to_owned(),
        file: file(from),
        line,
        to: to.to_owned(),
        to_file: file(to),
    }
}

#[test]
fn what_leads_upwards_or_in_a_circle_is_named_with_its_line() {
    assert!(broken(&SMALL, &[import("roof", 1, "ground")]).is_empty());
    let upwards = broken(&SMALL, &[import("ground::floor", 7, "roof")]);
    assert!(
        upwards[0].starts_with("small/ground::floor.rs:7: "),
        "{upwards:?}"
    );
    let circle = [import("ground", 2, "cellar"), import("cellar", 3, "ground")];
    assert!(
        broken(&SMALL, &circle)
            .iter()
            .any(|line| line.starts_with("small/cellar.rs:3: "))
    );
    let nowhere = broken(&SMALL, &[import("roof", 4, "attic")]);
    assert!(
        nowhere[0].contains("no floor is listed for attic"),
        "{nowhere:?}"
    );
}

#[test]
fn paths_are_read_as_the_compiler_reads_them() {
    let source = r##"
        // crate::comment
        use crate::{a::{self, B}, c::D as E};
        const TEXT: &str = r#"crate::text"#;
        #[cfg(test)]
        mod tests { use crate::tests; }
        fn f<'a>(x: &'a super::g::H) { crate::i::j('"'); }
    "##;
    assert_eq!(rust::paths(source), ["a", "a::B", "c::D", "g::H", "i::j"]);
}
