//! The page itself.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use nflx_core::quality::Session;
use nflx_core::{Config, Server, Time};

use super::chart::{self, DrawingError, TimeAxis};
use super::facts::{Facts, KINDS, Sum};
use super::numbers::{bytes, count, date, label, rate, seconds, share, short};
use super::tables;
use super::traffic::Traffic;
use super::viewer;
use super::windows::Answers;
use crate::escape;
use crate::output::{scaled, thousands};

const STYLE: &str = include_str!("style.css");
/// The page fetches nothing and runs nothing, whatever gets into it.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
/// Servers that the first sentence names.
const MAX_NAMED: usize = 3;

/// The contents of a page.
pub(super) struct Page<'a> {
    /// The name of the capture.
    pub(super) capture: &'a str,
    /// The first packet.
    pub(super) start: Time,
    pub(super) facts: &'a Facts<'a>,
    /// Sessions of viewers.
    pub(super) sessions: &'a [Session],
    /// A model's answers, if one was given.
    pub(super) answers: Option<&'a Answers>,
    /// The sentence where no server was found.
    pub(super) lacking: Option<&'a str>,
    /// `None` where no server was found.
    pub(super) traffic: Option<&'a Traffic>,
    /// Remarks for the user about damage and shortage.
    pub(super) remarks: &'a [String],
}

impl Page<'_> {
    /// The whole document.
    pub(super) fn markup(&self) -> Result<Markup, DrawingError> {
        let body = match self.traffic {
            Some(traffic) => self.sections(traffic)?,
            None => html! {
                section {
                    h2 { "No Netflix server was recognised" }
                    @if let Some(lacking) = self.lacking { p { (lacking) "." } }
                }
            },
        };
        Ok(html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="generator" content={ "nflx " (env!("CARGO_PKG_VERSION")) };
                    title { "Netflix in " (self.capture) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main {
                        header {
                            h1 { "Netflix in " span.capture { (self.capture) } }
                            (self.headline())
                        }
                        (body)
                        (self.notes())
                    }
                }
            }
        })
    }

    fn headline(&self) -> Markup {
        let packets = self.facts.engine.stats().packets;
        let Some(traffic) = self.traffic else {
            return html! { p.about { (thousands(packets)) " packets from " (date(self.start)) } };
        };
        let span = traffic.to().since(traffic.from);
        let video: Vec<_> = self.facts.video_servers().collect();
        html! {
            p.about {
                (thousands(packets)) " packets from " (date(self.start)) "; Netflix for " (short(span))
            }
            p.answer id="answer" {
                @match video.as_slice() {
                    [] => "No server was seen sending video.",
                    [one] => { "Video came from " (named(one)) "." }
                    several => {
                        "Video came from " (thousands(several.len() as u64)) " servers: "
                        @for (index, server) in several.iter().take(MAX_NAMED).enumerate() {
                            @if index > 0 { ", " }
                            (named(server))
                        }
                        @if several.len() > MAX_NAMED { ", and others" }
                        "."
                    }
                }
            }
        }
    }

    fn sections(&self, traffic: &Traffic) -> Result<Markup, DrawingError> {
        let axis = TimeAxis::new(self.start, traffic.from, traffic.to());
        let (timeline, rates) = (self.timeline(&axis)?, self.throughput(traffic, &axis)?);
        let (gaps, loss) = (self.gaps(&axis)?, self.loss(&axis)?);
        let viewer = viewer::section(self.sessions, self.answers, &axis, self.start)?;
        Ok(html! {
            (self.figures(traffic))
            section aria-labelledby="servers" {
                h2 id="servers" { "Servers" }
                p { "Traffic per server, and the evidence that identifies it as Netflix. Bytes are those of IP packets." }
                (tables::servers(self.facts))
            }
            (timeline)
            (viewer)
            (rates)
            (gaps)
            (loss)
        })
    }

    fn figures(&self, traffic: &Traffic) -> Markup {
        let facts = self.facts;
        let all = Sum::of(facts.segments.iter().copied());
        let sum = |part: fn(&Server) -> u64| facts.servers.iter().map(|server| part(server)).sum();
        html! {
            dl.figures {
                (figure("Video servers", html! {
                    data id="video-servers" value=(facts.video_servers().count()) { (facts.video_servers().count()) }
                    " of " data id="all-servers" value=(facts.servers.len()) { (thousands(facts.servers.len() as u64)) }
                }, html! { "Netflix addresses" }))
                (figure("From Netflix", bytes(sum(|server| server.counters.in_bytes)), html! {
                    (bytes(sum(|server| server.counters.out_bytes))) " to it"
                }))
                (figure("Segments", html! { span id="segment-count" { (count(all.count)) } }, html! {
                    @for (index, kind) in KINDS.into_iter().enumerate() {
                        @if index > 0 { " · " }
                        (thousands(facts.of_kind(kind).count() as u64)) " " (kind.as_str())
                    }
                }))
                (figure("Peak throughput", rate(traffic.peak()), html! { "over " (slice_text(traffic.length)) }))
                (figure("Filling the buffer", html! {
                    @if facts.phases.is_empty() { "not seen" } @else { (seconds(facts.filling_time())) }
                }, html! {
                    @match facts.phases.len() {
                        0 => {}
                        1 => "in one phase",
                        several => { "in " (thousands(several as u64)) " phases" }
                    }
                }))
                (figure("Sent again", html! {
                    @if all.has_loss() { (share(all.retransmitted, all.bytes)) } @else { "nothing" }
                }, html! {
                    @if all.missing > 0 { (share(all.missing, all.bytes)) " not captured" } @else { "nothing missing" }
                }))
            }
        }
    }

    fn timeline(&self, axis: &TimeAxis) -> Result<Markup, DrawingError> {
        let timeline = chart::timeline(self.facts, axis)?;
        Ok(html! {
            section aria-labelledby="segments" {
                h2 id="segments" { "Segments" }
                @if let Some(timeline) = timeline {
                    p {
                        "Each request and its response: a bar from the request to the last byte. Its height is the size, "
                        "on a square-root scale; the highest stands for " (scaled(timeline.largest as f64, "B")) "."
                    }
                    figure {
                        (timeline.drawing)
                        figcaption { (kinds_legend(&["video", "audio", "other"])) }
                    }
                    @if let Some((segments, bars)) = timeline.merged {
                        p.left-out {
                            (thousands(segments as u64)) " segments are drawn as " (thousands(bars as u64))
                            " bars: neighbours of one server and kind share a bar as high as the largest of them."
                        }
                    }
                    @if timeline.servers_left_out > 0 {
                        p.left-out {
                            (thousands(timeline.servers_left_out as u64)) " more servers with segments are not drawn."
                        }
                    }
                    (tables::kinds(self.facts))
                    (tables::segments(self.facts, self.start))
                } @else {
                    p { "No request was seen." }
                }
            }
        })
    }

    fn throughput(&self, traffic: &Traffic, axis: &TimeAxis) -> Result<Markup, DrawingError> {
        Ok(html! {
            section aria-labelledby="throughput" {
                h2 id="throughput" { "Throughput" }
                p {
                    "Bytes from Netflix, in slices of " (slice_text(traffic.length)) ". Where the background is green, "
                    "the player asked for video again as soon as the last segment came: it fills its buffer, or the link is "
                    "only just fast enough."
                }
                figure {
                    (chart::throughput(self.facts, traffic, axis)?)
                    figcaption {
                        (legend(&[("video", "servers that send video"), ("other", "other Netflix servers"),
                                  ("filling", "filling the buffer")]))
                    }
                }
                (tables::phases(self.facts, self.start))
                (tables::slices(traffic, self.start))
            }
        })
    }

    fn gaps(&self, axis: &TimeAxis) -> Result<Markup, DrawingError> {
        let gaps = chart::gaps(self.facts, axis)?;
        Ok(html! {
            section aria-labelledby="gaps" {
                h2 id="gaps" { "Time between requests" }
                p {
                    "The time from each request of a client to its next one of the same kind. With a full buffer, it settles at "
                    "the length of a segment."
                }
                @if let Some(gaps) = gaps {
                    figure {
                        (gaps.drawing)
                        figcaption { (kinds_legend(&["video", "audio"])) }
                    }
                    @if gaps.one_in > 1 {
                        p.left-out { "One in " (thousands(gaps.one_in as u64)) " is drawn; the table counts all." }
                    }
                }
                (tables::gaps(self.facts))
            }
        })
    }

    fn loss(&self, axis: &TimeAxis) -> Result<Markup, DrawingError> {
        let drawing = chart::loss(self.facts, axis)?;
        Ok(html! {
            section aria-labelledby="loss" {
                h2 id="loss" { "Loss" }
                @if let Some(drawing) = drawing {
                    p {
                        "Response bytes that the server sent again, and those that the client acknowledged but that are not in "
                        "the capture, by the time of their request."
                    }
                    figure {
                        (drawing)
                        figcaption { (legend(&[("again", "sent again"), ("missing", "never captured")])) }
                    }
                    (tables::loss(self.facts))
                } @else {
                    p { "No response byte was sent again, and none is missing in the capture." }
                }
            }
        })
    }

    fn notes(&self) -> Markup {
        let defaults = Config::default();
        let config = self.facts.engine.config();
        let changed = Config::SETTINGS
            .iter()
            .filter(|setting| config.get(setting.name) != defaults.get(setting.name));
        let changed: Vec<_> = changed.collect();
        let (estimated, shared) = (
            self.facts
                .segments
                .iter()
                .filter(|segment| segment.estimated)
                .count(),
            self.facts
                .segments
                .iter()
                .filter(|segment| segment.shared)
                .count(),
        );
        html! {
            section aria-labelledby="notes" {
                h2 id="notes" { "Notes" }
                ul {
                    @for remark in self.remarks { li.warning { "The capture " (escape::escaped(remark)) "." } }
                    @if estimated > 0 {
                        li {
                            (thousands(estimated as u64)) " segments have an estimated size without framing: records were "
                            "hidden by the snapshot length or a gap, or are QUIC's."
                        }
                    }
                    @if shared > 0 {
                        li {
                            (thousands(shared as u64)) " segments overlapped with others on one connection: their bytes were "
                            "divided among them."
                        }
                    }
                    @for setting in changed {
                        li {
                            "The setting " code { (setting.name) } " was " code { (escape::escaped(&config.get(setting.name).unwrap_or_default())) }
                            " instead of " code { (defaults.get(setting.name).unwrap_or_default()) } "."
                        }
                    }
                    li {
                        "Nothing was decrypted. The same numbers as tables: " code { "nflx servers" } ", "
                        code { "nflx segments" } ", " code { "nflx sessions" } "."
                    }
                }
                p.about { "nflx " (env!("CARGO_PKG_VERSION")) }
            }
        }
    }
}

fn named(server: &Server) -> Markup {
    html! {
        strong { (server.address) }
        @if server.name().is_some() { " (" (label(server)) ")" }
    }
}

fn figure(title: &str, value: Markup, more: Markup) -> Markup {
    html! { div { dt { (title) } dd { (value) } dd.more { (more) } } }
}

fn kinds_legend(kinds: &[&str]) -> Markup {
    legend(&kinds.iter().map(|kind| (*kind, *kind)).collect::<Vec<_>>())
}

fn legend(entries: &[(&str, &str)]) -> Markup {
    html! {
        @for (class, text) in entries {
            span.key { span class={ "swatch " (class) } aria-hidden="true" {} (text) }
        }
    }
}

/// Length of a slice of time: 200 ms, 2 s, 5 min.
fn slice_text(nanoseconds: i64) -> String {
    match nanoseconds {
        ..1_000_000_000 => format!("{} ms", nanoseconds / 1_000_000),
        1_000_000_000..60_000_000_000 => format!("{} s", nanoseconds / 1_000_000_000),
        60_000_000_000..3_600_000_000_000 => format!("{} min", nanoseconds / 60_000_000_000),
        _ => format!("{} h", nanoseconds / 3_600_000_000_000),
    }
}
