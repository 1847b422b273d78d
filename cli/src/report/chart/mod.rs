//! Drawings, each once for wide and once for narrow screens: scaled down, its letters could not be
//! read.

mod axis;
mod gaps;
mod loss;
mod throughput;
mod timeline;
mod viewer;

use std::error::Error;

use axis::Scale;
pub(super) use axis::TimeAxis;
pub(super) use gaps::gaps;
pub(super) use loss::loss;
use maud::{Markup, PreEscaped, html};
use nflx_core::Kind;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::prelude::{DrawingArea, IntoDrawingArea, RGBColor, SVGBackend};
use plotters::style::{IntoFont, TextStyle};
pub(super) use throughput::throughput;
pub(super) use timeline::timeline;
pub(super) use viewer::{playback, windows};

/// An error in drawing.
pub(super) type DrawingError = Box<dyn Error + Send + Sync>;

// Colours. The page's style knows each by its number, and has another for it in the dark.
const INK: RGBColor = RGBColor(0x24, 0x29, 0x2F);
const MUTED: RGBColor = RGBColor(0x57, 0x60, 0x6A);
const GRID: RGBColor = RGBColor(0xD8, 0xDE, 0xE4);
const VIDEO: RGBColor = RGBColor(0x1F, 0x6F, 0xEB);
const AUDIO: RGBColor = RGBColor(0xD9, 0x73, 0x0D);
const OTHER: RGBColor = RGBColor(0x8C, 0x95, 0x9F);
const FILLING: RGBColor = RGBColor(0xCF, 0xEB, 0xD6);
const AGAIN: RGBColor = RGBColor(0x82, 0x50, 0xDF);
const MISSING: RGBColor = RGBColor(0xCF, 0x22, 0x2E);

/// Plotters takes the height of a line, SVG the size of its letters.
const LINE: f64 = 1.24;
/// Width of a letter as a share of its size, on the safe side.
const LETTER: f64 = 0.58;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// One of the two forms of a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    width: u32,
    /// Size of letters in pixels.
    letters: u32,
    /// Room for the numbers of the vertical axis.
    left: u32,
    is_narrow: bool,
}

const WIDE: Layout = Layout {
    width: 980,
    letters: 13,
    left: 76,
    is_narrow: false,
};
const NARROW: Layout = Layout {
    width: 360,
    letters: 12,
    left: 64,
    is_narrow: true,
};

impl Layout {
    /// Room right of the plot, for half of the last number.
    const fn right(self) -> u32 {
        if self.is_narrow { 10 } else { 16 }
    }

    /// Room for the numbers and the title of the time axis.
    const fn below(self) -> u32 {
        self.letters * 3 + 6
    }

    /// Most numbers along the time axis.
    const fn numbers(self) -> usize {
        if self.is_narrow { 5 } else { 10 }
    }

    fn text(self, color: RGBColor) -> TextStyle<'static> {
        ("sans-serif", f64::from(self.letters) * LINE)
            .into_font()
            .color(&color)
    }

    /// Returns the beginning of a text that fits into this many pixels.
    fn fitting(self, text: &str, pixels: u32) -> String {
        let room = (f64::from(pixels) / (f64::from(self.letters) * LETTER)) as usize;
        if text.chars().count() <= room {
            return text.to_owned();
        }
        text.chars()
            .take(room.saturating_sub(1))
            .chain(['…'])
            .collect()
    }
}

/// Draws both forms; `label` describes them for people who cannot see them.
fn both(
    label: &str,
    height: impl Fn(Layout) -> u32,
    draw: impl Fn(&Area<'_>, Layout) -> Result<(), DrawingError>,
) -> Result<Markup, DrawingError> {
    let mut drawings = Vec::new();
    for form in [WIDE, NARROW] {
        let mut svg = String::new();
        let area =
            SVGBackend::with_string(&mut svg, (form.width, height(form))).into_drawing_area();
        draw(&area, form)?;
        area.present()?;
        drop(area);
        drawings.push((if form.is_narrow { "narrow" } else { "wide" }, svg));
    }
    Ok(html! {
        @for (class, svg) in drawings {
            // The backend escapes every text that it writes.
            div class={ "drawing " (class) } role="img" aria-label=(label) { (PreEscaped(svg)) }
        }
    })
}

type Plot<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Scale, Scale>>;

/// The quantity on the vertical axis.
struct Vertical<'a> {
    scale: Scale,
    text: &'a dyn Fn(&f64) -> String,
    title: &'a str,
}

/// Axes and lines of a drawing over time.
fn plot<'a, 'b>(
    area: &'a Area<'b>,
    form: Layout,
    axis: &TimeAxis,
    vertical: Vertical<'_>,
) -> Result<Plot<'a, 'b>, DrawingError> {
    let mut plot = ChartBuilder::on(area)
        .margin_top(8)
        .margin_right(form.right())
        .x_label_area_size(form.below())
        .y_label_area_size(form.left)
        .build_cartesian_2d(axis.scale(form.numbers()), vertical.scale)?;
    plot.configure_mesh()
        .disable_x_mesh()
        .max_light_lines(0)
        .bold_line_style(GRID)
        .axis_style(MUTED)
        .label_style(form.text(MUTED))
        .axis_desc_style(form.text(MUTED))
        .x_label_formatter(&|value| axis::tick_text(*value))
        .y_label_formatter(vertical.text)
        .x_desc(axis.title)
        .y_desc(vertical.title)
        .draw()?;
    Ok(plot)
}

const fn color(kind: Kind) -> RGBColor {
    match kind {
        Kind::Video => VIDEO,
        Kind::Audio => AUDIO,
        Kind::Other | Kind::Pending => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page would show a colour that it does not know unchanged in the dark.
    #[test]
    fn the_style_knows_every_color() {
        let style = include_str!("../style.css");
        for RGBColor(r, g, b) in [
            INK, MUTED, GRID, VIDEO, AUDIO, OTHER, FILLING, AGAIN, MISSING,
        ] {
            let number = format!("#{r:02X}{g:02X}{b:02X}");
            for attribute in ["fill", "stroke"] {
                assert!(
                    style.contains(&format!("svg [{attribute}=\"{number}\"]")),
                    "{attribute} {number}"
                );
            }
        }
    }

    #[test]
    fn texts_are_cut_to_their_room() {
        assert_eq!(NARROW.fitting("short", 300), "short");
        let cut = NARROW.fitting(&"é".repeat(100), 70);
        assert!(cut.ends_with('…') && cut.chars().count() == 10, "{cut}");
        assert_eq!(NARROW.fitting("x", 0), "…");
    }
}
