//! Captures of the same time with one direction each, as two taps of one line write them.

use std::net::IpAddr;

use nflx_core::Time;
use nflx_core::summary::ranked;

use crate::analysis::Study;

/// Number of captures that are compared with each other.
const MOST_COMPARED: usize = 256;

/// The directions of traffic with Netflix's servers that a capture holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    /// The clients' packets.
    Up,
    /// The servers' packets.
    Down,
    /// Nothing that was recognised.
    Unknown,
}

/// A capture that does not hold both directions.
#[derive(Debug)]
pub(super) struct OneWay {
    name: String,
    half: Half,
    span: (Time, Time),
    servers: Vec<IpAddr>,
}

impl OneWay {
    /// Returns `None` for a capture with both directions, or with nothing to say which.
    pub(super) fn of(study: &Study) -> Option<Self> {
        let engine = &study.engine;
        let servers = ranked(engine);
        let is_up = servers.iter().all(|server| server.counters.in_pkts == 0);
        let is_down = servers.iter().all(|server| server.counters.out_pkts == 0);
        let half = match (is_up, is_down) {
            _ if study.is_empty() => return None,
            (true, true) => Half::Unknown,
            // Packets without an answer make no segment.
            _ if engine.segment_numbers().is_empty() => return None,
            (true, false) => Half::Up,
            (false, true) => Half::Down,
            (false, false) => return None,
        };
        Some(Self {
            name: study.name(),
            half,
            span: (study.start, engine.latest()),
            servers: servers.iter().map(|server| server.address).collect(),
        })
    }

    /// Returns true if `other` may hold the other direction.
    fn completes(&self, other: &Self) -> bool {
        let is_of_the_time = self.span.0 <= other.span.1 && other.span.0 <= self.span.1;
        is_of_the_time
            && match (self.half, other.half) {
                (Half::Up, Half::Down) => self.servers.iter().any(|it| other.servers.contains(it)),
                (Half::Up | Half::Down, Half::Unknown) => true,
                _ => false,
            }
    }

    const fn holds(&self) -> &'static str {
        match self.half {
            Half::Up => "holds only what clients sent to Netflix's servers",
            Half::Down => "holds only what Netflix's servers sent",
            Half::Unknown => "has no server that was recognised",
        }
    }
}

/// Returns a sentence if two captures look like the directions of one.
pub(super) fn sentence(captures: &[OneWay]) -> Option<String> {
    let captures = &captures[..captures.len().min(MOST_COMPARED)];
    let pairs = captures
        .iter()
        .flat_map(|one| captures.iter().map(move |other| (one, other)));
    let (one, other) = pairs
        .filter(|(one, other)| one.completes(other))
        .min_by_key(|(_, other)| other.half == Half::Unknown)?;
    Some(format!(
        "{} {}, and {}, of the same time, {}: they look like the directions of one line, and what each lacks is missing or \
         inferred; --join reads them as one capture, with --no-join this is not said",
        one.name,
        one.holds(),
        other.name,
        other.holds()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(name: &str, half: Half, span: (i64, i64), server: u8) -> OneWay {
        OneWay {
            name: name.to_owned(),
            half,
            span: (Time(span.0), Time(span.1)),
            servers: vec![IpAddr::from([192, 0, 2, server])],
        }
    }

    #[test]
    fn directions_of_one_line_are_of_one_time_and_of_one_server() {
        let up = || capture("up", Half::Up, (100, 200), 1);
        let said = |other: OneWay| sentence(&[other, up()]);
        for span in [(200, 300), (0, 100), (120, 130)] {
            let said = said(capture("down", Half::Down, span, 1)).expect("a pair");
            assert!(
                said.starts_with("up holds only what clients sent"),
                "{said}"
            );
            assert!(
                said.contains("and down, of the same time, holds only what Netflix's servers sent")
            );
            assert!(said.contains("--join reads them"));
            assert!(self::sentence(&[up(), capture("?", Half::Unknown, span, 1)]).is_some());
        }
        for other in [
            capture("down", Half::Down, (201, 300), 1),
            capture("down", Half::Down, (0, 99), 1),
            capture("down", Half::Down, (100, 200), 2),
            capture("up", Half::Up, (100, 200), 1),
            capture("?", Half::Unknown, (201, 300), 1),
        ] {
            assert_eq!(said(other), None);
        }
        // The one that is certain is named.
        let unknown = capture("?", Half::Unknown, (100, 200), 1);
        let said = sentence(&[unknown, up(), capture("down", Half::Down, (100, 200), 1)]);
        assert!(said.expect("a pair").contains("and down, "));
    }

    #[test]
    fn so_many_captures_are_compared() {
        let mut captures: Vec<_> = (1..MOST_COMPARED)
            .map(|_| capture("other", Half::Up, (0, 1), 1))
            .collect();
        captures.push(capture("down", Half::Down, (0, 1), 1));
        assert!(sentence(&captures).is_some());
        captures.insert(0, capture("other", Half::Up, (0, 1), 1));
        assert!(sentence(&captures).is_none());
    }
}
