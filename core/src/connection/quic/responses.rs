//! How much of a QUIC server's packets belongs to which request.

use smallvec::SmallVec;

use super::path::Path;
use super::requests::{Asked, Belief, Requests, within};
use crate::bounded::size::spilled;
use crate::connection::context::Context;
use crate::facts::segment::{Segment, Transport};
use crate::packet::{Stamp, Time};

/// Type and Length of a STREAM frame, the latter as two bytes (RFC 9000, section 19.8).
const STREAM_FRAME: u32 = 1 + 2;
/// Request streams have every fourth number (RFC 9000, section 2.1).
const STREAM_STEP: u64 = 4;
/// Requests supposed before those seen, where the beginning of a connection was not: enough for a stream ID of two
/// bytes.
const EARLIER_REQUESTS: u64 = 16;

/// A server's packet with a short header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Downlink {
    pub(super) stamp: Stamp,
    /// Of the datagram.
    pub(super) size: u32,
    /// Packets in it: more than one where the capture saw them before the network card took them apart.
    pub(super) packets: u32,
    /// Bytes of frames in it.
    pub(super) content: u32,
    /// It is as long as this server's packets get.
    pub(super) full: bool,
    /// Its framing is a guess.
    pub(super) estimated: bool,
}

/// A response that is coming in.
#[derive(Clone, Copy, Debug)]
struct Receiving {
    number: Option<u32>,
    /// Which requests were answered together.
    generation: u32,
    /// Bytes of its stream so far.
    offset: u64,
}

/// The server's side of a connection.
#[derive(Debug, Default)]
pub(super) struct Responses {
    receiving: SmallVec<[Receiving; 2]>,
    generation: u32,
    /// Requests answered so far.
    answered: u64,
    /// The latest packet with data: when, and whether it was full.
    last: Option<(Time, bool)>,
}

impl Responses {
    /// Memory behind it, in bytes.
    pub(super) fn heap(&self) -> usize {
        spilled(&self.receiving)
    }

    /// Takes a server's packet; returns the segment it belongs to.
    pub(super) fn take(
        &mut self,
        packet: &Downlink,
        requests: &mut Requests,
        path: &mut Path,
        ctx: &mut Context<'_>,
    ) -> Option<u32> {
        let now = packet.stamp.time;
        let half = path.round_trip(ctx.config) / 2;
        let flows_on = self.last.is_some_and(|(time, _)| within(now, time, half));
        if u64::from(packet.content) <= ctx.config.quic_ack_content() {
            if !flows_on {
                requests.acknowledged(packet.content);
            }
            return None;
        }
        let generation = self.generation;
        self.begin(packet, flows_on, requests, path, ctx);
        // It had ended, by all that shows, and goes on: perhaps the answer to a request that was not captured.
        let goes_on_again = self.generation == generation
            && !flows_on
            && self
                .last
                .is_some_and(|(time, full)| !full || !within(now, time, path.pause(ctx.config)));
        if goes_on_again || self.answered == 1 && path.lacks_answer() {
            self.doubt(ctx);
        }
        self.last = Some((now, packet.full));
        self.credit(packet, ctx)
    }

    /// Marks what is coming in as uncertain.
    fn doubt(&self, ctx: &mut Context<'_>) {
        for number in self.receiving.iter().filter_map(|response| response.number) {
            ctx.resize(number, |segment| segment.estimated = true);
        }
    }

    /// Finds out which requests this packet begins to answer.
    fn begin(
        &mut self,
        packet: &Downlink,
        flows_on: bool,
        requests: &mut Requests,
        path: &mut Path,
        ctx: &mut Context<'_>,
    ) {
        let now = packet.stamp.time;
        let mut begun: SmallVec<[Asked; 2]> = SmallVec::new();
        let mut refuted = None;
        requests.asked().retain(|asked| {
            // What comes sooner than the server can answer belongs to a response before. Half the time that its first
            // answer took, since that includes the work on keys.
            let is_early = flows_on
                && !self.receiving.is_empty()
                && within(now, asked.stamp.time, path.reply_time() / 2);
            let answers = match asked.belief {
                // The packet may have been held back since before it was asked.
                _ if is_early || asked.stamp.frame > packet.stamp.frame => return true,
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
        if begun.is_empty() {
            return;
        }
        // A response ends with a packet that is not full, or before a silence. Else it goes on beside the new ones;
        // that those before it do too is unlikely, as clients ask anew when they have got something.
        let goes_on = flows_on && self.last.is_some_and(|(_, full)| full);
        let generation = self.generation;
        self.receiving.retain(|response| {
            let stays = goes_on && response.generation == generation;
            if !stays {
                complete(response.number, ctx);
            }
            stays
        });
        self.generation = self.generation.wrapping_add(1);
        if self.answered == 0 && !path.saw_handshake() {
            self.answered = EARLIER_REQUESTS;
        }
        if !flows_on && let Some(latest) = begun.last() {
            path.answered(latest.stamp.time, now);
        }
        for asked in begun {
            self.answered += 1;
            let number = asked
                .number
                .or_else(|| ctx.open(asked.stamp, Transport::Quic));
            self.receiving.push(Receiving {
                number,
                generation: self.generation,
                offset: 0,
            });
        }
        if self.receiving.len() > 1 {
            for number in self.receiving.iter().filter_map(|response| response.number) {
                ctx.resize(number, |segment| segment.shared = true);
            }
        }
    }

    /// Counts a packet on the responses that are coming in, in equal parts.
    fn credit(&mut self, packet: &Downlink, ctx: &mut Context<'_>) -> Option<u32> {
        let sharers = self.receiving.len() as u64;
        let offset = self.receiving.first()?.offset;
        let stream = STREAM_STEP * (self.answered - 1);
        let header =
            STREAM_FRAME + varint_len(stream) + if offset > 0 { varint_len(offset) } else { 0 };
        let data = u64::from(packet.content.saturating_sub(packet.packets * header));
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

    /// Ends all, as the connection does.
    pub(super) fn close(&mut self, ctx: &mut Context<'_>) {
        for response in self.receiving.drain(..) {
            complete(response.number, ctx);
        }
    }
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

/// The part of `total` that the one at `at` of so many gets; the parts add up.
const fn share(total: u64, at: u64, sharers: u64) -> u64 {
    total / sharers + if at < total % sharers { 1 } else { 0 }
}

/// Bytes of a variable-length integer (RFC 9000, section 16).
const fn varint_len(value: u64) -> u32 {
    match value {
        0..64 => 1,
        64..16_384 => 2,
        16_384..1_073_741_824 => 4,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up() {
        for total in 0..50 {
            for sharers in 1..7 {
                assert_eq!(
                    (0..sharers)
                        .map(|at| share(total, at, sharers))
                        .sum::<u64>(),
                    total
                );
            }
        }
    }

    #[test]
    fn varints_have_the_lengths_of_rfc_9000_section_16() {
        let lengths = [
            (63, 1),
            (64, 2),
            (16_383, 2),
            (16_384, 4),
            (1_073_741_823, 4),
            (1_073_741_824, 8),
        ];
        for (value, length) in lengths {
            assert_eq!(varint_len(value), length);
        }
    }
}
