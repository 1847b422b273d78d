//! The C ABI from C: programs in `c/`, as C and as C++, with and without sanitizers, against the
//! static library; and what the shared one exports.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::quality::{Carded, capture};
use crate::plugin::{decompressed, nflx, nflx_rows, recorded_captures, target_folder};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder with a package's libraries, built so that tests can make them panic. A target folder
/// of its own: the feature must not get into what others use. Nothing is optimised: the compiler
/// may test what nobody wrote before the flag that says so, which changes no answer, and valgrind
/// takes it for a fault.
pub(crate) fn with_panics(package: &str) -> PathBuf {
    let target = target_folder().join("c-abi");
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "-p",
            package,
            "--features",
            "panic-injection",
            "--target-dir",
        ])
        .arg(&target)
        .current_dir(repository())
        .env_remove("CARGO_TARGET_DIR")
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
        .status()
        .expect("cargo starts");
    assert!(status.success(), "{package} does not build");
    target.join("debug")
}

/// The folder with `libnflx_ffi.a` and `.so`.
fn library() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| with_panics("nflx-ffi"))
}

/// A way of compiling a C file.
struct Compiler {
    name: &'static str,
    program: &'static str,
    flags: &'static [&'static str],
}

const COMPILERS: [Compiler; 3] = [
    Compiler {
        name: "c",
        program: "cc",
        flags: &["-std=c11"],
    },
    Compiler {
        name: "cpp",
        program: "c++",
        flags: &["-x", "c++", "-std=c++17"],
    },
    Compiler {
        name: "sanitized",
        program: "cc",
        flags: &[
            "-std=c11",
            "-g",
            "-fsanitize=address,undefined",
            "-fno-sanitize-recover=all",
        ],
    },
];

fn compile(compiler: &Compiler, source: &str, folder: &Path) -> PathBuf {
    let program = folder.join(format!("{source}-{}", compiler.name));
    let output = Command::new(compiler.program)
        .args(compiler.flags)
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"])
        .arg(repository().join("include"))
        .arg(repository().join(format!("tests/c/{source}.c")))
        .args(["-x", "none"])
        .arg(library().join("libnflx_ffi.a"))
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", compiler.program));
    assert!(
        output.status.success(),
        "{}: {}",
        compiler.name,
        String::from_utf8_lossy(&output.stderr)
    );
    program
}

/// Captures as plain files, which the programs read.
fn plain_captures() -> (TempDir, Vec<(PathBuf, PathBuf)>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let captures = recorded_captures().into_iter().map(|path| {
        let name = path
            .file_name()
            .expect("a file")
            .to_string_lossy()
            .replace(".gz", "");
        let plain = folder.path().join(name);
        fs::write(&plain, decompressed(&path)).expect("ours");
        (path, plain)
    });
    let captures = captures.collect();
    (folder, captures)
}

fn run(program: &Path, args: &[&Path]) -> Output {
    Command::new(program)
        .args(args)
        .output()
        .expect("the program starts")
}

#[test]
fn the_layout_is_what_c_sees() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for compiler in &COMPILERS {
        assert!(
            run(&compile(compiler, "layout", folder.path()), &[])
                .status
                .success(),
            "{}",
            compiler.name
        );
    }
}

#[test]
fn misuse_is_answered_and_bugs_are_contained() {
    let (folder, captures) = plain_captures();
    let capture = captures
        .iter()
        .find(|(path, _)| path.ends_with("loss.pcap.gz"))
        .expect("a capture with segments");
    for compiler in &COMPILERS {
        let output = run(&compile(compiler, "misuse", folder.path()), &[&capture.1]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", compiler.name);
        // Also the injected panic leaves the host's standard error alone.
        assert_eq!(said, "", "{}", compiler.name);
        assert!(output.stdout.is_empty(), "{}", compiler.name);
    }
}

/// Reads of memory that nobody wrote, and memory that nobody frees, which the sanitizers of the C
/// side do not see inside of the library.
#[test]
fn valgrind_finds_nothing() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: valgrind is not installed");
        return;
    }
    let (folder, captures) = plain_captures();
    let capture = captures
        .iter()
        .find(|(path, _)| path.ends_with("http-plain.pcap.gz"))
        .expect("a small capture");
    for source in ["misuse", "report"] {
        let output = Command::new("valgrind")
            .args([
                "--quiet",
                "--error-exitcode=99",
                "--leak-check=full",
                "--errors-for-leak-kinds=definite,indirect",
            ])
            .arg(compile(&COMPILERS[0], source, folder.path()))
            .arg(&capture.1)
            .output()
            .expect("valgrind starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && said.is_empty(),
            "{source}: {said}"
        );
    }
}

/// Asserts that two rows agree in the columns of the first one.
fn assert_same(ours: &Value, theirs: &Value, what: &str) {
    for (key, value) in ours
        .as_object()
        .expect("a row")
        .iter()
        .filter(|(key, _)| *key != "row")
    {
        let other = &theirs[key];
        let same = match (value.as_f64(), other.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= a.abs() * 1e-12,
            _ if key == "server" || key == "client" => address(value) == address(other),
            _ => value == other,
        };
        assert!(
            same,
            "{what}: {key} is {value} through the ABI and {other} from the program"
        );
    }
}

fn address(value: &Value) -> Option<std::net::IpAddr> {
    value.as_str()?.parse().ok()
}

/// A host in C finds what the command-line program finds.
#[test]
fn a_c_host_agrees_with_the_program() {
    let (folder, captures) = plain_captures();
    for compiler in &COMPILERS {
        let report = compile(compiler, "report", folder.path());
        for (path, plain) in &captures {
            let output = run(&report, &[plain]);
            let what = format!("{} {}", compiler.name, path.display());
            assert!(
                output.status.success(),
                "{what}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            let text = String::from_utf8(output.stdout).expect("UTF-8");
            let rows: Vec<Value> = text
                .lines()
                .map(|line| serde_json::from_str(line).expect("JSON"))
                .collect();

            let servers = nflx_rows("servers", &[], path);
            let servers: BTreeMap<_, _> = servers
                .iter()
                .map(|row| (address(&row["server"]), row))
                .collect();
            // Servers that were only named, and never spoke, are none to the program.
            let spoke = |row: &&Value| row["in_pkts"] != 0 || row["out_pkts"] != 0;
            let ours: Vec<_> = rows
                .iter()
                .filter(|row| row["row"] == "server")
                .filter(spoke)
                .collect();
            assert_eq!(ours.len(), servers.len(), "{what}");
            for row in ours {
                assert_same(row, servers[&address(&row["server"])], &what);
            }

            let segments = nflx_rows("segments", &[], path);
            let ours: Vec<_> = rows.iter().filter(|row| row["row"] == "segment").collect();
            assert_eq!(ours.len(), segments.len(), "{what}");
            for (row, theirs) in ours.iter().zip(&segments) {
                assert_same(row, theirs, &what);
            }
        }
    }
}

/// Compares what a C host is told by a model, as windows close and at the end, with the command.
fn heard(program: &Path, arguments: &[&Path]) -> (Option<i32>, String) {
    let output = run(program, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said, "", "nothing of the sanitizers");
    (
        output.status.code(),
        String::from_utf8(output.stdout).expect("UTF-8"),
    )
}

/// A host in C gets the answers of the command: those of the end, and those of when windows closed.
#[test]
fn a_c_host_asks_a_model_as_the_program_does() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plain = folder.path().join("player.pcap");
    fs::write(&plain, decompressed(Path::new(&capture()))).expect("ours");
    let model = Carded::new("light", &[("nflx.target", json!("resolution"))]);
    let path = Path::new(&model.path);
    let (end, now) = (
        model.rows(&["quality"]),
        model.rows(&["quality", "--as-known", "0"]),
    );
    for compiler in &COMPILERS {
        let program = compile(compiler, "quality", folder.path());
        let (status, text) = heard(&program, &[path, &plain]);
        assert_eq!(status, Some(0), "{text}");
        let rows: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let of = |word: &'static str| rows.iter().filter(move |row| row["row"] == word);
        let described = of("model").next().expect("a model");
        assert_eq!(
            (
                &described["name"],
                &described["target"],
                &described["number"],
                &described["window"]
            ),
            (
                &json!("of the tests"),
                &json!("resolution"),
                &json!(1),
                &json!(10)
            )
        );
        assert!(end.len() > 2 && end.iter().any(|row| row["label"].is_string()));
        for (word, theirs) in [("end", &end), ("now", &now)] {
            assert_eq!(of(word).count(), theirs.len(), "{word}");
            for (ours, theirs) in of(word).zip(theirs) {
                for key in [
                    "session",
                    "window",
                    "label",
                    "value",
                    "confidence",
                    "out_of_range",
                    "reason",
                ] {
                    assert_eq!(ours[key].as_f64(), theirs[key].as_f64(), "{word} {key}");
                    assert_eq!(ours[key].as_str(), theirs[key].as_str(), "{word} {key}");
                }
                assert_eq!(ours["settled"], json!(word == "end"));
            }
        }
        // Every window was told at the first packet behind it, and its frames have the answer of
        // the end.
        let mut frames = 0;
        for row in of("frame") {
            let number = row["number"].as_u64().expect("a number") as usize;
            let window = of("end").nth(number - 1).expect("a window");
            assert_eq!(
                (&row["label"], &row["window"]),
                (&window["label"], &window["window"])
            );
            let closing = of("now")
                .find(|now| now["window"] == row["window"])
                .expect("told");
            let closing = closing["frame"].as_u64().filter(|frame| *frame != 0);
            assert!(closing.is_none_or(|closing| row["frame"].as_u64() < Some(closing)));
            frames += 1;
        }
        assert!(frames > 100, "{frames}");
    }
}

#[test]
fn a_model_that_does_not_fit_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = compile(&COMPILERS[2], "quality", folder.path());
    let model = Carded::new("light", &[("nflx.settings", json!({"session_idle": 30}))]);
    let (path, none) = (Path::new(&model.path), Path::new("/nowhere"));
    let refused = |arguments: &[&Path]| {
        let (status, text) = heard(&program, arguments);
        assert_eq!((status, text.lines().count()), (Some(2), 1), "{text}");
        text
    };
    // The card's settings apply, but to those that were set.
    assert_eq!(heard(&program, &[path, none]).0, Some(0));
    assert_eq!(
        heard(&program, &[path, none, Path::new("session_idle=30")]).0,
        Some(0)
    );
    let text = refused(&[path, none, Path::new("session_idle=60")]);
    assert_eq!(
        text,
        "The model was trained with session_idle = 30, and 60 is set; set session_idle to 30.\n"
    );
    let text = refused(&[path, none, Path::new("session_by=title")]);
    assert!(text.contains("sessions by title"), "{text}");
    let damaged = folder.path().join("model.onnx");
    fs::write(&damaged, b"GIF89a").expect("ours");
    assert!(refused(&[&damaged, none]).starts_with("The model is not an ONNX model"));
    let bare = repository().join("tests/models/light.onnx");
    assert!(refused(&[&bare, none]).starts_with("The model has no card"));
}

/// A host that lives on what settled is told of each segment and session once, as the program's
/// live rows are.
#[test]
fn a_c_host_is_told_of_what_settled() {
    let (folder, captures) = plain_captures();
    let follow = compile(&COMPILERS[0], "follow", folder.path());
    for (path, plain) in &captures {
        let output = run(&follow, &[plain]);
        let what = path.display();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{what}: {said}");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let rows: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let of = |name: &str| -> Vec<_> { rows.iter().filter(|row| row["row"] == name).collect() };
        let expected = live_rows("segments", plain);
        let sizes: Vec<_> = of("segment").iter().map(|row| &row["app_bytes"]).collect();
        let theirs: Vec<_> = expected.iter().map(|row| &row["app_bytes"]).collect();
        assert_eq!(sizes, theirs, "{what}");
        let expected = live_rows("sessions", plain);
        let sessions = of("session");
        assert_eq!(sessions.len(), expected.len(), "{what}");
        for (row, theirs) in sessions.iter().zip(&expected) {
            assert_eq!(row["video_bytes"], theirs["video_bytes"], "{what}");
        }
        // Each server that has a role by the end came to it.
        let has_role = |row: &&Value| row["role"] != "unknown";
        let servers = nflx_rows("servers", &["--no-live"], path);
        let known = servers.iter().filter(has_role).count();
        let told: std::collections::BTreeSet<_> =
            of("role").iter().map(|row| row["id"].as_u64()).collect();
        assert!(told.len() >= known, "{what}: {} of {known}", told.len());
    }
}

/// Rows as they settle. From standard input: a file that is named is waited for as one that grows.
fn live_rows(command: &str, capture: &Path) -> Vec<Value> {
    let output = Command::new(nflx())
        .args([command, "--format", "jsonl", "--live", "-"])
        .stdin(fs::File::open(capture).expect("it is there"))
        .output()
        .expect("the program starts");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// Nothing but the ABI is visible to programs that load the library.
#[test]
fn the_shared_library_exports_the_abi_alone() {
    let output = Command::new("nm")
        .args(["-D", "--defined-only", "--format=posix"])
        .arg(library().join("libnflx_ffi.so"))
        .output()
        .expect("nm is part of every compiler");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut exported: Vec<_> = text
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    exported.retain(|name| *name != "nflx_engine_inject_panic");
    exported.sort_unstable();
    let header = fs::read_to_string(repository().join("include/nflx.h")).expect("the header");
    let mut declared: Vec<_> = header
        .lines()
        .filter(|line| {
            line.starts_with(|c: char| c.is_ascii_lowercase()) && !line.starts_with("typedef")
        })
        .filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("nflx_"))
        .collect();
    declared.sort_unstable();
    assert_eq!(exported, declared);
}

/// Programs look for the library by the ABI's version, and Debian's package of a library is named
/// for what they look for.
#[test]
fn the_debian_package_is_named_for_the_version_of_the_abi() {
    let header = std::fs::read_to_string(repository().join("include/nflx.h")).expect("the header");
    let version = header
        .lines()
        .find_map(|line| line.strip_prefix("#define NFLX_ABI_VERSION "))
        .expect("a version");
    let control = std::fs::read_to_string(repository().join("debian/control")).expect("control");
    assert!(control.contains(&format!("\nPackage: libnflx{version}\n")));
    assert!(
        repository()
            .join(format!("debian/libnflx{version}.install"))
            .exists()
    );
}
