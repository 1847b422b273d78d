//! One conversation, packet by packet.

use std::collections::VecDeque;

use crate::Length;
use crate::frame::{Endpoint, Frame, tcp, udp};
use crate::random::Random;

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const FIN: u8 = 0x01;
/// Payload of a full segment: an Ethernet frame less headers and time stamps.
const FULL: usize = 1448;
const RECORD: usize = 16_384 + 17;

/// The end that sends next.
#[derive(Debug)]
enum Step {
    Tcp {
        from_client: bool,
        flags: u8,
        payload: Vec<u8>,
    },
    Udp {
        from_client: bool,
        payload: Vec<u8>,
        port: u16,
    },
}

/// A conversation.
#[derive(Debug)]
pub(crate) struct Connection {
    client: Endpoint,
    server: Endpoint,
    netflix: bool,
    length: Length,
    datagrams: bool,
    /// Next sequence number of the client and of the server.
    next: [u32; 2],
    steps: VecDeque<Step>,
    exchanges: u64,
}

impl Connection {
    pub(crate) fn new(netflix: bool, length: Length, number: u32, random: &mut Random) -> Self {
        let [_, a, b, c] = number.to_be_bytes();
        let client = Endpoint {
            address: [10, a, b, c],
            port: 32_768 + random.below(28_000) as u16,
        };
        // Some hundred servers each, outside of the ranges that Netflix announces: names tell.
        let server = if netflix {
            [198, 51, 100, random.below(60) as u8]
        } else {
            [203, 0, 113, random.below(200) as u8]
        };
        let datagrams = !netflix && random.below(5) == 0;
        let port = if datagrams { 5004 } else { 443 };
        let mut connection = Self {
            client,
            server: Endpoint {
                address: server,
                port,
            },
            netflix,
            length,
            datagrams,
            next: [random.next() as u32, random.next() as u32],
            steps: VecDeque::new(),
            exchanges: if length == Length::Short {
                1
            } else {
                1 + random.below(12)
            },
        };
        if !datagrams {
            connection.open(random);
        }
        connection
    }

    /// The next packet; `None` once the conversation is over.
    pub(crate) fn packet(&mut self, random: &mut Random, now: i64) -> Option<Frame> {
        if self.steps.is_empty() {
            self.exchanges = self.exchanges.checked_sub(1)?;
            if self.datagrams {
                self.stream(random)
            } else {
                self.exchange(random)
            }
        }
        Some(match self.steps.pop_front()? {
            Step::Tcp {
                from_client,
                flags,
                payload,
            } => {
                let (from, to) = self.ends(from_client);
                let (own, other) = if from_client { (0, 1) } else { (1, 0) };
                let acknowledgement = if flags & ACK != 0 {
                    self.next[other]
                } else {
                    0
                };
                let frame = tcp(
                    now,
                    from,
                    to,
                    flags,
                    self.next[own],
                    acknowledgement,
                    &payload,
                );
                let taken = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
                self.next[own] = self.next[own].wrapping_add(taken);
                frame
            }
            Step::Udp {
                from_client,
                payload,
                port,
            } => {
                let (mut from, mut to) = self.ends(from_client);
                if port == 53 {
                    let resolver = Endpoint {
                        address: [192, 0, 2, 53],
                        port,
                    };
                    if from_client {
                        to = resolver
                    } else {
                        from = resolver
                    }
                }
                udp(now, from, to, &payload)
            }
        })
    }

    const fn ends(&self, from_client: bool) -> (Endpoint, Endpoint) {
        if from_client {
            (self.client, self.server)
        } else {
            (self.server, self.client)
        }
    }

    fn tcp(&mut self, from_client: bool, flags: u8, payload: Vec<u8>) {
        self.steps.push_back(Step::Tcp {
            from_client,
            flags,
            payload,
        });
    }

    fn name(&self) -> String {
        let [.., last] = self.server.address;
        if self.netflix {
            format!("ipv4-c{last:03}-zrh001-ix.1.oca.nflxvideo.net")
        } else {
            format!("static{last}.files.example.org")
        }
    }

    /// The name, looked up and said, and a TLS 1.3 handshake.
    fn open(&mut self, random: &mut Random) {
        let question = question(&self.name());
        let answer = answer(&question, self.server.address);
        self.steps.push_back(Step::Udp {
            from_client: true,
            payload: question,
            port: 53,
        });
        self.steps.push_back(Step::Udp {
            from_client: false,
            payload: answer,
            port: 53,
        });
        self.tcp(true, SYN, Vec::new());
        self.tcp(false, SYN | ACK, Vec::new());
        self.tcp(true, ACK, Vec::new());
        let hello = record(22, &client_hello(&self.name()));
        self.tcp(true, ACK, hello);
        self.tcp(false, ACK, Vec::new());
        let length = 2200 + random.below(1500) as usize;
        let flight = [
            record(22, &server_hello()),
            record(20, &[1]),
            record(23, &vec![7; length]),
            record(23, &[7; 53]),
        ]
        .concat();
        self.down(&flight);
        self.tcp(true, ACK, [record(20, &[1]), record(23, &[7; 53])].concat());
    }

    /// A request and its response.
    fn exchange(&mut self, random: &mut Random) {
        let request = 300 + random.below(900) as usize;
        self.tcp(true, ACK, record(23, &vec![7; request]));
        let (low, high) = match (self.length, self.netflix) {
            (Length::Short, _) => (400, 40_000),
            (Length::Long, true) => (60_000, 2_000_000),
            (Length::Long, false) => (400, 200_000),
        };
        let mut left = random.size(low, high) as usize;
        let mut response = Vec::with_capacity(left + left / 500 + 64);
        while left > 0 {
            let length = left.min(RECORD);
            response.extend(record(23, &vec![7; length.max(18)]));
            left -= length;
        }
        self.down(&response);
        if self.exchanges == 0 {
            self.tcp(true, FIN | ACK, Vec::new());
            self.tcp(false, FIN | ACK, Vec::new());
            self.tcp(true, ACK, Vec::new());
        }
    }

    /// Server bytes in full segments, acknowledged by twos.
    fn down(&mut self, bytes: &[u8]) {
        for (at, segment) in bytes.chunks(FULL).enumerate() {
            self.tcp(false, ACK, segment.to_vec());
            if at % 2 == 1 {
                self.tcp(true, ACK, Vec::new());
            }
        }
        self.tcp(true, ACK, Vec::new());
    }

    /// Media of others: RTP by its first byte.
    fn stream(&mut self, random: &mut Random) {
        for _ in 0..20 + random.below(60) {
            let mut payload = vec![0x80; 60 + random.below(1140) as usize];
            payload[1] = 96;
            self.steps.push_back(Step::Udp {
                from_client: random.below(8) == 0,
                payload,
                port: 0,
            });
        }
    }
}

fn record(content_type: u8, body: &[u8]) -> Vec<u8> {
    let mut record = vec![content_type, 3, 3];
    record.extend((body.len() as u16).to_be_bytes());
    record.extend_from_slice(body);
    record
}

/// The length in front, in `N` bytes.
fn vector<const N: usize>(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_be_bytes()[4 - N..], body].concat()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector::<2>(body)].concat()
}

/// With the extensions and the size of a browser's.
fn client_hello(name: &str) -> Vec<u8> {
    let name = vector::<2>(&[&[0], &vector::<2>(name.as_bytes())[..]].concat());
    let alpn = vector::<2>(&vector::<1>(b"http/1.1"));
    let extensions = [
        extension(0, &name),
        extension(16, &alpn),
        extension(43, &[2, 3, 4]),
        extension(21, &[0; 300]),
    ]
    .concat();
    let suites = vector::<2>(&[0x13, 1, 0x13, 2, 0x13, 3]);
    let body = [
        &[3, 3][..],
        &[7; 32],
        &vector::<1>(&[7; 32]),
        &suites,
        &vector::<1>(&[0]),
        &vector::<2>(&extensions),
    ];
    [&[1][..], &vector::<3>(&body.concat())].concat()
}

fn server_hello() -> Vec<u8> {
    let extensions = extension(43, &[3, 4]);
    let body = [
        &[3, 3][..],
        &[9; 32],
        &vector::<1>(&[7; 32]),
        &[0x13, 1],
        &[0],
        &vector::<2>(&extensions),
    ];
    [&[2][..], &vector::<3>(&body.concat())].concat()
}

fn question(name: &str) -> Vec<u8> {
    let mut message = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        message.extend(vector::<1>(label.as_bytes()));
    }
    message.extend([0, 0, 1, 0, 1]);
    message
}

fn answer(question: &[u8], address: [u8; 4]) -> Vec<u8> {
    let mut message = question.to_vec();
    (message[2], message[3], message[7]) = (0x81, 0x80, 1);
    message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
    message.extend(address);
    message
}
