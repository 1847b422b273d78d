//! Which captures a run reads: files as they are named, those in folders, and those that patterns match.
//!
//! In a folder, also in those below it, whatever has a capture's beginning is one, and so is whatever is named like one,
//! so that a damaged capture is not passed over in silence. Hidden files and folders are left out.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::capture::is_capture;

/// Endings of captures, with or without one of [`COMPRESSED`] behind it.
const ENDINGS: [&str; 6] = ["pcap", "pcapng", "cap", "dmp", "ntar", "trc"];
const COMPRESSED: [&str; 4] = ["gz", "zst", "xz", "bz2"];
/// Bytes that tell what a file is, also where it is compressed.
const HEAD: usize = 512;

/// What a run shall read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// A capture, or what was named as one.
    Capture(PathBuf),
    /// What was named gives no capture: its name, and why.
    Nothing(String, String),
}

impl Input {
    /// The capture's path.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Capture(path) => Some(path),
            Self::Nothing(..) => None,
        }
    }
}

/// The captures that `named` stands for, in order; those of a folder or pattern in order of their names.
pub(crate) fn find(named: &[PathBuf]) -> Vec<Input> {
    let mut inputs = Vec::new();
    for path in named {
        if path.is_dir() {
            add_folder(path, &mut inputs);
        } else if let Some(pattern) = pattern(path) {
            add_matches(pattern, &mut inputs);
        } else {
            inputs.push(Input::Capture(path.clone()));
        }
    }
    inputs
}

/// A path that is none but matches others.
fn pattern(path: &Path) -> Option<&str> {
    path.to_str()
        .filter(|text| text.contains(['*', '?', '[']) && path.symlink_metadata().is_err())
}

fn add_matches(pattern: &str, inputs: &mut Vec<Input>) {
    let nothing = |why: String| Input::Nothing(pattern.to_owned(), why);
    let matches = match glob::glob(pattern) {
        Ok(matches) => matches,
        Err(error) => {
            return inputs.push(nothing(format!(
                "is neither a file nor a pattern: {}",
                error.msg
            )));
        }
    };
    let before = inputs.len();
    for path in matches {
        match path {
            Ok(path) if path.is_dir() => add_folder(&path, inputs),
            Ok(path) => inputs.push(Input::Capture(path)),
            Err(error) => inputs.push(Input::Nothing(
                error.path().display().to_string(),
                crate::messages::reason(error.error()),
            )),
        }
    }
    if inputs.len() == before {
        inputs.push(nothing("matches no file".to_owned()));
    }
}

fn add_folder(folder: &Path, inputs: &mut Vec<Input>) {
    let before = inputs.len();
    let entries = WalkDir::new(folder)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter();
    for entry in entries.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry)) {
        match entry {
            Ok(entry)
                if entry.file_type().is_file()
                    && (is_named(entry.path()) || begins_like_one(entry.path())) =>
            {
                inputs.push(Input::Capture(entry.into_path()));
            }
            Ok(_) => {}
            // A link back to a folder above: all in it is listed already.
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => {
                let path = error.path().unwrap_or(folder).display().to_string();
                let error = error
                    .io_error()
                    .map_or_else(String::new, crate::messages::reason);
                inputs.push(Input::Nothing(path, error));
            }
        }
    }
    if inputs.len() == before {
        inputs.push(Input::Nothing(
            folder.display().to_string(),
            "holds no capture".to_owned(),
        ));
    }
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// Whether a file is named like a capture: NAME.pcap, NAME.pcapng.gz, also NAME.pcap0 and the like of rotated files.
fn is_named(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    let name = name.to_ascii_lowercase();
    let parts: Vec<_> = name.split('.').collect();
    let parts = match parts.as_slice() {
        [parts @ .., last] if COMPRESSED.contains(last) => parts,
        parts => parts,
    };
    let [_, .., ending] = parts else { return false };
    ENDINGS.contains(&ending.trim_end_matches(|c: char| c.is_ascii_digit()))
}

fn begins_like_one(path: &Path) -> bool {
    let mut head = Vec::with_capacity(HEAD);
    let read = File::open(path).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head));
    // What cannot be read is named like a capture, or is none.
    read.is_ok() && is_capture(&head)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    const PCAP: &[u8] = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x01\0\0\0";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).expect("to memory");
        encoder.finish().expect("to memory")
    }

    fn found(folder: &Path, named: &[&str]) -> Vec<String> {
        let named: Vec<_> = named.iter().map(|name| folder.join(name)).collect();
        let shorter = |path: &Path| {
            path.strip_prefix(folder)
                .unwrap_or(path)
                .display()
                .to_string()
        };
        let shown = find(&named).into_iter().map(|input| match input {
            Input::Capture(path) => shorter(&path),
            Input::Nothing(name, why) => format!("{}: {why}", shorter(Path::new(&name))),
        });
        shown.collect()
    }

    #[test]
    fn names_of_captures() {
        for name in [
            "a.pcap",
            "a.PCAPNG",
            "a.b.cap.gz",
            "tcpdump.pcap12",
            "a.pcap.zst",
            "x.dmp",
        ] {
            assert!(is_named(Path::new(name)), "{name}");
        }
        for name in [
            "pcap",
            "a.gz",
            "a.pcap.txt",
            "a.truth.jsonl",
            "pcap.gz",
            "a.capture",
        ] {
            assert!(!is_named(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn folders_hold_what_is_or_is_named_like_a_capture() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        fs::create_dir_all(folder.join("b/c")).expect("made");
        fs::create_dir_all(folder.join(".hidden")).expect("made");
        fs::create_dir_all(folder.join("empty")).expect("made");
        let files: [(&str, &[u8]); 8] = [
            ("z.pcap", b"damaged"),
            ("a", PCAP),
            ("b/capture", &gzip(PCAP)),
            ("b/c/notes.txt", b"none"),
            ("b/archive.gz", &gzip(b"none")),
            ("b/c/x.pcapng", b"\x0a\x0d\x0d\x0a"),
            (".hidden/a.pcap", PCAP),
            (".part.pcap", PCAP),
        ];
        for (name, bytes) in files {
            fs::write(folder.join(name), bytes).expect("written");
        }
        assert_eq!(
            found(folder, &[""]),
            ["a", "b/c/x.pcapng", "b/capture", "z.pcap"]
        );
        assert_eq!(
            found(folder, &["empty", "z.pcap"]),
            ["empty: holds no capture", "z.pcap"]
        );
        assert_eq!(
            found(folder, &["b", "b/c/notes.txt"]),
            ["b/c/x.pcapng", "b/capture", "b/c/notes.txt"]
        );
        assert_eq!(
            found(folder, &["missing"]),
            ["missing"],
            "whoever opens it says so"
        );
    }

    #[test]
    fn patterns() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        fs::create_dir_all(folder.join("d/e")).expect("made");
        for name in ["2.pcap", "1.pcap", "d/3.pcap", "d/e/4.pcap", "[5].pcap"] {
            fs::write(folder.join(name), PCAP).expect("written");
        }
        assert_eq!(found(folder, &["?.pcap"]), ["1.pcap", "2.pcap"]);
        assert_eq!(
            found(folder, &["**/[34].pcap", "d*"]),
            ["d/3.pcap", "d/e/4.pcap", "d/3.pcap", "d/e/4.pcap"]
        );
        assert_eq!(
            found(folder, &["[5].pcap"]),
            ["[5].pcap"],
            "a file that is there is no pattern"
        );
        assert_eq!(found(folder, &["*.gz"]), ["*.gz: matches no file"]);
        assert!(found(folder, &["[.pcap"])[0].contains("is neither a file nor a pattern"));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_loops_are_not() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        fs::create_dir(folder.join("d")).expect("made");
        fs::write(folder.join("d/a.pcap"), PCAP).expect("written");
        symlink("..", folder.join("d/up")).expect("linked");
        symlink("d/a.pcap", folder.join("b.pcap")).expect("linked");
        symlink("nothing", folder.join("c.pcap")).expect("linked");
        assert_eq!(
            found(folder, &[""]),
            ["b.pcap", "c.pcap: No such file or directory", "d/a.pcap"]
        );
    }
}
