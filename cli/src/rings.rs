//! Files of one ring: what a capture program wrote into one file after the other (`dumpcap -b`,
//! `tcpdump -C` and `-G`, `editcap -c` and `-i`) is one capture, and connections and segments go on
//! from file to file.
//!
//! Files belong together where their names differ in a counter or a date only, their interfaces
//! agree, and one follows the other in time, or begins with a later packet of the other. A counter
//! that goes on by one beside a date, as Wireshark's programs name files, says so by itself; other
//! names may be those of captures made one by one, whose times must adjoin as well (setting
//! `join_gap`). So must those of names whose counter goes on while the date goes back, as at the end
//! of summer time. Where such names follow each other and times do not, a clock was set back or files
//! are of several runs: that is reported, and left to the user.

mod names;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use nflx_core::{Config, Engine, LinkType, Packet, Time};

pub(crate) use self::names::are_of_one_series;
use self::names::{Name, Number, Step, has_date, sort_by_names};
use crate::capture::{Reader, Source};
use crate::escape;
use crate::inputs::Input;
use crate::progress::Progress;
use crate::workers;

/// Packets of several interfaces may be in the order of their arrival in the program, not of their
/// times: off by this many nanoseconds.
pub(crate) const DISORDER: i64 = 100_000_000;
/// Clocks that are set while a ring is written step by no more, in nanoseconds.
const STEP_BACK: i64 = 1_000_000_000;

/// The choice of files that are read as one capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joining {
    /// Those that follow each other by name and time, with at most this many nanoseconds between
    /// them.
    Found(i64),
    /// All that are named, in order of time. Where that leaves more than this many nanoseconds
    /// between two files and contradicts the order of the names, a clock may have been set: then
    /// connections that go on count, or else numbers in the names.
    All(i64),
    /// None.
    Never,
}

/// Joins the files among `inputs` that are one capture; it stands where its first file stood.
/// Returns what to say of each in a sentence.
pub(crate) fn join(
    inputs: Vec<Input>,
    joining: Joining,
    jobs: NonZero<usize>,
) -> (Vec<Input>, Vec<String>) {
    let Chained { chains, breaks } = chained(&inputs, joining, jobs);
    let mut sentences: Vec<_> = breaks.iter().map(|found| found.sentence(&inputs)).collect();
    let mut inputs: Vec<Option<Input>> = inputs.into_iter().map(Some).collect();
    for chain in chains.iter().filter(|chain| chain.len() > 1) {
        let Some(place) = chain.iter().min().copied() else {
            continue;
        };
        let files: Vec<PathBuf> = chain
            .iter()
            .filter_map(|&index| inputs[index].take())
            .flat_map(Input::into_files)
            .collect();
        if !matches!(joining, Joining::All(_)) {
            sentences.push(sentence(&files));
        }
        inputs[place] = Some(Input::Capture(files));
    }
    (inputs.into_iter().flatten().collect(), sentences)
}

/// Returns what to say of files that are one capture and have to be read each by itself, in a
/// sentence each.
pub(crate) fn apart(inputs: &[Input], joining: Joining, jobs: NonZero<usize>) -> Vec<String> {
    let Chained { chains, .. } = chained(inputs, joining, jobs);
    let chains = chains.iter().filter(|chain| chain.len() > 1);
    let files = chains.map(|chain| chain.iter().flat_map(|&index| inputs[index].files()));
    files
        .map(|files| {
            let files: Vec<_> = files.cloned().collect();
            format!(
                "{} are read each by itself, as a partition holds one file's rows: what goes on from file to file is cut; \
                 without --partition they are read as one capture, with --no-join this is not said",
                called(&files)
            )
        })
        .collect()
}

/// The inputs that form one capture each, by index, and what contradicts their names.
#[derive(Default)]
struct Chained {
    chains: Vec<Vec<usize>>,
    breaks: Vec<Break>,
}

/// Two inputs whose names follow each other, but not their times, by index.
struct Break {
    before: usize,
    after: usize,
    /// Number of other such pairs of the same series.
    others: usize,
}

impl Break {
    fn sentence(&self, inputs: &[Input]) -> String {
        let name = |index: usize| {
            let file = inputs.get(index).and_then(|input| input.files().first());
            file.map_or_else(String::new, |file| escape::path(file))
        };
        let others = match self.others {
            0 => String::new(),
            1 => " (and one more pair)".to_owned(),
            others => format!(" (and {others} more pairs)"),
        };
        format!(
            "{} and {}{others} follow each other by their names, but not in time, as where a clock was set back: \
             they are not read as one capture, so what goes on from file to file is cut; --join reads all files as \
             one, with --no-join this is not said",
            name(self.before),
            name(self.after)
        )
    }
}

fn chained(inputs: &[Input], joining: Joining, jobs: NonZero<usize>) -> Chained {
    match joining {
        Joining::Never => Chained::default(),
        Joining::All(gap) => Chained {
            chains: vec![all(inputs, gap)],
            breaks: Vec::new(),
        },
        Joining::Found(gap) => found(inputs, gap, jobs),
    }
}

fn sentence(files: &[PathBuf]) -> String {
    format!(
        "{} are read as one capture; --no-join reads each by itself",
        called(files)
    )
}

fn called(files: &[PathBuf]) -> String {
    let name = |file: Option<&PathBuf>| file.map_or_else(String::new, |file| escape::path(file));
    format!(
        "{} to {}: {} files that follow each other",
        name(files.first()),
        name(files.last()),
        files.len()
    )
}

/// All readable files, in order of their first packets, or of their names.
fn all(inputs: &[Input], gap: i64) -> Vec<usize> {
    let files = inputs.iter().enumerate().filter_map(|(index, input)| {
        let Input::Capture(files) = input else {
            return None;
        };
        let path = files.first()?;
        Some((FileHead::of(path)?.start?, index, path.as_path()))
    });
    let mut files: Vec<_> = files.collect();
    let mut by_time = files.clone();
    by_time.sort_unstable_by_key(|&(start, index, _)| (start, index));
    let is_series = |pair: &[(Time, usize, &Path)]| are_of_one_series(pair[0].2, pair[1].2);
    let are_numbered = files.windows(2).all(is_series);
    if are_numbered {
        let numbers = |file: &(Time, usize, &Path)| {
            Name::of(file.2).map_or_else(Vec::new, |name| name.numbers)
        };
        let mut numbered: Vec<_> = files.iter().map(|file| (numbers(file), *file)).collect();
        sort_by_names(&mut numbered, |file| &file.0);
        files = numbered.into_iter().map(|(_, file)| file).collect();
    }
    if files != by_time {
        let adjoin = |pair: &[(Time, usize, &Path)]| is_near(pair[0].2, pair[1].0, gap);
        let paths = |files: &[(Time, usize, &Path)]| -> Vec<PathBuf> {
            files.iter().map(|file| file.2.to_owned()).collect()
        };
        // Names without numbers may be in any order: a shell sorts them by letters. A counter that
        // contradicts the times shows that a clock was set, or that files are of several runs.
        let least = u64::from(are_numbered);
        if by_time.windows(2).all(adjoin)
            || disorder(&paths(&by_time)) + least <= disorder(&paths(&files))
        {
            files = by_time;
        }
    }
    files.into_iter().map(|(_, index, _)| index).collect()
}

/// Returns how many packets show that they come too early or too late in files read in this order.
fn disorder(files: &[PathBuf]) -> u64 {
    let mut engine = Engine::new(Config::default());
    read(files, &mut engine);
    // What shows that a server is Netflix may come late, even more so in a wrong order.
    if engine.segments_missed() {
        engine = engine.restart_with_evidence();
        read(files, &mut engine);
    }
    engine.stats().disordered
}

fn read(files: &[PathBuf], engine: &mut Engine) {
    let mut frame = 0;
    for path in files {
        let progress = Progress::none();
        let Ok(mut source) = Source::open(path) else {
            continue;
        };
        let reader = source
            .pass(&progress)
            .and_then(|pass| Reader::new(pass.bytes));
        let Ok(mut reader) = reader else {
            continue;
        };
        while let Some(packet) = reader.next() {
            frame += 1;
            engine.packet(&Packet { frame, ..packet });
        }
    }
}

/// Returns true if a time is at most this many nanoseconds after the end of a file.
fn is_near(before: &Path, start: Time, gap: i64) -> bool {
    FileTimes::of(before, start, &[]).is_some_and(|times| start.since(times.last) <= gap)
}

/// The files that follow each other.
fn found(inputs: &[Input], gap: i64, jobs: NonZero<usize>) -> Chained {
    let mut series: BTreeMap<(PathBuf, Vec<String>), Vec<RingFile>> = BTreeMap::new();
    for (index, input) in inputs.iter().enumerate() {
        let Input::Capture(files) = input else {
            continue;
        };
        // A pipe can be read only once, by the analysis.
        if let [path] = &files[..]
            && path.is_file()
            && let Some(name) = Name::of(path)
        {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            let file = RingFile {
                index,
                path,
                numbers: name.numbers,
                head: None,
            };
            series.entry((folder, name.texts)).or_default().push(file);
        }
    }
    let mut found = Chained::default();
    for files in series.into_values().filter(|files| files.len() > 1) {
        chain(files, gap, jobs, &mut found);
    }
    found
}

/// A file of a series of names.
struct RingFile<'a> {
    index: usize,
    path: &'a Path,
    numbers: Vec<Number>,
    head: Option<FileHead>,
}

impl RingFile<'_> {
    fn start(&self) -> Option<Time> {
        self.head.as_ref()?.start
    }
}

/// Cuts a series of names into chains of files that follow each other, which it adds.
fn chain(mut files: Vec<RingFile<'_>>, gap: i64, jobs: NonZero<usize>, found: &mut Chained) {
    for file in &mut files {
        file.head = FileHead::of(file.path);
    }
    files.retain(|file| file.head.is_some());
    sort_by_names(&mut files, |file| &file.numbers);
    let wraps_at = rotate(&mut files);
    // The last file up to each that has a packet.
    let mut latest = None;
    let latest: Vec<Option<usize>> = (0..files.len())
        .map(|at| {
            if files[at].start().is_some() {
                latest = Some(at);
            }
            latest
        })
        .collect();
    let step = |at: usize| {
        let (before, after) = (&files[at], &files[at + 1]);
        let step = if wraps_at == Some(at) {
            Some(Step::Plain)
        } else {
            Step::of(&before.numbers, &after.numbers)
        };
        let agree = before.head.as_ref()?.agrees(after.head.as_ref()?);
        step.filter(|_| agree)
    };
    let steps: Vec<_> = (0..files.len().saturating_sub(1)).map(step).collect();
    let is_in_order = |at: usize| {
        let began = latest[at].and_then(|at| files[at].start());
        began
            .zip(files[at + 1].start())
            .is_none_or(|(began, start)| start.since(began) >= -STEP_BACK)
    };
    let work = |at: usize| match (steps[at], latest[at], files[at + 1].start()) {
        (None, ..) => false,
        _ if !is_in_order(at) => false,
        (Some(Step::Plain | Step::Back), Some(before), Some(_)) => {
            let head = files[at + 1].head.as_ref();
            head.is_some_and(|head| joins(files[before].path, head, gap))
        }
        // Of a file without a packet only the name tells.
        (Some(_), ..) => true,
    };
    let mut follows = Vec::with_capacity(steps.len());
    // Nothing of it fails: the result says what could not be read.
    let _ = workers::in_order(steps.len(), jobs, work, |_, it| {
        follows.push(it);
        Ok::<_, std::convert::Infallible>(())
    });
    let mut chain = Vec::new();
    for (at, file) in files.iter().enumerate() {
        if at > 0 && !follows.get(at - 1).copied().unwrap_or(false) {
            found.chains.push(std::mem::take(&mut chain));
        }
        chain.push(file.index);
    }
    found.chains.push(chain);
    let mut breaks =
        steps
            .iter()
            .zip(&follows)
            .zip(files.windows(2))
            .filter_map(|((step, follows), pair)| {
                let is_ring = matches!(step, Some(Step::Ring | Step::Back));
                (is_ring && !follows).then(|| (pair[0].index, pair[1].index))
            });
    if let Some((before, after)) = breaks.next() {
        let others = breaks.count();
        found.breaks.push(Break {
            before,
            after,
            others,
        });
    }
}

/// Puts the oldest file first if a counter restarted. Returns the index after which it did. Beside a
/// date, counters do not, and a file that is older than those before it has a clock that was set.
fn rotate(files: &mut [RingFile<'_>]) -> Option<usize> {
    if files.iter().all(|file| has_date(&file.numbers)) {
        return None;
    }
    let oldest = (0..files.len())
        .filter_map(|at| Some((files[at].start()?, at)))
        .min()?
        .1;
    files.rotate_left(oldest);
    (oldest > 0).then(|| files.len() - 1 - oldest)
}

/// Returns true if a capture joins the end of the file `before`, or overlaps with it.
fn joins(before: &Path, after: &FileHead, gap: i64) -> bool {
    let Some((start, first_packet)) = after.start.zip(after.packet.as_deref()) else {
        return false;
    };
    let Some(span) = FileTimes::of(before, start, first_packet) else {
        return false;
    };
    let between = start.since(span.last);
    // A short file is not out of order by all of its length.
    let adjoins = between >= -DISORDER.min(span.last.since(span.first) / 10);
    between <= gap && (adjoins || span.is_shared)
}

/// Times of the first packet of a file and of the latest.
struct FileTimes {
    first: Time,
    last: Time,
    /// True if a certain packet is in it.
    is_shared: bool,
}

impl FileTimes {
    /// Reads a file, and looks for a packet with this time and these bytes, which may be cut.
    fn of(path: &Path, time: Time, bytes: &[u8]) -> Option<Self> {
        let progress = Progress::none();
        let mut source = Source::open(path).ok()?;
        let mut reader = Reader::new(source.pass(&progress).ok()?.bytes).ok()?;
        let is_it = |packet: &Packet<'_>| {
            let shared = bytes.len().min(packet.data.len());
            packet.time == time && packet.data[..shared] == bytes[..shared]
        };
        let packet = reader.next()?;
        let mut span = Self {
            first: packet.time,
            last: packet.time,
            // Captures that begin with the same packet were not begun one after the other.
            is_shared: false,
        };
        while let Some(packet) = reader.next() {
            span.last = span.last.max(packet.time);
            span.is_shared |= is_it(&packet);
        }
        Some(span)
    }
}

/// Facts from the beginning of a file.
struct FileHead {
    /// Of its first packet, if it has one.
    start: Option<Time>,
    /// The bytes of that.
    packet: Option<Box<[u8]>>,
    /// Link type of each interface.
    interfaces: Vec<LinkType>,
}

impl FileHead {
    fn of(path: &Path) -> Option<Self> {
        let progress = Progress::none();
        let mut source = Source::open(path).ok()?;
        let mut reader = Reader::new(source.pass(&progress).ok()?.bytes).ok()?;
        let first = reader.next();
        let first = first.map(|packet| (packet.time, packet.data.into()));
        let (start, packet) = first.unzip();
        Some(Self {
            start,
            packet,
            interfaces: reader.link_types(),
        })
    }

    /// Returns true if both may be of one program. An interface may be described later in one file
    /// than in the other, and a program may be started again with another snapshot length.
    fn agrees(&self, other: &Self) -> bool {
        let (short, long) = if self.interfaces.len() < other.interfaces.len() {
            (&self.interfaces, &other.interfaces)
        } else {
            (&other.interfaces, &self.interfaces)
        };
        long.starts_with(short)
    }
}

#[cfg(test)]
mod tests;
