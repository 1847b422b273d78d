use super::*;
use crate::packet::Time;

const ACK: u8 = 0x10;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;

/// Window scale 7, behind a maximum segment size.
const SCALE_7: &[u8] = &[2, 4, 5, 0xb4, 1, 3, 3, 7];

fn tcp(sequence: u32, length: u32) -> Tcp<'static> {
    Tcp {
        source_port: 1,
        destination_port: 2,
        sequence,
        acknowledgement: 0,
        flags: TcpFlags(0),
        window: 100,
        options: &[],
        payload_length: length,
        payload: &[],
        header_truncated: false,
    }
}

fn acknowledging(sequence: u32, length: u32, acknowledgement: u32) -> Tcp<'static> {
    Tcp {
        acknowledgement,
        flags: TcpFlags(ACK),
        ..tcp(sequence, length)
    }
}

fn up(connection: &mut TcpHalves, tcp: &Tcp<'_>, milliseconds: i64) -> Observation {
    connection.packet(tcp, Direction::Out, Time(milliseconds * 1_000_000))
}

fn down(connection: &mut TcpHalves, tcp: &Tcp<'_>, milliseconds: i64) -> Observation {
    connection.packet(tcp, Direction::In, Time(milliseconds * 1_000_000))
}

/// New bytes, repetitions, out of order.
fn facts(seen: Observation) -> (u64, Option<u32>, bool) {
    (seen.new_bytes, seen.repetitions, seen.out_of_order)
}

#[test]
fn bytes_are_new_late_or_repeated() {
    let mut c = TcpHalves::default();
    // Across the end of sequence space.
    let base = u32::MAX - 150;
    let at = |offset: u32| base.wrapping_add(offset);
    let mut give = |offset, length| facts(down(&mut c, &tcp(at(offset), length), 0));
    assert_eq!(give(0, 100), (100, Some(0), false));
    assert_eq!(give(200, 100), (100, Some(0), false), "behind a hole");
    assert_eq!(give(100, 100), (100, Some(0), true), "fills it");
    assert_eq!(give(100, 100), (0, Some(1), false), "sent again");
    assert_eq!(give(100, 100), (0, Some(2), false), "and again");
    assert_eq!(give(150, 100), (0, Some(3), false), "overlaps that");
    assert_eq!(give(0, 50), (0, Some(1), false), "overlaps none of those");
    assert_eq!(give(250, 100), (50, Some(1), false), "half of it again");
    assert_eq!(give(400, 100), (100, Some(0), false));
    assert_eq!(
        give(340, 100),
        (50, Some(2), false),
        "fills the hole, and repeats both sides of it, one for the second time"
    );
    assert_eq!(give(500, 0), (0, None, false), "no payload");
}

#[test]
fn data_from_before_the_capture_is_new_unless_the_connection_began_in_it() {
    let mut c = TcpHalves::default();
    assert_eq!(
        facts(down(&mut c, &tcp(1_000, 100), 0)),
        (100, Some(0), false)
    );
    assert_eq!(facts(down(&mut c, &tcp(900, 100), 0)), (100, Some(0), true));

    let mut c = TcpHalves::default();
    down(
        &mut c,
        &Tcp {
            flags: TcpFlags(SYN),
            ..tcp(999, 0)
        },
        0,
    );
    assert_eq!(
        facts(down(&mut c, &tcp(1_000, 100), 0)),
        (100, Some(0), false)
    );
    assert_eq!(
        facts(down(&mut c, &tcp(900, 100), 0)),
        (0, Some(1), false),
        "before the first byte"
    );
}

#[test]
fn bytes_in_flight_from_acknowledged_to_sent() {
    let mut c = TcpHalves::default();
    assert_eq!(down(&mut c, &tcp(1_000, 500), 0).in_flight, Some(500));
    assert_eq!(
        up(&mut c, &acknowledging(70, 0, 1_200), 0).in_flight,
        Some(0),
        "the client's own"
    );
    assert_eq!(
        down(&mut c, &acknowledging(1_500, 0, 70), 0).in_flight,
        Some(300)
    );
    up(&mut c, &acknowledging(70, 0, 1_100), 0);
    assert_eq!(
        down(&mut c, &tcp(1_500, 100), 0).in_flight,
        Some(400),
        "an older acknowledgement takes nothing back"
    );
    up(&mut c, &acknowledging(70, 0, 2_000), 0);
    assert_eq!(
        down(&mut c, &tcp(1_600, 100), 0).in_flight,
        Some(0),
        "acknowledged, though not captured"
    );
    assert_eq!(
        down(
            &mut c,
            &Tcp {
                flags: TcpFlags(RST),
                ..tcp(9, 9)
            },
            0
        ),
        Observation::default(),
        "a reset says nothing"
    );
}

#[test]
fn a_jump_begins_anew() {
    let mut c = TcpHalves::default();
    down(&mut c, &tcp(1_000, 500), 0);
    let far = 1_500 + (1 << 30);
    assert_eq!(
        facts(down(&mut c, &tcp(far, 10), 0)),
        (10, Some(0), false),
        "the largest window is a hole"
    );
    let beyond = far + 11 + (1 << 30);
    let seen = down(&mut c, &tcp(beyond, 10), 0);
    assert_eq!(
        (facts(seen), seen.in_flight),
        ((10, Some(0), false), Some(10))
    );
}

#[test]
fn round_trips_are_those_of_the_newest_packet_sent_once() {
    let mut c = TcpHalves::default();
    let answer = |number| acknowledging(500, 0, number);
    up(
        &mut c,
        &Tcp {
            flags: TcpFlags(SYN),
            ..tcp(99, 0)
        },
        0,
    );
    let syn_ack = Tcp {
        flags: TcpFlags(SYN | ACK),
        ..acknowledging(499, 0, 100)
    };
    assert_eq!(
        down(&mut c, &syn_ack, 30).round_trip,
        Some(30_000_000),
        "of the handshake"
    );
    up(&mut c, &tcp(100, 10), 100);
    up(&mut c, &tcp(110, 10), 110);
    assert_eq!(
        down(&mut c, &answer(105), 120).round_trip,
        None,
        "covers none"
    );
    assert_eq!(
        down(&mut c, &answer(120), 130).round_trip,
        Some(20_000_000),
        "covers both"
    );
    assert_eq!(down(&mut c, &answer(120), 140).round_trip, None, "once");
    up(&mut c, &tcp(120, 10), 200);
    up(&mut c, &tcp(130, 10), 210);
    up(&mut c, &tcp(130, 10), 250);
    assert_eq!(
        down(&mut c, &answer(140), 260).round_trip,
        Some(60_000_000),
        "that of the one before the repeated one"
    );
    up(
        &mut c,
        &Tcp {
            flags: TcpFlags(0x01),
            ..tcp(140, 0)
        },
        300,
    );
    assert_eq!(
        down(&mut c, &answer(141), 325).round_trip,
        Some(25_000_000),
        "of FIN"
    );
    assert_eq!(
        up(&mut c, &acknowledging(141, 0, 500), 330).round_trip,
        None,
        "the client's answers are not measured"
    );
}

#[test]
fn windows_are_scaled_where_the_handshake_says_so() {
    let syn = |options| Tcp {
        flags: TcpFlags(SYN),
        options,
        ..tcp(99, 0)
    };
    let syn_ack = |options| Tcp {
        flags: TcpFlags(SYN | ACK),
        options,
        ..acknowledging(499, 0, 100)
    };
    let windows = |client: Option<&Tcp<'_>>, server: Option<&Tcp<'_>>| {
        let mut c = TcpHalves::default();
        if let Some(client) = client {
            assert_eq!(
                up(&mut c, client, 0).receive_window,
                Some(100),
                "that of a SYN is not scaled"
            );
        }
        if let Some(server) = server {
            assert_eq!(
                down(&mut c, server, 0).receive_window,
                Some(100),
                "that of a SYN is not scaled"
            );
        }
        let of_client = up(&mut c, &acknowledging(100, 0, 500), 0).receive_window;
        (
            of_client,
            down(&mut c, &acknowledging(500, 0, 100), 0).receive_window,
        )
    };
    let scale_3: &[u8] = &[3, 3, 3];
    assert_eq!(
        windows(Some(&syn(SCALE_7)), Some(&syn_ack(scale_3))),
        (Some(12_800), Some(800))
    );
    assert_eq!(
        windows(Some(&syn(SCALE_7)), Some(&syn_ack(&[]))),
        (Some(100), Some(100)),
        "the server does not scale"
    );
    assert_eq!(
        windows(Some(&syn(&[])), None),
        (Some(100), Some(100)),
        "the client does not scale"
    );
    assert_eq!(
        windows(Some(&syn(SCALE_7)), None),
        (None, None),
        "nobody knows"
    );
    assert_eq!(
        windows(None, Some(&syn_ack(scale_3))),
        (None, Some(800)),
        "the client's is not known"
    );
    assert_eq!(windows(None, None), (None, None));
    let cut = Tcp {
        header_truncated: true,
        ..syn(&[2, 4])
    };
    assert_eq!(
        windows(Some(&cut), Some(&syn_ack(scale_3))),
        (None, Some(800)),
        "options that were cut"
    );
    assert_eq!(
        windows(Some(&syn(&[3, 3, 200])), Some(&syn_ack(SCALE_7))).0,
        Some(100 << 14),
        "RFC 7323, section 2.3"
    );
    assert_eq!(
        windows(Some(&syn(&[9, 0])), Some(&syn_ack(SCALE_7))).0,
        Some(100),
        "options that make no sense"
    );
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut c = TcpHalves::default();
    for at in 0..5_000_u32 {
        down(&mut c, &tcp(1_000 + at * 20, 10), 0);
        up(&mut c, &tcp(at * 10, 10), 0);
        up(&mut c, &tcp(at * 10, 10), 0);
        up(&mut c, &tcp(1_000_000 + at * 10, 10), 0);
    }
    assert!(c.down.holes.len() <= HOLES && c.up.holes.len() <= HOLES);
    assert!(c.up.repeated.len() <= REPEATED && c.up.awaited.len() <= AWAITED);
}

#[test]
fn a_keep_alives_byte_is_not_sent_again() {
    let mut c = TcpHalves::default();
    down(&mut c, &acknowledging(100, 50, 7), 0);
    // It was not acknowledged.
    let again = down(&mut c, &acknowledging(149, 1, 7), 10);
    assert_eq!(facts(again), (0, Some(1), false));
    up(&mut c, &acknowledging(7, 0, 150), 20);
    let asks = down(&mut c, &acknowledging(149, 1, 7), 5_000);
    assert_eq!(facts(asks), (0, None, false));
    let more = down(&mut c, &acknowledging(150, 1, 7), 5_001);
    assert_eq!(facts(more), (1, Some(0), false));
}
