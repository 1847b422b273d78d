//! One-line packet comments, for captures that are read by people who only have Wireshark.

use core::fmt;
use core::fmt::Write;
use core::net::IpAddr;

use crate::facts::annotation::Annotation;
use crate::facts::counters::Direction;
use crate::facts::segment::{Kind, Segment};
use crate::facts::server::{Role, Server};
use crate::wire::host_name::MAX_HOST_NAME;

/// The start of every comment of ours, by which it is recognised when an annotated capture is
/// annotated again.
pub const PREFIX: &str = "nflx: ";

/// Longest name that a comment shows. Valid names are no longer (RFC 1035, section 2.3.4), but a
/// packet may claim anything.
const MAX_NAME: usize = MAX_HOST_NAME;

/// A packet, and the facts known about its server and segment.
#[derive(Clone, Copy, Debug)]
pub struct PacketComment<'a> {
    /// Number of the packet.
    pub frame: u64,
    /// The engine's annotation of the packet.
    pub annotation: &'a Annotation,
    /// The server.
    pub server: &'a Server,
    /// The segment named by the annotation, if it is still held.
    pub segment: Option<&'a Segment>,
    /// True if the whole capture has been read, so that the segment's totals are known.
    pub settled: bool,
}

impl PacketComment<'_> {
    /// Returns true if the packet begins a request or ends a segment.
    #[must_use]
    pub fn is_landmark(&self) -> bool {
        self.annotation.request || self.ends().is_some()
    }

    /// Returns the segment if its totals are known.
    fn known(&self) -> Option<&Segment> {
        self.segment
            .filter(|segment| self.settled || segment.complete)
    }

    /// Returns the segment if this is its last packet.
    fn ends(&self) -> Option<&Segment> {
        self.known()
            .filter(|segment| segment.last_frame == Some(self.frame))
    }
}

impl PacketComment<'_> {
    /// Appends the comment: [`PREFIX`], direction, what the packet is, the server, and the bytes so
    /// far or in total.
    ///
    /// Writes the same text as [`fmt::Display`] in a quarter of the instructions, because every
    /// packet of a capture gets a comment.
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
            // The kind depends on the segment's size, which is not known earlier.
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

    /// Appends how much of the segment has come, for packets that carry some of it.
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

/// Writes the same text as [`PacketComment::append_to`].
impl fmt::Display for PacketComment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(f, |text| self.append_to(text))
    }
}

/// Appends a finished segment's size, time and losses.
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

/// Displays a server's name, or its address if no name identified it.
///
/// Anybody may have sent the packets that names come from, so characters that cannot occur in a
/// host name show as `?`.
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

/// Displays a number with separators: 1,245,184.
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

/// Displays non-negative nanoseconds as seconds to the millisecond: 0.620 s.
#[derive(Clone, Copy, Debug)]
pub struct Seconds(pub i64);

impl Seconds {
    fn append_to(self, text: &mut String) {
        let milliseconds = (self.0.unsigned_abs() + 500_000) / 1_000_000;
        push_number(text, milliseconds / 1000);
        // The added 1 keeps leading zeros, and is cut off.
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
        // Writing to a String cannot fail.
        IpAddr::V6(address) => drop(write!(text, "{address}")),
    }
}

fn push_all<const COUNT: usize>(text: &mut String, parts: [&str; COUNT]) {
    parts.into_iter().for_each(|part| text.push_str(part));
}

/// Displays the text that `append` appends.
fn shown(f: &mut fmt::Formatter<'_>, append: impl FnOnce(&mut String)) -> fmt::Result {
    let mut text = String::new();
    append(&mut text);
    f.write_str(&text)
}

#[cfg(test)]
mod tests;
