//! Time from each request to the next, over time: a player with a full buffer asks at steady
//! intervals.

use maud::Markup;
use nflx_core::Kind;
use plotters::element::Circle;
use plotters::style::Color;

use super::axis::{Scale, tick_text};
use super::throughput::height;
use super::{DrawingError, TimeAxis, Vertical, both, color, plot};
use crate::report::facts::{Facts, Gap};

/// Largest number of dots that are drawn.
const MAX_DOTS: usize = 1_500;
/// The shortest and the longest gap drawn as such, as powers of ten of a second.
const SHORTEST: f64 = -3.0;
const LONGEST: f64 = 4.0;

/// A drawing, and what is not in it.
pub(in crate::report) struct Gaps {
    pub(in crate::report) drawing: Markup,
    /// One in this many gaps is drawn.
    pub(in crate::report) one_in: usize,
}

/// Draws the gaps of video and audio; `None` if there are none.
pub(in crate::report) fn gaps(
    facts: &Facts<'_>,
    axis: &TimeAxis,
) -> Result<Option<Gaps>, DrawingError> {
    let media: Vec<_> = facts
        .gaps
        .iter()
        .filter(|gap| gap.kind != Kind::Other)
        .collect();
    let exponent = |gap: &Gap| (gap.length as f64 / 1e9).log10().clamp(SHORTEST, LONGEST);
    let highest = media
        .iter()
        .map(|gap| exponent(gap))
        .fold(f64::NEG_INFINITY, f64::max);
    let lowest = media
        .iter()
        .map(|gap| exponent(gap))
        .fold(f64::INFINITY, f64::min);
    if media.is_empty() {
        return Ok(None);
    }
    let one_in = media.len().div_ceil(MAX_DOTS);
    let (bottom, top) = (lowest.floor(), (highest + 0.05).ceil());
    let powers: Vec<_> = (bottom as i32..=top as i32).map(f64::from).collect();
    let drawing = both(
        "Time between requests over time, in seconds, on a logarithmic scale",
        height,
        |area, form| {
            let vertical = Vertical {
                scale: Scale::new(bottom..top, powers.clone()),
                text: &|power| tick_text(10f64.powf(*power)),
                title: "seconds",
            };
            let mut plot = plot(area, form, axis, vertical)?;
            let radius = if form.is_narrow { 3 } else { 4 };
            plot.draw_series(media.iter().step_by(one_in).map(|gap| {
                Circle::new(
                    (axis.at(gap.at), exponent(gap)),
                    radius,
                    color(gap.kind).mix(0.8).filled(),
                )
            }))?;
            Ok(())
        },
    )?;
    Ok(Some(Gaps { drawing, one_in }))
}
