//! Simulated players over HTTP/2 on servers with different stream scheduling. Checks that stated
//! sizes and errors hold as often as promised.

use crate::config::Config;
use crate::engine::Engine;
use crate::engine::testing::{give_cut, segments};
use crate::facts::segment::Segment;
use crate::testing::{
    ACK, MILLISECOND, NETFLIX, RTT, Score, Talk, TcpPacket, client_hello, protected, record,
    server_hello,
};

const NAME: &str = "ipv4-c001-zrh001-ix.1.oca.nflxvideo.net";
/// Explicit nonce and tag of AES-GCM in TLS 1.2.
const GCM: usize = 8 + 16;
/// Data of a full frame, which fills a record, and of a request.
const FRAME: usize = 16_384 - 9;
const REQUEST: usize = 250;
/// Bytes captured of each packet.
const CAPTURED: usize = 160;
/// Media segments of each track.
const SEGMENTS: usize = 24;
/// Nanoseconds that a segment plays, and the number of segments that a player holds.
const DURATION: i64 = 2_000 * MILLISECOND;
const BUFFER: i64 = 8;

/// The stream that a server writes from next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheduler {
    /// From each in turn, one frame.
    Turns,
    /// The oldest first.
    InOrder,
    /// The newest first.
    NewestFirst,
}

/// A client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    /// A player, which keeps one segment of each track in flight.
    Player,
    /// A client that keeps this many responses of any size in flight.
    Parallel(usize),
}

/// Properties of a server and a link.
#[derive(Clone, Copy, Debug)]
struct Setting {
    client: Client,
    scheduler: Scheduler,
    /// Bytes captured of each packet.
    captured: usize,
    /// Number of bytes that the server's socket takes.
    socket: usize,
    /// Packets per thousand that are seen twice.
    again: u64,
    /// Nanoseconds between packets.
    gap: i64,
}

/// A random number generator (xorshift64*), so that every run is the same.
struct Numbers(u64);

impl Numbers {
    fn within(&mut self, low: u64, high: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        low + (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % (high - low)
    }
}

/// A response that is being written.
struct Stream {
    video: bool,
    arrives: i64,
    left: usize,
    begun: bool,
}

/// The purpose of a request.
#[derive(Clone, Copy)]
struct Asked {
    at: i64,
    size: u64,
    video: bool,
}

/// A server, its socket and the player.
struct Session {
    setting: Setting,
    numbers: Numbers,
    asked: Vec<Asked>,
    streams: Vec<Stream>,
    /// Records in the socket, and the ends of responses among them: the byte and the track.
    socket: Vec<u8>,
    ends: Vec<(usize, bool)>,
    written: usize,
    turn: usize,
    count: [usize; 2],
}

impl Session {
    fn new(setting: Setting, seed: u64) -> Self {
        let mut session = Self {
            setting,
            numbers: Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            asked: Vec::new(),
            streams: Vec::new(),
            socket: Vec::new(),
            ends: Vec::new(),
            written: 0,
            turn: 0,
            count: [0; 2],
        };
        match setting.client {
            Client::Player => {
                session.ask(0, true);
                session.ask(4 * MILLISECOND, false);
            }
            Client::Parallel(count) => (0..count).for_each(|_| session.ask(0, true)),
        }
        session
    }

    fn ask(&mut self, at: i64, video: bool) {
        let size = match (self.setting.client, video) {
            (Client::Parallel(_), _) => self.numbers.within(40_000, 900_000),
            (Client::Player, true) => self.numbers.within(250_000, 700_000),
            (Client::Player, false) => self.numbers.within(49_000, 49_400),
        };
        self.asked.push(Asked { at, size, video });
        self.streams.push(Stream {
            video,
            arrives: at + RTT / 2,
            left: size as usize,
            begun: false,
        });
    }

    /// Lets the server write what its socket takes.
    fn write(&mut self, now: i64) {
        while self.socket.len() < self.setting.socket.max(1) {
            let ready: Vec<usize> = (0..self.streams.len())
                .filter(|&at| self.streams[at].arrives <= now)
                .collect();
            let at = match (ready.is_empty(), self.setting.scheduler) {
                (true, _) => return,
                (_, Scheduler::InOrder) => ready[0],
                (_, Scheduler::NewestFirst) => ready[ready.len() - 1],
                (_, Scheduler::Turns) => ready[self.turn % ready.len()],
            };
            self.turn += 1;
            let stream = &mut self.streams[at];
            if !std::mem::replace(&mut stream.begun, true) {
                self.socket.extend(protected(100 + GCM));
            }
            let data = stream.left.min(FRAME);
            stream.left -= data;
            self.socket.extend(protected(data + 9 + GCM));
            if stream.left == 0 {
                let video = self.streams.remove(at).video;
                self.ends.push((self.written + self.socket.len(), video));
            }
        }
    }

    /// Lets the player receive everything up to a byte.
    fn receive(&mut self, upto: usize, now: i64) {
        while let Some(&(end, video)) = self.ends.first().filter(|end| end.0 <= upto) {
            self.ends.remove(0);
            debug_assert!(end <= upto);
            let count = &mut self.count[usize::from(video)];
            *count += 1;
            if let Client::Parallel(_) = self.setting.client {
                if self.asked.len() < 2 * SEGMENTS {
                    self.ask(now + 2 * MILLISECOND, true);
                }
            } else if *count < SEGMENTS {
                let phase = if video { 0 } else { DURATION / 2 };
                let due = (*count as i64 - BUFFER) * DURATION + phase;
                // Time for decoding and the page.
                let think = self.numbers.within(3, 15) as i64 * MILLISECOND;
                self.ask((now + think).max(due + think), video);
            }
        }
    }
}

/// Opens HTTP/2 over TLS 1.2.
fn open() -> Talk {
    let mut talk = Talk::new(50_000, NETFLIX, 443);
    talk.open().say(&record(22, &client_hello(NAME)));
    let hello = record(22, &server_hello(0x0303, 0xc02f, "h2", [9; 32]));
    talk.hear(&[hello, record(22, &[14, 0, 0, 0])].concat());
    talk.say(&[record(22, &[4; 66]), record(20, &[1]), record(22, &[3; 40])].concat());
    talk.hear(&[record(20, &[1]), record(22, &[3; 40])].concat());
    talk
}

/// Plays a session. Returns the segments found, and what was requested.
fn play(setting: Setting, seed: u64) -> (Vec<Segment>, Vec<Asked>) {
    let mut session = Session::new(setting, seed);
    let mut talk = open();
    let start = talk.now + RTT;
    let (up, down, mss) = (talk.up, talk.down, talk.mss);
    let mut passing: Vec<TcpPacket> = Vec::new();
    let mut now = 0;
    loop {
        session.write(now);
        if session.socket.is_empty() {
            let Some(next) = session.streams.iter().map(|stream| stream.arrives).min() else {
                break;
            };
            now = now.max(next);
            continue;
        }
        let sent: Vec<u8> = session
            .socket
            .drain(..mss.min(session.socket.len()))
            .collect();
        let known = session
            .asked
            .iter()
            .filter(|a| a.at + RTT / 2 <= now)
            .count();
        let packet = TcpPacket {
            source: talk.server,
            destination: talk.client,
            sequence: down.wrapping_add(session.written as u32),
            acknowledgement: up.wrapping_add((known * protected(REQUEST).len()) as u32),
            flags: ACK,
            payload: sent,
            time: start + now + RTT / 2,
        };
        session.written += packet.payload.len();
        if session.numbers.within(0, 1000) < setting.again {
            let mut again = packet.clone();
            again.time += RTT;
            passing.push(again);
        }
        passing.push(packet);
        session.receive(session.written, now + RTT / 2);
        now += setting.gap;
    }
    let mut asked = session.asked;
    asked.sort_by_key(|asked| asked.at);
    for (asked, number) in asked.iter().zip(0..) {
        let request = protected(REQUEST);
        let time = start + asked.at;
        let had = passing
            .iter()
            .filter(|packet| packet.source == talk.server && packet.time <= time)
            .map(|packet| packet.sequence.wrapping_sub(down) as usize + packet.payload.len())
            .max();
        passing.push(TcpPacket {
            source: talk.client,
            destination: talk.server,
            sequence: up.wrapping_add((number * request.len()) as u32),
            acknowledgement: down.wrapping_add(had.unwrap_or(0) as u32),
            flags: ACK,
            payload: request,
            time,
        });
    }
    talk.packets.extend(passing);
    talk.packets.sort_by_key(|packet| packet.time);
    let mut engine = Engine::new(Config::default());
    for (packet, frame) in talk.packets.iter().zip(1..) {
        // The whole handshake.
        let captured = if frame < 12 {
            usize::MAX
        } else {
            setting.captured
        };
        give_cut(&mut engine, frame, packet.time, &packet.bytes(), captured);
    }
    engine.finish();
    (segments(&engine), asked)
}

fn score(setting: Setting, seeds: u64) -> Score {
    let mut score = Score::default();
    for seed in 1..=seeds {
        let (found, asked) = play(setting, seed);
        assert_eq!(found.len(), asked.len(), "{setting:?} {seed}");
        let sum: u64 = asked.iter().map(|asked| asked.size).sum();
        let found_sum: u64 = found.iter().map(|segment| segment.app_bytes).sum();
        assert!(
            found_sum.abs_diff(sum) * 100 < sum,
            "{setting:?} {seed}: {found_sum} of {sum}"
        );
        for (segment, asked) in found.iter().zip(&asked) {
            score.add(segment, asked.size, asked.video);
        }
    }
    score
}

#[test]
fn no_way_of_serving_gives_a_size_outside_its_bound_more_often_than_stated() {
    let mut wrong = Vec::new();
    for scheduler in [Scheduler::Turns, Scheduler::InOrder] {
        for socket in [0, 256 * 1024] {
            for (again, gap) in [(0, MILLISECOND), (0, 2 * MILLISECOND), (10, MILLISECOND)] {
                let setting = Setting {
                    client: Client::Player,
                    captured: CAPTURED,
                    scheduler,
                    socket,
                    again,
                    gap,
                };
                let score = score(setting, 4);
                // If served in order, a request 2 ms after another looks like one that is served
                // alongside it.
                let looks_fair = matches!(scheduler, Scheduler::InOrder) && gap > MILLISECOND;
                let (near, kinds) = if looks_fair { (40, 65) } else { (70, 75) };
                if !score.reaches(95, near, kinds) {
                    wrong.push((setting, score));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_several_responses_in_flight_may_have_is_said_of_each() {
    let mut wrong = Vec::new();
    for client in [2, 3, 4, 8].map(Client::Parallel) {
        for scheduler in [Scheduler::Turns, Scheduler::InOrder, Scheduler::NewestFirst] {
            for captured in [CAPTURED, usize::MAX] {
                let setting = Setting {
                    client,
                    scheduler,
                    captured,
                    socket: 0,
                    again: 0,
                    gap: MILLISECOND,
                };
                let score = score(setting, 3);
                if !score.reaches(95, 0, 0) {
                    wrong.push((setting, score));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
