//! Assigns a QUIC server's bytes to requests.

mod crowded;
mod pace;
mod padding;

use crowded::Crowded;
use pace::Pace;
use padding::{Padding, slack};
use smallvec::SmallVec;

use super::path::QuicPath;
use super::requests::{Belief, MAX_ASKED, Requests, Unanswered, within};
use crate::bounded::size::spilled;
use crate::config::Config;
use crate::connection::context::Context;
use crate::connection::sharing::{MOST_REQUESTS, Manner, PeriodRequest, Sharing};
use crate::facts::segment::{Segment, Transport};
use crate::packet::{Stamp, Time};

/// Type and Length of a STREAM frame; Length takes two bytes (RFC 9000, section 19.8).
const STREAM_FRAME: u32 = 1 + 2;
/// Request streams have every fourth number (RFC 9000, section 2.1).
const STREAM_STEP: u64 = 4;
/// Fraction of a round trip within which a client asks for the next segment.
const AT_ONCE: i64 = 8;
/// Assumed number of requests before those seen, if the start of a connection was not: enough for a
/// two-byte stream ID.
const EARLIER_REQUESTS: u64 = 16;

/// A server's packet with a short header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Downlink {
    pub(super) stamp: Stamp,
    /// Size of the datagram.
    pub(super) size: u32,
    /// Number of packets in it: more than one if it was captured before the network card split it.
    pub(super) packets: u32,
    /// Bytes of frames in it.
    pub(super) content: u32,
    /// True if it is as long as this server's packets get.
    pub(super) full: bool,
    /// True if the framing is a guess.
    pub(super) estimated: bool,
    /// True if it was held back until others came.
    pub(super) was_held: bool,
}

/// A response in progress.
#[derive(Clone, Copy, Debug)]
struct Receiving {
    number: Option<u32>,
    /// The group of requests that were answered together.
    generation: u32,
    /// Bytes of its stream so far.
    offset: u64,
}

/// The server's side of a connection.
#[derive(Debug, Default)]
pub(super) struct Responses {
    receiving: SmallVec<[Receiving; 2]>,
    generation: u32,
    /// Number of requests answered so far.
    answered: u64,
    /// The latest packet with data: its time, and true if it was full.
    last: Option<(Time, bool)>,
    /// Boxed and created with the first response, so that connections without any stay small.
    sharing: Option<Box<Sharing>>,
    /// True if the client's acknowledgements have no gaps, so that nothing was lost.
    is_plain: bool,
    crowded: Crowded,
    pace: Pace,
    padding: Padding,
}

impl Responses {
    /// Returns its heap memory, in bytes.
    pub(super) fn heap(&self) -> usize {
        let sharing = self.sharing.as_deref();
        spilled(&self.receiving)
            + sharing.map_or(0, |sharing| size_of::<Sharing>() + sharing.heap())
    }

    /// Largest number of responses in progress: those requested together continue while the next
    /// are requested.
    const MOST: usize = 2 * MAX_ASKED;

    /// The most memory that one holds, in bytes: the list next to its old copy while it grows.
    pub(super) const BOUND: u64 =
        (2 * Self::MOST * size_of::<Receiving>()) as u64 + Sharing::bound(Self::MOST);

    /// Returns the number of responses in progress.
    fn count(&self) -> usize {
        self.sharing.as_ref().map_or(0, |sharing| sharing.count())
    }

    /// Processes a server's packet, and returns the segment that it belongs to.
    pub(super) fn take(
        &mut self,
        packet: &Downlink,
        requests: &mut Requests,
        path: &mut QuicPath,
        ctx: &mut Context<'_>,
    ) -> Option<u32> {
        let now = packet.stamp.time;
        let half = path.round_trip(ctx.config) / 2;
        let flows_on = self
            .last
            .is_some_and(|(time, _)| self.pace.flows_on(now, time, half));
        if u64::from(packet.content) <= ctx.config.quic_ack_content() {
            if !flows_on {
                requests.acknowledged(packet.content);
            }
            return None;
        }
        self.is_plain = requests.acknowledges_plainly();
        self.crowded.settle(requests);
        let generation = self.generation;
        self.begin(packet, flows_on, requests, path, ctx);
        // The response had apparently ended and continues: perhaps the answer to a request that was
        // not captured.
        let goes_on_again = self.generation == generation
            && !flows_on
            && self
                .last
                .is_some_and(|(time, full)| !full || !within(now, time, path.pause(ctx.config)));
        if goes_on_again || self.answered == 1 && path.lacks_answer() {
            self.doubt(ctx);
        }
        if self.generation == generation
            && self.count() == 1
            && let Some(last) = self.last
        {
            self.pace.go_on(now, last, flows_on);
        }
        self.last = Some((now, packet.full));
        self.credit(packet, ctx)
    }

    /// Marks the responses in progress as uncertain.
    fn doubt(&self, ctx: &mut Context<'_>) {
        for number in self.receiving.iter().filter_map(|response| response.number) {
            ctx.resize(number, |segment| segment.estimated = true);
        }
    }

    /// Finds the requests that this packet begins to answer.
    fn begin(
        &mut self,
        packet: &Downlink,
        flows_on: bool,
        requests: &mut Requests,
        path: &mut QuicPath,
        ctx: &mut Context<'_>,
    ) {
        let now = packet.stamp.time;
        let first = requests.asked().first();
        let was_quiet = first.is_some_and(|first| self.was_quiet(first, path, ctx.config));
        let soon = if was_quiet {
            0
        } else {
            self.soonest(flows_on, path, ctx.config)
        };
        if !flows_on && let Some(latest) = requests.asked().last() {
            let waited = now.since(latest.stamp.time);
            path.waited(waited, waited >= soon);
        }
        let begun = self.take_answered(packet, flows_on, soon, requests);
        if begun.is_empty() {
            return;
        }
        let goes_on = self.goes_on_beside(&begun, now, flows_on, path, ctx.config);
        let is_full = self.count() + begun.len() > MOST_REQUESTS;
        if !goes_on || is_full {
            self.end_period(path, ctx);
        }
        self.end_older(goes_on, ctx);
        if is_full {
            self.carry_on(now, ctx);
        }
        self.generation = self.generation.wrapping_add(1);
        if self.answered == 0 && !path.saw_handshake() {
            self.answered = EARLIER_REQUESTS;
        }
        if !flows_on && let Some(latest) = begun.last() {
            path.answered(latest.stamp.time, now, was_quiet);
        }
        begun.iter().for_each(|asked| self.add(asked, ctx));
        if self.receiving.len() > 1 {
            for number in self.receiving.iter().filter_map(|response| response.number) {
                ctx.resize(number, |segment| segment.shared = true);
            }
        }
    }

    /// Removes the requests that this packet begins to answer from those that wait, and refutes
    /// packets that were not requests.
    fn take_answered(
        &self,
        packet: &Downlink,
        flows_on: bool,
        soon: i64,
        requests: &mut Requests,
    ) -> SmallVec<[Unanswered; 2]> {
        let now = packet.stamp.time;
        let mut begun = SmallVec::new();
        let mut refuted = None;
        requests.asked().retain(|asked| {
            // A packet that comes sooner than the server can answer belongs to an earlier response.
            let is_early = !self.receiving.is_empty() && within(now, asked.stamp.time, soon);
            // The packet may have been held back since before the request. With two taps, frames
            // are in another order than times.
            let order = |stamp: Stamp| (stamp.time, stamp.frame);
            let is_older = packet.was_held && order(asked.stamp) > order(packet.stamp);
            let answers = match asked.belief {
                _ if is_early || is_older => return true,
                Belief::Sure => true,
                Belief::IfQuiet => !flows_on,
                Belief::IfFull if packet.full => true,
                Belief::IfFull => return true,
            };
            if answers {
                begun.push(*asked);
            } else {
                refuted = Some(*asked);
            }
            false
        });
        if let Some(asked) = refuted {
            requests.refute(&asked);
        }
        begun
    }

    /// Returns true if nothing had come for longer than the handshake's round trip when this was
    /// requested: what comes next is the answer, however soon.
    fn was_quiet(&self, asked: &Unanswered, path: &QuicPath, config: &Config) -> bool {
        let round_trip = path.round_trip(config);
        path.reply_time() > 0
            && self
                .last
                .is_some_and(|(last, _)| asked.stamp.time.since(last) > round_trip)
    }

    /// Returns true if the newest responses continue next to those that begin.
    ///
    /// A response ends with a packet that is not full, or before a silence. If several are in
    /// progress, one of them may have ended with the packet that is not full. If few packets are in
    /// flight, all of them have arrived before a silence that is shorter than an answer takes. If
    /// packets are often not full and more came since the request, one that is not shows no end.
    fn goes_on_beside(
        &self,
        begun: &[Unanswered],
        now: Time,
        flows_on: bool,
        path: &QuicPath,
        config: &Config,
    ) -> bool {
        let at_once = path.round_trip(config) / AT_ONCE;
        self.last.is_some_and(|(time, full)| {
            // A client that has all of a response asks for the next at once, and not before.
            let asked_between = begun.iter().any(|asked| {
                let asked = asked.stamp.time;
                asked < time || !within(asked, time, at_once)
            });
            let holds_back = asked_between && within(now, time, path.pause(config));
            let went_on = begun.iter().any(|asked| asked.stamp.time < time);
            let packets = self.received() / u64::from(path.largest[1].max(1));
            let breaks = went_on && self.pace.breaks_often(packets);
            full && (flows_on || holds_back) || flows_on && (breaks || self.count() > 1)
        })
    }

    /// Ends the responses before those that begin. The newest may continue. Older ones are unlikely
    /// to, because clients ask again when they have received something.
    fn end_older(&mut self, goes_on: bool, ctx: &mut Context<'_>) {
        let generation = self.generation;
        self.receiving.retain(|response| {
            let stays = goes_on && response.generation == generation;
            if !stays {
                complete(response.number, ctx);
            }
            stays
        });
    }

    /// Adds the response to a request.
    fn add(&mut self, asked: &Unanswered, ctx: &mut Context<'_>) {
        self.answered += 1;
        let number = asked
            .number
            .or_else(|| ctx.open(asked.stamp, Transport::Quic));
        self.crowded.begin(asked, number);
        self.receiving.push(Receiving {
            number,
            generation: self.generation,
            offset: 0,
        });
        let sharing = self.sharing.get_or_insert_with(turns);
        sharing.begin(PeriodRequest {
            number: number.unwrap_or(0),
            asked: asked.stamp.time,
            asked_at: asked.asked_at,
            begun_at: 0,
            before: (0, 0),
            size: 0,
            is_repeated: asked.is_repeated,
            resets: false,
        });
    }

    /// Returns the shortest time that an answer takes now, in nanoseconds: half of what the first
    /// one took, which included the work on keys. A response that paused after a full packet may be
    /// waiting for acknowledgements, and continues within a round trip: a packet that comes clearly
    /// sooner than any answer did is more of it.
    fn soonest(&self, flows_on: bool, path: &QuicPath, config: &Config) -> i64 {
        let (reply, longest) = (path.reply_time(), path.round_trip(config));
        match self.last {
            Some((_, true)) if !flows_on => {
                let clearly = path.least_wait() / 4 * 3;
                clearly.min(longest).max(reply / 4)
            }
            _ if flows_on => reply / 2,
            _ => reply / 4,
        }
    }

    /// Counts a packet toward the responses in progress, in equal parts.
    fn credit(&mut self, packet: &Downlink, ctx: &mut Context<'_>) -> Option<u32> {
        let sharers = self.receiving.len() as u64;
        let offset = self.receiving.first()?.offset;
        let stream = STREAM_STEP * (self.answered - 1);
        let header =
            STREAM_FRAME + varint_len(stream) + if offset > 0 { varint_len(offset) } else { 0 };
        let data = u64::from(packet.content.saturating_sub(packet.packets * header));
        if let Some(sharing) = &mut self.sharing {
            let (wire, packets) = (u64::from(packet.size), u64::from(packet.packets));
            sharing.take(data, wire, packets, packet.stamp);
            sharing.note_size(data, false);
        }
        self.padding.take(packet.packets);
        let framing = ctx.config.http3_framing();
        for (response, at) in self.receiving.iter_mut().zip(0..) {
            response.offset += share(data, at, sharers);
            let Some(number) = response.number else {
                continue;
            };
            let app_bytes = response.offset.saturating_sub(framing);
            ctx.resize(number, |segment| {
                count(
                    segment,
                    packet.stamp,
                    share(u64::from(packet.size), at, sharers),
                );
                segment.app_bytes = app_bytes;
                segment.estimated |= packet.estimated;
            });
        }
        self.receiving.iter().find_map(|response| response.number)
    }

    /// Returns the bytes of responses so far.
    pub(super) fn received(&self) -> u64 {
        self.sharing
            .as_ref()
            .map_or(0, |sharing| sharing.received())
    }

    /// Separates responses that came together, now that they are complete.
    fn end_period(&mut self, path: &QuicPath, ctx: &mut Context<'_>) {
        let ends_full = self.last.is_some_and(|(_, full)| full);
        let padding = self.padding.most(ends_full, path.largest[1]);
        let surplus = self.surplus(path, ctx.config);
        self.padding.begin_period();
        let Some(sharing) = &mut self.sharing else {
            return;
        };
        let shared = sharing.count() > 1;
        for (at, request) in sharing.requests().iter().enumerate() {
            let most = sharing.most(at);
            ctx.resize(request.number, |segment| {
                let unknown = if shared {
                    segment
                        .app_bytes
                        .max(most.saturating_sub(segment.app_bytes))
                } else {
                    0
                };
                if !shared {
                    segment.app_bytes = segment.app_bytes.saturating_sub(surplus);
                    segment.estimated |= surplus > 0;
                }
                segment.size_error = unknown + slack(segment.pkts, padding);
            });
        }
        let crowded = self.crowded.among(sharing);
        let framing = ctx.config.http3_framing();
        let is_open = |number| ctx.segments.open(number).is_some();
        let parts = sharing.end(surplus, ctx.config, &is_open);
        for part in parts {
            ctx.resize(part.number, |segment| {
                segment.estimated |= surplus > 0;
                segment.app_bytes = part.size.saturating_sub(framing);
                segment.bytes = part.wire;
                segment.size_error = part.error + slack(part.packets, padding);
                segment.divided_as = part.track;
                // One packet may hold bytes of several responses.
                let packets = part.packets.max(part.wire.min(1));
                let is_earlier = |last: &Stamp| segment.t_last.is_none_or(|t| t > last.time);
                segment.came_in(packets, part.first, part.last.filter(is_earlier));
            });
        }
        if let Some(number) = crowded {
            crowded::doubt(number, ctx);
        }
    }

    /// Returns the bytes that are probably padding: half a packet, the average of what a server
    /// fills up in the last packet if it pads. Records how the response ended.
    fn surplus(&mut self, path: &QuicPath, config: &Config) -> u64 {
        let Some(sharing) = self.sharing.as_ref().filter(|sharing| sharing.count() > 0) else {
            return 0;
        };
        let ends_full = self.last.is_some_and(|(_, full)| full);
        let size = sharing.in_period();
        if self.is_plain {
            self.padding.note_end(size, ends_full, config);
        }
        self.padding.surplus(size, ends_full, path.largest[1])
    }

    /// Starts another period with the responses that continue from the last.
    fn carry_on(&mut self, now: Time, ctx: &Context<'_>) {
        let sharing = self.sharing.get_or_insert_with(turns);
        sharing.forget_past();
        for response in &self.receiving {
            let segment = response.number.and_then(|number| ctx.segments.get(number));
            let bytes = segment.map_or(0, |segment| segment.bytes);
            sharing.begin(PeriodRequest {
                number: response.number.unwrap_or(0),
                asked: now,
                asked_at: sharing.received(),
                begun_at: 0,
                before: (response.offset, bytes),
                size: 0,
                is_repeated: false,
                resets: false,
            });
        }
    }

    /// Ends all responses with the connection. `is_complete` is false if only the capture ends.
    pub(super) fn close(&mut self, is_complete: bool, path: &QuicPath, ctx: &mut Context<'_>) {
        self.end_period(path, ctx);
        if is_complete {
            for response in self.receiving.drain(..) {
                complete(response.number, ctx);
            }
        }
    }
}

/// Creates the state for a server that sends from each response in turn, as QUIC servers do.
fn turns() -> Box<Sharing> {
    Box::new(Sharing::new(&[Manner::InTurns]))
}

fn complete(number: Option<u32>, ctx: &mut Context<'_>) {
    if let Some(number) = number {
        ctx.resize(number, |segment| segment.complete = true);
    }
}

fn count(segment: &mut Segment, stamp: Stamp, bytes: u64) {
    segment.bytes += bytes;
    segment.pkts += 1;
    if segment.first_frame.is_none() {
        (segment.first_frame, segment.t_first) = (Some(stamp.frame), Some(stamp.time));
    }
    (segment.last_frame, segment.t_last) = (Some(stamp.frame), Some(stamp.time));
}

/// Returns the part of `total` for index `at` among this many sharers; the parts add up.
const fn share(total: u64, at: u64, sharers: u64) -> u64 {
    total / sharers + if at < total % sharers { 1 } else { 0 }
}

/// Returns the bytes of a variable-length integer (RFC 9000, section 16).
const fn varint_len(value: u64) -> u32 {
    match value {
        0..64 => 1,
        64..16_384 => 2,
        16_384..1_073_741_824 => 4,
        _ => 8,
    }
}

#[cfg(test)]
mod tests;
