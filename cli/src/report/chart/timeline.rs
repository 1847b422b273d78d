//! Segments of each server over time: as long as they took, as high as they are large.

use std::collections::HashMap;

use maud::Markup;
use nflx_core::summary::RankedServer;
use nflx_core::{Kind, Segment, Time};
use plotters::element::{PathElement, Rectangle, Text};
use plotters::style::Color;

use super::axis::tick_text;
use super::{Area, DrawingError, GRID, INK, Layout, MUTED, TimeAxis, both, color};
use crate::report::facts::Facts;
use crate::report::numbers::label;

/// Servers that are drawn.
const MAX_LANES: usize = 8;
/// Segments from which neighbours become one bar.
const MAX_BARS: usize = 1_200;
/// Slices of the time axis in which they do.
const SLICES: f64 = 200.0;
/// Height of a server's lane in pixels.
const LANE: u32 = 76;
/// Share of a lane that the highest bar takes.
const HIGHEST: f64 = 0.66;

/// A drawing, and what is not in it.
pub(in crate::report) struct Timeline {
    pub(in crate::report) drawing: Markup,
    /// Servers with segments that have no lane.
    pub(in crate::report) servers_left_out: usize,
    /// Segments and bars, if there are fewer bars.
    pub(in crate::report) merged: Option<(usize, usize)>,
    /// Bytes of the highest bar.
    pub(in crate::report) largest: u64,
}

/// One bar.
#[derive(Clone, Copy)]
struct SessionBar {
    lane: usize,
    kind: Kind,
    from: Time,
    to: Time,
    bytes: u64,
}

/// Draws the segments; `None` if there are none.
pub(in crate::report) fn timeline(
    facts: &Facts<'_>,
    axis: &TimeAxis,
) -> Result<Option<Timeline>, DrawingError> {
    let with_segments: Vec<_> = (0..facts.servers.len())
        .filter(|&rank| facts.servers[rank].segments.count > 0)
        .collect();
    let shown = &with_segments[..with_segments.len().min(MAX_LANES)];
    if shown.is_empty() {
        return Ok(None);
    }
    let lanes: HashMap<usize, usize> = shown
        .iter()
        .enumerate()
        .map(|(lane, &rank)| (rank, lane))
        .collect();
    let drawn = facts.segments.iter().filter_map(|segment| {
        let lane = *lanes.get(&facts.rank(segment)?)?;
        Some(bar(segment, lane))
    });
    let drawn: Vec<_> = drawn.collect();
    let count = drawn.len();
    let mut bars = if count > MAX_BARS {
        merged(drawn, axis)
    } else {
        drawn
    };
    let largest = bars.iter().map(|bar| bar.bytes).max().unwrap_or_default();
    // Small ones last, so that none hides behind another.
    bars.sort_by_key(|bar| std::cmp::Reverse(bar.bytes));
    let names: Vec<_> = shown.iter().map(|&rank| facts.servers[rank]).collect();
    let title = format!(
        "Segments over time, one row for each of {} servers",
        names.len()
    );
    let lanes = Lanes {
        axis,
        servers: &names,
        bars: &bars,
        largest,
    };
    let drawing = both(
        &title,
        |form| LANE * names.len() as u32 + form.below() + 8,
        |area, form| lanes.draw(area, form),
    )?;
    Ok(Some(Timeline {
        drawing,
        servers_left_out: with_segments.len() - shown.len(),
        merged: (bars.len() < count).then_some((count, bars.len())),
        largest,
    }))
}

/// The drawing: a lane for each server, and a bar for each segment.
struct Lanes<'a> {
    axis: &'a TimeAxis,
    servers: &'a [RankedServer<'a>],
    bars: &'a [SessionBar],
    /// Bytes of the highest bar.
    largest: u64,
}

impl Lanes<'_> {
    fn draw(&self, area: &Area<'_>, form: Layout) -> Result<(), DrawingError> {
        let axis = self.axis;
        let rows = self.servers.len() as f64;
        let base = |lane: usize| rows - lane as f64 - 1.0;
        let mut chart = plotters::chart::ChartBuilder::on(area)
            .margin_top(8)
            .margin_left(4)
            .margin_right(form.right())
            .x_label_area_size(form.below())
            .build_cartesian_2d(axis.scale(form.numbers()), 0.0..rows)?;
        chart
            .configure_mesh()
            .disable_y_axis()
            .disable_y_mesh()
            .max_light_lines(0)
            .bold_line_style(GRID)
            .axis_style(MUTED)
            .label_style(form.text(MUTED))
            .axis_desc_style(form.text(MUTED))
            .x_label_formatter(&|value| tick_text(*value))
            .x_desc(axis.title)
            .draw()?;
        chart.draw_series((0..self.servers.len()).map(|lane| {
            PathElement::new(vec![(axis.from, base(lane)), (axis.to, base(lane))], GRID)
        }))?;
        // A bar narrower than two pixels could not be seen.
        let least = axis.part(2.0 / f64::from(form.width));
        chart.draw_series(self.bars.iter().map(|bar| {
            let (from, to) = (axis.at(bar.from), axis.at(bar.to));
            let right = to.max(from + least).min(axis.to);
            let base = base(bar.lane);
            Rectangle::new(
                [
                    (from.min(right - least), base),
                    (right, base + self.height(bar)),
                ],
                color(bar.kind).mix(0.85).filled(),
            )
        }))?;
        let inset = axis.part(4.0 / f64::from(form.width));
        chart.draw_series(self.servers.iter().enumerate().map(|(lane, server)| {
            let text = form.fitting(&lane_name(server), form.width - 24);
            let place = (axis.from + inset, rows - lane as f64 - 0.06);
            Text::new(text, place, form.text(INK))
        }))?;
        Ok(())
    }

    /// Height of a bar as a share of its lane: areas grow with sizes, and the smallest can still be
    /// seen.
    fn height(&self, bar: &SessionBar) -> f64 {
        let share = bar.bytes as f64 / self.largest.max(1) as f64;
        share.sqrt().max(0.06) * HIGHEST
    }
}

/// Address and, if it has one, name of a server.
fn lane_name(server: &RankedServer<'_>) -> String {
    let address = server.address.to_string();
    match server.name() {
        Some(_) => format!("{address}  {}", label(server)),
        None => address,
    }
}

fn bar(segment: &Segment, lane: usize) -> SessionBar {
    let from = segment.t_request;
    SessionBar {
        lane,
        kind: segment.kind,
        from,
        to: segment.t_last.unwrap_or(from).max(from),
        bytes: segment.bytes,
    }
}

/// One bar for all of a server and kind that begin in the same slice of time: as high as its
/// highest.
fn merged(bars: Vec<SessionBar>, axis: &TimeAxis) -> Vec<SessionBar> {
    let mut slices: HashMap<(usize, Kind, i64), SessionBar> = HashMap::new();
    for bar in bars {
        let slice = ((axis.at(bar.from) - axis.from) / axis.part(1.0 / SLICES)) as i64;
        // A clock that steps far back puts no bar of its own beside the drawing.
        let key = (bar.lane, bar.kind, slice.clamp(0, SLICES as i64));
        let one = slices.entry(key).or_insert(bar);
        *one = SessionBar {
            from: one.from.min(bar.from),
            to: one.to.max(bar.to),
            bytes: one.bytes.max(bar.bytes),
            ..*one
        };
    }
    let mut bars: Vec<_> = slices.into_values().collect();
    // Hash tables have no order, and a page shall be the same each time.
    bars.sort_by_key(|bar| (bar.lane, bar.from, bar.kind as u8));
    bars
}
