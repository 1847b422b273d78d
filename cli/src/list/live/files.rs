//! Destinations of live rows: one output, or a folder of files with the rows of a few minutes each.

use std::io;
use std::path::{Path, PathBuf};

use nflx_core::Time;

use crate::args::Run;
use crate::escape;
use crate::output::{Format, Sink};

/// The output, or the files one after the other.
pub(super) struct Files<'a> {
    pub(super) format: Format,
    /// Number of rows in the current file.
    pub(super) rows: u64,
    output: Option<&'a Path>,
    folder: Option<Folder<'a>>,
}

/// Files of a folder.
struct Folder<'a> {
    root: &'a Path,
    /// Prefix of their names.
    name: &'static str,
    /// Nanoseconds per file.
    period: i64,
    /// The start time of the current file, once a packet has set it.
    start: Option<Time>,
}

impl<'a> Files<'a> {
    /// Creates the destination that the command line asks for, or a sentence why that is
    /// impossible.
    pub(super) fn new(run: &'a Run, name: &'static str, format: Format) -> Result<Self, String> {
        let output = run.output.output.as_deref();
        let folder = match run.rotate {
            None => None,
            Some(period) => {
                let root = output.filter(|root| root.as_os_str() != "-");
                let root = root.ok_or("--rotate writes files; name the folder for them with -o")?;
                std::fs::create_dir_all(root).map_err(|error| {
                    let reason = crate::messages::reason(&error);
                    format!("{}: is no folder for files: {reason}", escape::path(root))
                })?;
                Some(Folder {
                    root,
                    name,
                    period: i64::from(period.get()) * 1_000_000_000,
                    start: None,
                })
            }
        };
        Ok(Self {
            format,
            rows: 0,
            output,
            folder,
        })
    }

    /// Returns true for files in a folder.
    pub(super) const fn are_many(&self) -> bool {
        self.folder.is_some()
    }

    /// Opens the output, or a file without a name yet.
    pub(super) fn open(&self) -> io::Result<Sink> {
        match &self.folder {
            None => Sink::open(self.output),
            Some(folder) => Sink::below(folder.root, folder.root.join(folder.name)),
        }
    }

    /// Returns true if a packet of this time belongs to another file. A late packet, from captures
    /// of several queues, belongs to the current file.
    pub(super) fn is_due(&mut self, now: Time) -> bool {
        let Some(folder) = &mut self.folder else {
            return false;
        };
        let start = *folder.start.get_or_insert(floor(now, folder.period));
        let apart = now.since(start);
        // Or the clock was set back.
        apart >= folder.period || apart < -folder.period
    }

    /// Starts the file that packets of this time belong to.
    pub(super) fn begin(&mut self, now: Time) {
        self.rows = 0;
        if let Some(folder) = &mut self.folder {
            folder.start = Some(floor(now, folder.period));
        }
    }

    /// Gives a complete file its name. A file without rows is not kept.
    pub(super) fn keep(&self, sink: Sink) -> io::Result<()> {
        match &self.folder {
            None => sink.keep(),
            Some(_) if self.rows == 0 => Ok(()),
            Some(folder) => sink.keep_as(folder.free_name(self.format)),
        }
    }
}

impl Folder<'_> {
    /// Returns a name that no file has: signals may start several files in one period.
    fn free_name(&self, format: Format) -> PathBuf {
        let ending = match format {
            Format::Csv => "csv",
            Format::Parquet => "parquet",
            _ => "jsonl",
        };
        let start = self.start.unwrap_or_default();
        let start = jiff::Timestamp::from_nanosecond(start.0.into()).map_or_else(
            |_| start.0.to_string(),
            |time| time.strftime("%Y%m%dT%H%M%SZ").to_string(),
        );
        let path = |more: &str| {
            let name = format!("{}_{start}{more}.{ending}", self.name);
            self.root.join(name)
        };
        let others = (2u64..).map(|number| path(&format!("_{number}")));
        let mut names = std::iter::once(path("")).chain(others);
        names
            .find(|path| path.symlink_metadata().is_err())
            .unwrap_or_else(|| path(""))
    }
}

/// Returns the start of the period of a time.
const fn floor(time: Time, period: i64) -> Time {
    Time(time.0.saturating_sub(time.0.rem_euclid(period)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(root: &Path) -> Files<'_> {
        Files {
            format: Format::Jsonl,
            rows: 1,
            output: Some(root),
            folder: Some(Folder {
                root,
                name: "segments",
                period: 300_000_000_000,
                start: None,
            }),
        }
    }

    #[test]
    fn files_begin_with_whole_periods_and_have_names_of_their_own() {
        let root = tempfile::tempdir().expect("a folder");
        let mut files = files(root.path());
        let at = |seconds: i64| Time(1_700_000_100_000_000_000 + seconds * 1_000_000_000);
        assert!(!files.is_due(at(10)), "the first packet");
        assert!(
            !files.is_due(at(299)) && !files.is_due(at(-5)),
            "late ones stay"
        );
        assert!(files.is_due(at(300)) && files.is_due(at(-301)));
        files.keep(files.open().expect("opened")).expect("kept");
        files.begin(at(299));
        files.rows = 1;
        files.keep(files.open().expect("opened")).expect("kept");
        files.begin(at(300));
        files.keep(files.open().expect("opened")).expect("no rows");
        let mut names: Vec<_> = std::fs::read_dir(root.path())
            .expect("there")
            .map(|entry| entry.expect("there").file_name())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "segments_20231114T221500Z.jsonl",
                "segments_20231114T221500Z_2.jsonl"
            ]
        );
    }
}
