//! Packets made from bytes: TCP conversations between few addresses with whole headers and contents
//! that look like TLS, HTTP, DNS and QUIC; lost, late, repeated and cut packets.

mod messages;

use std::net::IpAddr;

use nflx_core::{LinkType, Packet, Time};

use self::messages::{client_hello, dns_answer, record, server_hello};
use crate::Input;
use crate::decode::LINK_TYPES;

/// Most packets of one input.
const MOST: usize = 120;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

const NAMES: [&str; 6] = [
    "ipv4-c001-fra001-ix.1.oca.nflxvideo.net",
    "api.netflix.com",
    "assets.nflxext.com",
    "www.example.net",
    "occ-0-1-2.1.nflxso.net",
    "e1.edge.example.org",
];

/// Client, server, client's port, server's port. Some servers are in ranges that Netflix announces,
/// one client too.
const ENDS: [(&str, &str, u16, u16); 9] = [
    ("10.0.0.2", "23.246.11.141", 50_000, 443),
    ("10.0.0.2", "23.246.11.141", 50_001, 443),
    ("10.0.0.2", "198.51.100.7", 50_002, 443),
    ("10.0.0.3", "23.246.11.141", 50_000, 443),
    ("10.0.0.2", "203.0.113.9", 50_003, 80),
    ("2001:db8::2", "2a00:86c0::1", 50_000, 443),
    ("10.0.0.2", "198.51.100.7", 40_000, 53),
    ("23.246.2.2", "23.246.11.141", 50_000, 443),
    ("2001:db8::2", "2001:db8:1::9", 50_004, 8080),
];

/// The first packets of a QUIC connection, either side's.
const CLIENT_INITIAL: &[u8] = include_bytes!("../data/client-initial.bin");
const SERVER_INITIAL: &[u8] = include_bytes!("../data/server-initial.bin");

/// One frame of a capture.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) time: i64,
    pub(crate) link_type: u16,
    pub(crate) original_length: u32,
    pub(crate) data: Vec<u8>,
}

impl Frame {
    /// Returns the packet that this frame of a capture holds.
    pub(crate) fn packet(&self, number: usize) -> Packet<'_> {
        Packet {
            frame: number as u64,
            time: Time(self.time),
            link_type: LinkType(self.link_type),
            original_length: self.original_length,
            data: &self.data,
        }
    }
}

struct Conversation {
    client: IpAddr,
    server: IpAddr,
    ports: (u16, u16),
    /// Next sequence numbers: the client's, the server's.
    next: [u32; 2],
}

struct Traffic {
    frames: Vec<Frame>,
    held: Option<Frame>,
    conversations: Vec<Conversation>,
    now: i64,
    step: i64,
    snapshot: usize,
    segment: usize,
    /// Fates of the next packets, two bits each: as it is, lost, late, twice.
    fate: u32,
    /// IPv4 total length 0, as segmentation offload leaves it.
    no_length: bool,
}

/// Makes packets.
pub(crate) fn frames(input: &mut Input<'_>) -> Vec<Frame> {
    let conversations = ENDS.iter().zip(0..).map(
        |(&(client, server, from, to), index): (_, u32)| Conversation {
            client: client.parse().expect("an address"),
            server: server.parse().expect("an address"),
            ports: (from, to),
            next: [u32::MAX - 900 - index, u32::MAX - 3000 * index],
        },
    );
    let mut traffic = Traffic {
        frames: Vec::new(),
        held: None,
        conversations: conversations.collect(),
        now: 1_700_000_000_000_000_000,
        step: 100_000,
        snapshot: 65_535,
        segment: 1448,
        fate: 0,
        no_length: false,
    };
    while !input.is_empty() && traffic.frames.len() < MOST {
        traffic.act(input);
    }
    traffic.frames.extend(traffic.held.take());
    traffic.frames
}

impl Traffic {
    fn act(&mut self, input: &mut Input<'_>) {
        let operation = input.u8();
        let at = input.below(ENDS.len());
        match operation % 20 {
            0 => {
                let mask = input.u8();
                for (bit, from_client, flags) in
                    [(1, true, SYN), (2, false, SYN | ACK), (4, true, ACK)]
                {
                    if mask & bit == 0 {
                        self.tcp(at, from_client, flags, &[], 0);
                    } else {
                        self.pass(at, from_client, u32::from(flags & SYN != 0));
                    }
                }
            }
            1 => {
                let hello = record(22, &client_hello(NAMES[input.below(NAMES.len())]));
                self.say(at, true, &hello, hello.len());
            }
            2 => {
                let choice = input.u8();
                let mut flight = record(22, &server_hello(choice));
                flight.extend(record(20, &[1]));
                if choice & 4 != 0 {
                    flight.extend(record(23, &[0xa5; 281]));
                }
                self.say(at, false, &flight, flight.len());
            }
            3 | 4 => {
                // Requests, or records of any length.
                let length = usize::from(input.u16()) % 2000 + 1;
                let body = record(23, &vec![0xa5; length]);
                self.say(at, operation & 1 == 1, &body, body.len());
            }
            5 | 6 => {
                let length = usize::from(input.u16());
                let overhead = [17, 24, 29][input.below(3)];
                self.say_records(at, length, overhead);
                if operation % 20 == 5 {
                    self.tcp(at, true, ACK, &[], 0);
                }
            }
            7 => {
                let method = ["GET", "HEAD", "POST", "CONNECT"][input.below(4)];
                let name = NAMES[input.below(NAMES.len())];
                let body = u16::from(input.u8());
                let head = format!(
                    "{method} /range/0-{body} HTTP/1.1\r\nHost: {name}:80\r\nContent-Length: {body}\r\n\r\n"
                );
                let mut request = head.into_bytes();
                request.resize(request.len() + usize::from(body), b'x');
                self.say(at, true, &request, request.len());
            }
            8 => {
                let (status, length) =
                    ([200, 206, 304, 100, 101, 404][input.below(6)], input.u16());
                let head = if input.u8() & 1 == 0 {
                    format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n")
                } else {
                    format!(
                        "HTTP/1.1 {status} X\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n"
                    )
                };
                self.say(
                    at,
                    false,
                    head.as_bytes(),
                    head.len() + usize::from(length) + usize::from(input.u8() & 7),
                );
            }
            9 => {
                let (flags, jump, back) = (input.u8(), input.u8(), input.u16());
                let from_client = input.u8() & 1 == 1;
                let next = self.conversations[at].next;
                match jump & 7 {
                    0 => self.pass(at, from_client, 0_u32.wrapping_sub(u32::from(back))),
                    1 => self.pass(at, from_client, u32::from(back)),
                    2 => self.pass(at, !from_client, u32::from(back)),
                    3 => self.conversations[at].next = [input.u32(), input.u32()],
                    _ => {}
                }
                let length = input.below(256);
                let payload = input.bytes(length);
                self.tcp(at, from_client, flags, payload, payload.len());
                if jump & 8 != 0 {
                    self.conversations[at].next = next;
                }
            }
            10 => {
                let choice = input.u8();
                let message = dns_answer(
                    NAMES[input.below(NAMES.len())],
                    NAMES[input.below(NAMES.len())],
                    choice,
                );
                if choice & 0x40 == 0 {
                    self.udp(
                        "192.0.2.53",
                        53,
                        "10.0.0.2",
                        40_001,
                        &message,
                        message.len(),
                    );
                } else {
                    let framed = [&(message.len() as u16).to_be_bytes(), &message[..]].concat();
                    self.say(at, false, &framed, framed.len());
                }
            }
            11 => self.quic(at, true, CLIENT_INITIAL, CLIENT_INITIAL.len()),
            12 => self.quic(at, false, SERVER_INITIAL, SERVER_INITIAL.len()),
            13 | 14 => {
                let (count, length) = (input.below(24) + 1, usize::from(input.u16() % 1452));
                let mut payload = vec![input.u8() & 0x7f | 0x40; length.clamp(1, 1452)];
                // The connection IDs that the Initials named.
                let id = if operation & 1 == 1 {
                    &SERVER_INITIAL[15..23]
                } else {
                    &SERVER_INITIAL[6..14]
                };
                if payload.len() > 8 {
                    payload[1..9].copy_from_slice(id);
                }
                for _ in 0..count {
                    self.quic(at, operation & 1 == 1, &payload, payload.len());
                }
            }
            15 => {
                let length = input.below(256);
                let payload = input.bytes(length);
                self.quic(
                    at,
                    operation & 0x20 == 0,
                    payload,
                    payload.len() + usize::from(operation & 0x40),
                );
            }
            16 => self.tcp(
                at,
                operation & 0x20 == 0,
                [FIN | ACK, RST, RST | ACK, ACK][input.below(4)],
                &[],
                0,
            ),
            17 => {
                let (link_type, missing, length) = (
                    LINK_TYPES[input.below(LINK_TYPES.len())],
                    u32::from(input.u8()),
                    usize::from(input.u16() % 2048),
                );
                let data = input.bytes(length).to_vec();
                self.give(Frame {
                    time: self.now,
                    link_type,
                    original_length: data.len() as u32 + missing,
                    data,
                });
            }
            18 => {
                let choice = input.u8();
                self.snapshot = [65_535, 96, 54, 200][usize::from(choice & 3)];
                self.segment = [1448, 536, 8960, 30_000][usize::from(choice >> 2 & 3)];
                self.no_length = choice & 0x30 == 0x30;
                self.step = [100_000, 0, 20_000_000, -5_000_000][usize::from(choice >> 6)];
            }
            _ => {
                self.fate = input.u32();
                self.now = self
                    .now
                    .wrapping_add(i64::from(input.u16() as i16) * 1_000_000);
            }
        }
    }

    /// Moves a sequence number on without a packet.
    fn pass(&mut self, at: usize, from_client: bool, by: u32) {
        let next = &mut self.conversations[at].next[usize::from(!from_client)];
        *next = next.wrapping_add(by);
    }

    /// Sends `length` bytes that begin with `bytes` in packets.
    fn say(&mut self, at: usize, from_client: bool, bytes: &[u8], length: usize) {
        let mut done = 0;
        while done < length {
            let part = self.segment.min(length - done);
            let captured = bytes.get(done..).unwrap_or_default();
            self.tcp(
                at,
                from_client,
                ACK,
                &captured[..captured.len().min(part)],
                part,
            );
            done += part;
        }
    }

    /// Sends a response of `length` bytes in records.
    fn say_records(&mut self, at: usize, length: usize, overhead: usize) {
        let mut bytes = Vec::with_capacity(length + length / 500 + 64);
        let mut left = length;
        while left > 0 {
            let part = left.min(16_384);
            let size = (part + overhead) as u16;
            bytes.extend_from_slice(&[23, 3, 3]);
            bytes.extend_from_slice(&size.to_be_bytes());
            bytes.resize(bytes.len() + usize::from(size), 0xa5);
            left -= part;
        }
        self.say(at, false, &bytes, bytes.len());
    }

    /// A TCP packet with `length` bytes of payload that begin with `payload`; zeros follow.
    fn tcp(&mut self, at: usize, from_client: bool, flags: u8, payload: &[u8], length: usize) {
        let Conversation {
            client,
            server,
            ports,
            next,
        } = self.conversations[at];
        let (own, other) = if from_client {
            (next[0], next[1])
        } else {
            (next[1], next[0])
        };
        let ports = if from_client {
            ports
        } else {
            (ports.1, ports.0)
        };
        let mut segment = Vec::with_capacity(20 + length);
        segment.extend([ports.0.to_be_bytes(), ports.1.to_be_bytes()].concat());
        segment.extend(own.to_be_bytes());
        segment.extend(if flags & ACK != 0 { other } else { 0 }.to_be_bytes());
        segment.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        segment.extend(payload);
        segment.resize(20 + length, 0);
        self.pass(
            at,
            from_client,
            length as u32 + u32::from(flags & (SYN | FIN) != 0),
        );
        let (source, destination) = if from_client {
            (client, server)
        } else {
            (server, client)
        };
        self.ip(source, destination, 6, &segment);
    }

    fn quic(&mut self, at: usize, from_client: bool, payload: &[u8], length: usize) {
        let (client, server, from, to) = ENDS[at];
        if from_client {
            self.udp(client, from, server, to, payload, length);
        } else {
            self.udp(server, to, client, from, payload, length);
        }
    }

    fn udp(
        &mut self,
        source: &str,
        from: u16,
        destination: &str,
        to: u16,
        payload: &[u8],
        length: usize,
    ) {
        let mut datagram = [from, to, 8 + length as u16, 0]
            .map(u16::to_be_bytes)
            .concat();
        datagram.extend(payload);
        datagram.resize(8 + length, 0);
        let parse = |text: &str| text.parse().expect("an address");
        self.ip(parse(source), parse(destination), 17, &datagram);
    }

    fn ip(&mut self, source: IpAddr, destination: IpAddr, protocol: u8, payload: &[u8]) {
        let mut data;
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let length = if self.no_length {
                    0
                } else {
                    20 + payload.len() as u16
                };
                data = vec![0x45, 0];
                data.extend(length.to_be_bytes());
                data.extend([0, 7, 0x40, 0, 64, protocol, 0, 0]);
                data.extend(source.octets());
                data.extend(destination.octets());
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                data = vec![0x60, 0, 0, 0];
                data.extend((payload.len() as u16).to_be_bytes());
                data.extend([protocol, 64]);
                data.extend(source.octets());
                data.extend(destination.octets());
            }
            _ => unreachable!("one version at both ends"),
        }
        let original_length = (data.len() + payload.len()) as u32;
        let captured = self.snapshot.saturating_sub(data.len()).min(payload.len());
        data.extend_from_slice(&payload[..captured]);
        self.give(Frame {
            time: self.now,
            link_type: 101,
            original_length,
            data,
        });
    }

    fn give(&mut self, frame: Frame) {
        self.now = self.now.wrapping_add(self.step);
        let fate = self.fate & 3;
        self.fate >>= 2;
        match fate {
            1 => return,
            2 if self.held.is_none() => {
                self.held = Some(frame);
                return;
            }
            3 => self.frames.push(frame.clone()),
            _ => {}
        }
        self.frames.push(frame);
        if fate == 0 {
            self.frames.extend(self.held.take());
        }
    }
}
