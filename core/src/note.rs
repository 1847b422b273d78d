//! What is said about a packet in one line, for comments in captures that travel to people who have Wireshark only.

use core::fmt::{self, Write};

use crate::annotation::Annotation;
use crate::counters::Direction;
use crate::segment::{Kind, Segment};
use crate::service::{Role, Server};

/// What every note begins with, so that it is known as ours when an annotated capture is annotated again.
pub const PREFIX: &str = "nflx: ";

/// Longest name that a note shows. Names are at most this long (RFC 1035, section 2.3.4); what claims to be one may not.
const MAX_NAME: usize = 253;

/// A packet and what is known of its server and segment.
#[derive(Clone, Copy, Debug)]
pub struct Note<'a> {
    /// Number of the packet.
    pub frame: u64,
    /// What the engine said about it.
    pub annotation: &'a Annotation,
    /// Its server.
    pub server: &'a Server,
    /// The segment that the annotation names, if it is still held.
    pub segment: Option<&'a Segment>,
    /// The whole capture is known, and with it the segment's totals.
    pub settled: bool,
}

impl Note<'_> {
    /// Whether the packet begins a request or is the last of a segment.
    #[must_use]
    pub fn is_landmark(&self) -> bool {
        self.annotation.request || self.ends().is_some()
    }

    /// The segment, if its totals are known.
    fn known(&self) -> Option<&Segment> {
        self.segment.filter(|segment| self.settled || segment.complete)
    }

    /// The segment, if this is its last packet.
    fn ends(&self) -> Option<&Segment> {
        self.known().filter(|segment| segment.last_frame == Some(self.frame))
    }
}

/// The note: [`PREFIX`], direction, what the packet is, the server, and what is to be said of its bytes.
impl fmt::Display for Note<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.annotation.direction.as_str())?;
        let ends = self.ends();
        match (self.annotation.request, ends) {
            (true, _) => f.write_str(" request")?,
            (false, Some(_)) => f.write_str(" end of")?,
            (false, None) => {}
        }
        if let Some(number) = self.annotation.segment {
            write!(f, " segment {number}")?;
            // What it holds shows in its size, which is not known before.
            if let Some(segment) = self.known().filter(|segment| segment.kind != Kind::Other) {
                write!(f, " ({})", segment.kind.as_str())?;
            }
        }
        write!(f, " {}", Label(self.server))?;
        if self.annotation.segment.is_none() && self.server.role != Role::Unknown {
            write!(f, ", role {}", self.server.role.as_str())?;
        }
        if let Some(flow) = self.annotation.flow {
            write!(f, ", flow {flow}")?;
        }
        match self.known() {
            Some(segment) if self.annotation.request || ends.is_some() => write!(f, ": {}", Total(segment)),
            known => self.progress(known, f),
        }
    }
}

impl Note<'_> {
    /// How much of the segment has come, on packets that brought some of it.
    fn progress(&self, known: Option<&Segment>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.annotation.segment.is_none() || self.annotation.request || self.annotation.direction != Direction::In {
            return Ok(());
        }
        write!(f, ": {}", Grouped(self.annotation.bytes_so_far))?;
        if let Some(segment) = known {
            write!(f, " of {}", Grouped(segment.bytes))?;
        }
        f.write_str(" bytes")
    }
}

/// What a segment was in the end.
struct Total<'a>(&'a Segment);

impl fmt::Display for Total<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(segment) = self;
        if segment.last_frame.is_none() {
            return f.write_str("no response");
        }
        write!(f, "{} bytes", Grouped(segment.bytes))?;
        if let Some(nanoseconds) = segment.duration().filter(|&duration| duration >= 0) {
            write!(f, " in {}", Seconds(nanoseconds))?;
        }
        if segment.missing_bytes > 0 {
            write!(f, ", {} of them not captured", Grouped(segment.missing_bytes))?;
        }
        if segment.retransmitted_bytes > 0 {
            write!(f, ", {} retransmitted", Grouped(segment.retransmitted_bytes))?;
        }
        if !segment.complete {
            f.write_str(", still open at the end of the capture")?;
        }
        Ok(())
    }
}

/// A server's name, or its address where no name identified it.
///
/// Names come from packets that anybody may have sent: what has no place in a host name shows as `?`.
#[derive(Clone, Copy, Debug)]
pub struct Label<'a>(pub &'a Server);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.name() {
            Some(name) if !name.is_empty() => {
                name.chars().take(MAX_NAME).try_for_each(|c| f.write_char(if c.is_ascii_graphic() { c } else { '?' }))
            }
            _ => self.0.address.fmt(f),
        }
    }
}

/// A number with separators: 1,245,184.
#[derive(Clone, Copy, Debug)]
pub struct Grouped(pub u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.bytes().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_char(',')?;
            }
            f.write_char(digit.into())?;
        }
        Ok(())
    }
}

/// Nanoseconds, not negative, as seconds to the millisecond: 0.620 s.
#[derive(Clone, Copy, Debug)]
pub struct Seconds(pub i64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = (self.0.unsigned_abs() + 500_000) / 1_000_000;
        write!(f, "{}.{:03} s", milliseconds / 1000, milliseconds % 1000)
    }
}

#[cfg(test)]
mod tests {
    use core::net::IpAddr;

    use super::*;
    use crate::counters::Counters;
    use crate::packet::Time;
    use crate::segment::Transport;
    use crate::service::{Evidence, EvidenceKind};

    const NAME: &str = "ipv4-c001-fra001-ix.1.oca.nflxvideo.net";

    fn server(name: &str) -> Server {
        let evidence = Evidence { kind: EvidenceKind::Sni, source: name.into(), frame: 1 };
        Server {
            address: IpAddr::from([23, 246, 11, 141]),
            evidence: vec![evidence],
            role: Role::Video,
            role_reason: crate::RoleReason::None,
            flows: 1,
            counters: Counters::default(),
            segments: 1,
            segment_bytes: 1_245_184,
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
            complete: true,
            estimated: false,
            shared: false,
            inferred: false,
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
            full: false,
            segment,
            bytes_so_far: 62_304,
            server_counters: Counters::default(),
            flow_counters: Counters::default(),
        }
    }

    fn note(frame: u64, annotation: &Annotation, segment: Option<&Segment>, settled: bool) -> String {
        Note { frame, annotation, server: &server(NAME), segment, settled }.to_string()
    }

    #[test]
    fn landmarks_tell_totals_once_they_are_known() {
        let request = Annotation { request: true, ..annotation(Direction::Out, Some(17)) };
        let whole = segment();
        let said = format!("nflx: out request segment 17 (video) {NAME}, flow 3: 1,245,184 bytes in 0.620 s");
        assert_eq!(note(10, &request, Some(&whole), true), said);
        let begun = Segment { complete: false, kind: Kind::Other, last_frame: None, ..segment() };
        assert_eq!(note(10, &request, Some(&begun), false), format!("nflx: out request segment 17 {NAME}, flow 3"));
        assert!(note(10, &request, Some(&begun), true).ends_with(": no response"));

        let data = annotation(Direction::In, Some(17));
        let said = format!("nflx: in end of segment 17 (video) {NAME}, flow 3: 1,245,184 bytes in 0.620 s");
        assert_eq!(note(90, &data, Some(&whole), false), said);
        let open = Segment { complete: false, missing_bytes: 1448, retransmitted_bytes: 2896, ..segment() };
        let tail = "0.620 s, 1,448 of them not captured, 2,896 retransmitted, still open at the end of the capture";
        assert!(note(90, &data, Some(&open), true).ends_with(tail));
    }

    #[test]
    fn packets_between_tell_how_far_it_is() {
        let data = annotation(Direction::In, Some(17));
        let (whole, open) = (segment(), Segment { complete: false, ..segment() });
        let head = format!("nflx: in segment 17 (video) {NAME}, flow 3: 62,304 ");
        assert_eq!(note(50, &data, Some(&whole), true), format!("{head}of 1,245,184 bytes"));
        // As long as more may come, neither the end nor the kind is known.
        assert_eq!(note(90, &data, Some(&open), false), format!("{} bytes", head.trim_end()).replace(" (video)", ""));
        assert_eq!(note(90, &data, None, true), format!("{} bytes", head.trim_end()).replace(" (video)", ""));
        let rest_of_request = annotation(Direction::Out, Some(17));
        assert!(note(11, &rest_of_request, Some(&whole), true).ends_with(", flow 3"));
    }

    #[test]
    fn packets_without_a_segment_tell_what_the_server_does() {
        let other = annotation(Direction::Out, None);
        assert_eq!(note(5, &other, None, true), format!("nflx: out {NAME}, role video, flow 3"));
        let fragment = Annotation { flow: None, ..other };
        assert_eq!(note(5, &fragment, None, true), format!("nflx: out {NAME}, role video"));
    }

    #[test]
    fn names_stay_on_their_line() {
        assert_eq!(Label(&server("a\nnflx: b\u{e9}\0")).to_string(), "a?nflx:?b??");
        assert_eq!(Label(&server("")).to_string(), "23.246.11.141");
        assert_eq!(Label(&server(&"x".repeat(9000))).to_string().len(), MAX_NAME);
    }

    #[test]
    fn numbers_for_people() {
        for (number, said) in [(0, "0"), (999, "999"), (1000, "1,000"), (u64::MAX, "18,446,744,073,709,551,615")] {
            assert_eq!(Grouped(number).to_string(), said);
        }
        assert_eq!(Seconds(1_000_499_999).to_string(), "1.000 s");
        assert_eq!(Seconds(i64::MAX).to_string(), "9223372036.855 s");
    }
}
