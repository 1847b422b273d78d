//! One tap for each direction, whose clocks differ.

use super::*;

fn give(engine: &mut Engine, talk: &Talk, late: i64) {
    let shifted = |(from_client, time, packet): &(bool, i64, Vec<u8>)| {
        (time + late * i64::from(*from_client), packet.clone())
    };
    let mut packets: Vec<_> = talk.sent.iter().map(shifted).collect();
    packets.sort_by_key(|(time, _)| *time);
    for (frame, (time, packet)) in (1..).zip(&packets) {
        give_cut(engine, frame, *time, packet, usize::MAX);
    }
    engine.finish();
}

/// How the server refuses a conversation's beginning.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    Nothing,
    Retry,
    /// A version, and whether the client then uses another ID.
    Version(bool),
}

const REFUSALS: [Refusal; 4] = [
    Refusal::Nothing,
    Refusal::Retry,
    Refusal::Version(false),
    Refusal::Version(true),
];

/// A conversation with three requests, whose beginning the server may refuse first.
fn begun(refusal: Refusal) -> Talk {
    let mut talk = Talk::new();
    let hello = crypto_frame(0, &client_hello(NAME));
    match refusal {
        Refusal::Nothing => {
            talk.initial(V1, &FIRST_ID, &hello);
        }
        Refusal::Retry => {
            talk.initial(V1, &FIRST_ID, &hello);
            talk.wait(RTT).retry();
            talk.initial(V1, &RETRY_ID, &hello);
        }
        Refusal::Version(is_renamed) => {
            talk.initial(V2, &FIRST_ID, &hello);
            let id = |id: &[u8]| [&[id.len() as u8], id].concat();
            let ids = [id(&CLIENT_ID), id(&FIRST_ID)].concat();
            let known = [&[0x80, 0, 0, 0, 0], &ids[..], &V1.to_be_bytes()].concat();
            talk.wait(RTT).send(false, &known);
            let to = if is_renamed { b"renamed!" } else { &FIRST_ID };
            talk.initial(V1, to, &hello);
        }
    }
    talk.wait(RTT).answer_initial();
    talk.handshake(V1);
    for (ordinal, size) in [(0, 60_000), (1, 70_000), (2, 50_000)] {
        talk.wait(RTT).say(250);
        talk.answer(ordinal, size);
    }
    talk
}

#[test]
fn requests_are_put_before_their_answers_though_clocks_differ() {
    let cases = [30, 800, -800].map(|late| REFUSALS.map(|refusal| (late, refusal)));
    for (late, refusal) in cases.concat() {
        let talk = begun(refusal);
        let late = late * MILLISECOND;
        let mut engine = Engine::new(Config::default());
        give(&mut engine, &talk, late);
        assert_eq!(engine.stats().answers_first, 1, "{late}");
        assert!(engine.segments_missed(), "{late}");
        let mut engine = engine.restart_with_evidence();
        give(&mut engine, &talk, late);
        let found = segments(&engine);
        assert_eq!(found.len(), 3, "{late}");
        for (segment, size) in found.iter().zip([60_000, 70_000, 50_000]) {
            assert!(segment.app_bytes.abs_diff(size) < 300, "{late} {segment:?}");
            let waited = segment.t_first.map(|first| first.since(segment.t_request));
            assert!(
                waited.is_some_and(|waited| (0..2 * RTT).contains(&waited)),
                "{segment:?}"
            );
        }
    }
}

#[test]
fn clocks_that_agree_make_nothing_wait() {
    // Less than a round trip contradicts nothing.
    let cases = [0, MILLISECOND, -MILLISECOND].map(|late| REFUSALS.map(|refusal| (late, refusal)));
    for (late, refusal) in cases.concat() {
        let talk = begun(refusal);
        let mut engine = Engine::new(Config::default());
        give(&mut engine, &talk, late);
        assert_eq!(
            (engine.stats().answers_first, engine.segments_missed()),
            (0, false)
        );
        assert_eq!(
            sizes(&segments(&engine)),
            [60_000, 70_000, 50_000],
            "{late}"
        );
    }
}
