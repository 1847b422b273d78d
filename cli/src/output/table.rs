//! Tables for people.

use std::borrow::Cow;
use std::io::{self, Write};

use console::{Term, measure_text_width, style, truncate_str};
use nflx_core::Time;

use super::{Sink, Value};
use crate::escape;
use crate::rows::{Column, Rows, Shown, Unit};

/// Number of rows that determine the widths of columns; later rows are written as they come.
const SAMPLE: usize = 1000;
const GAP: &str = "  ";
const ELLIPSIS: &str = "…";
/// Columns are not shortened below this width.
const NARROWEST: usize = 12;

/// Writes aligned columns.
pub(super) struct Table<'s> {
    sink: &'s mut Sink,
    columns: Vec<Shown>,
    several: bool,
    /// Characters in a line, if limited.
    limit: Option<usize>,
    styled: bool,
    waiting: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
}

impl<'s> Table<'s> {
    pub(super) fn new<T: Rows>(sink: &'s mut Sink, several: bool) -> Self {
        let terminal = sink.is_terminal();
        Self {
            columns: shown::<T>(several).map(|(_, shown)| shown).collect(),
            several,
            limit: terminal.then(|| Term::stdout().size().1.into()),
            styled: terminal && console::colors_enabled(),
            waiting: Vec::new(),
            widths: None,
            sink,
        }
    }

    pub(super) fn row<T: Rows>(&mut self, row: &T::Row<'_>) -> io::Result<()> {
        let cells = cells::<T>(row, self.several).collect();
        self.cells(cells)
    }

    /// Writes a row of known cells.
    pub(super) fn cells(&mut self, cells: Vec<String>) -> io::Result<()> {
        if self.widths.is_some() {
            return self.line(&cells, false);
        }
        self.waiting.push(cells);
        if self.waiting.len() == SAMPLE {
            self.begin()
        } else {
            Ok(())
        }
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.widths.is_none() && !self.waiting.is_empty() {
            self.begin()?;
        }
        self.sink.flush()
    }

    /// Writes the heading and the rows so far.
    fn begin(&mut self) -> io::Result<()> {
        let rows = std::mem::take(&mut self.waiting);
        let heading: Vec<String> = self
            .columns
            .iter()
            .map(|column| column.title.to_owned())
            .collect();
        let mut widths = vec![0; self.columns.len()];
        for row in std::iter::once(&heading).chain(&rows) {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = measure_text_width(cell).max(*width);
            }
        }
        if let Some(limit) = self.limit {
            self.shorten(&mut widths, limit);
        }
        self.widths = Some(widths);
        self.line(&heading, true)?;
        rows.iter().try_for_each(|row| self.line(row, false))
    }

    /// Shortens the widest names until a line fits.
    fn shorten(&self, widths: &mut [usize], limit: usize) {
        loop {
            let line = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
            let texts = self
                .columns
                .iter()
                .zip(widths.iter_mut())
                .filter(|(column, _)| may_be_shortened(column.unit));
            match texts.map(|(_, width)| width).max() {
                Some(widest) if line > limit && *widest > NARROWEST => *widest -= 1,
                _ => return,
            }
        }
    }

    fn line(&mut self, cells: &[String], heading: bool) -> io::Result<()> {
        let widths = self.widths.as_deref().unwrap_or_default();
        let mut line = String::new();
        for ((cell, column), &width) in cells.iter().zip(&self.columns).zip(widths) {
            let cell = match column.unit {
                Unit::Text => truncate_str(cell, width, ELLIPSIS),
                Unit::Capture => end(cell, width),
                _ => Cow::from(cell),
            };
            let padding = " ".repeat(width.saturating_sub(measure_text_width(&cell)));
            if !line.is_empty() {
                line.push_str(GAP);
            }
            line.extend(if is_text(column.unit) {
                [&*cell, &padding]
            } else {
                [&*padding, &cell]
            });
        }
        let line = line.trim_end();
        if heading && self.styled {
            writeln!(self.sink, "{}", style(line).bold())
        } else {
            writeln!(self.sink, "{line}")
        }
    }
}

/// Returns the cells of a row.
pub(super) fn cells<T: Rows>(row: &T::Row<'_>, several: bool) -> impl Iterator<Item = String> {
    let start = T::start(row);
    shown::<T>(several).map(move |(column, shown)| cell(&(column.value)(row), shown.unit, start))
}

fn shown<T: Rows>(several: bool) -> impl Iterator<Item = (&'static Column<T>, Shown)> {
    let columns = T::COLUMNS
        .iter()
        .filter_map(|column| column.table.map(|shown| (column, shown)));
    columns.filter(move |(_, shown)| several || shown.unit != Unit::Capture)
}

const fn is_text(unit: Unit) -> bool {
    matches!(unit, Unit::Text | Unit::Whole | Unit::Capture | Unit::Mark)
}

const fn may_be_shortened(unit: Unit) -> bool {
    matches!(unit, Unit::Text | Unit::Capture)
}

/// Returns the last part of `text`, of at most `width` characters.
fn end(text: &str, width: usize) -> Cow<'_, str> {
    if measure_text_width(text) <= width {
        return text.into();
    }
    let mut start = 0;
    while measure_text_width(&text[start..]) >= width {
        let Some(first) = text[start..].chars().next() else {
            break;
        };
        start += first.len_utf8();
    }
    format!("{ELLIPSIS}{}", &text[start..]).into()
}

/// Formats a value for people. Times count from `start`.
fn cell(value: &Value<'_>, unit: Unit, start: Time) -> String {
    match (value, unit) {
        (Value::Null, Unit::Text | Unit::Whole) => "-".to_owned(),
        (Value::Null, _) => String::new(),
        (Value::Bool(value), Unit::Mark) => if *value { "yes" } else { "" }.to_owned(),
        (Value::Bool(value), _) => if *value { "yes" } else { "no" }.to_owned(),
        (Value::Integer(value), Unit::Count) => thousands(*value),
        (Value::Integer(value), Unit::Bytes) => scaled(*value as f64, "B"),
        (Value::Integer(value), _) => value.to_string(),
        (Value::Float(value), Unit::BitRate) => scaled(*value, "bit/s"),
        (Value::Float(value), _) => value.to_string(),
        (Value::Time(time), _) => format!("{:.6}", time.since(start) as f64 / 1e9),
        (Value::Seconds(nanoseconds), _) => format!("{:.3} s", *nanoseconds as f64 / 1e9),
        (Value::Text(text) | Value::Word(text), _) => escape::escaped(text).into_owned(),
        (Value::Address(address), _) => address.to_string(),
        (Value::Words(words), _) => escape::escaped(&words.join(" ")).into_owned(),
        (Value::Json(json), _) => json.to_string(),
        (Value::Spans(spans), _) => spans
            .iter()
            .map(|[from, to]| format!("{from}-{to}"))
            .collect::<Vec<_>>()
            .join(" "),
        (Value::Floats(values), _) => values
            .iter()
            .map(f64::to_string)
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// Formats 1234567 as 1,234,567.
pub(crate) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Formats three significant digits with an SI prefix.
pub(crate) fn scaled(value: f64, unit: &str) -> String {
    let mut value = value;
    for prefix in ["", "k", "M", "G", "T", "P"] {
        // 999.5 would be rounded to four digits.
        if value < 999.5 || prefix == "P" {
            let decimals = if prefix.is_empty() || value >= 99.95 {
                0
            } else if value >= 9.995 {
                1
            } else {
                2
            };
            return format!("{value:.decimals$} {prefix}{unit}");
        }
        value /= 1000.0;
    }
    unreachable!("the last prefix takes any value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_000), "1,000");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(scaled(0.0, "B"), "0 B");
        assert_eq!(scaled(999.0, "B"), "999 B");
        assert_eq!(scaled(999.6, "B"), "1.00 kB");
        assert_eq!(scaled(1_234.0, "B"), "1.23 kB");
        assert_eq!(scaled(12_345_678.0, "bit/s"), "12.3 Mbit/s");
        assert_eq!(scaled(999_999.0, "B"), "1.00 MB");
        assert_eq!(scaled(u64::MAX as f64, "B"), "18447 PB");
    }

    #[test]
    fn paths_keep_their_end() {
        assert_eq!(end("a/b/capture.pcap", 16), "a/b/capture.pcap");
        assert_eq!(end("a/b/capture.pcap", 8), "…re.pcap");
        assert_eq!(end("é", 0), "…");
    }

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(
            cell(&Value::Text("a\x1b[31mb\n"), Unit::Text, Time(0)),
            "a\\u{1b}[31mb\\n"
        );
    }

    #[test]
    fn times_count_from_the_start() {
        assert_eq!(
            cell(
                &Value::Time(Time(1_500_000_000)),
                Unit::Number,
                Time(1_000_000_000)
            ),
            "0.500000"
        );
        assert_eq!(
            cell(&Value::Seconds(34_567_000), Unit::Number, Time(0)),
            "0.035 s"
        );
    }
}
