//! Segments that were merged into one frame, or not yet divided, at one of two places of a capture.
//!
//! A network card or the kernel merges segments that follow each other and have equal options (GRO,
//! LRO), and divides large ones (TSO). A capture of two interfaces, before and after that, has the
//! same bytes in one large frame and in several of the path's size. A sender that sends bytes again
//! does so at least a round trip later and with a later time stamp (RFC 7323, section 3.2).

use crate::bounded::clock_table::Slot;
use crate::flows::key::End;
use crate::packet::Time;
use crate::wire::decode::{Tcp, TcpFlags};

/// Packet of Ethernet's size, in bytes (RFC 894). A larger one was merged or is yet to be divided.
const LARGEST_PACKET: u32 = 1_500;
/// Headers of IPv4 and TCP without options, in bytes.
const HEADERS: u32 = 20 + 20;
/// Number of packets examined after a large one brought nothing new: twice as many as are merged into
/// one, of up to 64 KiB, in packets of Ethernet's size.
pub(crate) const WATCHED_MERGED: u8 = 96;
/// Ranges remembered per direction. With time stamps of a millisecond, 16 ms of data.
const RUNS: usize = 16;
/// Directions remembered, a power of two. A captured host has a handful of busy ones at a time.
const DIRECTIONS: usize = 128;

/// Returns the largest payload of a segment with these options that one packet has room for.
fn largest_payload(tcp: &Tcp<'_>) -> u32 {
    LARGEST_PACKET - HEADERS - tcp.options.len() as u32
}

/// Returns true if a segment was merged or is yet to be divided.
pub(crate) fn is_large(tcp: &Tcp<'_>) -> bool {
    tcp.payload_length > largest_payload(tcp)
}

/// Bytes that follow each other, with one time stamp.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    start: u32,
    end: u32,
    /// TCP's time stamp with a bit that is always set; 0 without one.
    mark: u64,
    /// IP identification of its first packet; 0 if the sender gives none.
    identification: u16,
    /// Payload of the largest packet with a part of it.
    largest: u32,
    /// Payload of the largest copy that was smaller, or 0.
    unit: u32,
    /// Times of its first packet and of its last.
    since: Time,
    until: Time,
}

impl Stretch {
    /// Returns true if this is the identification that a packet of this payload at this place has when
    /// segments are divided or merged: each segment has the next one (RFC 6864, section 4.1; Linux,
    /// `inet_gso_segment`).
    fn counts_to(&self, identification: u16, tcp: &Tcp<'_>) -> bool {
        let unit = tcp.payload_length.min(self.largest).max(self.unit).max(1);
        let before = tcp.sequence.wrapping_sub(self.start) / unit;
        self.identification != 0
            && identification != 0
            && u32::from(identification.wrapping_sub(self.identification)) == before
    }

    /// Returns true if it has the byte with this sequence number.
    const fn has(&self, sequence: u32) -> bool {
        sequence.wrapping_sub(self.start) as i32 >= 0 && self.end.wrapping_sub(sequence) as i32 > 0
    }
}

/// The latest bytes of one direction.
#[derive(Clone, Copy, Debug)]
struct RecentBytes {
    flow: Slot,
    sender: End,
    runs: [Stretch; RUNS],
    /// Number of runs, and index of the latest.
    count: usize,
    latest: usize,
    /// Sequence number after the furthest byte.
    ahead: u32,
}

impl RecentBytes {
    const fn new(flow: Slot, sender: End) -> Self {
        let none = Stretch {
            start: 0,
            end: 0,
            mark: 0,
            identification: 0,
            largest: 0,
            unit: 0,
            since: Time(0),
            until: Time(0),
        };
        Self {
            flow,
            sender,
            runs: [none; RUNS],
            count: 0,
            latest: 0,
            ahead: 0,
        }
    }

    fn runs(&self) -> &[Stretch] {
        &self.runs[..self.count]
    }

    /// Adds a run in place of the oldest.
    fn push(&mut self, run: Stretch) {
        if self.count == 0 || run.end.wrapping_sub(self.ahead) as i32 > 0 {
            self.ahead = run.end;
        }
        if self.count < RUNS {
            self.latest = self.count;
            self.count += 1;
        } else {
            self.latest = (self.latest + 1) % RUNS;
        }
        self.runs[self.latest] = run;
    }

    /// Lets the latest run go on up to this sequence number.
    fn extend(&mut self, end: u32, length: u32, time: Time) {
        let latest = &mut self.runs[self.latest];
        latest.end = end;
        latest.until = time;
        latest.largest = latest.largest.max(length);
        if end.wrapping_sub(self.ahead) as i32 > 0 {
            self.ahead = end;
        }
    }

    /// Returns true if runs for which `is_near` have all these bytes.
    fn covers(&self, sequence: u32, length: u32, is_near: impl Fn(&Stretch) -> bool) -> bool {
        let end = sequence.wrapping_add(length);
        let mut at = sequence;
        for _ in 0..RUNS {
            let next = self.runs().iter().find(|run| run.has(at) && is_near(run));
            let Some(next) = next else {
                return false;
            };
            at = next.end;
            if end.wrapping_sub(at) as i32 <= 0 {
                return true;
            }
        }
        false
    }
}

/// The latest bytes of the directions examined last.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// Empty until the first packet.
    directions: Vec<Option<RecentBytes>>,
}

impl Merged {
    /// The most memory that they hold, in bytes.
    pub(super) const BOUND: u64 = (DIRECTIONS * size_of::<Option<RecentBytes>>()) as u64;

    /// Returns true if a packet's bytes came before in packets of another size, within `windows`: in
    /// nanoseconds, with a time stamp (a `mark` that is not 0) or a fitting identification, and
    /// without. Otherwise remembers them.
    pub(super) fn look(
        &mut self,
        (flow, sender): (Slot, End),
        (tcp, mark, identification): (&Tcp<'_>, u64, u16),
        time: Time,
        windows: (i64, i64),
    ) -> bool {
        if tcp.payload_length == 0 || tcp.flags.has(TcpFlags::SYN) {
            return false;
        }
        if self.directions.is_empty() {
            self.directions.resize(DIRECTIONS, None);
        }
        let place = (2 * flow as usize + usize::from(sender)) & (DIRECTIONS - 1);
        let direction =
            self.directions[place].get_or_insert_with(|| RecentBytes::new(flow, sender));
        if (direction.flow, direction.sender) != (flow, sender) {
            (direction.flow, direction.sender, direction.count) = (flow, sender, 0);
        }
        let length = tcp.payload_length;
        let is_within = |run: &Stretch, window: i64| {
            run.mark == mark && time.since(run.until).saturating_abs() <= window
        };
        let has_begin = |run: &Stretch| {
            let is_marked = mark != 0 || run.counts_to(identification, tcp);
            run.has(tcp.sequence) && is_within(run, if is_marked { windows.0 } else { windows.1 })
        };
        // Most packets go on where the furthest ended.
        let is_new = tcp.sequence.wrapping_sub(direction.ahead) as i32 >= 0;
        let had = || direction.runs().iter().position(has_begin);
        if !is_new && let Some(at) = had() {
            let run = direction.runs[at];
            let is_merged = length != run.largest && length.max(run.largest) > largest_payload(tcp);
            let is_near = |other: &Stretch| is_within(other, windows.0) && other.since >= run.since;
            if is_merged && direction.covers(tcp.sequence, length, is_near) {
                if length < run.largest {
                    direction.runs[at].unit = run.unit.max(length);
                }
                return true;
            }
        }
        let window = if mark == 0 { windows.1 } else { windows.0 };
        let latest = &direction.runs[direction.latest];
        let lasts = time.since(latest.since).saturating_abs();
        let goes_on = direction.count > 0 && latest.end == tcp.sequence;
        let end = tcp.sequence.wrapping_add(length);
        if goes_on && is_within(latest, window) && lasts <= window {
            direction.extend(end, length, time);
            return false;
        }
        direction.push(Stretch {
            start: tcp.sequence,
            end,
            mark,
            identification,
            largest: length,
            unit: 0,
            since: time,
            until: time,
        });
        false
    }
}
