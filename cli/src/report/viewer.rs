//! The section of the page that says what viewers saw.

use maud::{Markup, html};
use nflx_core::Time;
use nflx_core::quality::Session;

use super::chart::{self, DrawingError, TimeAxis};
use super::numbers::{rate, seconds};
use super::windows::Answers;
use crate::escape;
use crate::output::{scaled, thousands};

/// Sessions that are drawn, and those that are listed.
const MAX_DRAWN: usize = 4;
const MAX_LISTED: usize = 40;
/// Reasons and labels of a model that are listed.
const MAX_ANSWERS: usize = 40;

/// Returns the section.
pub(super) fn section(
    sessions: &[Session],
    answers: Option<&Answers>,
    axis: &TimeAxis,
    start: Time,
) -> Result<Markup, DrawingError> {
    let drawn = sessions.iter().take(MAX_DRAWN);
    let drawings = drawn.map(|session| Ok((session, chart::playback(session, axis)?)));
    let drawings = drawings.collect::<Result<Vec<_>, DrawingError>>()?;
    let strip = answers.map(|answers| strip(answers, axis)).transpose()?;
    Ok(html! {
        section aria-labelledby="viewer" {
            h2 id="viewer" { "What the viewer saw" }
            @if sessions.is_empty() {
                p { "No session of playback was seen." }
            } @else {
                p {
                    "Inferred from the times of the player's requests: its buffer, the bit rate on the screen as a line, and red "
                    "where the picture stopped."
                }
                @for (session, drawing) in &drawings {
                    @if let Some((drawing, highest)) = drawing {
                        figure {
                            (drawing)
                            figcaption {
                                "Session " (session.number) ", " (session.client)
                                @if *highest > 0.0 { ": the line's highest point is " (scaled(*highest, "bit/s")) }
                            }
                        }
                    }
                }
                (table(sessions, start))
            }
            @if let Some(strip) = strip { (strip) }
        }
    })
}

fn table(sessions: &[Session], start: Time) -> Markup {
    let left_out = sessions.len().saturating_sub(MAX_LISTED);
    let span = |value: Option<f64>| {
        html! { td.number { @if let Some(value) = value { (seconds((value * 1e9) as i64)) } @else { "–" } } }
    };
    html! {
        div.scrolled role="region" aria-label="Sessions" tabindex="0" {
            table.small {
                caption { "Sessions" }
                thead {
                    tr {
                        th scope="col" { "Client" }
                        @for title in ["From", "Start-up", "Played", "Stalls", "Stalled", "Video"] {
                            th.number scope="col" { (title) }
                        }
                    }
                }
                tbody {
                    @for session in sessions.iter().take(MAX_LISTED) {
                        tr data-session=(session.number) {
                            th scope="row" { (session.client) }
                            td.number { (seconds(session.t_start.since(start))) }
                            (span(session.startup))
                            (span(session.played))
                            td.number { @match &session.stalls { Some(stalls) => (stalls.len()), None => "–" } }
                            (span(session.stalled()))
                            td.number { @if let Some(bits) = session.video_bitrate { (rate(bits)) } @else { "–" } }
                        }
                    }
                }
            }
        }
        @if left_out > 0 { p.left-out { (thousands(left_out as u64)) " later sessions are not listed." } }
    }
}

/// Draws a model's answers for windows.
fn strip(answers: &Answers, axis: &TimeAxis) -> Result<Markup, DrawingError> {
    let (lanes, labels) = answers.lanes();
    let drawing = chart::windows(&lanes, labels, axis)?;
    let rows = |counts: &std::collections::BTreeMap<String, u64>| {
        html! {
            @for (text, windows) in counts.iter().take(MAX_ANSWERS) {
                tr data-answer=(escape::escaped(text)) {
                    th scope="row" { (escape::escaped(text)) }
                    td.number { (thousands(*windows)) }
                }
            }
        }
    };
    Ok(html! {
        p { "What the model " strong { (escape::escaped(&answers.model)) } " says of each window; grey where it does not answer." }
        @if let Some(drawing) = drawing {
            figure {
                (drawing)
                @if lanes.len() > 1 {
                    figcaption {
                        "From above: "
                        @for (index, lane) in lanes.iter().enumerate() { @if index > 0 { ", " } (lane.client) }
                    }
                }
            }
        }
        @if answers.left_out > 0 { p.left-out { (thousands(answers.left_out)) " more windows are not drawn." } }
        div.scrolled role="region" aria-label="Answers of the model" tabindex="0" {
            table.small {
                caption { "Answers" }
                thead { tr { th scope="col" { "Answer, or why there is none" } th.number scope="col" { "Windows" } } }
                tbody { (rows(&answers.counts)) (rows(&answers.reasons)) }
            }
        }
    })
}
