//! Any traffic: windows partition it, and one reading says what two say.

use proptest::prelude::*;

use super::*;

/// Something that two clients and Netflix send, after a pause.
fn traffic() -> impl Strategy<Value = Given> {
    let pause = prop_oneof![
        6 => 0..SECOND,
        2 => 0..20 * SECOND,
        1 => 55 * SECOND..65 * SECOND,
        1 => -3 * SECOND..0,
        1 => -100 * SECOND..0,
    ];
    let payload = prop_oneof![
        Just(Vec::new()),
        (1..1_400_usize).prop_map(|length| vec![7; length])
    ];
    let flags = prop_oneof![6 => Just(ACK), 1 => Just(testing::SYN), 1 => Just(testing::FIN), 1 => Just(testing::RST)];
    let jump = prop_oneof![6 => Just(0_u32), 2 => 0..2_000_u32, 2 => (0..2_000_u32).prop_map(u32::wrapping_neg), 1 => any::<u32>()];
    let packet = (
        pause,
        0..2_u8,
        0..2_u16,
        any::<bool>(),
        flags,
        jump.clone(),
        jump,
        payload,
        0..8_u8,
    );
    prop::collection::vec(packet, 1..60).prop_map(|packets| {
        let mut now = 1_000 * SECOND;
        let mut sequences: HashMap<(u8, u16, bool), u32> = HashMap::new();
        let mut given = Vec::new();
        for (pause, client, port, is_up, flags, own, other, payload, what) in packets {
            now += pause;
            let client = address(if client == 0 { CLIENT } else { "10.0.0.3" });
            let server = address(if what == 1 { "198.51.100.7" } else { NETFLIX });
            let (source, destination) = if is_up {
                (client, server)
            } else {
                (server, client)
            };
            let ports = if is_up {
                (50_000 + port, 443)
            } else {
                (443, 50_000 + port)
            };
            let transport = if what == 0 {
                (17, testing::udp(ports.0, ports.1, &payload))
            } else {
                let side = (u8::from(client == address(CLIENT)), port, is_up);
                let peer = sequences.get(&(side.0, port, !is_up)).copied().unwrap_or(7);
                let sequence = sequences.entry(side).or_insert(u32::MAX - 5_000);
                let at = sequence.wrapping_add(own);
                *sequence = at.wrapping_add(payload.len() as u32);
                (
                    6,
                    testing::tcp(ports, at, peer.wrapping_add(other), flags, &payload),
                )
            };
            given.push((
                now,
                testing::ip(source, destination, transport.0, &transport.1),
            ));
        }
        given
    })
}

proptest! {
    #[test]
    fn windows_partition_the_packets_of_sessions(given in traffic(), window in 1..40_u64) {
        let window = window.to_string();
        let (rows, stats) = features(config(&[("feature_window", &window)]), &given);
        let (netflix, clients) = (address(NETFLIX), [address(CLIENT), address("10.0.0.3")]);
        for client in clients {
            // Counted once more, straight from the packets.
            let ip = |at: usize, data: &[u8]| IpAddr::from([data[at], data[at + 1], data[at + 2], data[at + 3]]);
            let mut expected = [[0.0; 2]; 2];
            for (_, data) in &given {
                for (way, ends) in [(netflix, client), (client, netflix)].into_iter().enumerate() {
                    if (ip(12, data), ip(16, data)) == ends {
                        expected[way][0] += 1.0;
                        expected[way][1] += data.len() as f64;
                    }
                }
            }
            let own: Vec<Row> = rows.iter().filter(|row| row.client == client).cloned().collect();
            for (way, side) in ["server", "user"].into_iter().enumerate() {
                let counts = [format!("{side}PacketCount"), format!("{side}ByteCount")];
                let found = counts.map(|name| numbers(&own, &name).iter().sum::<f64>());
                prop_assert_eq!(found, expected[way]);
            }
            for pair in own.windows(2) {
                if pair[0].session == pair[1].session {
                    prop_assert_eq!((pair[0].end, pair[0].window + 1), (pair[1].start, pair[1].window));
                } else {
                    prop_assert!(pair[0].session < pair[1].session && pair[1].window == 0);
                }
            }
            prop_assert!(own.iter().all(|row| number(row, "serverPacketCount") != Some(0.0)
                || number(row, "userPacketCount") != Some(0.0)
                || own.iter().any(|later| later.session == row.session && later.window > row.window)),
                "the last window holds a packet");
        }
        prop_assert_eq!(stats.events_lost, 0);
    }

    #[test]
    fn one_reading_gives_the_rows_of_two(given in traffic(), window in 1..40_u64, room in 1..3_u64) {
        let settings = config(&[
            ("feature_window", &window.to_string()),
            ("feature_kinds", "video,audio,other"),
            ("max_sessions", &room.to_string()),
        ]);
        if let Some(one) = ahead(&settings, &given) {
            prop_assert_eq!(one, features(settings, &given));
        }
    }

    #[test]
    fn values_are_sound_whatever_comes(given in traffic()) {
        let (rows, _) = features(config(&[("feature_kinds", "video,audio,other")]), &given);
        let mut cumulative: HashMap<(u32, &str), f64> = HashMap::new();
        for row in &rows {
            for column in COLUMNS {
                let value = column.value(row);
                let is_null = value == Value::Null;
                prop_assert!(!is_null || column.kind.is_optional(), "{}", column.name);
                if let Value::Float(value) = value {
                    prop_assert!(value.is_finite(), "{}: {value}", column.name);
                    // Times before the session's start: its clock was set back.
                    let may_be_negative = ["Ske", "Kur", "diff", "chunk_start_time", "chunk_end_time"].iter().any(|part| column.name.contains(part));
                    prop_assert!(value >= 0.0 || may_be_negative, "{}: {value}", column.name);
                }
            }
            for name in ["cumsum_chunksizes", "n_prev_up_chunk", "n_prev_down_chunk", "allprev_max_chunksize",
                         "all_prev_up_chunk_iat_max", "all_prev_down_chunk_iat_max"] {
                let value = number(row, name).unwrap_or(0.0);
                let before = cumulative.insert((row.session, name), value).unwrap_or(0.0);
                prop_assert!(value >= before, "{name}: {before} then {value}");
            }
            let of = |name: &str| number(row, name).unwrap();
            let data: f64 = ["Zero", "One", "Two", "X"].iter().map(|times| of(&format!("server{times}Retransmit"))).sum();
            prop_assert!(data <= of("serverPacketCount") && of("serverOutOfOrderPackets") <= of("serverZeroRetransmit"));
            prop_assert!(of("serverGoodput") <= of("serverThroughput"));
            prop_assert!(of("serverThroughput") <= of("total_throughput_down") + 1e-9);
        }
    }
}
