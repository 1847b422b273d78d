//! Observations of one pass through a capture.

use std::collections::HashSet;

use nflx_core::{Annotation, Engine, LinkType, Packet, Stats, Time, features};

use crate::capture::UnknownLinkType;
use crate::observations;

/// Observations of one pass, besides the engine's results.
#[derive(Default)]
pub(crate) struct Seen {
    /// Time of the first packet.
    pub(crate) start: Option<Time>,
    unknown_link_types: Vec<u16>,
    judged: HashSet<LinkType>,
    last_link_type: Option<LinkType>,
}

impl Seen {
    /// Passes a packet to the engine.
    #[inline(always)]
    pub(crate) fn packet(
        &mut self,
        engine: &mut Engine,
        packet: &Packet<'_>,
    ) -> Option<Annotation> {
        // The engine knows which link types are unknown: check it at the first packet of each.
        let new =
            self.last_link_type != Some(packet.link_type) && self.judged.insert(packet.link_type);
        let unknown_before = if new {
            engine.stats().unknown_link_type
        } else {
            0
        };
        let annotation = engine.packet(packet);
        if new {
            self.start.get_or_insert(packet.time);
            if engine.stats().unknown_link_type > unknown_before {
                self.unknown_link_types.push(packet.link_type.0);
            }
        }
        self.last_link_type = Some(packet.link_type);
        annotation
    }

    /// Returns an unknown link type, if no packet has a known one.
    pub(crate) fn only_unknown_link_types(&self, stats: &Stats) -> Option<u32> {
        let number = self.unknown_link_types.first()?;
        (stats.unknown_link_type == stats.packets).then_some((*number).into())
    }

    /// Returns sentences about a capture, besides its damage.
    pub(crate) fn sentences(
        &self,
        engine: &Engine,
        windows: &features::WindowStats,
    ) -> Vec<String> {
        let stats = engine.stats();
        let servers = (windows.servers_lost > 0).then(|| {
            format!(
                "{} packets were of more servers at once than a window tells apart; rows that do not wait for the end lack them",
                windows.servers_lost
            )
        });
        let rest = self.unknown().into_iter().chain(shortage(&stats, windows));
        let rest = rest.chain(servers);
        let contradicted = engine
            .segments()
            .filter(|segment| segment.is_contradicted());
        let beyond_leaps = engine
            .segments()
            .filter(|segment| segment.beyond_step.last());
        rest.chain(observations::sentences(&stats, engine.unfollowed()))
            .chain(observations::leaps(&stats, beyond_leaps.count()))
            .chain(observations::contradicted_times(
                &stats,
                contradicted.count(),
            ))
            .collect()
    }

    /// Returns a sentence about packets of unknown link types next to known ones, which is not
    /// damage.
    fn unknown(&self) -> Option<String> {
        let (first, others) = self.unknown_link_types.split_first()?;
        let others = if others.is_empty() {
            ""
        } else {
            " (nor are others in it)"
        };
        Some(format!(
            "{}{others}; packets of known types were used",
            UnknownLinkType((*first).into())
        ))
    }
}

fn shortage(stats: &Stats, windows: &features::WindowStats) -> Option<String> {
    let counts = [
        (stats.flows_evicted, "flows", "max_flows"),
        (stats.hosts_evicted, "addresses", "max_flows"),
        (stats.servers_dropped, "servers", "max_servers"),
        (stats.segments_evicted, "segments", "max_segments"),
        (
            stats.connections_evicted,
            "followed flows",
            "max_connections or connection_bytes",
        ),
        (stats.reorder_dropped, "reordered bytes", "reorder_bytes"),
        (
            stats.fragments_dropped,
            "fragmented packets",
            "fragment_packets or fragment_bytes",
        ),
        (windows.sessions_evicted, "sessions", "max_sessions"),
        (windows.flows_evicted, "flows in windows", "max_connections"),
        (
            windows.window_values_sampled,
            "values of windows (medians are of a sample)",
            "window_values",
        ),
        (
            windows.session_values_sampled,
            "values of sessions (percentiles are of a sample)",
            "session_values",
        ),
        (
            windows.rows_hurried,
            "rows (written before they were due)",
            "kept_windows",
        ),
    ];
    let short: Vec<_> = counts.iter().filter(|(count, ..)| *count > 0).collect();
    let lost: Vec<_> = short
        .iter()
        .map(|(count, what, _)| format!("{count} {what}"))
        .collect();
    let mut settings: Vec<_> = short.iter().map(|(.., setting)| *setting).collect();
    settings.dedup();
    (!short.is_empty()).then(|| {
        format!(
            "had no room for {}; raise {} with --set NAME=VALUE",
            lost.join(", "),
            settings.join(" and ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortages_name_the_setting() {
        assert_eq!(
            shortage(&Stats::default(), &features::WindowStats::default()),
            None
        );
        let mut stats = Stats::default();
        (stats.flows_evicted, stats.hosts_evicted) = (3, 2);
        stats.segments_evicted = 1;
        assert_eq!(
            shortage(&stats, &features::WindowStats::default()).as_deref(),
            Some(
                "had no room for 3 flows, 2 addresses, 1 segments; raise max_flows and max_segments \
                 with --set NAME=VALUE"
            )
        );
    }
}
