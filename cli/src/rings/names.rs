//! Names of files that one program wrote one after the other: counters, dates, and what follows what.

use std::path::Path;

/// Digits of a date and time: 20260101120000.
const DATE: usize = 14;
/// Digits of a date, and of a time: 20260101, 120000.
const DAY: usize = 8;
const TIME: usize = 6;
/// Digits of the seconds since 1970, from 2001 to 2286: 1767268800.
const EPOCH: usize = 10;

/// A file's name, less the ending of its compression: what stands between the numbers, and the
/// numbers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) texts: Vec<String>,
    pub(super) numbers: Vec<Number>,
}

/// A number in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    value: u64,
    digits: usize,
}

impl Number {
    const fn is_date(self) -> bool {
        self.digits == DATE
    }
}

impl Name {
    pub(super) fn of(path: &Path) -> Option<Self> {
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
            // A number that ends a word is part of it: tls12.pcap and tls13.pcap are no files of
            // one ring. A T between a date and a time is no word: 2026-01-01T12-00-00.
            let is_time = before == "T" && text.is_empty() && !numbers.is_empty();
            if end < 5
                && end < digits.len()
                && !is_time
                && before.ends_with(|c: char| c.is_ascii_alphabetic())
            {
                text.push_str(before);
                text.push_str(&digits[..end]);
                rest = &digits[end..];
                continue;
            }
            text.push_str(before);
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

/// Returns true if two names differ in their numbers only, as those of files do that one program
/// wrote one after the other.
pub(crate) fn are_of_one_series(one: &Path, other: &Path) -> bool {
    let series =
        |path: &Path| Name::of(path).map(|name| (path.parent().map(Path::to_owned), name.texts));
    series(one).is_some_and(|it| series(other) == Some(it))
}

/// Returns true if a date is among the numbers of a name: 20260101, or 2026-01-01.
fn has_parted_date(numbers: &[Number]) -> bool {
    let is_date = |parts: &[Number]| {
        let digits = [parts[0].digits, parts[1].digits, parts[2].digits];
        digits == [4, 2, 2] && is_day(parts[1].value, parts[2].value)
    };
    numbers.windows(3).any(is_date)
        || numbers.iter().any(|number| {
            number.digits == DAY && is_day(number.value / 100 % 100, number.value % 100)
        })
}

fn is_day(month: u64, day: u64) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// The way in which a name follows another of its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The counter goes on by one, and so does the date beside it: the names of one ring.
    Ring,
    /// The counter goes on by one, but the date beside it goes back.
    Back,
    /// A counter goes on by one, or a date or time is later.
    Plain,
}

impl Step {
    pub(super) fn of(before: &[Number], after: &[Number]) -> Option<Self> {
        let differ = || before.iter().zip(after).filter(|(a, b)| a.value != b.value);
        let (dates, others): (Vec<_>, Vec<_>) = differ().partition(|(a, _)| a.is_date());
        let later = dates.iter().all(|(a, b)| a.value < b.value);
        match &others[..] {
            [(a, b)] if a.value.checked_add(1) == Some(b.value) => {
                Some(match (has_date(before), later) {
                    (true, true) => Self::Ring,
                    (true, false) => Self::Back,
                    (false, _) => Self::Plain,
                })
            }
            [] if later && !dates.is_empty() => Some(Self::Plain),
            // A time that goes on by more than one beside a date, or shows by its digits: 12.00.00
            // and 12.15.00, 120000 and 121500, 1767268800 and 1767269700.
            [(a, b)]
                if dates.is_empty()
                    && ([TIME, EPOCH].contains(&a.digits) || has_parted_date(before)) =>
            {
                (a.value < b.value).then_some(Self::Plain)
            }
            // A date in several numbers: 2026-01-01_12.00.00.
            [_, _, ..] if dates.is_empty() => {
                let (a, b) = differ().next()?;
                (a.value < b.value).then_some(Self::Plain)
            }
            _ => None,
        }
    }
}

/// Sorts files by their names: by dates before counters, as a program that is restarted counts from
/// 1 again. But one counter that goes on by one through all files is of one run, whatever became of
/// the clock.
pub(super) fn sort_by_names<T>(files: &mut [T], numbers: impl Fn(&T) -> &[Number]) {
    let part = |numbers: &[Number], dates: bool| -> Vec<u64> {
        let numbers = numbers.iter().filter(|number| number.is_date() == dates);
        numbers.map(|number| number.value).collect()
    };
    files.sort_by_cached_key(|file| part(numbers(file), false));
    let goes_on = |pair: &[T]| counts_on(numbers(&pair[0]), numbers(&pair[1]));
    if !files.windows(2).all(goes_on) {
        files.sort_by_cached_key(|file| {
            let numbers = numbers(file);
            (part(numbers, true), part(numbers, false))
        });
    }
}

/// Returns true if one number besides dates differs, and goes on by one.
fn counts_on(before: &[Number], after: &[Number]) -> bool {
    let mut differ = before
        .iter()
        .zip(after)
        .filter(|(a, b)| a.value != b.value && !a.is_date());
    let step = differ.next();
    step.is_some_and(|(a, b)| a.value.checked_add(1) == Some(b.value)) && differ.next().is_none()
}

pub(super) fn has_date(numbers: &[Number]) -> bool {
    numbers.iter().any(|number| number.is_date())
}
