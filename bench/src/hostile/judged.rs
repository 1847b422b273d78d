//! Segments whose kinds are hard to tell.

use super::packet::{Ends, NETFLIX, record, tcp};
use crate::Frame;

/// Clusters of sizes that are looked for.
const CLUSTERS: u64 = 12;

/// Clusters of nearly the same sizes, each in the surroundings of the next: 17 % more.
fn size(at: u64) -> usize {
    let step = at * 7 % CLUSTERS;
    let base = (0..step).fold(9000_u64, |size, _| size * 117 / 100);
    (base + at % 3) as usize
}

/// One after the other, in packets with only their headers captured.
pub(super) fn in_turn() -> impl Iterator<Item = Frame> {
    let ends = Ends::to(NETFLIX, 1, 443);
    let (mut up, mut down) = (1_u32, 1_u32);
    (0..).flat_map(move |at: u64| {
        let length = size(at);
        let asked = tcp(2 * at as i64, ends, true, (up, down), 305, &record(300, 0));
        up = up.wrapping_add(305);
        let body = record(16_000, 0);
        let came = tcp(2 * at as i64 + 1, ends, false, (down, up), length, &body);
        down = down.wrapping_add(length as u32);
        [asked, came]
    })
}

/// On three hundred connections of one client, large enough for downloads.
pub(super) fn at_once() -> impl Iterator<Item = Frame> {
    const CONNECTIONS: u64 = 300;
    const SIZE: usize = 60_000;
    (0..).flat_map(|at: u64| {
        let mut ends = Ends::to(NETFLIX, 1, 443);
        ends.move_client((at % CONNECTIONS) as u16);
        let turn = (at / CONNECTIONS) as u32;
        let (up, down) = (1 + turn * 305, 1 + turn * SIZE as u32);
        let time = 2 * at as i64;
        [
            tcp(time, ends, true, (up, down), 305, &record(300, 0)),
            tcp(
                time + 1,
                ends,
                false,
                (down, up + 305),
                SIZE,
                &record(16_000, 0),
            ),
        ]
    })
}
