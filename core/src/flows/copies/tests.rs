use super::*;
use crate::testing;

const WINDOW: i64 = 1_000 * MILLISECOND;
const UNMARKED: i64 = 1_000 * MICROSECOND;

/// The relation of the second of two packets on a flow, so long after the first.
fn second(first: Identity, second: Identity, apart: i64) -> Relation {
    let mut copies = Copies::new(&Config::default());
    copies.look(&first, (3, 0), false, Time(0));
    copies.look(&second, (3, 0), false, Time(apart))
}

/// A segment with an identification in IP, and a time stamp.
fn segment(identification: u16, time_stamp: Option<u32>) -> Identity {
    let mut segment = testing::tcp((443, 50_000), 1, 2, testing::ACK, &[7; 100]);
    if let Some(time_stamp) = time_stamp {
        segment[12] = 0x80;
        let option = [&[1, 1, 8, 10], &time_stamp.to_be_bytes()[..], &[0; 4]].concat();
        segment.splice(20..20, option);
    }
    let (source, destination) = (testing::NETFLIX, testing::CLIENT);
    let mut packet = testing::ip(
        testing::address(source),
        testing::address(destination),
        6,
        &segment,
    );
    packet[4..6].copy_from_slice(&identification.to_be_bytes());
    identity(&packet)
}

fn identity(packet: &[u8]) -> Identity {
    let datagram = crate::wire::decode::decode(&crate::Packet {
        frame: 1,
        time: Time(0),
        link_type: crate::LinkType::RAW,
        original_length: packet.len() as u32,
        data: packet,
    });
    Identity::of(packet, &datagram.expect("a packet").transport).expect("an identity")
}

#[test]
fn the_same_identification_within_the_window_is_a_copy() {
    let packet = segment(9, None);
    assert_eq!(second(packet, packet, WINDOW), Relation::Copy);
    assert_eq!(second(packet, packet, -WINDOW), Relation::Copy);
    assert_eq!(second(packet, packet, WINDOW + 1), Relation::New);
    assert_eq!(second(packet, segment(10, None), 1), Relation::New);
    assert_eq!(second(packet, segment(0, None), 1), Relation::New);
}

#[test]
fn without_identification_the_time_stamp_tells_and_without_both_the_time() {
    let stamped = segment(0, Some(5));
    assert_eq!(second(stamped, stamped, WINDOW), Relation::Copy);
    assert_eq!(second(stamped, stamped, WINDOW + 1), Relation::New);
    assert_eq!(second(stamped, segment(0, Some(6)), 1), Relation::New);
    let bare = segment(0, None);
    assert_eq!(second(bare, bare, UNMARKED), Relation::Copy);
    assert_eq!(second(bare, bare, UNMARKED + 1), Relation::New);
}

/// A SYN without any mark.
fn syn() -> Identity {
    let segment = testing::tcp((50_000, 443), 1, 0, testing::SYN, &[]);
    let ends = [testing::CLIENT, testing::NETFLIX].map(testing::address);
    let mut packet = testing::ip(ends[0], ends[1], 6, &segment);
    packet[4..6].fill(0);
    identity(&packet)
}

#[test]
fn a_syn_comes_again_no_sooner_than_a_timeout_allows() {
    let syn = syn();
    assert_eq!(second(syn, syn, NO_SYN_AGAIN), Relation::Copy);
    assert_eq!(second(syn, syn, NO_SYN_AGAIN + 1), Relation::New);
}

#[test]
fn packets_without_marks_are_copies_if_as_late_as_the_copy_of_the_syn() {
    const LATE: i64 = 200 * MILLISECOND;
    let tolerance = LATE / LATENESS_PARTS + UNMARKED;
    let bare = segment(0, None);
    for (apart, is_copy) in [
        (UNMARKED, true),
        (UNMARKED + 1, false),
        (LATE - tolerance - 1, false),
        (LATE - tolerance, true),
        (LATE + tolerance, true),
        (LATE + tolerance + 1, false),
    ] {
        let mut copies = Copies::new(&Config::default());
        copies.look(&syn(), (3, 1), false, Time(0));
        assert_eq!(
            copies.look(&syn(), (3, 1), false, Time(LATE)),
            Relation::Copy
        );
        assert!(copies.missed);
        copies.look(&bare, (3, 0), false, Time(0));
        let found = copies.look(&bare, (3, 0), false, Time(apart));
        assert_eq!(found == Relation::Copy, is_copy, "{apart}");
    }
    // What comes at once was not missed.
    let mut copies = Copies::new(&Config::default());
    copies.look(&syn(), (3, 1), false, Time(0));
    copies.look(&syn(), (3, 1), false, Time(UNMARKED));
    assert!(!copies.missed && copies.quiet == 0);
}

#[test]
fn a_datagram_of_quic_is_a_copy_whenever_it_comes_again() {
    let datagram = |ports: (u16, u16)| {
        let mut payload = [0x9d; 300];
        payload[0] = 0x41;
        let udp = testing::udp(ports.0, ports.1, &payload);
        let ends = [testing::NETFLIX, testing::CLIENT].map(testing::address);
        let mut packet = testing::ip(ends[0], ends[1], 17, &udp);
        packet[4..6].fill(0);
        identity(&packet)
    };
    let quic = datagram((443, 50_000));
    assert_eq!(second(quic, quic, i64::MAX), Relation::Copy);
    let other = datagram((4000, 50_000));
    assert_eq!(
        second(other, other, 0),
        Relation::New,
        "which proves nothing"
    );
    let mut copies = Copies::new(&Config::default());
    copies.found();
    copies.look(&other, (3, 0), false, Time(0));
    assert_eq!(
        copies.look(&other, (3, 0), false, Time(UNMARKED)),
        Relation::Copy
    );
    assert_eq!(
        copies.look(&other, (3, 0), false, Time(UNMARKED + 1)),
        Relation::New
    );
}

#[test]
fn what_differs_in_anything_it_carries_is_no_copy() {
    let packet = segment(9, Some(5));
    let tcp = |ports, sequence, acknowledgement, flags, payload: &[u8]| {
        let mut segment = testing::tcp(ports, sequence, acknowledgement, flags, payload);
        let option = [1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 0];
        segment[12] = 0x80;
        segment.splice(20..20, option);
        let ends = [testing::NETFLIX, testing::CLIENT].map(testing::address);
        let mut packet = testing::ip(ends[0], ends[1], 6, &segment);
        packet[4..6].copy_from_slice(&[0, 9]);
        identity(&packet)
    };
    let ports = (443, 50_000);
    let same = tcp(ports, 1, 2, testing::ACK, &[7; 100]);
    assert_eq!(second(packet, same, 0), Relation::Copy);
    for other in [
        tcp(ports, 2, 2, testing::ACK, &[7; 100]),
        tcp(ports, 1, 3, testing::ACK, &[7; 100]),
        tcp(ports, 1, 2, testing::ACK | testing::FIN, &[7; 100]),
        tcp(ports, 1, 2, testing::ACK, &[7; 101]),
        tcp(ports, 1, 2, testing::ACK, &[8; 100]),
        segment(9, Some(6)),
        segment(9, None),
    ] {
        assert_eq!(second(packet, other, 0), Relation::New);
    }
    let mut copies = Copies::new(&Config::default());
    copies.look(&packet, (3, 0), false, Time(0));
    assert_eq!(copies.quiet, 1);
    let forwarded = Identity {
        hops: packet.hops - 1,
        ..packet
    };
    let other_flow = copies.look(&forwarded, (4, 1), false, Time(1));
    assert_eq!(
        other_flow,
        Relation::Translated(Suspect { flow: 3, sender: 0 })
    );
    let as_far = copies.look(&packet, (4, 1), false, Time(1));
    assert_eq!(as_far, Relation::New, "no router was between");
}

#[test]
fn a_window_of_nothing_turns_it_off() {
    let mut config = Config::default();
    config.set("duplicate_window", "0").unwrap();
    assert_eq!(Copies::new(&config).quiet, u8::MAX);
}

/// A packet with this sequence number.
fn numbered(sequence: u32) -> Identity {
    let segment = testing::tcp((443, 50_000), sequence, 2, testing::ACK, &[7; 100]);
    let ends = [testing::NETFLIX, testing::CLIENT].map(testing::address);
    identity(&testing::ip(ends[0], ends[1], 6, &segment))
}

fn remembering(packets: &str) -> Copies {
    let mut config = Config::default();
    config.set("duplicate_packets", packets).expect("a number");
    Copies::new(&config)
}

fn look(copies: &mut Copies, packet: Identity) -> Relation {
    copies.look(&packet, (3, 0), false, Time(0))
}

#[test]
fn the_latest_packets_are_remembered() {
    let mut copies = remembering("16");
    let packets: Vec<_> = (0..17).map(numbered).collect();
    for &packet in &packets[..16] {
        assert_eq!(look(&mut copies, packet), Relation::New);
    }
    for &packet in &packets[..16] {
        assert_eq!(look(&mut copies, packet), Relation::Copy);
    }
    // With one more, the oldest is forgotten.
    assert_eq!(look(&mut copies, packets[16]), Relation::New);
    assert_eq!(look(&mut copies, packets[1]), Relation::Copy);
    assert_eq!(look(&mut copies, packets[0]), Relation::New);
}

#[test]
fn as_many_packets_with_one_hash_are_compared_as_is_said() {
    let mut copies = remembering("16");
    let hash = |packet: &Identity| packet.carried & 15;
    let mut sharing = (1..).map(numbered);
    let first = sharing.next().expect("a packet");
    let mut sharing = sharing.filter(|packet| hash(packet) == hash(&first));
    assert_eq!(look(&mut copies, first), Relation::New);
    for packet in sharing.by_ref().take(COMPARED - 1) {
        assert_eq!(look(&mut copies, packet), Relation::New);
        assert_eq!(look(&mut copies, first), Relation::Copy);
    }
    look(&mut copies, sharing.next().expect("another"));
    assert_eq!(look(&mut copies, first), Relation::New);
}
