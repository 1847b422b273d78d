//! Tables: the page's numbers for those who want to read them, or cannot see the drawings.

use std::collections::BTreeMap;

use maud::{Markup, html};
use nflx_core::summary::RankedServer;
use nflx_core::{Counters, Kind, Segment, Time};

use super::facts::{Facts, KINDS, Sum, quantile, role_title};
use super::numbers::{bytes, count, label, rate, seconds, share};
use super::traffic::Traffic;
use crate::output::thousands;
use crate::rows::evidence_kinds;

/// Rows of the tables that grow with the capture.
const MAX_SERVERS: usize = 60;
const MAX_SEGMENTS: usize = 300;
const MAX_PHASES: usize = 50;
const MAX_LOSSY: usize = 20;
/// Rows that sum up the throughput.
const SLICES: usize = 60;

/// Servers with evidence, role and counters.
pub(super) fn servers(facts: &Facts<'_>) -> Markup {
    let (shown, others) = facts.servers.split_at(facts.servers.len().min(MAX_SERVERS));
    let rest = others.iter().fold(Counters::default(), |mut sum, server| {
        sum.add(&server.counters);
        sum
    });
    html! {
        // On narrow screens rows become cards, for which the roles must be said: styled otherwise,
        // tables lose theirs.
        table.cards role="table" aria-labelledby="servers" {
            thead role="rowgroup" {
                tr role="row" {
                    th role="columnheader" scope="col" { "Server" }
                    th role="columnheader" scope="col" { "Sends" }
                    th role="columnheader" scope="col" { "Evidence" }
                    @for title in ["Flows", "Segments", "In segments", "In", "Out"] {
                        th.number role="columnheader" scope="col" { (title) }
                    }
                }
            }
            tbody role="rowgroup" {
                @for server in shown { (server_row(server)) }
            }
        }
        @if !others.is_empty() {
            p.left-out {
                (thousands(others.len() as u64)) " more servers are not listed. Together they sent " (bytes(rest.in_bytes))
                " in " (count(rest.in_pkts)) " packets and got " (bytes(rest.out_bytes)) " in " (count(rest.out_pkts)) "."
            }
        }
    }
}

fn server_row(server: &RankedServer<'_>) -> Markup {
    let counters = &server.counters;
    html! {
        tr role="row" class=[server.role.sends_video().then_some("sends-video")] data-server=(server.address) {
            th role="rowheader" scope="row" {
                span.address { (server.address) }
                @if server.name().is_some() { span.name { (label(server)) } }
            }
            td role="cell" data-title="Sends" data-role=(server.role.as_str()) {
                span class={ "role " (server.role.as_str()) } { (role_title(server.role)) }
            }
            td role="cell" data-title="Evidence" { (evidence_kinds(server).join(", ")) }
            td.number role="cell" data-title="Flows" { (count(server.flows.into())) }
            td.number role="cell" data-title="Segments" { (count(server.segments.count.into())) }
            td.number role="cell" data-title="In segments" { (bytes(server.segments.bytes)) }
            td.number role="cell" data-title="In" {
                (bytes(counters.in_bytes)) span.packets { (count(counters.in_pkts)) " packets" }
            }
            td.number role="cell" data-title="Out" {
                (bytes(counters.out_bytes)) span.packets { (count(counters.out_pkts)) " packets" }
            }
        }
    }
}

/// Number and size of segments by kind.
pub(super) fn kinds(facts: &Facts<'_>) -> Markup {
    html! {
        (scrolled("Segments by kind", html! { table.small {
            caption { "Segments by kind" }
            thead { tr { (head("Kind")) (numbers(&["Segments", "Bytes", "Middle size", "Largest"])) } }
            tbody {
                @for kind in KINDS {
                    @let sum = Sum::of(facts.of_kind(kind));
                    @let sizes = sizes(facts, kind);
                    @if sum.count > 0 {
                        tr data-kind=(kind.as_str()) {
                            th scope="row" { (swatched(kind)) }
                            td.number { (count(sum.count)) }
                            td.number { (bytes(sum.bytes)) }
                            td.number { (bytes(quantile(&sizes, 0.5).unwrap_or_default().unsigned_abs())) }
                            td.number { (bytes(sizes.last().copied().unwrap_or_default().unsigned_abs())) }
                        }
                    }
                }
            }
        } }))
    }
}

/// Every segment, or the largest of many, in order of request.
pub(super) fn segments(facts: &Facts<'_>, start: Time) -> Markup {
    let mut shown = facts.segments.clone();
    shown.sort_by_key(|segment| std::cmp::Reverse(segment.bytes));
    shown.truncate(MAX_SEGMENTS);
    shown.sort_by_key(|segment| segment.number);
    let left_out = facts.segments.len() - shown.len();
    let summary = if left_out == 0 {
        format!("All {} segments", thousands(shown.len() as u64))
    } else {
        format!(
            "The largest {} of {} segments",
            shown.len(),
            thousands(facts.segments.len() as u64)
        )
    };
    html! {
        details id="segment-table" {
            summary { (summary) }
            @if left_out > 0 {
                p.left-out {
                    (thousands(left_out as u64)) " smaller segments are not listed; " code { "nflx segments" } " lists all."
                }
            }
            (scrolled("Segments", html! {
                table {
                    thead {
                        tr {
                            (numbers(&["Segment"])) (head("Server")) (head("Kind"))
                            (numbers(&["At", "Bytes", "First byte", "Duration", "Throughput", "Again", "Missing"]))
                            (head("Complete"))
                        }
                    }
                    tbody { @for segment in shown { (segment_row(facts, segment, start)) } }
                }
            }))
        }
    }
}

fn segment_row(facts: &Facts<'_>, segment: &Segment, start: Time) -> Markup {
    html! {
        tr data-segment=(segment.number) {
            th.number scope="row" { (segment.number) }
            td { @if let Some(server) = facts.engine.server(segment.server) { (server.address) } }
            td { (swatched(segment.kind)) }
            td.number { (seconds(segment.t_request.since(start))) }
            td.number { (bytes(segment.bytes)) }
            td.number { @if let Some(time) = segment.ttfb() { (seconds(time)) } }
            td.number { @if let Some(time) = segment.duration() { (seconds(time)) } }
            td.number { @if let Some(throughput) = segment.throughput() { (rate(throughput)) } }
            td.number { (bytes(segment.retransmitted_bytes)) }
            td.number { (bytes(segment.missing_bytes)) }
            td { @if segment.complete { "yes" } @else { "no" } }
        }
    }
}

/// Writes the phases in which the buffer is filled.
pub(super) fn phases(facts: &Facts<'_>, start: Time) -> Markup {
    if facts.phases.is_empty() {
        return html! { p { "No player was seen filling its buffer." } };
    }
    let left_out = facts.phases.len().saturating_sub(MAX_PHASES);
    html! {
        (scrolled("Phases in which the buffer is filled", html! {
            table.small {
                caption { "Filling the buffer" }
                thead {
                    tr { (head("Client")) (numbers(&["From", "To", "Video segments", "Bytes", "Throughput"])) }
                }
                tbody {
                    @for phase in facts.phases.iter().take(MAX_PHASES) {
                        @let length = phase.t_end.since(phase.t_start);
                        tr {
                            th scope="row" { (phase.client) }
                            td.number { (seconds(phase.t_start.since(start))) }
                            td.number { (seconds(phase.t_end.since(start))) }
                            td.number { (count(phase.segments.into())) }
                            td.number { (bytes(phase.bytes)) }
                            td.number { @if length > 0 { (rate(phase.bytes as f64 * 8e9 / length as f64)) } }
                        }
                    }
                }
            }
        }))
        @if left_out > 0 { p.left-out { (thousands(left_out as u64)) " later phases are not listed." } }
    }
}

/// The throughput in numbers.
pub(super) fn slices(traffic: &Traffic, start: Time) -> Markup {
    let traffic = traffic.coarser(SLICES);
    html! {
        details {
            summary { "Throughput in numbers" }
            (scrolled("Throughput", html! {
                table {
                    thead { tr { (numbers(&["From", "Servers of video", "Other servers", "To Netflix"])) } }
                    tbody {
                        @for (index, slice) in traffic.slices.iter().enumerate() {
                            @let from = traffic.from.since(start).saturating_add(traffic.length * index as i64);
                            tr {
                                th.number scope="row" { (seconds(from)) }
                                td.number { (rate(traffic.rate(slice.media_in))) }
                                td.number { (rate(traffic.rate(slice.other_in))) }
                                td.number { (rate(traffic.rate(slice.out))) }
                            }
                        }
                    }
                }
            }))
        }
    }
}

/// Time between requests by kind.
pub(super) fn gaps(facts: &Facts<'_>) -> Markup {
    html! {
        (scrolled("Time between requests by kind", html! {
            table.small {
                caption { "Time between requests" }
                thead { tr { (head("Kind")) (numbers(&["Gaps", "Shortest", "Middle", "90 % within", "Longest"])) } }
                tbody {
                    @for kind in KINDS {
                        @let lengths = facts.sorted_gaps(kind);
                        @if !lengths.is_empty() {
                            tr {
                                th scope="row" { (swatched(kind)) }
                                td.number { (count(lengths.len() as u64)) }
                                @for share in [0.0, 0.5, 0.9, 1.0] {
                                    td.number { @if let Some(length) = quantile(&lengths, share) { (seconds(length)) } }
                                }
                            }
                        }
                    }
                }
            }
        }))
    }
}

/// Loss by server.
pub(super) fn loss(facts: &Facts<'_>) -> Markup {
    let mut sums: BTreeMap<usize, Sum> = BTreeMap::new();
    for segment in &facts.segments {
        if let Some(rank) = facts.rank(segment) {
            let sum = sums.entry(rank).or_default();
            let one = Sum::of([*segment]);
            *sum = Sum {
                count: sum.count + 1,
                bytes: sum.bytes.saturating_add(one.bytes),
                retransmitted: sum.retransmitted.saturating_add(one.retransmitted),
                missing: sum.missing.saturating_add(one.missing),
            };
        }
    }
    sums.retain(|_, sum| sum.has_loss());
    let left_out = sums.len().saturating_sub(MAX_LOSSY);
    html! {
        (scrolled("Loss by server", html! {
            table.small {
                caption { "Loss by server" }
                thead {
                    tr { (head("Server")) (numbers(&["In segments", "Sent again", "Share", "Not captured", "Share"])) }
                }
                tbody {
                    @for (rank, sum) in sums.iter().take(MAX_LOSSY) {
                        tr {
                            th scope="row" { (facts.servers[*rank].address) }
                            td.number { (bytes(sum.bytes)) }
                            td.number { (bytes(sum.retransmitted)) }
                            td.number { (share(sum.retransmitted, sum.bytes)) }
                            td.number { (bytes(sum.missing)) }
                            td.number { (share(sum.missing, sum.bytes)) }
                        }
                    }
                }
            }
        }))
        @if left_out > 0 { p.left-out { (thousands(left_out as u64)) " more servers with loss are not listed." } }
    }
}

/// Sizes of the segments of one kind, the smallest first.
fn sizes(facts: &Facts<'_>, kind: Kind) -> Vec<i64> {
    let mut sizes: Vec<_> = facts
        .of_kind(kind)
        .map(|segment| i64::try_from(segment.bytes).unwrap_or(i64::MAX))
        .collect();
    sizes.sort_unstable();
    sizes
}

fn head(title: &str) -> Markup {
    html! { th scope="col" { (title) } }
}

fn numbers(titles: &[&str]) -> Markup {
    html! { @for title in titles { th.number scope="col" { (title) } } }
}

fn swatched(kind: Kind) -> Markup {
    html! { span class={ "swatch " (kind.as_str()) } aria-hidden="true" {} (kind.as_str()) }
}

/// A table that may be wider than the screen: it scrolls by itself, with the keyboard too.
fn scrolled(title: &str, table: Markup) -> Markup {
    html! { div.scrolled role="region" aria-label=(title) tabindex="0" { (table) } }
}
