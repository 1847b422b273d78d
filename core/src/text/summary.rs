//! A few lines about a capture: for the comment of a section, read by people who only have
//! Wireshark.

use core::cmp::Reverse;
use core::fmt;
use core::fmt::Write;

use super::comment::{Grouped, Label, PREFIX, Seconds};
use crate::engine::Engine;
use crate::facts::segment::SegmentTotals;
use crate::facts::server::{Role, Server};

/// Largest number of servers listed individually.
const LISTED: usize = 12;

/// A server and the totals of its segments.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RankedServer<'a> {
    /// The server.
    pub server: &'a Server,
    /// The number and bytes of its segments.
    pub segments: SegmentTotals,
}

impl core::ops::Deref for RankedServer<'_> {
    type Target = Server;

    fn deref(&self) -> &Server {
        self.server
    }
}

/// Returns the servers of a capture that have packets, ordered by role (those that send video
/// first), then by the bytes of their segments. Leaves out servers that only a DNS answer names.
#[must_use]
pub fn ranked(engine: &Engine) -> Vec<RankedServer<'_>> {
    let servers = engine.servers().map(|(id, server)| RankedServer {
        server,
        segments: engine.server_segments(id),
    });
    let mut servers: Vec<_> = servers
        .filter(|server| server.counters.in_pkts + server.counters.out_pkts > 0)
        .collect();
    servers.sort_by_key(|server| {
        (
            server.role.order(),
            Reverse(server.segments.bytes),
            Reverse(server.counters.in_bytes),
            server.address,
        )
    });
    servers
}

/// One line about the capture, which begins with [`PREFIX`], and one about each server.
#[derive(Debug)]
#[non_exhaustive]
pub struct Summary<'a> {
    servers: Vec<RankedServer<'a>>,
    /// Time from the first packet of a server to the last, in nanoseconds.
    span: i64,
}

impl<'a> Summary<'a> {
    /// Summarises what an engine has seen; `None` if it has seen no server.
    #[must_use]
    pub fn of(engine: &'a Engine) -> Option<Self> {
        let servers = ranked(engine);
        let first = servers.iter().map(|server| server.t_first).min()?;
        let last = servers.iter().map(|server| server.t_last).max()?;
        Some(Self {
            servers,
            span: last.since(first).max(0),
        })
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let segments: u64 = self
            .servers
            .iter()
            .map(|server| u64::from(server.segments.count))
            .sum();
        let bytes: u64 = self
            .servers
            .iter()
            .map(|server| server.segments.bytes)
            .sum();
        let count = count(self.servers.len() as u64, "Netflix server");
        write!(f, "{PREFIX}{count}, {}", self::count(segments, "segment"))?;
        write!(f, " of {} bytes in {}", Grouped(bytes), Seconds(self.span))?;
        self.servers
            .iter()
            .take(LISTED)
            .try_for_each(|server| line(server, f))?;
        match self.servers.len().checked_sub(LISTED) {
            Some(others @ 1..) => {
                write!(f, "\nand {}", self::count(others as u64, "further server"))
            }
            _ => Ok(()),
        }
    }
}

fn line(server: &RankedServer<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "\n{}", Label(server))?;
    if server.name().is_some() {
        write!(f, " ({})", server.address)?;
    }
    if server.role != Role::Unknown {
        write!(f, ", role {}", server.role.as_str())?;
    }
    write!(
        f,
        ": {} of {} bytes",
        count(server.segments.count.into(), "segment"),
        Grouped(server.segments.bytes)
    )
}

fn count(number: u64, noun: &str) -> String {
    let mut text = Grouped(number).to_string();
    // Writing to a String cannot fail.
    let _ = write!(text, " {noun}{}", if number == 1 { "" } else { "s" });
    text
}
