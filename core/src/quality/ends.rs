//! Judges how responses ended by their last packet: a sender fills every packet of a response
//! except the last.

use std::ops::RangeInclusive;

use super::request::{Packets, Request, ResponseEnd};

/// Fewest packets of a response that are judged by the last one: a few packets can be as large on
/// average as a full one by chance.
const ENOUGH_PACKETS: u64 = 8;
/// Bytes that a full packet carries: at least what every path takes (RFC 9293, 3.7.1: 536), at most
/// Ethernet's 1500. Larger packets in a capture were joined by a network card.
const FULL: RangeInclusive<u64> = 536..=1500;

/// Judges all responses. The size of a full packet is the largest average among its server's
/// responses. An average is a whole number only if all of the response's packets are full.
pub(crate) fn judge(requests: &mut [Request]) {
    let mut largest: Vec<(u32, Packets)> = Vec::new();
    let judged = |request: &Request| !request.shared && request.packets.count >= ENOUGH_PACKETS;
    for request in requests.iter().filter(|request| judged(request)) {
        match largest.iter_mut().find(|seen| seen.0 == request.server) {
            Some(seen) if request.packets.exceeds(seen.1) => seen.1 = request.packets,
            Some(_) => {}
            None => largest.push((request.server, request.packets)),
        }
    }
    for request in requests.iter_mut() {
        request.end = match largest.iter().find(|seen| seen.0 == request.server) {
            Some(&(_, full)) if judged(request) && FULL.contains(&(full.bytes / full.count)) => {
                let below = full.exceeds(request.packets);
                let filled = !below && request.packets.bytes.is_multiple_of(request.packets.count);
                match (filled, request.ends_flow) {
                    (true, true) => ResponseEnd::Cut,
                    (true, false) => ResponseEnd::Unknown,
                    (false, _) => ResponseEnd::Whole,
                }
            }
            _ => ResponseEnd::Unknown,
        };
    }
}

#[cfg(test)]
mod tests;
