//! What a capture holds, for the comment of its section.

use std::fmt::Write;

use nflx_core::note::{Grouped, Label, PREFIX, Seconds};
use nflx_core::{Engine, Role, Server};

use crate::rows::ranked;

/// Servers that are told one by one.
const LISTED: usize = 12;

/// A line about the capture and one about each server; `None` if there is none.
pub(super) fn summary(engine: &Engine) -> Option<String> {
    let servers = ranked(engine);
    let first = servers.iter().map(|server| server.t_first).min()?;
    let last = servers.iter().map(|server| server.t_last).max()?;
    let segments: u64 = servers.iter().map(|server| u64::from(server.segments)).sum();
    let bytes: u64 = servers.iter().map(|server| server.segment_bytes).sum();
    let mut text = format!(
        "{PREFIX}{}, {} of {} bytes in {}",
        count(servers.len() as u64, "Netflix server"),
        count(segments, "segment"),
        Grouped(bytes),
        Seconds(last.since(first).max(0)),
    );
    for server in servers.iter().take(LISTED) {
        line(&mut text, server);
    }
    if let Some(others @ 1..) = servers.len().checked_sub(LISTED) {
        let _ = write!(text, "\nand {}", count(others as u64, "further server"));
    }
    Some(text)
}

fn line(text: &mut String, server: &Server) {
    // Strings take all that is written to them.
    let _ = write!(text, "\n{}", Label(server));
    if server.name().is_some() {
        let _ = write!(text, " ({})", server.address);
    }
    if server.role != Role::Unknown {
        let _ = write!(text, ", role {}", server.role.as_str());
    }
    let bytes = Grouped(server.segment_bytes);
    let _ = write!(text, ": {} of {bytes} bytes", count(server.segments.into(), "segment"));
}

fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", Grouped(number), if number == 1 { "" } else { "s" })
}
