//! Finds the captures that a run reads: named files, those in folders, and those that patterns
//! match.
//!
//! In a folder and those below it, a file is a capture if it begins like one or is named like one,
//! so that a damaged capture is not silently skipped. Hidden files and folders are skipped. In
//! folders and patterns, only regular files are read, each once, however many links lead to it. A
//! file named on the command line is read as often as it is named.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::capture::is_capture;
use crate::escape;
use crate::identity::Identity;

/// Extensions of captures, optionally followed by one of [`COMPRESSED`].
const ENDINGS: [&str; 6] = ["pcap", "pcapng", "cap", "dmp", "ntar", "trc"];
const COMPRESSED: [&str; 5] = ["gz", "zst", "lz4", "xz", "bz2"];

/// The captures that a run reads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// A capture, or a file named as one: a single file, or several that are one capture.
    Capture(Vec<PathBuf>),
    /// A name that gives no capture, and why.
    Nothing(String, String),
}

impl Input {
    /// Returns the capture's files.
    pub(crate) fn files(&self) -> &[PathBuf] {
        match self {
            Self::Capture(files) => files,
            Self::Nothing(..) => &[],
        }
    }

    /// Returns the capture's files.
    pub(crate) fn into_files(self) -> Vec<PathBuf> {
        match self {
            Self::Capture(files) => files,
            Self::Nothing(..) => Vec::new(),
        }
    }
}

/// The captures for the names on a command line.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// In the order of the names; those of a folder or pattern in alphabetical order.
    pub(crate) inputs: Vec<Input>,
    /// Files that were skipped and why, one sentence each.
    pub(crate) passed_over: Vec<String>,
    /// Files and folders found so far.
    met: HashSet<Identity>,
    /// The first file that was found again under another name, and the number of such names.
    again: Option<(PathBuf, usize)>,
}

/// Finds the captures that `named` stands for.
pub(crate) fn find(named: &[PathBuf]) -> Inputs {
    let mut found = Inputs::default();
    for path in named {
        if path.is_dir() {
            found.add_folder(path);
        } else if let Some(pattern) = pattern(path) {
            found.add_matches(pattern);
        } else {
            found.met.extend(Identity::of_input(path));
            found.inputs.push(Input::Capture(vec![path.clone()]));
        }
    }
    if let Some((first, count)) = &found.again {
        let others = match count - 1 {
            0 => String::new(),
            1 => " and 1 other file".to_owned(),
            others => format!(" and {others} other files"),
        };
        found.passed_over.push(format!(
            "{}{others}: found under another name before; each file is read once",
            escape::path(first)
        ));
    }
    found
}

/// Returns a path that does not exist as a pattern.
fn pattern(path: &Path) -> Option<&str> {
    path.to_str()
        .filter(|text| text.contains(['*', '?', '[']) && path.symlink_metadata().is_err())
}

impl Inputs {
    fn nothing(&mut self, name: String, why: impl Into<String>) {
        self.inputs.push(Input::Nothing(name, why.into()));
    }

    fn add_matches(&mut self, pattern: &str) {
        let matches = match glob::glob(pattern) {
            Ok(matches) => matches,
            Err(error) => {
                let why = format!("is neither a file nor a pattern: {}", error.msg);
                return self.nothing(pattern.to_owned(), why);
            }
        };
        let (before, mut matched) = (self.inputs.len(), false);
        for path in matches {
            match path {
                Ok(path) if path.is_dir() => {
                    matched |= self.add_folder(&path);
                }
                Ok(path) => matched |= self.add_file(path),
                Err(error) => self.nothing(
                    escape::path(error.path()),
                    crate::messages::reason(error.error()),
                ),
            }
        }
        if self.inputs.len() == before && !matched {
            self.nothing(pattern.to_owned(), "matches no file");
        }
    }

    /// Adds the captures in a folder. Returns true if there are any, new or not.
    fn add_folder(&mut self, folder: &Path) -> bool {
        let (before, mut any) = (self.inputs.len(), false);
        let mut entries = WalkDir::new(folder)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter();
        while let Some(entry) = entries.next() {
            match entry {
                Ok(entry) if entry.depth() > 0 && is_hidden(&entry) => {
                    if entry.file_type().is_dir() {
                        entries.skip_current_dir();
                    }
                }
                // Links may lead to one folder in exponentially many ways.
                Ok(entry) if entry.file_type().is_dir() => {
                    if !self.is_new(entry.path()) {
                        any = true;
                        entries.skip_current_dir();
                    }
                }
                Ok(entry) if is_named(entry.path()) || begins_like_one(entry.path()) => {
                    any |= self.add_file(entry.into_path());
                }
                Ok(_) => {}
                // A link back to a parent folder: everything in it is already listed.
                Err(error) if error.loop_ancestor().is_some() => {}
                Err(error) => {
                    let path = escape::path(error.path().unwrap_or(folder));
                    let error = error
                        .io_error()
                        .map_or_else(String::new, crate::messages::reason);
                    self.nothing(path, error);
                }
            }
        }
        let any = any || self.inputs.len() > before;
        if !any {
            self.nothing(escape::path(folder), "holds no capture");
        }
        any
    }

    /// Adds a file if it is regular and new. Returns true if it is regular, new or not.
    fn add_file(&mut self, path: PathBuf) -> bool {
        if let Ok(metadata) = fs::metadata(&path)
            && !metadata.is_file()
        {
            self.passed_over.push(format!(
                "{}: is {}; of folders and patterns only regular files are read, others if they are named",
                escape::path(&path),
                kind(metadata.file_type())
            ));
            return false;
        }
        // Errors are reported when the file is opened.
        if self.is_new(&path) {
            self.inputs.push(Input::Capture(vec![path]));
        } else {
            self.again.get_or_insert((path, 0)).1 += 1;
        }
        true
    }

    /// Returns true the first time that a file or folder is found, under any name.
    fn is_new(&mut self, path: &Path) -> bool {
        let identity = fs::metadata(path).ok().as_ref().and_then(Identity::of);
        identity.is_none_or(|identity| self.met.insert(identity))
    }
}

/// Returns the common name of a file that is not regular.
#[cfg(unix)]
fn kind(file_type: fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if file_type.is_fifo() {
        "a FIFO"
    } else if file_type.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
const fn kind(_: fs::FileType) -> &'static str {
    "no regular file"
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// Returns true if a file is named like a capture: NAME.pcap, NAME.pcapng.gz, also NAME.pcap0 and
/// similar names of rotated files.
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

/// Returns true if a regular file begins like a capture. Opening other files might block forever.
fn begins_like_one(path: &Path) -> bool {
    path.is_file() && File::open(path).is_ok_and(is_capture)
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
        let shown = find(&named).inputs.into_iter().map(|input| match input {
            Input::Capture(files) => shorter(&files[0]),
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
            ["d/3.pcap", "d/e/4.pcap"],
            "each once"
        );
        assert_eq!(
            found(folder, &["[5].pcap"]),
            ["[5].pcap"],
            "a file that is there is no pattern"
        );
        assert_eq!(
            found(folder, &["1.pcap", "1.pcap", "?.pcap"]),
            ["1.pcap", "1.pcap", "2.pcap"],
            "as often as it is named"
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
            ["b.pcap", "c.pcap: No such file or directory"],
            "each file once"
        );
    }

    /// Every folder of a chain holds two links to the next: 2^20 ways lead to the file.
    #[cfg(unix)]
    #[test]
    fn a_diamond_of_links_is_walked_once() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        for level in 0..20 {
            let (this, next) = (format!("{level}"), format!("../{}", level + 1));
            fs::create_dir(folder.join(&this)).expect("made");
            for side in ["left", "right"] {
                symlink(&next, folder.join(&this).join(side)).expect("linked");
            }
        }
        fs::create_dir(folder.join("20")).expect("made");
        fs::write(folder.join("20/a.pcap"), PCAP).expect("written");
        fs::hard_link(folder.join("20/a.pcap"), folder.join("20/b.pcap")).expect("linked");
        let chain = "left/".repeat(20);
        assert_eq!(found(folder, &["0"]), [format!("0/{chain}a.pcap")]);
        let passed_over = find(&[folder.join("0"), folder.join("20/*.pcap")]).passed_over;
        assert_eq!(passed_over.len(), 1, "{passed_over:?}");
        assert!(
            passed_over[0].ends_with(
                "b.pcap and 2 other files: found under another name before; each file is read once"
            ),
            "{passed_over:?}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn only_regular_files_are_found() {
        use std::os::unix::net::UnixListener;
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        fs::write(folder.join("a.pcap"), PCAP).expect("written");
        let _socket = UnixListener::bind(folder.join("b.pcap")).expect("bound");
        for named in ["*.pcap", ""] {
            assert_eq!(found(folder, &[named]), ["a.pcap"]);
            let passed_over = find(&[folder.join(named)]).passed_over;
            assert!(
                matches!(&passed_over[..], [one] if one.contains("b.pcap: is a socket; of folders")),
                "{passed_over:?}"
            );
        }
        assert_eq!(found(folder, &["b.*"]), ["b.*: matches no file"]);
        assert_eq!(found(folder, &["b.pcap"]), ["b.pcap"], "named");
    }
}
