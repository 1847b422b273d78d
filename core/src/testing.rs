//! Packets and conversations for tests, written byte by byte so that they do not depend on the
//! decoder.

use core::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::facts::segment::{BeyondStep, Kind, KindReason, Segment, Transport};
use crate::packet::Time;

pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
pub(crate) const ACK: u8 = 0x10;

/// An address that Netflix announces, and one that nobody does.
pub(crate) const NETFLIX: &str = "23.246.11.141";
pub(crate) const CLIENT: &str = "10.0.0.2";

pub(crate) const MILLISECOND: i64 = 1_000_000;
/// Round-trip time of every conversation here.
pub(crate) const RTT: i64 = 20 * MILLISECOND;

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Returns a whole segment of 1000 bytes, for tests to modify.
pub(crate) fn segment() -> Segment {
    Segment {
        number: 1,
        index: 1,
        previous: None,
        next: None,
        server: 0,
        flow: 0,
        client: IpAddr::from([10, 0, 0, 2]),
        client_port: 50_000,
        server_port: 443,
        transport: Transport::Tcp,
        kind: Kind::Video,
        kind_reason: KindReason::BesideAudio,
        request_frame: 1,
        first_frame: Some(2),
        last_frame: Some(3),
        t_request: Time(0),
        t_first: Some(Time(0)),
        t_last: Some(Time(0)),
        pkts: 1,
        bytes: 1000,
        app_bytes: 1000,
        retransmitted_bytes: 0,
        missing_bytes: 0,
        size_error: 0,
        complete: true,
        estimated: false,
        shared: false,
        divided_as: None,
        inferred: false,
        aborted: false,
        given_up_after: None,
        own_evidence: None,
        own_name: None,
        via: None,
        settled: false,
        throughput_min: 0,
        beyond_step: BeyondStep::Nothing,
    }
}

/// Builds an IP packet of either version.
pub(crate) fn ip(source: IpAddr, destination: IpAddr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let mut packet = vec![0x45, 0];
            packet.extend_from_slice(&(20 + payload.len() as u16).to_be_bytes());
            packet.extend_from_slice(&identification().to_be_bytes());
            packet.extend_from_slice(&[0x40, 0, 64, protocol, 0, 0]);
            packet.extend_from_slice(&source.octets());
            packet.extend_from_slice(&destination.octets());
            packet.extend_from_slice(payload);
            packet
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let mut packet = vec![0x60, 0, 0, 0];
            packet.extend_from_slice(&(payload.len() as u16).to_be_bytes());
            packet.extend_from_slice(&[protocol, 64]);
            packet.extend_from_slice(&source.octets());
            packet.extend_from_slice(&destination.octets());
            packet.extend_from_slice(payload);
            packet
        }
        _ => panic!("one version at both ends"),
    }
}

/// Returns the identification of another packet: one that is built twice was sent twice.
fn identification() -> u16 {
    thread_local! {
        static LAST: core::cell::Cell<u16> = const { core::cell::Cell::new(0) };
    }
    LAST.with(|last| {
        last.set(last.get() % u16::MAX + 1);
        last.get()
    })
}

/// Builds a UDP datagram with its header.
pub(crate) fn udp(source_port: u16, destination_port: u16, payload: &[u8]) -> Vec<u8> {
    let length = 8 + payload.len() as u16;
    let mut datagram = [source_port, destination_port, length, 0]
        .map(u16::to_be_bytes)
        .concat();
    datagram.extend_from_slice(payload);
    datagram
}

/// Builds a TCP segment with its header, without options.
pub(crate) fn tcp(
    ports: (u16, u16),
    sequence: u32,
    acknowledgement: u32,
    flags: u8,
    payload: &[u8],
) -> Vec<u8> {
    let mut segment = [ports.0, ports.1].map(u16::to_be_bytes).concat();
    segment.extend_from_slice(&sequence.to_be_bytes());
    segment.extend_from_slice(&acknowledgement.to_be_bytes());
    segment.extend_from_slice(&[0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    segment.extend_from_slice(payload);
    segment
}

/// Builds an Ethernet frame.
pub(crate) fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    frame.extend_from_slice(&ether_type.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// A TCP packet of a conversation.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct TcpPacket {
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    pub(crate) sequence: u32,
    pub(crate) acknowledgement: u32,
    pub(crate) flags: u8,
    pub(crate) payload: Vec<u8>,
    pub(crate) time: i64,
}

/// Formats it in one line for reports of failed tests.
impl fmt::Debug for TcpPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            source,
            destination,
            sequence,
            acknowledgement,
            flags,
            payload,
            time,
        } = self;
        write!(
            f,
            "{time} {source} > {destination} flags {flags:#x} {sequence}+{} ack {acknowledgement} ",
            payload.len()
        )?;
        write!(f, "{:02x?}", &payload[..payload.len().min(8)])
    }
}

impl TcpPacket {
    /// Returns it as an IP packet.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let ports = (self.source.port(), self.destination.port());
        let segment = tcp(
            ports,
            self.sequence,
            self.acknowledgement,
            self.flags,
            &self.payload,
        );
        ip(self.source.ip(), self.destination.ip(), 6, &segment)
    }

    /// Splits the packet in two at `at`.
    pub(crate) fn split(mut self, at: usize) -> [Self; 2] {
        let mut second = self.clone();
        second.payload = self.payload.split_off(at);
        second.sequence = self.sequence.wrapping_add(at as u32);
        self.flags &= !FIN;
        [self, second]
    }
}

/// A TCP conversation as both ends intend it.
#[derive(Clone, Debug)]
pub(crate) struct Talk {
    pub(crate) client: SocketAddr,
    pub(crate) server: SocketAddr,
    pub(crate) packets: Vec<TcpPacket>,
    pub(crate) now: i64,
    pub(crate) up: u32,
    pub(crate) down: u32,
    /// Largest payload of a packet.
    pub(crate) mss: usize,
}

impl Talk {
    /// Starts a conversation from the client's port to a server's.
    pub(crate) fn new(client_port: u16, server: &str, server_port: u16) -> Self {
        Self {
            client: SocketAddr::new(address(CLIENT), client_port),
            server: SocketAddr::new(address(server), server_port),
            packets: Vec::new(),
            now: 1_000_000 * MILLISECOND,
            // Just below the wrap, so that every longer conversation crosses it.
            up: u32::MAX - 900,
            down: u32::MAX - 3000,
            mss: 1448,
        }
    }

    pub(crate) fn packet(&mut self, from_client: bool, flags: u8, payload: &[u8]) {
        let (source, destination) = if from_client {
            (self.client, self.server)
        } else {
            (self.server, self.client)
        };
        let (sequence, acknowledgement) = if from_client {
            (self.up, self.down)
        } else {
            (self.down, self.up)
        };
        let acknowledgement = if flags & ACK != 0 { acknowledgement } else { 0 };
        let (payload, time) = (payload.to_vec(), self.now);
        let length = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.packets.push(TcpPacket {
            source,
            destination,
            sequence,
            acknowledgement,
            flags,
            payload,
            time,
        });
        let own = if from_client {
            &mut self.up
        } else {
            &mut self.down
        };
        *own = own.wrapping_add(length);
        self.now += MILLISECOND / 10;
    }

    pub(crate) fn wait(&mut self, nanoseconds: i64) -> &mut Self {
        self.now += nanoseconds;
        self
    }

    /// Sends the three packets of the handshake.
    pub(crate) fn open(&mut self) -> &mut Self {
        self.packet(true, SYN, &[]);
        self.wait(RTT).packet(false, SYN | ACK, &[]);
        self.packet(true, ACK, &[]);
        self
    }

    /// Sends bytes of the client.
    pub(crate) fn say(&mut self, bytes: &[u8]) -> &mut Self {
        for part in bytes.chunks(self.mss) {
            self.packet(true, ACK, part);
        }
        self
    }

    /// Sends bytes of the server a round trip later, and the client's acknowledgement.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> &mut Self {
        self.wait(RTT);
        for part in bytes.chunks(self.mss) {
            self.packet(false, ACK, part);
        }
        self.packet(true, ACK, &[]);
        self
    }

    /// Closes both ends.
    pub(crate) fn close(&mut self) -> &mut Self {
        self.packet(true, FIN | ACK, &[]);
        self.wait(RTT).packet(false, FIN | ACK, &[]);
        self.packet(true, ACK, &[]);
        self
    }
}

/// Builds a TLS record of a type with a body.
pub(crate) fn record(content_type: u8, body: &[u8]) -> Vec<u8> {
    let mut record = vec![content_type, 3, 3];
    record.extend_from_slice(&(body.len() as u16).to_be_bytes());
    record.extend_from_slice(body);
    record
}

/// Builds a protected record with a body of `length` meaningless bytes.
pub(crate) fn protected(length: usize) -> Vec<u8> {
    record(23, &vec![0xa5; length])
}

/// Builds `plain` bytes of HTTP in full records and a last one, each with `overhead` bytes of
/// protection.
pub(crate) fn protected_body(plain: usize, overhead: usize) -> Vec<u8> {
    let mut records = Vec::new();
    let mut left = plain;
    while left > 0 {
        let part = left.min(16_384);
        records.extend(protected(part + overhead));
        left -= part;
    }
    records
}

fn vector<const N: usize>(body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    [&length[4 - N..], body].concat()
}

fn handshake(message_type: u8, body: &[u8]) -> Vec<u8> {
    [&[message_type], &vector::<3>(body)[..]].concat()
}

/// Builds a ClientHello's handshake message with a server name.
pub(crate) fn client_hello(name: &str) -> Vec<u8> {
    let name = vector::<2>(&[&[0], &vector::<2>(name.as_bytes())[..]].concat());
    let extensions = [&[0, 0], &vector::<2>(&name)[..]].concat();
    let random = [7; 32];
    let parts = [
        &[3, 3],
        &random[..],
        &[0],
        &vector::<2>(&[0x13, 1]),
        &vector::<1>(&[0]),
        &vector::<2>(&extensions),
    ];
    handshake(1, &parts.concat())
}

/// Builds a ServerHello's handshake message: version 0x0303 or 0x0304, cipher suite, ALPN.
pub(crate) fn server_hello(version: u16, cipher: u16, alpn: &str, random: [u8; 32]) -> Vec<u8> {
    let mut extensions = Vec::new();
    if version > 0x0303 {
        extensions.extend([0, 43, 0, 2]);
        extensions.extend(version.to_be_bytes());
    }
    if !alpn.is_empty() {
        extensions.extend([0, 16]);
        extensions.extend(vector::<2>(&vector::<2>(&vector::<1>(alpn.as_bytes()))));
    }
    let parts = [
        &[3, 3],
        &random[..],
        &[0],
        &cipher.to_be_bytes(),
        &[0],
        &vector::<2>(&extensions)[..],
    ];
    handshake(2, &parts.concat())
}

impl Talk {
    /// Sends a TLS 1.3 handshake: hellos, the server's flight, the client's Finished.
    pub(crate) fn tls13(&mut self, name: &str) -> &mut Self {
        self.open().shake_hands(name)
    }

    /// Sends the same on a connection that is open.
    pub(crate) fn shake_hands(&mut self, name: &str) -> &mut Self {
        self.say(&record(22, &client_hello(name)));
        let hello = record(22, &server_hello(0x0304, 0x1301, "", [9; 32]));
        let flight = [
            hello,
            record(20, &[1]),
            protected(30),
            protected(2500),
            protected(281),
            protected(53),
        ];
        self.hear(&flight.concat());
        self.say(&[record(20, &[1]), protected(53)].concat())
    }

    /// Sends a TLS 1.2 handshake with AES-GCM.
    pub(crate) fn tls12(&mut self, name: &str) -> &mut Self {
        self.open().say(&record(22, &client_hello(name)));
        let hello = record(22, &server_hello(0x0303, 0xc02f, "", [9; 32]));
        let certificate = record(22, &handshake(11, &[5; 2800]));
        self.hear(&[hello, certificate, record(22, &handshake(14, &[]))].concat());
        self.say(
            &[
                record(22, &handshake(16, &[4; 66])),
                record(20, &[1]),
                record(22, &[3; 40]),
            ]
            .concat(),
        );
        self.hear(&[record(20, &[1]), record(22, &[3; 40])].concat())
    }
}

/// Counts of sizes: how many of all are within their bounds, how many within a hundredth, and how
/// many kinds are right.
#[derive(Debug, Default)]
pub(crate) struct Score {
    all: usize,
    bounded: usize,
    near: usize,
    kinds: usize,
}

impl Score {
    /// Adds a segment whose size and kind are known.
    pub(crate) fn add(&mut self, segment: &Segment, size: u64, is_video: bool) {
        assert!(segment.first_frame <= segment.last_frame, "{segment:?}");
        assert!(segment.t_first <= segment.t_last, "{segment:?}");
        assert_eq!(segment.bytes > 0, segment.pkts > 0, "{segment:?}");
        assert_eq!(segment.bytes > 0, segment.t_first.is_some(), "{segment:?}");
        let off = segment.app_bytes.abs_diff(size);
        let kind = if is_video { Kind::Video } else { Kind::Audio };
        self.all += 1;
        self.bounded += usize::from(off <= segment.size_error);
        self.near += usize::from(off * 100 <= size);
        self.kinds += usize::from(segment.kind == kind);
    }

    /// Returns true if these percentages are reached: sizes within their bounds, within a
    /// hundredth, and kinds.
    pub(crate) fn reaches(&self, bounded: usize, near: usize, kinds: usize) -> bool {
        let reaches = |count: usize, part: usize| count * 100 >= self.all * part;
        reaches(self.bounded, bounded) && reaches(self.near, near) && reaches(self.kinds, kinds)
    }
}
