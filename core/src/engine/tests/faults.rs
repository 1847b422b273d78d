//! Changes that networks and captures make to packets change no sizes.

use proptest::sample::Index;

use super::*;

#[derive(Clone, Debug)]
enum Fault {
    Split { at: Index, cut: Index },
    Repeat { at: Index, later: usize },
    Swap { at: Index },
    Delay { at: Index, by: i64 },
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let index = any::<Index>;
    let fault = prop_oneof![
        (index(), index()).prop_map(|(at, cut)| Fault::Split { at, cut }),
        (index(), 0..4_usize).prop_map(|(at, later)| Fault::Repeat { at, later }),
        index().prop_map(|at| Fault::Swap { at }),
        (index(), 0..100 * MILLISECOND).prop_map(|(at, by)| Fault::Delay { at, by }),
    ];
    prop::collection::vec(fault, 0..30)
}

/// The places of packets with payload.
fn with_payload(packets: &[TcpPacket]) -> Vec<usize> {
    (0..packets.len())
        .filter(|&at| !packets[at].payload.is_empty())
        .collect()
}

fn apply(fault: &Fault, packets: &mut Vec<TcpPacket>) {
    let data = with_payload(packets);
    match fault {
        Fault::Split { at, cut } => {
            let at = data[at.index(data.len())];
            let length = packets[at].payload.len();
            if length > 1 {
                let parts = packets[at].clone().split(1 + cut.index(length - 1));
                packets.splice(at..=at, parts);
            }
        }
        Fault::Repeat { at, later } => {
            let at = data[at.index(data.len())];
            let to = (at + later).min(packets.len() - 1);
            let mut copy = packets[at].clone();
            copy.time = packets[to].time;
            packets.insert(to + 1, copy);
        }
        Fault::Swap { at } => {
            let at = data[at.index(data.len())];
            let Some(next) = packets.get(at + 1) else {
                return;
            };
            if next.source == packets[at].source && !next.payload.is_empty() {
                let (first, second) = (packets[at].time, next.time);
                packets.swap(at, at + 1);
                (packets[at].time, packets[at + 1].time) = (first, second);
            }
        }
        Fault::Delay { at, by } => {
            // The handshake's own round trip stays what it is: times are compared with it.
            let at = 3 + at.index(packets.len() - 3);
            packets[at..]
                .iter_mut()
                .for_each(|packet| packet.time += by);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn splitting_repeating_reordering_and_delaying_change_no_sizes(which in 0..4_usize, faults in faults()) {
        let [http, tls13, tls12, opaque] = conversations();
        let (name, mut talk, expected) = [http, tls13, tls12, opaque].into_iter().nth(which).unwrap();
        let whole = talk.packets.clone();
        for fault in &faults {
            apply(fault, &mut talk.packets);
        }
        let (engine, _) = run(Config::default(), &talk.packets);
        prop_assert_eq!(sizes(&engine), expected, "{}", name);
        let repeated: u64 = segments(&engine).iter().map(|segment| segment.retransmitted_bytes).sum();
        let length = |packets: &[TcpPacket]| packets.iter().map(|packet| packet.payload.len() as u64).sum::<u64>();
        prop_assert!(repeated <= length(&talk.packets) - length(&whole));
        prop_assert!(segments(&engine).iter().all(|segment| segment.missing_bytes == 0));
    }

    #[test]
    fn a_second_pass_changes_nothing_where_none_is_asked_for(
        which in 0..5_usize,
        named: bool,
        faults in faults(),
        cut in 0..6_usize,
        known in any::<Index>(),
    ) {
        let name = if named { "ipv4-c001-zrh001-ix.1.oca.nflxvideo.net" } else { "www.example.org" };
        let mut packets = evidence::conversation(which, name).packets;
        for fault in &faults {
            apply(fault, &mut packets);
        }
        let packets = &packets[cut..];
        evidence::check_second_pass(packets, known.index(packets.len()));
    }

    #[test]
    fn a_capture_that_holds_an_answer_before_its_question_changes_no_bytes(
        which in 0..4_usize,
        moves in prop::collection::vec((any::<Index>(), 1..4_usize), 0..10),
    ) {
        let (name, mut talk, expected) = conversations().into_iter().nth(which).unwrap();
        let handshake = talk.packets.len() - with_payload(&talk.packets).len() / 2;
        let responses = handshake.min(talk.packets.len() / 2);
        for (at, by) in moves {
            // Server data comes later by a few packets of either side.
            let data: Vec<usize> =
                with_payload(&talk.packets).into_iter().filter(|&at| at > responses && talk.packets[at].source == talk.server).collect();
            let at = data[at.index(data.len())];
            let to = (at + by).min(talk.packets.len() - 1);
            talk.packets[at..=to].rotate_left(1);
        }
        let (engine, _) = run(Config::default(), &talk.packets);
        let bytes = |sizes: &[Sizes]| sizes.iter().map(|size| size.0).collect::<Vec<_>>();
        prop_assert_eq!(bytes(&sizes(&engine)), bytes(&expected), "{}", name);
    }
}

#[test]
fn a_repeated_response_counts_on_the_segment_it_belongs_to() {
    for (name, mut talk, expected) in conversations() {
        // The first packet of each response comes again before the end of the conversation.
        let requests: Vec<u64> = segments(&run(Config::default(), &talk.packets).0)
            .iter()
            .map(|s| s.request_frame)
            .collect();
        let mut repeated = Vec::new();
        for frame in requests {
            let mut copy = talk.packets[frame as usize].clone();
            assert_eq!(copy.source, talk.server);
            copy.time = talk.now;
            repeated.push(copy.payload.len() as u64);
            talk.packets.push(copy);
        }
        let (engine, said) = run(Config::default(), &talk.packets);
        assert_eq!(sizes(&engine), expected, "{name}");
        let found: Vec<u64> = segments(&engine)
            .iter()
            .map(|segment| segment.retransmitted_bytes)
            .collect();
        assert_eq!(found, repeated, "{name}");
        let owners: Vec<_> = said[said.len() - 4..]
            .iter()
            .map(|said| said.unwrap().segment.unwrap())
            .collect();
        assert_eq!(owners, [1, 2, 3, 4], "{name}");
    }
}

#[test]
fn a_repeated_request_is_no_other_request() {
    for (name, mut talk, expected) in conversations() {
        let data: Vec<usize> = with_payload(&talk.packets);
        let requests = data
            .into_iter()
            .rev()
            .filter(|&at| talk.packets[at].source == talk.client);
        for at in requests.collect::<Vec<_>>() {
            let copy = talk.packets[at].clone();
            // Before the answer, and in the middle of it.
            talk.packets
                .insert((at + 3).min(talk.packets.len()), copy.clone());
            talk.packets.insert(at + 1, copy);
        }
        let (engine, _) = run(Config::default(), &talk.packets);
        assert_eq!(sizes(&engine), expected, "{name}");
    }
}
