//! Bytes that came down over time, and where the buffer was filled.

use maud::Markup;
use plotters::element::{Polygon, Rectangle};
use plotters::style::Color;

use super::axis::{Scale, tick_text, ticks};
use super::{DrawingError, FILLING, Layout, OTHER, TimeAxis, VIDEO, Vertical, both, plot};
use crate::report::facts::Facts;
use crate::report::traffic::{Slice, Traffic};

/// Filling phases that are drawn.
const MAX_PHASES: usize = 200;

/// Draws the throughput of servers that send video, and that of the others on top.
pub(in crate::report) fn throughput(
    facts: &Facts<'_>,
    traffic: &Traffic,
    axis: &TimeAxis,
) -> Result<Markup, DrawingError> {
    let (divisor, unit) = unit(traffic.peak());
    let top = (traffic.peak() / divisor * 1.08).max(1e-3);
    let label = format!("Throughput over time in {unit}");
    both(&label, height, |area, form| {
        let vertical = Vertical {
            scale: Scale::new(0.0..top, ticks(0.0, top, 5)),
            text: &|value| tick_text(*value),
            title: unit,
        };
        let mut plot = plot(area, form, axis, vertical)?;
        plot.draw_series(facts.phases.iter().take(MAX_PHASES).map(|phase| {
            let (from, to) = (
                axis.at(phase.t_start).max(axis.from),
                axis.at(phase.t_end).min(axis.to),
            );
            Rectangle::new(
                [(from, 0.0), (to.max(from), top)],
                FILLING.mix(0.8).filled(),
            )
        }))?;
        for (height, color) in [
            (Slice::total_in as fn(&Slice) -> u64, OTHER),
            (|slice| slice.media_in, VIDEO),
        ] {
            let steps = steps(traffic, axis, |slice| traffic.rate(height(slice)) / divisor);
            plot.draw_series([Polygon::new(steps, color.mix(0.9).filled())])?;
        }
        Ok(())
    })
}

/// The outline of slices: up, along, and down to the axis at last.
fn steps(traffic: &Traffic, axis: &TimeAxis, height: impl Fn(&Slice) -> f64) -> Vec<(f64, f64)> {
    let width = (axis.at(traffic.to()) - axis.at(traffic.from)) / traffic.slices.len() as f64;
    let mut points = vec![(axis.from, 0.0)];
    for (index, slice) in traffic.slices.iter().enumerate() {
        let left = axis.from + width * index as f64;
        let height = height(slice);
        points.extend([(left, height), ((left + width).min(axis.to), height)]);
    }
    points.push((axis.to, 0.0));
    points
}

/// Height of the drawings that share this form.
pub(super) const fn height(form: Layout) -> u32 {
    if form.is_narrow { 240 } else { 300 }
}

/// Returns the divisor for bits per second, and the unit that it gives.
fn unit(peak: f64) -> (f64, &'static str) {
    match peak {
        ..1e6 => (1e3, "kbit/s"),
        ..1e9 => (1e6, "Mbit/s"),
        _ => (1e9, "Gbit/s"),
    }
}
