//! Connections in clear that ask for one host after another.

use super::*;

/// A request in origin form.
fn origin(host: &str) -> Vec<u8> {
    format!("GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes()
}

#[test]
fn a_proxy_that_nobody_knows_of_is_asked_for_one_host_after_another() {
    let lengths = [5000, 70_000, 300, 9000, 20_000];
    let is_netflix = |order: usize, at: usize| order >> at & 1 == 1;
    // The first request is Netflix's.
    for order in (1..32).step_by(2) {
        for pipelined in [false, true] {
            let mut talk = Talk::new(50_000, PROXY, 80);
            talk.open();
            let host = |at| if is_netflix(order, at) { VIDEO } else { OTHER };
            let requests: Vec<_> = (0..lengths.len()).map(|at| origin(host(at))).collect();
            let responses = lengths.map(response);
            if pipelined {
                talk.say(&requests.concat()).hear(&responses.concat());
            } else {
                for (request, response) in requests.iter().zip(&responses) {
                    talk.wait(400 * MILLISECOND).say(request).hear(response);
                }
            }
            let expected: Vec<u64> = (0..lengths.len())
                .filter(|&at| is_netflix(order, at))
                .map(|at| responses[at].len() as u64)
                .collect();
            let (mut engine, _) = run(Config::default(), &talk.packets);
            if engine.segments_missed() {
                engine = engine.restart_with_evidence();
                for (packet, frame) in talk.packets.iter().zip(1..) {
                    give(&mut engine, frame, packet.time, &packet.bytes());
                }
                engine.finish();
            }
            let found = segments(&engine);
            assert_eq!(
                found.iter().map(|s| s.app_bytes).collect::<Vec<_>>(),
                expected,
                "{order:05b}, pipelined {pipelined}"
            );
            assert!(found.iter().all(|s| s.via.is_none()));
        }
    }
}

#[test]
fn a_connection_that_begins_with_others_is_watched_where_its_address_is_known() {
    let lengths = [5000, 70_000, 300, 9000];
    let is_netflix = |order: usize, at: usize| order >> at & 1 == 1;
    // The first request is for another service.
    for order in (0..16).step_by(2) {
        let mut talk = Talk::new(50_000, PROXY, 80);
        talk.open();
        let responses = lengths.map(response);
        for (at, response) in responses.iter().enumerate() {
            let host = if is_netflix(order, at) { VIDEO } else { OTHER };
            talk.wait(400 * MILLISECOND)
                .say(&origin(host))
                .hear(response);
        }
        let asked = (0..lengths.len()).filter(|&at| is_netflix(order, at));
        let expected: Vec<u64> = asked.map(|at| responses[at].len() as u64).collect();
        let answer = super::evidence::answer(VIDEO, [192, 0, 2, 100]);
        let first = talk.packets[0].time - MILLISECOND;
        let last = talk.packets[talk.packets.len() - 1].time + MILLISECOND;
        // The address is known before, or only later, or never.
        for known in [Some(first), Some(last), None] {
            let packets = talk.packets.iter();
            let mut packets: Vec<_> = packets.map(|it| (it.time, it.bytes())).collect();
            packets.extend(known.map(|time| (time, answer.clone())));
            packets.sort_by_key(|packet| packet.0);
            let read = |mut engine: Engine| {
                for ((time, packet), frame) in packets.iter().zip(1..) {
                    give(&mut engine, frame, *time, packet);
                }
                engine.finish();
                engine
            };
            let is_known = known.is_some();
            let mut engine = read(Engine::new(Config::default()));
            assert_eq!(engine.segments_missed(), known == Some(last));
            if engine.segments_missed() {
                engine = read(engine.restart_with_evidence());
                assert!(!engine.should_read_again());
            }
            let found = segments(&engine);
            let found: Vec<u64> = found.iter().map(|s| s.app_bytes).collect();
            // What nobody knows of is read up to the first host.
            let expected = if is_known { &expected[..] } else { &[] };
            assert_eq!(found, expected, "{order:04b}");
            if order == 0 {
                assert!(engine.servers().all(|(_, server)| server.flows == 0));
            }
        }
    }
}

/// A request in absolute form.
pub(super) fn absolute(host: &str) -> Vec<u8> {
    format!("GET http://{host}/x HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes()
}

#[test]
fn a_proxy_in_clear_is_asked_for_one_host_after_another() {
    let lengths = [5000, 70_000, 300, 9000, 20_000];
    let is_netflix = |order: usize, at: usize| order >> at & 1 == 1;
    for order in 0..32 {
        for pipelined in [false, true] {
            let mut talk = Talk::new(50_000, PROXY, 3128);
            talk.open();
            let requests = (0..lengths.len())
                .map(|at| absolute(if is_netflix(order, at) { VIDEO } else { OTHER }));
            let responses = lengths.map(response);
            if pipelined {
                talk.say(&requests.collect::<Vec<_>>().concat());
                talk.hear(&responses.concat());
            } else {
                for (request, response) in requests.zip(&responses) {
                    talk.wait(400 * MILLISECOND).say(&request).hear(response);
                }
            }
            let expected: Vec<u64> = (0..lengths.len())
                .filter(|&at| is_netflix(order, at))
                .map(|at| responses[at].len() as u64)
                .collect();
            let (engine, _) = run(Config::default(), &talk.packets);
            let found = segments(&engine);
            assert_eq!(
                found.iter().map(|s| s.app_bytes).collect::<Vec<_>>(),
                expected,
                "{order:05b}, pipelined {pipelined}"
            );
            assert!(found.iter().all(|s| s.via == Some(Via::HttpProxy)));
        }
    }
}
