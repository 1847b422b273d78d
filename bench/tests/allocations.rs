//! Packets cost no allocation once their flows are known.

use allocation_counter::measure;
use nflx_bench::{Frame, Traffic};
use nflx_core::{Config, Engine};

/// Payload or nothing on a TCP flow: no SYN, FIN or RST, and no hello, which is collected to be
/// read.
fn is_plain_tcp(frame: &Frame) -> bool {
    const HANDSHAKE: u8 = 22;
    frame.bytes[23] == 6 && frame.bytes[47] & 0x07 == 0 && frame.bytes.get(66) != Some(&HANDSHAKE)
}

/// True if a client asks something: that opens a segment, whose client's segments are then
/// compared.
fn is_request(frame: &Frame) -> bool {
    frame.bytes[26] == 10 && frame.bytes.len() > 66
}

/// Gives packets; returns how many were measured, and how many allocations these made.
fn allocations(
    share: u32,
    config: Config,
    packets: usize,
    counts: impl Fn(&Frame) -> bool,
) -> (u64, u64) {
    let mut engine = Engine::new(config);
    let (mut measured, mut allocated) = (0, 0);
    for (frame, number) in Traffic::new(share, 3).take(packets).zip(1..) {
        let packet = frame.packet(number);
        let count = measure(|| {
            engine.packet(&packet);
        })
        .count_total;
        if number as usize > packets / 2 && counts(&frame) {
            (measured, allocated) = (measured + 1, allocated + count);
        }
    }
    (measured, allocated)
}

#[test]
fn packets_of_others_allocate_nothing() {
    // Of flows under way, and, with tables that are full, of new ones too but for what reads their
    // hellos.
    let (measured, allocated) = allocations(0, Config::default(), 40_000, |frame| {
        is_plain_tcp(frame) && !is_request(frame)
            || frame.bytes[23] == 17 && frame.bytes[34..36] != [0, 53]
    });
    assert!(measured > 10_000);
    // Tables grow: some times for all of them.
    assert!(
        allocated < 8,
        "{allocated} allocations for {measured} packets"
    );
}

#[test]
fn packets_of_netflix_allocate_nothing() {
    let (measured, allocated) = allocations(100, Config::default(), 40_000, |frame| {
        is_plain_tcp(frame) && !is_request(frame)
    });
    assert!(measured > 10_000);
    assert_eq!(allocated, 0, "for {measured} packets");
}
