//! Answers of name servers.

use super::packet::{Ends, outside, tcp, udp};
use crate::Frame;

const RESPONSE: [u8; 4] = [0x12, 0x34, 0x81, 0x80];
const RECORDS: u16 = 256;

/// Answers in which a chain of aliases, and addresses behind it, are spelt by pointers into a name
/// of 120 labels.
pub(super) fn names() -> impl Iterator<Item = Frame> {
    let message = chained();
    (0..).map(move |at| answer(at, &message))
}

/// Answers of as many addresses as are read, new ones each time.
pub(super) fn addresses() -> impl Iterator<Item = Frame> {
    (0..).map(|at: i64| {
        let mut message = head(b"\x07netflix\x03com\0", RECORDS);
        for record in 0..u64::from(RECORDS) {
            address(&mut message, &[0xc0, 12], outside(at as u64 * 256 + record));
        }
        answer(at, &message)
    })
}

/// Answers over TCP, one in each packet.
pub(super) fn over_tcp() -> impl Iterator<Item = Frame> {
    let message = chained();
    let message = [&(message.len() as u16).to_be_bytes(), &message[..]].concat();
    let ends = Ends::to(outside(0), 1, 53);
    (0..).map(move |at: i64| {
        let sequence = 1 + (at as u32).wrapping_mul(message.len() as u32);
        tcp(at, ends, false, (sequence, 1), message.len(), &message)
    })
}

fn answer(at: i64, message: &[u8]) -> Frame {
    let resolver = Ends::to([10, 0, 0, 53], 1_000_000 + at as u64 % 100, 53);
    udp(at, resolver, false, message.len(), message)
}

fn head(name: &[u8], records: u16) -> Vec<u8> {
    let [high, low] = records.to_be_bytes();
    let mut message = [&RESPONSE[..], &[0, 1, high, low, 0, 0, 0, 0]].concat();
    message.extend_from_slice(name);
    message.extend([0, 1, 0, 1]);
    message
}

fn address(message: &mut Vec<u8>, owner: &[u8], address: [u8; 4]) {
    message.extend_from_slice(owner);
    message.extend([0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
    message.extend(address);
}

fn chained() -> Vec<u8> {
    let mut name = b"\x01a".repeat(112);
    name.extend(b"\x07netflix\0");
    let mut message = head(&name, RECORDS);
    let spelt = |at: u16| {
        let digits = format!("{at:03}").into_bytes();
        [&[3], &digits[..], &[0xc0, 12 + (at % 4 * 2) as u8]].concat()
    };
    for at in 0..RECORDS / 2 {
        let owner = spelt(20 + at % 40);
        address(&mut message, &owner, [100, 1, 0, at as u8]);
    }
    for at in 0..RECORDS / 2 {
        message.extend(spelt(at + 1));
        let target = spelt(at);
        message.extend([0, 5, 0, 1, 0, 0, 0, 60, 0, target.len() as u8]);
        message.extend(target);
    }
    message
}
