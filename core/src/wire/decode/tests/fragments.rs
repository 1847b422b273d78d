use super::*;
use crate::testing;

const LIMITS: FragmentLimits = FragmentLimits {
    packets: 4,
    bytes: 4096,
    patience: 30_000_000_000,
};

/// A fragment of a packet between two hosts: what of its payload it holds, and whether more
/// follows.
fn fragment<'a>(
    transport: IpPayload<'a>,
    protocol: u8,
    offset: u32,
    more: bool,
) -> (Datagram<'a>, Fragment) {
    let datagram = Datagram {
        source: testing::address(testing::NETFLIX),
        destination: testing::address(testing::CLIENT),
        protocol,
        length: 0,
        transport,
        header_at: 0,
    };
    let fragment = Fragment {
        identification: 7,
        offset,
        more,
    };
    (datagram, fragment)
}

fn segment(payload: &[u8]) -> IpPayload<'_> {
    IpPayload::Tcp(Tcp {
        source_port: 443,
        destination_port: 50_000,
        sequence: 1000,
        acknowledgement: 9,
        flags: TcpFlags(TcpFlags::ACK.0 | TcpFlags::FIN.0),
        window: 1,
        options: &[],
        payload_length: payload.len() as u32,
        payload,
        header_truncated: false,
    })
}

fn tcp(transport: IpPayload<'_>) -> (u32, Vec<u8>, bool) {
    match transport {
        IpPayload::Tcp(tcp) => (
            tcp.sequence,
            tcp.payload.to_vec(),
            tcp.flags.has(TcpFlags::FIN),
        ),
        other => panic!("{other:?}"),
    }
}

/// Gives the first fragment of a segment: a header of 20 bytes and 12 of payload.
fn give_first(table: &mut Fragments) -> (u32, Vec<u8>, bool) {
    let payload = [1; 12];
    let (datagram, fragment) = fragment(segment(&payload), TCP, 0, true);
    tcp(table.take(&datagram, fragment, (&[0; 32], 32), Time(0)))
}

#[test]
fn later_fragments_have_their_place_in_the_stream() {
    let mut table = Fragments::new(LIMITS, 0);
    assert_eq!(give_first(&mut table), (1000, vec![1; 12], false));
    let (datagram, part) = fragment(IpPayload::LaterFragment, TCP, 40, false);
    assert_eq!(
        tcp(table.take(&datagram, part, (&[3; 5], 5), Time(1))),
        (1020, vec![3; 5], true),
        "the stream ends with the last byte of the packet"
    );
    let (datagram, part) = fragment(IpPayload::LaterFragment, TCP, 32, true);
    assert_eq!(
        tcp(table.take(&datagram, part, (&[2; 8], 8), Time(2))),
        (1012, vec![2; 8], false)
    );
    assert_eq!(
        tcp(table.take(&datagram, part, (&[2; 8], 8), Time(2))),
        (1012, vec![2; 8], false),
        "and again, where it was captured twice"
    );
}

#[test]
fn fragments_wait_for_the_first() {
    let mut table = Fragments::new(LIMITS, 0);
    for (offset, byte, more) in [(40, 3, false), (32, 2, true)] {
        let (datagram, part) = fragment(IpPayload::LaterFragment, TCP, offset, more);
        let bytes = [byte; 8];
        for _ in 0..2 {
            let carried = table.take(&datagram, part, (&bytes, 8), Time(1));
            assert!(matches!(carried, IpPayload::LaterFragment));
        }
        assert!(table.next_held().is_none());
    }
    give_first(&mut table);
    assert_eq!(table.next_held().map(|tcp| tcp.sequence), Some(1020));
    assert_eq!(table.next_held().map(|tcp| tcp.payload[0]), Some(2));
    assert!(table.next_held().is_none());
    assert_eq!(table.held, 0);
}

#[test]
fn old_and_crowded_packets_are_let_go_of() {
    for (apart, waits) in [(LIMITS.patience, 1), (LIMITS.patience + 1, 0)] {
        let mut table = Fragments::new(LIMITS, 0);
        let (datagram, part) = fragment(IpPayload::LaterFragment, TCP, 32, true);
        table.take(&datagram, part, (&[2; 8], 8), Time(0));
        let (datagram, part) = fragment(segment(&[1; 12]), TCP, 0, true);
        table.take(&datagram, part, (&[0; 32], 32), Time(apart));
        assert_eq!(usize::from(table.next_held().is_some()), waits);
    }
    let mut table = Fragments::new(LIMITS, 0);
    for identification in 0..10 {
        let (datagram, part) = fragment(IpPayload::LaterFragment, TCP, 32, true);
        let part = Fragment {
            identification,
            ..part
        };
        table.take(&datagram, part, (&[2; 2000], 2000), Time(0));
        assert!(table.held <= LIMITS.bytes && table.packets.len() <= LIMITS.packets);
    }
    assert!(table.dropped > 0);
}

/// Gives a datagram of UDP in pieces, and returns what becomes of it.
fn datagram_of(pieces: &[(u32, &[u8], bool)]) -> Option<Vec<u8>> {
    let mut table = Fragments::new(LIMITS, 0);
    let mut found = None;
    for (offset, bytes, more) in pieces {
        let transport = if *offset == 0 {
            IpPayload::Udp(Udp {
                source_port: 53,
                destination_port: 9,
                payload_length: 8,
                payload: &bytes[8..],
            })
        } else {
            IpPayload::LaterFragment
        };
        let (datagram, part) = fragment(transport, UDP, *offset, *more);
        table.take(&datagram, part, (bytes, bytes.len() as u32), Time(0));
        let mut into = Vec::new();
        found = table
            .whole_datagram(&mut into)
            .map(|(udp, _)| udp.payload.to_vec())
            .or(found);
    }
    found
}

#[test]
fn a_datagram_is_read_when_all_of_it_is_there() {
    let whole = testing::udp(53, 9, b"0123456789abcdefgh");
    let (a, b, c) = (&whole[..8], &whole[8..16], &whole[16..]);
    let payload = Some(whole[8..].to_vec());
    for pieces in [
        [(0, a, true), (8, b, true), (16, c, false)],
        [(16, c, false), (8, b, true), (0, a, true)],
        [(8, b, true), (0, a, true), (16, c, false)],
    ] {
        assert_eq!(datagram_of(&pieces), payload);
    }
    assert_eq!(datagram_of(&[(0, a, true), (16, c, false)]), None);
    let twice = [(0, a, true), (8, b, true), (8, b, true), (16, c, false)];
    assert_eq!(datagram_of(&twice), payload);
    let other = [9; 8];
    let overlapping: [(u32, &[u8], bool); 4] = [
        (0, a, true),
        (8, b, true),
        (8, &other, true),
        (16, c, false),
    ];
    assert_eq!(
        datagram_of(&overlapping),
        None,
        "no fragment is trusted then"
    );
}

/// Gives the first fragment of a datagram to port 443, whose payload begins with this byte, and the
/// second one.
///
/// Returns, for each, lengths of the datagram that is handed out with it: stated, and captured.
fn in_two(table: &mut Fragments, byte: u8, captured: usize) -> [Option<(u32, usize)>; 2] {
    let payload = [byte; 40];
    let whole = testing::udp(443, 9, &payload);
    let mut parts = [None, None];
    for (part, (from, to)) in parts.iter_mut().zip([(0, 16), (16, 48)]) {
        let bytes = &whole[from..to.min(from + captured)];
        let transport = match from {
            0 => IpPayload::Udp(Udp {
                source_port: 443,
                destination_port: 9,
                payload_length: 8,
                payload: &bytes[8..],
            }),
            _ => IpPayload::LaterFragment,
        };
        let (datagram, fragment) = fragment(transport, UDP, from as u32, from == 0);
        let carried = table.take(&datagram, fragment, (bytes, (to - from) as u32), Time(0));
        let whole = &mut Vec::new();
        *part = match (carried, table.whole_datagram(whole)) {
            (IpPayload::Udp(udp), None) | (_, Some((udp, false))) => {
                Some((udp.payload_length, udp.payload.len()))
            }
            (carried, _) => {
                let ports = matches!(
                    carried,
                    IpPayload::UdpFragment {
                        source_port: 443,
                        ..
                    }
                );
                assert!(ports, "{carried:?}");
                None
            }
        };
    }
    parts
}

#[test]
fn a_secret_datagram_is_read_with_its_first_fragment_and_others_when_they_are_whole() {
    let table = || Fragments::new(LIMITS, 0);
    assert_eq!(in_two(&mut table(), 0x40, 99), [Some((40, 8)), None]);
    assert_eq!(in_two(&mut table(), 0xc0, 99), [None, Some((40, 40))]);
    assert_eq!(in_two(&mut table(), 0x00, 99), [None, Some((40, 40))]);
    // Cut by the snapshot length.
    assert_eq!(in_two(&mut table(), 0xc0, 20), [None, Some((40, 28))]);
    assert_eq!(in_two(&mut table(), 0xc0, 12), [None, Some((40, 4))]);
}

#[test]
fn packets_that_came_whole_make_room_without_a_loss() {
    let mut table = Fragments::new(LIMITS, 0);
    for identification in 0..10 {
        for (offset, more) in [(0, true), (32, false)] {
            let (datagram, part) = fragment(segment(&[1; 12]), TCP, offset, more);
            let part = Fragment {
                identification,
                ..part
            };
            table.take(&datagram, part, (&[0; 32], 32), Time(0));
        }
        assert!(table.packets.len() <= LIMITS.packets);
    }
    assert_eq!(table.dropped, 0);
}
