//! Files of one ring: what a capture program wrote into one file after the other (`dumpcap -b`, `tcpdump -C` and `-G`,
//! `editcap -c` and `-i`) is one capture, and connections and segments go on from file to file.
//!
//! Files belong together where their names differ in a counter or a date only, their interfaces agree, and one follows
//! the other in time. A counter that goes on by one beside a date, as Wireshark's programs name files, says so by itself;
//! other names may be those of captures made one by one, of which the times must join, too (setting `join_gap`).

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use nflx_core::{LinkType, Time};

use crate::capture::{Reader, Source};
use crate::escape;
use crate::inputs::Input;
use crate::progress::Progress;
use crate::workers;

/// Packets of several interfaces may stand in the order of their arrival in the program, not of their times: by so many
/// nanoseconds, and by no more than a tenth of the file before.
const DISORDER: i64 = 100_000_000;
/// Clocks that are set while a ring is written step by no more, in nanoseconds.
const STEP_BACK: i64 = 1_000_000_000;
/// Digits of a date and time: 20260101120000.
const DATE: usize = 14;

/// Which files are read as one capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joining {
    /// Those that follow each other by name and time, by at most so many nanoseconds.
    Found(i64),
    /// All that are named.
    All,
    /// None.
    Never,
}

/// Joins the files among `inputs` that are one capture; it stands where its first file stood. Returns what to say of
/// each in a sentence.
pub(crate) fn join(
    inputs: Vec<Input>,
    joining: Joining,
    jobs: NonZero<usize>,
) -> (Vec<Input>, Vec<String>) {
    let chains = chained(&inputs, joining, jobs);
    let mut inputs: Vec<Option<Input>> = inputs.into_iter().map(Some).collect();
    let mut sentences = Vec::new();
    for chain in chains.iter().filter(|chain| chain.len() > 1) {
        let Some(place) = chain.iter().min().copied() else {
            continue;
        };
        let files: Vec<PathBuf> = chain
            .iter()
            .filter_map(|&index| inputs[index].take())
            .flat_map(Input::into_files)
            .collect();
        if joining != Joining::All {
            sentences.push(sentence(&files));
        }
        inputs[place] = Some(Input::Capture(files));
    }
    (inputs.into_iter().flatten().collect(), sentences)
}

/// Returns what to say of files that are one capture and have to be read each by itself, in a sentence each.
pub(crate) fn apart(inputs: &[Input], joining: Joining, jobs: NonZero<usize>) -> Vec<String> {
    let chains = chained(inputs, joining, jobs);
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

/// Which inputs are one capture, by their places.
fn chained(inputs: &[Input], joining: Joining, jobs: NonZero<usize>) -> Vec<Vec<usize>> {
    match joining {
        Joining::Never => Vec::new(),
        Joining::All => vec![all(inputs)],
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

/// All readable files, in order of their first packets.
fn all(inputs: &[Input]) -> Vec<usize> {
    let heads = inputs.iter().enumerate().filter_map(|(index, input)| {
        let Input::Capture(files) = input else {
            return None;
        };
        Some((Head::of(files.first()?)?.start?, index))
    });
    let mut heads: Vec<_> = heads.collect();
    heads.sort_unstable();
    heads.into_iter().map(|(_, index)| index).collect()
}

/// The files that follow each other.
fn found(inputs: &[Input], gap: i64, jobs: NonZero<usize>) -> Vec<Vec<usize>> {
    let mut series: BTreeMap<(PathBuf, Vec<String>), Vec<File>> = BTreeMap::new();
    for (index, input) in inputs.iter().enumerate() {
        let Input::Capture(files) = input else {
            continue;
        };
        // Pipes are read once, by whoever needs them.
        if let [path] = &files[..]
            && path.is_file()
            && let Some(name) = Name::of(path)
        {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            let file = File {
                index,
                path,
                numbers: name.numbers,
                head: None,
            };
            series.entry((folder, name.texts)).or_default().push(file);
        }
    }
    series
        .into_values()
        .filter(|files| files.len() > 1)
        .flat_map(|files| chains(files, gap, jobs))
        .collect()
}

/// A file of a series of names.
struct File<'a> {
    index: usize,
    path: &'a Path,
    numbers: Vec<Number>,
    head: Option<Head>,
}

impl File<'_> {
    fn start(&self) -> Option<Time> {
        self.head.as_ref()?.start
    }
}

/// Cuts a series of names into chains of files that follow each other.
fn chains(mut files: Vec<File<'_>>, gap: i64, jobs: NonZero<usize>) -> Vec<Vec<usize>> {
    for file in &mut files {
        file.head = Head::of(file.path);
    }
    files.retain(|file| file.head.is_some());
    files.sort_by_key(|file| order(&file.numbers));
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
        let began = latest[at].and_then(|at| files[at].start());
        let in_order = began
            .zip(after.start())
            .is_none_or(|(began, start)| start.since(began) >= -STEP_BACK);
        step.filter(|_| agree && in_order)
    };
    let steps: Vec<_> = (0..files.len().saturating_sub(1)).map(step).collect();
    let work = |at: usize| match (steps[at], latest[at], files[at + 1].start()) {
        (None, ..) => false,
        (Some(Step::Plain), Some(before), Some(start)) => joins(files[before].path, start, gap),
        // Of a file without a packet only the name tells.
        (Some(_), ..) => true,
    };
    let mut follows = Vec::with_capacity(steps.len());
    // Nothing of it fails: the result says what could not be read.
    let _ = workers::in_order(steps.len(), jobs, work, |_, it| {
        follows.push(it);
        Ok::<_, std::convert::Infallible>(())
    });
    let mut chains = vec![Vec::new()];
    for (at, file) in files.iter().enumerate() {
        if at > 0 && !follows.get(at - 1).copied().unwrap_or(false) {
            chains.push(Vec::new());
        }
        if let Some(chain) = chains.last_mut() {
            chain.push(file.index);
        }
    }
    chains
}

/// Puts the oldest file first, where a counter began anew. Returns after which place it did.
fn rotate(files: &mut [File<'_>]) -> Option<usize> {
    let oldest = (0..files.len())
        .filter_map(|at| Some((files[at].start()?, at)))
        .min()?
        .1;
    files.rotate_left(oldest);
    (oldest > 0).then(|| files.len() - 1 - oldest)
}

/// Dates before counters: a program that is started anew counts from 1 again.
fn order(numbers: &[Number]) -> (Vec<u64>, Vec<u64>) {
    let part = |dates: bool| {
        let numbers = numbers.iter().filter(|number| number.is_date() == dates);
        numbers.map(|number| number.value).collect()
    };
    (part(true), part(false))
}

/// Returns true if a capture that begins at `start` joins the end of the file `before`.
fn joins(before: &Path, start: Time, gap: i64) -> bool {
    let Some((first, last)) = span(before) else {
        return false;
    };
    let between = start.since(last);
    between <= gap && between >= -DISORDER.min(last.since(first) / 10)
}

/// Times of the first packet of a file and of the latest.
fn span(path: &Path) -> Option<(Time, Time)> {
    let progress = Progress::none();
    let mut source = Source::open(path).ok()?;
    let mut reader = Reader::new(source.pass(&progress).ok()?.bytes).ok()?;
    let first = reader.next()?.time;
    let mut last = first;
    while let Some(packet) = reader.next() {
        last = last.max(packet.time);
    }
    Some((first, last))
}

/// What the beginning of a file tells.
struct Head {
    /// Of its first packet, if it has one.
    start: Option<Time>,
    /// Link type and snapshot length of each interface.
    interfaces: Vec<(LinkType, u32)>,
}

impl Head {
    fn of(path: &Path) -> Option<Self> {
        let progress = Progress::none();
        let mut source = Source::open(path).ok()?;
        let mut reader = Reader::new(source.pass(&progress).ok()?.bytes).ok()?;
        let start = reader.next().map(|packet| packet.time);
        Some(Self {
            start,
            interfaces: reader.interfaces(),
        })
    }

    /// Returns true if both may be of one program. An interface may be described later in one file than in the other.
    fn agrees(&self, other: &Self) -> bool {
        let (short, long) = if self.interfaces.len() < other.interfaces.len() {
            (&self.interfaces, &other.interfaces)
        } else {
            (&other.interfaces, &self.interfaces)
        };
        long.starts_with(short)
    }
}

/// A file's name, less the ending of its compression: what stands between the numbers, and the numbers.
#[derive(Debug, PartialEq, Eq)]
struct Name {
    texts: Vec<String>,
    numbers: Vec<Number>,
}

/// A number in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number {
    value: u64,
    digits: usize,
}

impl Number {
    const fn is_date(self) -> bool {
        self.digits == DATE
    }
}

impl Name {
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let name = [".gz", ".zst", ".lz4"]
            .iter()
            .find_map(|ending| name.strip_suffix(ending))
            .unwrap_or(name);
        let (mut texts, mut numbers, mut rest) = (Vec::new(), Vec::new(), name);
        let mut text = String::new();
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
            let (before, digits) = rest.split_at(at);
            let end = digits
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(digits.len());
            text.push_str(before);
            // A number that ends a word is part of it: tls12.pcap and tls13.pcap are no files of one ring.
            if end < 5 && end < digits.len() && before.ends_with(|c: char| c.is_ascii_alphabetic())
            {
                text.push_str(&digits[..end]);
                rest = &digits[end..];
                continue;
            }
            texts.push(std::mem::take(&mut text));
            numbers.push(Number {
                value: digits[..end].parse().ok()?,
                digits: end,
            });
            rest = &digits[end..];
        }
        // tcpdump -C counts behind the ending, and not in its first file.
        text.push_str(rest);
        if !text.is_empty() {
            texts.push(text);
            numbers.push(Number {
                value: 0,
                digits: 0,
            });
        }
        Some(Self { texts, numbers })
    }
}

/// How a name follows another of its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The counter goes on by one, and so does the date beside it: the names of one ring.
    Ring,
    /// A counter goes on by one, or a date or time is later.
    Plain,
}

impl Step {
    fn of(before: &[Number], after: &[Number]) -> Option<Self> {
        let differ = || before.iter().zip(after).filter(|(a, b)| a.value != b.value);
        let (dates, others): (Vec<_>, Vec<_>) = differ().partition(|(a, _)| a.is_date());
        let later = dates.iter().all(|(a, b)| a.value < b.value);
        match &others[..] {
            [(a, b)] if later && a.value.checked_add(1) == Some(b.value) => {
                let has_date = before.iter().any(|number| number.is_date());
                Some(if has_date { Self::Ring } else { Self::Plain })
            }
            [] if later && !dates.is_empty() => Some(Self::Plain),
            // A date in several numbers: 2026-01-01_12.00.00.
            [_, _, ..] if dates.is_empty() => {
                let (a, b) = differ().next()?;
                (a.value < b.value).then_some(Self::Plain)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::capture::testing::{PcapForm, TestPacket, pcap};

    const JOBS: NonZero<usize> = NonZero::new(2).expect("not zero");
    const SECOND: i64 = 1_000_000_000;

    /// Writes captures of one packet at each of these milliseconds, and gives the names of those that are joined.
    fn joined(files: &[(&str, &[i64])], joining: Joining) -> Vec<Vec<String>> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut inputs = Vec::new();
        for (name, times) in files {
            let packets: Vec<_> = (1..)
                .zip(*times)
                .map(|(frame, time)| TestPacket::new(frame, time * 1_000_000, vec![0; 60]))
                .collect();
            let link_type = if name.starts_with("raw") { 101 } else { 1 };
            let path = folder.path().join(name.trim_start_matches("raw"));
            fs::write(&path, pcap(PcapForm::default(), link_type, &packets)).expect("written");
            inputs.push(Input::Capture(vec![path]));
        }
        let names = |input: Input| {
            let files = input.into_files().into_iter();
            files
                .map(|file| {
                    file.file_name()
                        .expect("named")
                        .to_str()
                        .expect("UTF-8")
                        .to_owned()
                })
                .collect()
        };
        join(inputs, joining, JOBS)
            .0
            .into_iter()
            .map(names)
            .collect()
    }

    fn found(files: &[(&str, &[i64])]) -> Vec<Vec<String>> {
        joined(files, Joining::Found(10 * SECOND))
    }

    #[test]
    fn names_of_rings_are_enough() {
        // Hours lie between them: nothing happened on the link.
        let ring = [
            ("x_00002_20260101130000.pcapng", &[3_600_000, 3_600_001][..]),
            ("x_00001_20260101120000.pcapng", &[0, 20]),
            ("x_00003_20260101150000.pcapng", &[10_800_000]),
        ];
        assert_eq!(
            found(&ring),
            [[
                "x_00001_20260101120000.pcapng",
                "x_00002_20260101130000.pcapng",
                "x_00003_20260101150000.pcapng"
            ]]
        );
        assert_eq!(joined(&ring, Joining::Never).len(), 3);
        // The number in the middle is missing; then a program was started anew.
        let two = [
            ("x_00001_20260101120000.pcap", &[0][..]),
            ("x_00003_20260101120002.pcap", &[2000]),
            ("x_00001_20260101120003.pcap", &[3000]),
            ("x_00002_20260101120004.pcap", &[4000]),
        ];
        assert_eq!(
            found(&two).iter().map(Vec::len).collect::<Vec<_>>(),
            [1, 1, 2]
        );
        // Nothing came while the second was written.
        let silent = [
            ("x_00001_20260101120000.pcap", &[0][..]),
            ("x_00002_20260101120001.pcap", &[]),
            ("x_00003_20260101120002.pcap", &[2000]),
        ];
        assert_eq!(found(&silent).len(), 1);
        // Another interface.
        let other = [
            ("x_00001_20260101120000.pcap", &[0][..]),
            ("rawx_00002_20260101120001.pcap", &[1000]),
        ];
        assert_eq!(found(&other).len(), 2);
        // A clock that was set back by an hour.
        let back = [
            ("x_00001_20260101120000.pcap", &[3_600_000][..]),
            ("x_00002_20260101120001.pcap", &[0]),
        ];
        assert_eq!(found(&back).len(), 2);
    }

    #[test]
    fn other_names_must_join_in_time() {
        for names in [
            ["s_1.pcap", "s_2.pcap"],
            ["s_9.pcap", "s_10.pcap"],
            ["s.pcap", "s.pcap1"],
            ["s-2026-01-01_23.59.59.cap", "s-2026-01-02_00.00.00.cap"],
            ["s_20260101235959.pcap", "s_20260102000000.pcap"],
        ] {
            let two = |first: &[i64], second: &[i64]| {
                found(&[(names[0], first), (names[1], second)]).len()
            };
            assert_eq!(two(&[0, 5000], &[15_000]), 1, "{names:?}: 10 s later");
            assert_eq!(two(&[0, 5000], &[15_001]), 2, "{names:?}: more than that");
            assert_eq!(two(&[0, 5000], &[4900]), 1, "{names:?}: out of order");
            assert_eq!(two(&[0, 5000], &[4899]), 2, "{names:?}: at the same time");
            assert_eq!(two(&[0, 500], &[449]), 2, "{names:?}: at the same time");
        }
        for names in [
            ["a_1.pcap", "b_2.pcap"],
            ["s_1.pcap", "s_3.pcap"],
            ["s1m.pcap", "s2.pcap"],
            ["h2.pcap", "h3.pcap"],
        ] {
            assert_eq!(
                found(&[(names[0], &[0]), (names[1], &[1])]).len(),
                2,
                "{names:?}"
            );
        }
    }

    #[test]
    fn a_counter_may_begin_anew() {
        let ring = [
            ("x.pcap0", &[30_000, 40_000][..]),
            ("x.pcap1", &[40_001, 50_000]),
            ("x.pcap2", &[10_000, 20_000]),
            ("x.pcap3", &[20_001, 29_000]),
        ];
        assert_eq!(found(&ring), [["x.pcap2", "x.pcap3", "x.pcap0", "x.pcap1"]]);
    }

    #[test]
    fn all_are_joined_in_order_of_time_if_that_is_wished() {
        let files = [
            ("b.pcap", &[5][..]),
            ("a.pcap", &[7]),
            ("empty.pcap", &[]),
            ("rawc", &[1]),
        ];
        assert_eq!(
            joined(&files, Joining::All),
            [vec!["c", "b.pcap", "a.pcap"], vec!["empty.pcap"]],
            "what has no packet stays by itself"
        );
    }
}
