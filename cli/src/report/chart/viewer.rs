//! The picture of a session over time: the player's buffer, the bit rate on the screen and the
//! times at which it stood; and below, a model's answer for each window.

use maud::Markup;
use nflx_core::quality::{Moment, Session};
use plotters::element::{PathElement, Polygon, Rectangle, Text};
use plotters::style::Color;

use super::axis::{Scale, tick_text, ticks};
use super::{
    DrawingError, FILLING, GRID, INK, Layout, MISSING, TimeAxis, VIDEO, Vertical, both, plot,
};
use crate::report::windows::{Lane, Span};

/// Moments of a session that are drawn.
const MAX_MOMENTS: f64 = 400.0;
/// The shortest step between two, in seconds.
const LEAST_STEP: f64 = 0.25;
/// Stalls of a session that are drawn.
const MAX_STALLS: usize = 200;
/// Share of the drawing's height that the highest bit rate takes.
const HIGHEST: f64 = 0.9;
/// Height of a client's row of windows in pixels.
const ROW: u32 = 34;

/// Draws what one player did, and the highest bit rate on its screen; `None` where nothing decides
/// it.
pub(in crate::report) fn playback(
    session: &Session,
    axis: &TimeAxis,
) -> Result<Option<(Markup, f64)>, DrawingError> {
    let step = (session.duration() / MAX_MOMENTS).max(LEAST_STEP);
    let moments: Vec<Moment> = session.moments(step).collect();
    let most = |of: fn(&Moment) -> Option<f64>| moments.iter().filter_map(of).fold(0.0, f64::max);
    let buffer = most(|moment| moment.buffer);
    let rate = most(|moment| moment.shown_bitrate);
    if moments.is_empty() || buffer <= 0.0 {
        return Ok(None);
    }
    let top = buffer * 1.08;
    let label = format!(
        "Buffer in seconds, bit rate on the screen and stalls of session {} over time",
        session.number
    );
    let drawing = both(&label, height, |area, form| {
        let vertical = Vertical {
            scale: Scale::new(0.0..top, ticks(0.0, top, 4)),
            text: &|value| tick_text(*value),
            title: "seconds of buffer",
        };
        let mut plot = plot(area, form, axis, vertical)?;
        let mut outline = vec![(axis.at(moments[0].t), 0.0)];
        let level = |moment: &Moment| (axis.at(moment.t), moment.buffer.unwrap_or(0.0));
        outline.extend(moments.iter().map(level));
        outline.push((axis.at(moments[moments.len() - 1].t), 0.0));
        plot.draw_series([Polygon::new(outline, FILLING.filled())])?;
        let stalls = session.stalls_at().unwrap_or_default();
        let least = axis.part(2.0 / f64::from(form.width));
        plot.draw_series(stalls.iter().take(MAX_STALLS).map(|(from, to)| {
            let (from, to) = (axis.at(*from), axis.at(*to));
            Rectangle::new(
                [(from, 0.0), (to.max(from + least), top)],
                MISSING.mix(0.6).filled(),
            )
        }))?;
        plot.draw_series(
            pieces(&moments, |bits| bits / rate * top * HIGHEST, axis)
                .into_iter()
                .map(|points| PathElement::new(points, VIDEO.stroke_width(2))),
        )?;
        Ok(())
    })?;
    Ok(Some((drawing, rate)))
}

/// Lines of the bit rate on the screen: where there is no picture there is none.
fn pieces(
    moments: &[Moment],
    height: impl Fn(f64) -> f64,
    axis: &TimeAxis,
) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for moment in moments {
        let piece = pieces.last_mut().map_or(0, |piece| piece.len());
        match (moment.shown_bitrate, pieces.last_mut()) {
            (Some(bits), Some(last)) => {
                let at = axis.at(moment.t);
                // Upright where it changes.
                last.extend(last.last().map(|&(_, before)| (at, before)));
                last.push((at, height(bits)));
            }
            (None, _) if piece > 0 => pieces.push(Vec::new()),
            _ => {}
        }
    }
    pieces.retain(|piece| piece.len() > 1);
    pieces
}

const fn height(form: Layout) -> u32 {
    if form.is_narrow { 180 } else { 200 }
}

/// Draws what a model says of windows: a row for each client, as dark as the label's place among
/// all.
pub(in crate::report) fn windows(
    lanes: &[Lane],
    labels: usize,
    axis: &TimeAxis,
) -> Result<Option<Markup>, DrawingError> {
    if lanes.is_empty() {
        return Ok(None);
    }
    let rows = lanes.len() as f64;
    let drawing = both(
        "The model's answer for each window over time",
        |form| ROW * lanes.len() as u32 + form.below() + 8,
        |area, form| {
            let mut chart = plotters::chart::ChartBuilder::on(area)
                .margin_top(8)
                .margin_right(form.right())
                .x_label_area_size(form.below())
                .y_label_area_size(form.left)
                .build_cartesian_2d(axis.scale(form.numbers()), 0.0..rows)?;
            chart
                .configure_mesh()
                .disable_y_axis()
                .disable_mesh()
                .axis_style(super::MUTED)
                .label_style(form.text(super::MUTED))
                .axis_desc_style(form.text(super::MUTED))
                .x_label_formatter(&|value| tick_text(*value))
                .x_desc(axis.title)
                .draw()?;
            let spans = || {
                let numbered = lanes.iter().enumerate();
                numbered.flat_map(|(row, lane)| lane.spans.iter().map(move |span| (row, span)))
            };
            let place = |row: usize, span: &Span| place(rows - row as f64 - 1.0, span, axis);
            chart.draw_series(spans().map(|(row, span)| {
                let color = match span.rank {
                    Some(rank) => VIDEO.mix(shade(rank, labels)),
                    None => GRID.mix(0.6),
                };
                Rectangle::new(place(row, span), color.filled())
            }))?;
            chart.draw_series(spans().filter_map(|(row, span)| {
                let [(from, base), (to, _)] = place(row, span);
                let inset = inset(span, to - from, axis, form)?;
                let at = (from + inset, base + 0.66);
                Some(Text::new(span.text.clone(), at, form.text(INK)))
            }))?;
            Ok(())
        },
    )?;
    Ok(Some(drawing))
}

/// The corners of a window's rectangle, in a row that begins at `base`.
fn place(base: f64, span: &Span, axis: &TimeAxis) -> [(f64, f64); 2] {
    let (from, to) = (
        axis.at(span.from).max(axis.from),
        axis.at(span.to).min(axis.to),
    );
    [(from, base + 0.08), (to.max(from), base + 0.92)]
}

/// Returns the distance of a label from its window's beginning; `None` if the label does not fit.
fn inset(span: &Span, length: f64, axis: &TimeAxis, form: Layout) -> Option<f64> {
    let room = f64::from(form.width - form.left - form.right());
    let pixels = length / (axis.to - axis.from) * room - 4.0;
    let needed = span.text.chars().count() as f64 * f64::from(form.letters) * 0.58;
    (needed <= pixels).then(|| axis.part(3.0 / room))
}

/// The shade of the label of this rank, light enough for a text on it to be read.
fn shade(rank: usize, labels: usize) -> f64 {
    0.12 + 0.43 * (rank as f64 + 1.0) / labels.max(1) as f64
}
