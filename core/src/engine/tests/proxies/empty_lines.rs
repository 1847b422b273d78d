//! Empty lines before the first line of a message.

use super::hosts::absolute;
use super::*;

const LINES: [&[u8]; 5] = [b"", b"\r\n", b"\n", b"\r\n\r\n", b"\r\n\r\n\r\n"];

/// Sends a message behind empty lines: in the same packets, or after them.
fn say_behind(talk: &mut Talk, lines: &[u8], message: &[u8], is_apart: bool) {
    if is_apart {
        talk.say(lines).wait(MILLISECOND).say(message);
    } else {
        talk.say(&[lines, message].concat());
    }
}

#[test]
fn empty_lines_may_precede_a_request_for_a_tunnel_and_its_answer() {
    let (request, answer) = connect(VIDEO).remove(0);
    for (at, lines) in LINES.into_iter().enumerate() {
        for mss in [1448, 64, 9, 1] {
            for (is_apart, is_later) in [(false, false), (true, false), (false, true), (true, true)]
            {
                let mut talk = Talk::new(50_000, PROXY, 3128);
                talk.open();
                if is_later {
                    talk.say(&absolute(OTHER)).hear(&response(9000));
                }
                // A request behind others is recognised by the start of a packet.
                talk.mss = if is_later { mss.max(40) } else { mss };
                say_behind(&mut talk, lines, &request, is_apart);
                talk.hear(&[lines, &answer].concat());
                talk.mss = 1448;
                talk.shake_hands(VIDEO);
                let (talk, expected) = tls(talk, 17);
                let (engine, _) = run(Config::default(), &talk.packets);
                let found = segments(&engine);
                let place = format!("{at} {mss} {is_apart} {is_later}");
                assert_eq!(sizes(&engine), expected, "{place}");
                assert!(found.iter().all(|it| it.via == Some(Via::Connect)));
            }
        }
    }
}

#[test]
fn empty_lines_may_precede_a_request_in_clear_and_its_response() {
    for (at, lines) in LINES.into_iter().enumerate() {
        for mss in [1448, 64, 9, 1] {
            for is_apart in [false, true] {
                for (host, port, request) in [
                    (NETFLIX, 80, REQUEST.to_vec()),
                    (NETFLIX, 8080, REQUEST.to_vec()),
                    (PROXY, 3128, absolute(VIDEO)),
                ] {
                    let mut talk = Talk::new(50_000, host, port);
                    talk.open();
                    for _ in 0..2 {
                        talk.mss = mss;
                        say_behind(&mut talk, lines, &request, is_apart);
                        talk.mss = 1448;
                        talk.hear(&[lines, &response(20_000)].concat());
                    }
                    let (engine, _) = run(Config::default(), &talk.packets);
                    let found = segments(&engine);
                    let size = response(20_000).len() as u64;
                    let asked: Vec<_> = found
                        .iter()
                        .map(|it| (it.size_error, it.app_bytes))
                        .collect();
                    assert_eq!(asked, [(0, size); 2], "{at} {mss} {is_apart} {host} {port}");
                }
            }
        }
    }
}
