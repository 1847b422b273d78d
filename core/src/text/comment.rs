//! What is said about a packet in one line, for comments in captures that travel to people who have Wireshark only.

use core::fmt;
use core::fmt::Write;
use core::net::IpAddr;

use crate::facts::annotation::Annotation;
use crate::facts::counters::Direction;
use crate::facts::segment::{Kind, Segment};
use crate::facts::server::{Role, Server};

/// The words that begin every note, so that it is known as ours when an annotated capture is
/// annotated again.
pub const PREFIX: &str = "nflx: ";

/// Longest name that a note shows. Names are at most this long (RFC 1035, section 2.3.4); what claims to be one may not.
const MAX_NAME: usize = 253;

/// A packet and what is known of its server and segment.
#[derive(Clone, Copy, Debug)]
pub struct Note<'a> {
    /// Number of the packet.
    pub frame: u64,
    /// The engine's annotation of it.
    pub annotation: &'a Annotation,
    /// Its server.
    pub server: &'a Server,
    /// The segment that the annotation names, if it is still held.
    pub segment: Option<&'a Segment>,
    /// The whole capture is known, and with it the segment's totals.
    pub settled: bool,
}

impl Note<'_> {
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

impl Note<'_> {
    /// Appends the note: [`PREFIX`], direction, what the packet is, the server, and what is to be said of its bytes.
    ///
    /// It is what [`fmt::Display`] shows, in a quarter of the instructions: a capture gets one for each of its packets.
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

/// [`Note::append_to`].
impl fmt::Display for Note<'_> {
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
mod tests {
    use super::*;
    use crate::facts::counters::Counters;
    use crate::facts::segment::Transport;
    use crate::facts::server::{Evidence, EvidenceKind};
    use crate::packet::Time;

    const NAME: &str = "ipv4-c001-fra001-ix.1.oca.nflxvideo.net";

    fn server(name: &str) -> Server {
        let evidence = Evidence {
            kind: EvidenceKind::Sni,
            source: name.into(),
            frame: 1,
        };
        Server {
            address: IpAddr::from([23, 246, 11, 141]),
            evidence: vec![evidence],
            role: Role::Video,
            role_reason: crate::RoleReason::None,
            flows: 1,
            counters: Counters::default(),
            duplicates: 0,
            t_first: Time(0),
            t_last: Time(0),
        }
    }

    fn segment() -> Segment {
        Segment {
            number: 17,
            index: 1,
            previous: None,
            next: None,
            server: 0,
            flow: 3,
            client: IpAddr::from([10, 0, 0, 2]),
            client_port: 50_000,
            server_port: 443,
            transport: Transport::Tcp,
            kind: Kind::Video,
            kind_reason: crate::KindReason::Pending,
            request_frame: 10,
            first_frame: Some(12),
            last_frame: Some(90),
            t_request: Time(0),
            t_first: Some(Time(20_000_000)),
            t_last: Some(Time(619_600_000)),
            pkts: 70,
            bytes: 1_245_184,
            app_bytes: 1_240_000,
            retransmitted_bytes: 0,
            missing_bytes: 0,
            size_error: 0,
            complete: true,
            estimated: false,
            shared: false,
            inferred: false,
            own_evidence: None,
            own_name: None,
            via: None,
            settled: false,
            throughput_min: 0,
        }
    }

    fn annotation(direction: Direction, segment: Option<u32>) -> Annotation {
        Annotation {
            server: 0,
            flow: Some(3),
            direction,
            request: false,
            truncated: false,
            missing: false,
            duplicate: false,
            full: false,
            segment,
            bytes_so_far: 62_304,
            server_counters: Counters::default(),
            flow_counters: Counters::default(),
        }
    }

    fn note(
        frame: u64,
        annotation: &Annotation,
        segment: Option<&Segment>,
        settled: bool,
    ) -> String {
        Note {
            frame,
            annotation,
            server: &server(NAME),
            segment,
            settled,
        }
        .to_string()
    }

    #[test]
    fn landmarks_tell_totals_once_they_are_known() {
        let request = Annotation {
            request: true,
            ..annotation(Direction::Out, Some(17))
        };
        let whole = segment();
        let said = format!(
            "nflx: out request segment 17 (video) {NAME}, flow 3: 1,245,184 bytes in 0.620 s"
        );
        assert_eq!(note(10, &request, Some(&whole), true), said);
        let begun = Segment {
            complete: false,
            kind: Kind::Other,
            last_frame: None,
            ..segment()
        };
        assert_eq!(
            note(10, &request, Some(&begun), false),
            format!("nflx: out request segment 17 {NAME}, flow 3")
        );
        assert!(note(10, &request, Some(&begun), true).ends_with(": no response"));

        let data = annotation(Direction::In, Some(17));
        let said = format!(
            "nflx: in end of segment 17 (video) {NAME}, flow 3: 1,245,184 bytes in 0.620 s"
        );
        assert_eq!(note(90, &data, Some(&whole), false), said);
        let open = Segment {
            complete: false,
            missing_bytes: 1448,
            size_error: 0,
            retransmitted_bytes: 2896,
            ..segment()
        };
        let tail = "0.620 s, 1,448 of them not captured, 2,896 retransmitted, still open at the end of the capture";
        assert!(note(90, &data, Some(&open), true).ends_with(tail));
    }

    #[test]
    fn packets_between_tell_how_far_it_is() {
        let data = annotation(Direction::In, Some(17));
        let (whole, open) = (
            segment(),
            Segment {
                complete: false,
                ..segment()
            },
        );
        let head = format!("nflx: in segment 17 (video) {NAME}, flow 3: 62,304 ");
        assert_eq!(
            note(50, &data, Some(&whole), true),
            format!("{head}of 1,245,184 bytes")
        );
        // As long as more may come, neither the end nor the kind is known.
        assert_eq!(
            note(90, &data, Some(&open), false),
            format!("{} bytes", head.trim_end()).replace(" (video)", "")
        );
        assert_eq!(
            note(90, &data, None, true),
            format!("{} bytes", head.trim_end()).replace(" (video)", "")
        );
        let rest_of_request = annotation(Direction::Out, Some(17));
        assert!(note(11, &rest_of_request, Some(&whole), true).ends_with(", flow 3"));
    }

    #[test]
    fn packets_without_a_segment_tell_what_the_server_does() {
        let other = annotation(Direction::Out, None);
        assert_eq!(
            note(5, &other, None, true),
            format!("nflx: out {NAME}, role video, flow 3")
        );
        let fragment = Annotation {
            flow: None,
            ..other
        };
        assert_eq!(
            note(5, &fragment, None, true),
            format!("nflx: out {NAME}, role video")
        );
    }

    #[test]
    fn names_stay_on_their_line() {
        assert_eq!(
            Label(&server("a\nnflx: b\u{e9}\0")).to_string(),
            "a?nflx:?b??"
        );
        assert_eq!(Label(&server("")).to_string(), "23.246.11.141");
        assert_eq!(
            Label(&server(&"x".repeat(9000))).to_string().len(),
            MAX_NAME
        );
        for longest in ["x".repeat(MAX_NAME), "\u{e9}".repeat(MAX_NAME)] {
            assert_eq!(
                Label(&server(&longest)).to_string(),
                longest.replace('\u{e9}', "?")
            );
        }
    }

    #[test]
    fn servers_without_a_name_show_their_address() {
        for address in [
            "0.0.0.0",
            "23.246.11.141",
            "255.255.255.255",
            "::",
            "2a00:86c0:ff0a::19",
            "::ffff:23.246.0.9",
        ] {
            let address: IpAddr = address.parse().expect("an address");
            assert_eq!(
                Label(&Server {
                    address,
                    ..server("")
                })
                .to_string(),
                address.to_string()
            );
        }
    }

    #[test]
    fn numbers_for_people() {
        for (number, said) in [
            (0, "0"),
            (10, "10"),
            (999, "999"),
            (1000, "1,000"),
            (99_999, "99,999"),
            (100_000, "100,000"),
            (1_000_000, "1,000,000"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(Grouped(number).to_string(), said);
        }
        for (nanoseconds, said) in [
            (0, "0.000 s"),
            (499_999, "0.000 s"),
            (500_000, "0.001 s"),
            (59_999_500_000, "60.000 s"),
        ] {
            assert_eq!(Seconds(nanoseconds).to_string(), said);
        }
        assert_eq!(Seconds(1_000_499_999).to_string(), "1.000 s");
        assert_eq!(Seconds(i64::MAX).to_string(), "9223372036.855 s");
    }
}
