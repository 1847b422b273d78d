mod anything;
mod connections;
mod copies;
mod relay;
mod requests;
mod responses;
mod simulation;
mod taps;

use super::*;
use crate::config::Config;
use crate::engine::Engine;
use crate::engine::testing::{give_cut, segments};
use crate::facts::annotation::Annotation;
use crate::facts::counters::Direction;
use crate::facts::segment::Segment;
use crate::testing::{CLIENT, MILLISECOND, RTT, address, client_hello, ip, udp};
use crate::wire::quic::tests::{crypto_frame, long_header};
use crate::wire::quic::{InitialKeys, TAG_LEN};

const NAME: &str = "ipv4-c001-zrh001-ix.1.oca.nflxvideo.net";
const SERVER: &str = "198.51.100.7";
const V1: u32 = 1;
const V2: u32 = 0x6b33_43cf;
const FIRST_ID: [u8; 8] = *b"original";
/// The connection ID that a server chooses with a Retry.
const RETRY_ID: [u8; 6] = *b"retry!";
const SERVER_ID: [u8; 5] = *b"srvid";
const CLIENT_ID: [u8; 8] = *b"clientid";
/// The size up to which the server fills its datagrams.
pub(super) const FULL: usize = 1252;
/// First byte, connection ID, packet number and tag of the server's packets.
pub(super) const DOWN_OVERHEAD: usize = 1 + CLIENT_ID.len() + 2 + TAG_LEN;

/// A conversation in QUIC, and the engine that hears it.
pub(super) struct Talk {
    engine: Engine,
    client: &'static str,
    client_port: u16,
    server_port: u16,
    captured: usize,
    frame: u64,
    pub(super) now: i64,
    noise: u8,
    /// Everything that was sent: from the client or not, when, and the packet.
    sent: Vec<(bool, i64, Vec<u8>)>,
}

impl Talk {
    pub(super) fn new() -> Self {
        Self::with(Config::default())
    }

    fn with(config: Config) -> Self {
        Self {
            engine: Engine::new(config),
            client: CLIENT,
            client_port: 50_000,
            server_port: 443,
            captured: usize::MAX,
            frame: 0,
            now: 1_000_000 * MILLISECOND,
            noise: 0,
            sent: Vec::new(),
        }
    }

    /// One that has the server's address by configuration.
    fn informed() -> Self {
        let mut config = Config::default();
        config.set("prefixes", SERVER).unwrap();
        Self::with(config)
    }

    fn send(&mut self, from_client: bool, payload: &[u8]) -> Option<Annotation> {
        let (client, server) = (
            (address(self.client), self.client_port),
            (address(SERVER), self.server_port),
        );
        let (source, destination) = if from_client {
            (client, server)
        } else {
            (server, client)
        };
        let packet = ip(
            source.0,
            destination.0,
            17,
            &udp(source.1, destination.1, payload),
        );
        self.frame += 1;
        self.now += MILLISECOND / 10;
        self.sent.push((from_client, self.now, packet.clone()));
        give_cut(
            &mut self.engine,
            self.frame,
            self.now,
            &packet,
            self.captured,
        )
    }

    fn wait(&mut self, nanoseconds: i64) -> &mut Self {
        self.now += nanoseconds;
        self
    }

    /// A 1-RTT packet in a datagram of `size` bytes.
    pub(super) fn short(&mut self, from_client: bool, size: usize) -> Option<Annotation> {
        let datagram = self.short_bytes(from_client, size);
        self.send(from_client, &datagram)
    }

    fn short_bytes(&mut self, from_client: bool, size: usize) -> Vec<u8> {
        self.noise = self.noise.wrapping_add(37);
        let id: &[u8] = if from_client { &SERVER_ID } else { &CLIENT_ID };
        let mut datagram = [&[0x40 | self.noise >> 3], id].concat();
        // No packet of QUIC is like another.
        datagram.extend(self.frame.to_le_bytes());
        datagram.resize(size, self.noise);
        datagram
    }

    /// Sends this many bytes of frames from the client.
    pub(super) fn say(&mut self, content: usize) -> Option<Annotation> {
        self.short(true, 1 + SERVER_ID.len() + 2 + TAG_LEN + content)
    }

    fn initial(&mut self, version: u32, to: &[u8], frames: &[u8]) -> Option<Annotation> {
        let mut frames = frames.to_vec();
        let header = |length| long_header(version, Form::Initial, to, &CLIENT_ID, &[], length);
        frames.resize(FULL - header(frames.len()).len() - TAG_LEN, 0);
        let mut keys = InitialKeys::client(version, to).unwrap();
        let header = header(frames.len());
        self.send(true, &keys.seal(&header, 4, &frames))
    }

    /// The server asks for another beginning.
    fn retry(&mut self) {
        let id = |id: &[u8]| [&[id.len() as u8], id].concat();
        let retry = [
            &[0xf0, 0, 0, 0, 1],
            &id(&CLIENT_ID)[..],
            &id(&RETRY_ID),
            b"token",
            &[7; TAG_LEN],
        ]
        .concat();
        self.send(false, &retry);
    }

    /// The server's Initial, which is as long as a client's.
    fn answer_initial(&mut self) {
        let header = |length| long_header(V1, Form::Initial, &CLIENT_ID, &SERVER_ID, &[], length);
        let mut answer = header(FULL - header(FULL).len() - TAG_LEN);
        answer.resize(FULL, 0xee);
        self.send(false, &answer);
    }

    /// The server's handshake, and the client's end of it with its control streams.
    fn handshake(&mut self, version: u32) -> &mut Self {
        self.handshake_with(version, 260)
    }

    /// The same with so large a packet of control streams.
    fn handshake_with(&mut self, version: u32, control: usize) -> &mut Self {
        self.first_flight(version, control);
        self.wait(RTT).short(false, 240);
        self.wait(5 * RTT)
    }

    /// The same up to the client's first flight.
    fn first_flight(&mut self, version: u32, control: usize) {
        let part = |from_client: bool, length: usize| {
            let (to, from): (&[u8], &[u8]) = if from_client {
                (&SERVER_ID, &CLIENT_ID)
            } else {
                (&CLIENT_ID, &SERVER_ID)
            };
            let mut packet = long_header(version, Form::Handshake, to, from, &[], length);
            packet.resize(packet.len() + length + TAG_LEN, 0xee);
            packet
        };
        self.wait(RTT);
        let answer = part(false, FULL - part(false, 1000).len() + 1000);
        assert_eq!(answer.len(), FULL);
        self.send(false, &answer);
        let control = self.short_bytes(true, control);
        self.send(true, &[part(true, 52), control].concat());
    }

    /// A whole beginning.
    pub(super) fn open(&mut self) -> &mut Self {
        self.initial(V1, &FIRST_ID, &crypto_frame(0, &client_hello(NAME)));
        self.handshake(V1)
    }

    /// The server sends what the stream with that ordinal has, and the client acknowledges every
    /// other packet. Returns the bytes of UDP.
    fn answer(&mut self, ordinal: u64, app_bytes: usize) -> usize {
        self.wait(RTT).deliver(ordinal, app_bytes)
    }

    /// The same at once.
    fn deliver(&mut self, ordinal: u64, app_bytes: usize) -> usize {
        let (mut left, mut offset, mut sent) = (app_bytes + 8, 0, 0);
        while left > 0 {
            let varint =
                |value: usize| 1 + usize::from(value > 63) + 2 * usize::from(value > 16_383);
            let header =
                3 + varint(ordinal as usize * 4) + if offset > 0 { varint(offset) } else { 0 };
            let data = left.min(FULL - DOWN_OVERHEAD - header);
            self.short(false, DOWN_OVERHEAD + header + data);
            sent += DOWN_OVERHEAD + header + data;
            if offset % 2 == 0 {
                self.say(8);
            }
            offset += data;
            left -= data;
        }
        sent
    }

    pub(super) fn finish(&mut self) -> Vec<Segment> {
        self.engine.finish();
        segments(&self.engine)
    }
}

fn sizes(segments: &[Segment]) -> Vec<u64> {
    segments.iter().map(|segment| segment.app_bytes).collect()
}

/// A connection to a server of this name, with two responses.
fn conversation(name: &str) -> Talk {
    let mut talk = Talk::new();
    talk.initial(V1, &FIRST_ID, &crypto_frame(0, &client_hello(name)));
    talk.wait(RTT).answer_initial();
    talk.handshake(V1);
    for (ordinal, size) in [(0, 60_000), (1, 70_000)] {
        talk.wait(RTT).say(250);
        talk.answer(ordinal, size);
    }
    talk
}
