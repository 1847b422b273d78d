//! Bytes sent again and bytes never captured, by when their segments were asked for.

use maud::Markup;
use plotters::element::Rectangle;
use plotters::style::Color;

use super::axis::{Scale, tick_text, ticks};
use super::throughput::height;
use super::{AGAIN, DrawingError, MISSING, TimeAxis, Vertical, both, plot};
use crate::report::facts::{Facts, Sum};

/// Bars along the time axis.
const BARS: usize = 80;

/// Draws both; `None` if there is nothing to draw.
pub(in crate::report) fn loss(
    facts: &Facts<'_>,
    axis: &TimeAxis,
) -> Result<Option<Markup>, DrawingError> {
    let mut bars = [Sum::default(); BARS];
    for segment in &facts.segments {
        let at = (axis.at(segment.t_request) - axis.from) / axis.part(1.0 / BARS as f64);
        let bar = &mut bars[(at.max(0.0) as usize).min(BARS - 1)];
        bar.retransmitted = bar
            .retransmitted
            .saturating_add(segment.retransmitted_bytes);
        bar.missing = bar.missing.saturating_add(segment.missing_bytes);
    }
    let highest = bars
        .iter()
        .map(|bar| bar.retransmitted.saturating_add(bar.missing))
        .max()
        .unwrap_or_default();
    if highest == 0 {
        return Ok(None);
    }
    let (divisor, unit) = match highest {
        ..1_000 => (1.0, "bytes"),
        1_000..1_000_000 => (1e3, "kB"),
        _ => (1e6, "MB"),
    };
    let top = highest as f64 / divisor * 1.08;
    let label = format!("Bytes sent again and bytes never captured over time, in {unit}");
    let drawing = both(&label, height, |area, form| {
        let vertical = Vertical {
            scale: Scale::new(0.0..top, ticks(0.0, top, 5)),
            text: &|value| tick_text(*value),
            title: unit,
        };
        let mut plot = plot(area, form, axis, vertical)?;
        let width = axis.part(1.0 / BARS as f64);
        for (index, bar) in bars.iter().enumerate() {
            let left = axis.from + width * index as f64;
            let (again, missing) = (
                bar.retransmitted as f64 / divisor,
                bar.missing as f64 / divisor,
            );
            let parts = [(0.0, again, AGAIN), (again, again + missing, MISSING)];
            let parts = parts.into_iter().filter(|(from, to, _)| to > from);
            plot.draw_series(parts.map(|(from, to, color)| {
                Rectangle::new(
                    [(left + width * 0.1, from), (left + width * 0.9, to)],
                    color.filled(),
                )
            }))?;
        }
        Ok(())
    })?;
    Ok(Some(drawing))
}
