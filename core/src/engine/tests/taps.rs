//! Two taps, one for each direction, whose clocks differ.

use super::*;

fn is_of_server(packet: &TcpPacket) -> bool {
    packet.source.ip() == address(NETFLIX)
}

/// Packets in the order in which a host gives them whose clock for one direction is `ahead` of the
/// other's.
fn skewed(packets: &[TcpPacket], ahead: i64, of_server: bool) -> Vec<TcpPacket> {
    let mut packets = packets.to_vec();
    for packet in &mut packets {
        if is_of_server(packet) == of_server {
            packet.time -= ahead;
        }
    }
    packets.sort_by_key(|packet| packet.time);
    packets
}

/// Reads as host programs do: once more if a second reading would tell more.
fn read(config: &Config, packets: &[TcpPacket]) -> Engine {
    let engine = run(config.clone(), packets).0;
    if !engine.should_read_again() {
        return engine;
    }
    let mut engine = engine.restart_with_evidence();
    for (packet, frame) in packets.iter().zip(1..) {
        give(&mut engine, frame, packet.time, &packet.bytes());
    }
    engine.finish();
    engine
}

fn sizes(engine: &Engine) -> Vec<(u64, u64, u64)> {
    let rows = segments(engine);
    let size = |s: &Segment| (s.app_bytes, s.missing_bytes, s.retransmitted_bytes);
    rows.iter().map(size).collect()
}

#[test]
fn sizes_do_not_depend_on_the_clocks_of_two_taps() {
    for (talk, _) in [http(), tls13(), tls12()] {
        let expected = sizes(&run(Config::default(), &talk.packets).0);
        assert!(expected.len() >= BODIES.len());
        for ahead in [30 * MILLISECOND, 800 * MILLISECOND] {
            for of_server in [true, false] {
                let packets = skewed(&talk.packets, ahead, of_server);
                let engine = read(&Config::default(), &packets);
                assert_eq!(sizes(&engine), expected, "{ahead} ns, {of_server}");
                assert!(segments(&engine).iter().all(|s| s.t_last >= s.t_first));
                assert_eq!(engine.stats().answers_first, 1, "{ahead} ns, {of_server}");
            }
        }
    }
}

#[test]
fn packets_wait_for_others_no_longer_than_set() {
    let (talk, _) = tls13();
    let expected = sizes(&run(Config::default(), &talk.packets).0);
    let packets = skewed(&talk.packets, 500 * MILLISECOND, true);
    for (skew, is_enough) in [("0", false), ("100", false), ("1000", true)] {
        let mut config = Config::default();
        config.set("tap_skew", skew).expect("in range");
        assert_eq!(
            sizes(&read(&config, &packets)) == expected,
            is_enough,
            "{skew} ms"
        );
    }
    let mut config = Config::default();
    config.set("tap_bytes", "0").expect("in range");
    assert_ne!(
        sizes(&read(&config, &packets)),
        expected,
        "there is no room"
    );
}

#[test]
fn the_servers_half_alone_is_told_all_the_same() {
    let (talk, _) = tls13();
    let half = talk.packets.iter().filter(|p| is_of_server(p));
    let half: Vec<_> = half.cloned().collect();
    let packets = skewed(&talk.packets, 30 * MILLISECOND, true);
    // An engine that knows of the taps' clocks.
    let mut informed = read(&Config::default(), &packets).restart_with_evidence();
    for (packet, frame) in half.iter().zip(1..) {
        give(&mut informed, frame, packet.time, &packet.bytes());
    }
    informed.finish();
    let expected = sizes(&read(&Config::default(), &half));
    let sum = |sizes: &[(u64, u64, u64)]| sizes.iter().map(|size| size.0).sum::<u64>();
    assert!(sum(&expected) > 0);
    assert_eq!(sum(&sizes(&informed)), sum(&expected));
}

#[test]
fn what_a_silent_flow_left_waiting_is_read_as_others_go_on() {
    let (talk, _) = tls13();
    let packets = skewed(&talk.packets, 30 * MILLISECOND, true);
    let mut engine = read(&Config::default(), &packets).restart_with_evidence();
    // Of the client half is there: what the server sent behind it waits for what it acknowledges.
    let (whole, half) = talk.packets.split_at(talk.packets.len() / 2);
    let half = half.iter().filter(|packet| is_of_server(packet));
    let half: Vec<_> = whole.iter().chain(half).cloned().collect();
    let mut number = 0;
    let mut pass = |engine: &mut Engine, packet: &TcpPacket| {
        number += 1;
        give(engine, number, packet.time, &packet.bytes());
    };
    half.iter().for_each(|packet| pass(&mut engine, packet));
    let read_of_it = |engine: &Engine| segments(engine).iter().map(|s| s.bytes).sum::<u64>();
    let before = read_of_it(&engine);
    let mut other = half[0].clone();
    other.source.set_port(other.source.port() + 1);
    for pause in [1000, 2100] {
        other.time = half.last().unwrap().time + pause * MILLISECOND;
        pass(&mut engine, &other);
        pass(&mut engine, &other);
        assert_eq!(read_of_it(&engine) > before, pause > 2000, "{pause} ms");
    }
    let behind = read_of_it(&engine);
    engine.finish();
    assert_eq!(read_of_it(&engine), behind);
}

#[test]
fn times_of_requests_are_set_right_within_half_of_a_round_trip() {
    let (talk, _) = tls13();
    let whole = run(Config::default(), &talk.packets).0;
    // The server's clock is right.
    for late in [-200 * MILLISECOND, 200 * MILLISECOND] {
        let packets = skewed(&talk.packets, -late, false);
        let engine = read(&Config::default(), &packets);
        for (found, right) in segments(&engine).iter().zip(segments(&whole)) {
            let off = found.t_request.since(right.t_request).abs();
            assert!(off <= RTT / 2 + MILLISECOND, "{off} ns");
        }
    }
}
