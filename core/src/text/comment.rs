//! A line about a packet, for comments in captures that travel to people who have Wireshark only.

use core::fmt;
use core::fmt::Write;
use core::net::IpAddr;

use crate::facts::annotation::Annotation;
use crate::facts::counters::Direction;
use crate::facts::segment::{Kind, Segment};
use crate::facts::server::{Role, Server};
use crate::wire::host_name::MAX_HOST_NAME;

/// The words that begin every note, so that it is known as ours when an annotated capture is
/// annotated again.
pub const PREFIX: &str = "nflx: ";

/// Longest name that a comment shows: names are no longer, but what a host passes for one may be.
const MAX_NAME: usize = MAX_HOST_NAME;

/// A packet and what is known of its server and segment.
#[derive(Clone, Copy, Debug)]
pub struct PacketComment<'a> {
    /// Number of the packet.
    pub frame: u64,
    /// The engine's annotation of it.
    pub annotation: &'a Annotation,
    /// The server.
    pub server: &'a Server,
    /// The segment that the annotation names, if it is still held.
    pub segment: Option<&'a Segment>,
    /// The whole capture is known, and with it the segment's totals.
    pub settled: bool,
}

impl PacketComment<'_> {
    /// Returns true if the packet begins a request or is the last of a segment.
    #[must_use]
    pub fn is_landmark(&self) -> bool {
        self.annotation.request || self.ends().is_some()
    }

    /// The segment, if its totals are known.
    fn known(&self) -> Option<&Segment> {
        self.segment
            .filter(|segment| self.settled || segment.complete)
    }

    /// The segment, if this is its last packet.
    fn ends(&self) -> Option<&Segment> {
        self.known()
            .filter(|segment| segment.last_frame == Some(self.frame))
    }
}

impl PacketComment<'_> {
    /// Appends the note: [`PREFIX`], direction, what the packet is, the server, and what is to be said of its bytes.
    ///
    /// Gives what [`fmt::Display`] shows, in a quarter of the instructions: a capture gets one for each of its packets.
    pub fn append_to(&self, text: &mut String) {
        text.push_str(PREFIX);
        text.push_str(self.annotation.direction.as_str());
        let ends = self.ends();
        match (self.annotation.request, ends) {
            (true, _) => text.push_str(" request"),
            (false, Some(_)) => text.push_str(" end of"),
            (false, None) => {}
        }
        if let Some(number) = self.annotation.segment {
            text.push_str(" segment ");
            push_number(text, number.into());
            // What it holds shows in its size, which is not known before.
            if let Some(segment) = self.known().filter(|segment| segment.kind != Kind::Other) {
                push_all(text, [" (", segment.kind.as_str(), ")"]);
            }
        }
        text.push(' ');
        Label(self.server).append_to(text);
        if self.annotation.segment.is_none() && self.server.role != Role::Unknown {
            push_all(text, [", role ", self.server.role.as_str()]);
        }
        if let Some(flow) = self.annotation.flow {
            text.push_str(", flow ");
            push_number(text, flow.into());
        }
        match self.known() {
            Some(segment) if self.annotation.request || ends.is_some() => {
                text.push_str(": ");
                total(segment, text);
            }
            known => self.progress(known, text),
        }
    }

    /// Returns how much of the segment has come, on packets that brought some of it.
    fn progress(&self, known: Option<&Segment>, text: &mut String) {
        if self.annotation.segment.is_none()
            || self.annotation.request
            || self.annotation.direction != Direction::In
        {
            return;
        }
        text.push_str(": ");
        Grouped(self.annotation.bytes_so_far).append_to(text);
        if let Some(segment) = known {
            text.push_str(" of ");
            Grouped(segment.bytes).append_to(text);
        }
        text.push_str(" bytes");
    }
}

/// [`PacketComment::append_to`].
impl fmt::Display for PacketComment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(f, |text| self.append_to(text))
    }
}

/// Returns what a segment was in the end.
fn total(segment: &Segment, text: &mut String) {
    if segment.last_frame.is_none() {
        return text.push_str("no response");
    }
    Grouped(segment.bytes).append_to(text);
    text.push_str(" bytes");
    if let Some(nanoseconds) = segment.duration() {
        text.push_str(" in ");
        Seconds(nanoseconds).append_to(text);
    }
    if segment.missing_bytes > 0 {
        text.push_str(", ");
        Grouped(segment.missing_bytes).append_to(text);
        text.push_str(" of them not captured");
    }
    if segment.retransmitted_bytes > 0 {
        text.push_str(", ");
        Grouped(segment.retransmitted_bytes).append_to(text);
        text.push_str(" retransmitted");
    }
    if !segment.complete {
        text.push_str(", still open at the end of the capture");
    }
}

/// A server's name, or its address where no name identified it.
///
/// Names come from packets that anybody may have sent: what has no place in a host name shows as `?`.
#[derive(Clone, Copy, Debug)]
pub struct Label<'a>(pub &'a Server);

impl Label<'_> {
    fn append_to(self, text: &mut String) {
        match self.0.name() {
            Some(name) if !name.is_empty() => {
                if name.len() <= MAX_NAME && name.bytes().all(|byte| byte.is_ascii_graphic()) {
                    text.push_str(name);
                } else {
                    text.extend(
                        name.chars()
                            .take(MAX_NAME)
                            .map(|c| if c.is_ascii_graphic() { c } else { '?' }),
                    );
                }
            }
            _ => push_address(text, self.0.address),
        }
    }
}

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(f, |text| self.append_to(text))
    }
}

/// A number with separators: 1,245,184.
#[derive(Clone, Copy, Debug)]
pub struct Grouped(pub u64);

impl Grouped {
    fn append_to(self, text: &mut String) {
        let mut buffer = itoa::Buffer::new();
        let mut rest = buffer.format(self.0);
        // The first group may be shorter.
        let mut group = (rest.len() - 1) % 3 + 1;
        while let Some((digits, others)) = rest
            .split_at_checked(group)
            .filter(|(_, others)| !others.is_empty())
        {
            push_all(text, [digits, ","]);
            (rest, group) = (others, 3);
        }
        text.push_str(rest);
    }
}

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(f, |text| self.append_to(text))
    }
}

/// Nanoseconds, not negative, as seconds to the millisecond: 0.620 s.
#[derive(Clone, Copy, Debug)]
pub struct Seconds(pub i64);

impl Seconds {
    fn append_to(self, text: &mut String) {
        let milliseconds = (self.0.unsigned_abs() + 500_000) / 1_000_000;
        push_number(text, milliseconds / 1000);
        // The one in front keeps zeros, and is left out.
        let mut buffer = itoa::Buffer::new();
        push_all(
            text,
            [".", &buffer.format(1000 + milliseconds % 1000)[1..], " s"],
        );
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(f, |text| self.append_to(text))
    }
}

fn push_number(text: &mut String, number: u64) {
    text.push_str(itoa::Buffer::new().format(number));
}

fn push_address(text: &mut String, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            let [first, others @ ..] = address.octets();
            push_number(text, first.into());
            for octet in others {
                text.push('.');
                push_number(text, octet.into());
            }
        }
        // Strings take all that is written to them.
        IpAddr::V6(address) => drop(write!(text, "{address}")),
    }
}

fn push_all<const COUNT: usize>(text: &mut String, parts: [&str; COUNT]) {
    parts.into_iter().for_each(|part| text.push_str(part));
}

/// Shows what `append` appends.
fn shown(f: &mut fmt::Formatter<'_>, append: impl FnOnce(&mut String)) -> fmt::Result {
    let mut text = String::new();
    append(&mut text);
    f.write_str(&text)
}

#[cfg(test)]
mod tests;
