//! State of every kind, in shares of every shape.

use super::connections::{flows, holding, http2_waiting, number_of};
use super::packet::{Ends, NETFLIX, fragment, outside, tcp, udp};
use super::{quic, responses};
use crate::Frame;

/// State that an engine is made to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Bytes behind a hole in a TCP stream.
    Pieces,
    /// The beginning of a hello over TLS.
    Hello,
    /// The beginning of a head of HTTP/1.
    HttpHead,
    /// The beginning of a message of DNS over TCP.
    DnsMessage,
    /// The end of a hello over QUIC.
    QuicHello,
    /// Responses over QUIC that are to be told apart.
    QuicResponses,
    /// Requests of HTTP/2 that wait.
    Http2,
    /// Parts of datagrams.
    Fragments,
    /// Names of servers.
    Evidence,
    /// Segments, of many clients and servers.
    Segments,
    /// Flows and their addresses.
    Flows,
}

/// The part of it that each flow holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// All the same.
    Equal,
    /// A few of them nearly all.
    Skewed,
    /// Later ones more.
    Growing,
    /// Later ones less.
    Shrinking,
}

/// State of one kind and shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// The state that is held.
    pub state: State,
    /// Its division.
    pub shape: Shape,
}

/// Number of flows after which a shape starts over, and of flows of one size while it grows or
/// shrinks.
const ROUND: u64 = 1000;
const STEP: u64 = 100;
/// The most that a packet holds.
const MOST: usize = 60_000;

impl Load {
    /// Every kind of state in every shape.
    pub fn all() -> impl Iterator<Item = Self> {
        let states = [
            State::Pieces,
            State::Hello,
            State::HttpHead,
            State::DnsMessage,
            State::QuicHello,
            State::QuicResponses,
            State::Http2,
            State::Fragments,
            State::Evidence,
            State::Segments,
            State::Flows,
        ];
        let shapes = [
            Shape::Equal,
            Shape::Skewed,
            Shape::Growing,
            Shape::Shrinking,
        ];
        states
            .into_iter()
            .flat_map(move |state| shapes.map(|shape| Self { state, shape }))
    }

    /// Packets without end.
    #[must_use]
    pub fn frames(self) -> Box<dyn Iterator<Item = Frame>> {
        let size = move |flow: u64| self.shape.size(flow);
        match self.state {
            State::Pieces => Box::new((0..).flat_map(move |flow| pieces(flow, size(flow)))),
            State::Hello => Box::new((0..).map(move |flow| hello(flow, size(flow)))),
            State::HttpHead => Box::new((0..).map(move |flow| head(flow, size(flow)))),
            State::DnsMessage => Box::new((0..).map(move |flow| message(flow, size(flow)))),
            State::QuicHello => Box::new((0..).map(move |flow: u64| {
                let packets = quic::sealed(&quic::reaching(size(flow)), 1);
                quic::at_offset(flow as i64, &packets)
            })),
            State::QuicResponses => {
                Box::new((0..).flat_map(move |flow| responses::waiting(flow, size(flow) / 500 + 2)))
            }
            State::Http2 => Box::new((0..).flat_map(move |flow| http2(flow, size(flow) / 60))),
            State::Fragments => Box::new((0..).map(move |flow| part(flow, size(flow)))),
            State::Evidence => Box::new((0..).map(move |flow| names(flow, size(flow)))),
            State::Segments => Box::new((0..).flat_map(move |flow| segments(flow, size(flow)))),
            State::Flows => Box::new(flows(self.shape != Shape::Equal)),
        }
    }
}

impl Shape {
    fn size(self, flow: u64) -> usize {
        let steps = flow % ROUND / STEP;
        match self {
            Self::Equal => 4000,
            Self::Skewed if flow.is_multiple_of(16) => MOST,
            Self::Skewed => 250,
            Self::Growing => 117 << steps,
            Self::Shrinking => MOST >> steps,
        }
    }
}

fn pieces(flow: u64, size: usize) -> impl Iterator<Item = Frame> {
    // One that came before holds more.
    let before = Ends::to(NETFLIX, flow / 2, 443);
    let further = number_of(flow / 2, 100_000 + (flow % 1000) as u32 * 2000);
    let more = tcp(
        3 * flow as i64,
        before,
        false,
        (further, 2),
        1400,
        &[7; 1400],
    );
    holding(flow, size).into_iter().chain([more])
}

fn hello(flow: u64, size: usize) -> Frame {
    let mut bytes = vec![22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xf0, 3];
    bytes.resize(size.clamp(10, 16_000), 7);
    let ends = Ends::to(outside(flow), flow, 443);
    tcp(flow as i64, ends, true, (1, 1), bytes.len(), &bytes)
}

fn head(flow: u64, size: usize) -> Frame {
    let mut bytes = b"GET / HTTP/1.1\r\nX: ".to_vec();
    bytes.resize(size.max(20), b'x');
    let ends = Ends::to(outside(flow), flow, 80);
    tcp(flow as i64, ends, true, (1, 1), bytes.len(), &bytes)
}

fn message(flow: u64, size: usize) -> Frame {
    let mut bytes = vec![0xff, 0xff];
    bytes.resize(size.max(20), 7);
    let ends = Ends::to(outside(flow), flow, 53);
    tcp(flow as i64, ends, false, (1, 1), bytes.len(), &bytes)
}

fn http2(flow: u64, requests: usize) -> impl Iterator<Item = Frame> {
    let ends = Ends::to(NETFLIX, flow, 443);
    http2_waiting(flow as i64 * 200, ends, requests.clamp(1, 120) as i64).into_iter()
}

/// The first part of a name server's datagram, whose rest does not come.
fn part(flow: u64, size: usize) -> Frame {
    let ends = Ends::to(outside(flow), flow, 53);
    fragment(flow as i64, ends, flow as u16, &vec![7; size.max(8) & !7])
}

fn names(flow: u64, size: usize) -> Frame {
    let mut bytes = vec![0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    let number = format!("n{flow:07}");
    for label in [
        &number[..],
        &"y".repeat(60),
        &"z".repeat(60),
        &"w".repeat(60),
        "netflix",
        "com",
    ] {
        bytes.push(label.len() as u8);
        bytes.extend(label.as_bytes());
    }
    bytes.extend([0, 0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
    // Larger ones have more names for an address.
    bytes.extend(outside(flow / (1 + size as u64 / 4000)));
    let resolver = Ends::to([10, 0, 0, 53], flow % 100, 53);
    udp(flow as i64, resolver, false, bytes.len(), &bytes)
}

fn segments(flow: u64, size: usize) -> [Frame; 2] {
    let count = (size / 200).clamp(1, 64);
    let asked = b"GET / HTTP/1.1\r\nHost: a.netflix.com\r\n\r\n".repeat(count);
    let answered = b"HTTP/1.1 204 N\r\n\r\n".repeat(count);
    let server = [23, 246, (flow >> 8) as u8 & 63, flow as u8];
    let ends = Ends::to(server, flow, 80);
    let at = 2 * flow as i64;
    let behind = 1 + asked.len() as u32;
    [
        tcp(at, ends, true, (1, 1), asked.len(), &asked),
        tcp(at + 1, ends, false, (1, behind), answered.len(), &answered),
    ]
}
